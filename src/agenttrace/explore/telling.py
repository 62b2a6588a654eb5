"""Telling: a schedule that breaks a run, as a person reads it and runs it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenttrace.errors import InvariantBroken
from agenttrace.explore.moves import conflicts
from agenttrace.model.amounts import counted, verb
from agenttrace.model.lane import label_of
from agenttrace.replay.schedule_text import phrases

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenttrace.causal.accesses import Access
    from agenttrace.explore.report import Found, Report
    from agenttrace.explore.trial import Trial

_MOST_ACCESSES = 12
"""How many accesses are shown."""


def broken(report: Report, found: Found, command: str) -> InvariantBroken:
    """The error for a run that breaks.

    Args:
        report: What the search has to say.
        found: The violation.
        command: What runs the test again under its schedule; without one, as it was recorded.
    """
    trial = found.trial
    blocks = [_sides(report, found), *_trail(trial)]
    if trial.lent:
        blocks.append(
            f"  This run asked what the recorded one did not: {trial.lent} of its answers "
            f"{verb(trial.lent, 'was', 'were')}\n  given elsewhere, or to other words."
        )
    again = "Run it again" if trial.schedule.is_empty else "Run it again, under this schedule"
    blocks.append(f"  {again}:\n      {command}\n  More: agenttrace explain invariant-broken")
    return InvariantBroken(
        f"{report.run}: {trial.message}", detail="\n\n".join(blocks), schedule=trial.schedule
    )


def _sides(report: Report, found: Found) -> str:
    trial = found.trial
    said = phrases(trial.schedule)
    lines = [f"    broken    {trial.message}", f"    schedule  {said[0]}"]
    lines += [f"              {phrase}" for phrase in said[1:]]
    if found.by:
        left, moved = found.size, counted(found.labels, "moved answer")
        points, more = (
            counted(report.choice_points, "choice point"),
            counted(found.shrinking, "more schedule"),
        )
        lines += [
            f"    found     as schedule {found.nth:,}, by {found.by}; {points}",
            f"    smaller   {left:,} of {moved}, in {more}",
        ]
    return "\n".join(lines)


def _trail(trial: Trial) -> Iterator[str]:
    """Who read and wrote what lanes share that nothing orders, in the order in which they did."""
    shared = {first.what for first, _ in conflicts(trial)}
    accesses = [one for one in trial.accesses if one.what in shared]
    if not accesses:
        return
    rows = [
        (label_of(one.lane), "writes" if one.writes else "reads", one.what, _after(one))
        for one in accesses[:_MOST_ACCESSES]
    ]
    wide = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [
        "    " + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, [*wide, 0], strict=True))
        for row in rows
    ]
    left = len(accesses) - len(lines)
    lines += [f"    and {left} more"] if left > 0 else []
    yield "\n".join(("  what was shared, in this order", *map(str.rstrip, lines)))


def _after(access: Access) -> str:
    return "" if access.after is None else f"after {label_of(access.after)}"
