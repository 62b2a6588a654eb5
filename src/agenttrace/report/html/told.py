"""Told: what a page is told of a team besides its channels, path and costs.

A part that the run has nothing of is None, and the page has no view of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agenttrace.causal.past import Past
from agenttrace.model.lane import text_of

if TYPE_CHECKING:
    from agenttrace.analysis.answers import Analysis
    from agenttrace.model.lane import Position
    from agenttrace.model.trace import Trace


def told(analysis: Analysis) -> dict[str, Any]:
    """Say of a run what its states need beside the golden.

    Args:
        analysis: The analyses of the run.

    Returns:
        `knows`, what lanes know of one another by messages and links: the lanes, as texts, and of
        each such knowledge the lane, its step, the other lane and the step of it that is known;
        spawns and joins stand in the golden.
    """
    return {"knows": _knows(analysis.trace)}


def _knows(trace: Trace) -> list[list[Any]] | None:
    if not trace.snapshots:
        return None
    lanes: dict[str, int] = {}

    def number(lane: Position) -> int:
        return lanes.setdefault(text_of(lane), len(lanes))

    found = [
        [number(lane), step, number(other), known] for lane, step, other, known in Past(trace).told
    ]
    return [list(lanes), found]
