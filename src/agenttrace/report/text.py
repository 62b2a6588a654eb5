"""Text: a Verdict on a terminal, a line for each thing that a person can act on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenttrace.check.sides import safe
from agenttrace.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agenttrace.verdict import Verdict

CALLS = ("asked", "answered", "echoed", "live", "refused")
"""What can become of a call, in the order in which it is said."""


def lines(verdict: Verdict) -> Iterator[str]:
    """Say what one run left behind: goldens, replays that changed, journals, notes, warnings."""
    if verdict.outcome in (Outcome.RECORDED, Outcome.UPDATED):
        yield f"{verdict.outcome}  {verdict.shown}"
    if verdict.pending is not None:
        yield f"changed   {verdict.shown}.new"
    if verdict.journal is not None:
        why = (
            ""
            if verdict.outcome is Outcome.RECORDED
            else f"  (no golden: {safe(verdict.run)} did not pass)"
        )
        yield f"kept      {verdict.journal}{why}"
    if verdict.processes:
        folder, count = verdict.processes[0].parent, len(verdict.processes)
        what = "the journal of its process" if count == 1 else f"journals of {count} processes"
        yield f"kept      {folder}  ({what}: agenttrace merge {verdict.journal} {folder})"
    for unused in verdict.unused:
        yield safe(f"unused    {verdict.shown}: call {unused.ordinal}, {unused.title}")
    for note in verdict.notes:
        yield safe(f"explored  {verdict.run}: {note}")
    for warning in verdict.warnings:
        yield safe(f"warning   {verdict.run}: {warning}")


def calls(counts: Mapping[str, int]) -> str:
    """Say who answered how many calls; refused ones only where there are any."""
    return ", ".join(
        f"{counts[name]} {name}" for name in CALLS if counts[name] or name != "refused"
    )


def outcomes(counts: Mapping[str, int]) -> str:
    """Say what became of how many runs."""
    return ", ".join(f"{counts[outcome]} {outcome}" for outcome in Outcome if counts.get(outcome))
