"""Telling: the errors of what a test says of a team, in words."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from agenttrace.errors import NotRecorded, TeamFailed

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST = 12
"""How many lines a message lists."""


def team_failed(
    headline: str, label: str, lines: Iterable[str], nothing: str = "nothing"
) -> TeamFailed:
    """A team did not do what a test says of it.

    Args:
        headline: What is so instead.
        label: What the lines are.
        lines: What shows it.
        nothing: What is said where there are no lines.
    """
    found = iter(lines)
    shown = list(islice(found, MOST)) or [nothing]
    rest = sum(1 for _ in found)
    told = [f"  {label if n == 0 else '':9} {line}" for n, line in enumerate(shown)]
    if rest:
        told.append(f"  {'':9} and {rest} more")
    return TeamFailed(
        headline, detail="\n".join([*told, "", "  More: agenttrace explain team-failed"])
    )


def not_recorded(what: str, why: str) -> NotRecorded:
    """A test says something of what a trace does not hold.

    Args:
        what: What was asked.
        why: Why it is not known.
    """
    return NotRecorded(
        f"{what}: nobody knows",
        detail=f"  {'because':9} {why}\n\n  More: agenttrace explain not-recorded",
    )
