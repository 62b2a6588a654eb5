"""Known at end: what can have been known in a trace when a span had ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from agenttrace.causal.before import Before, reached

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenttrace.model.lane import Position
    from agenttrace.model.span import Span
    from agenttrace.model.trace import Trace


class Known(NamedTuple):
    """What can have been known at one moment.

    Attributes:
        steps: By lane of which anything was known, its last step that was.
        ended: The ids of the spans whose ends were.
    """

    steps: dict[Position, float]
    ended: set[str]


def known_at_end(trace: Trace, span: Span) -> Known:
    """Give what can have been known when a span had ended, its own end included.

    Args:
        trace: A trace with lanes.
        span: One of its spans; what it spawned and was told of last, it was told inside.
    """
    before = Before(trace)
    seen = _leading_to(before.ended[before.places[span.id]], before)
    steps: dict[Position, float] = {}
    for lane, step in _steps(seen, before):
        steps[lane] = max(steps.get(lane, -1), step)
    ended = {one.id for one, end in zip(trace.spans, before.ended, strict=True) if end in seen}
    return Known(steps, ended)


def _steps(moments: set[int], before: Before) -> Iterator[tuple[Position, float]]:
    """The steps of lanes that some moments are, or tell of."""
    for moment in moments:
        if moment < len(before.steps):
            yield before.steps[moment]
        elif moment in before.messages:
            edge = before.messages[moment]
            yield edge.sender, edge.sent


def _leading_to(end: int, before: Before) -> set[int]:
    """A moment, and all that come before it."""
    earlier = before.earlier()
    for lane_end, ended in before.joined_inside():
        earlier[ended].append(lane_end)
    return {end} | reached(earlier, end)
