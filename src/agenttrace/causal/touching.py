"""Touching: noting who reads and writes what agents share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenttrace.causal.accesses import Access

if TYPE_CHECKING:
    from agenttrace.causal.lane import Frame, LiveLane
    from agenttrace.model.lane import Position


def touched(frame: Frame | None, what: str, *, writes: bool) -> None:
    """Note an access, where a search asks for it."""
    accesses = None if frame is None else frame.lane.run.accesses
    if frame is None or accesses is None:
        return
    lane = frame.lane
    at_ns = lane.run.clock.now_ns()
    accesses.append(Access(lane.path, _last_call(lane), what, writes, at_ns))


def _last_call(lane: LiveLane) -> Position | None:
    at: LiveLane | None = lane
    while at is not None:
        if at.last_call is not None:
            return at.last_call[0].position
        at = at.parent
    return None
