"""Gating: what commands that speak of a gate's findings have in common."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agenttrace.verdict import Standing

if TYPE_CHECKING:
    from agenttrace.verdict import GateFinding, GateResult

EXIT_CODES = {
    Standing.PASS: 0,
    Standing.NOTHING: 1,
    Standing.REVIEW: 1,
    Standing.BLOCK: 1,
    Standing.UNREADABLE: 4,
}
"""The exit code for each way in which a gate stands."""

DEFAULT_BASE = "origin/main"

BASE = click.option(
    "--base",
    metavar="REV",
    envvar="AGENTTRACE_BASE",
    default=DEFAULT_BASE,
    show_default=True,
    help="What the head is to be merged into.",
)

_ID = re.compile(r"[0-9a-f]{6,16}")
"""A finding's id; its first digits are enough, where they are only one finding's."""


def today() -> str:
    """The day, in UTC."""
    from agenttrace.causal.clock import wall_clock_text

    return wall_clock_text()[:10]


def compared(
    base: str, head: str = "HEAD", runs: Path | None = None, *, here: bool = False
) -> GateResult:
    """Compare two revisions of the repository that this folder is in.

    Args:
        base: What the head is to be merged into.
        head: What is judged.
        runs: What runs of the head said.
        here: Whether the file of approvals in this folder holds, and not the head's.

    Raises:
        AgentTraceError: They cannot be compared.
    """
    from agenttrace.gate.compare import Asked, Comparison
    from agenttrace.gate.git import Repository
    from agenttrace.gate.uncommitted import warning

    with Repository.at(Path.cwd()) as repository:
        asked = Asked(base=base, head=head, runs=runs, today=today(), here=here)
        comparison = Comparison(repository, asked)
        result = comparison.result()
        if here or head != "HEAD" or not (told := warning(repository, comparison.policy)):
            return result
        return replace(result, warnings=(*result.warnings, told))


def is_id(text: str) -> bool:
    """Whether a word may be the id of a finding, or the beginning of one."""
    return _ID.fullmatch(text) is not None


def parted(names: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[Path, ...]]:
    """Part ids of findings from paths; what is there as a file is a path."""
    ids = tuple(one for one in names if is_id(one) and not Path(one).exists())
    return ids, tuple(Path(one) for one in names if one not in ids)


def finding(result: GateResult, name: str) -> GateFinding:
    """Find a finding by its id, or by the beginning of one.

    Raises:
        FindingUnknown: None has it, or several have.
    """
    from agenttrace.errors import FindingUnknown

    found = [one for one in result.findings if one.id.startswith(name)]
    if len(found) == 1:
        return found[0]
    some = [f"      {one.id}  {one.kind}  {one.title}" for one in (found or result.findings)[:10]]
    many = f"{len(found)} findings have" if found else "no finding has"
    raise FindingUnknown(
        f"{many} an id that begins with {name}",
        detail="\n".join(
            [
                f"  from {result.base[:12]} ({result.base_name}) to {result.head[:12]} there are:",
                *(some or ["      none"]),
                "  More: agenttrace explain finding-unknown",
            ]
        ),
    )
