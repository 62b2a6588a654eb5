"""Telling: the errors of what a test says of a team, in words."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from agenttrace.check.nearest import nearest
from agenttrace.check.sides import cut, safe
from agenttrace.errors import NotRecorded, TeamFailed, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

MOST = 12
"""How many lines a message lists."""

_ATTRIBUTES = 20
"""How many attributes a message lists; it says how many more there are."""


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


def no_attribute(
    said: str, what: str, runs: str, dimensions: Collection[str], attributes: Collection[str]
) -> UsageError:
    """Calls are to be parted by an attribute that none of them has.

    Args:
        said: What was asked, as it is written.
        what: The attribute.
        runs: Whose calls they are.
        dimensions: What they can be parted by besides.
        attributes: What they have.
    """
    there = sorted(attributes)
    near = nearest(what, [*dimensions, *there], likeness=0.5)
    lines = [f"  nearest    {', '.join(map(word, near))}"] if near else []
    more = f" and {len(there) - _ATTRIBUTES:,} more" if len(there) > _ATTRIBUTES else ""
    listed = ", ".join(map(word, there[:_ATTRIBUTES])) or "none"
    lines += [f"  by         {', '.join(dimensions)}", f"  attributes {listed}{more}"]
    return UsageError(f"{said}: no call of {runs} has such an attribute", detail="\n".join(lines))


def no_traces(given: object) -> UsageError:
    """There is nothing to be judged: from where nothing came, where that is known."""
    from agenttrace.formats.files import TracesBelow

    if not isinstance(given, TracesBelow):
        return UsageError(
            "no trace was found to be judged",
            detail='  traces_below("golden") gives none where no file below it is a trace.',
        )
    place = safe(str(given.path))
    if given.count:
        return UsageError(
            f"no trace was found to be judged: those below {place} have been read before",
            detail="  They are read once. Ask  traces_below(…)  again, or keep them in a list.",
        )
    return UsageError(
        f"no trace was found to be judged below {place}",
        detail=f"  path      {safe(str(given.path.absolute()))}\n"
        "  It holds no file that is a trace.",
    )


def word(name: str) -> str:
    """A name that is said by a person or a trace, short and harmless."""
    return cut(safe(name))
