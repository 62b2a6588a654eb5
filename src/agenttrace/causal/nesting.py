"""Nesting: the spans of a trace as a tree, in the order in which a person reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenttrace.model.lane import Position
    from agenttrace.model.span import Span
    from agenttrace.model.trace import Trace


def nested(trace: Trace) -> Iterator[tuple[Span, int]]:
    """Every span with its depth; siblings in causal order, a lane where it was spawned."""
    known = {span.id for span in trace.spans}
    order = _SpawnOrder(trace)
    children: dict[str | None, list[Span]] = {}
    for span in sorted(trace.spans, key=order.of):
        children.setdefault(span.parent if span.parent in known else None, []).append(span)
    waiting = [(span, 0) for span in reversed(children.get(None, []))]
    while waiting:
        span, depth = waiting.pop()
        yield span, depth
        waiting.extend((child, depth + 1) for child in reversed(children.get(span.id, [])))


class _SpawnOrder:
    """Where a span stands when lanes are unrolled: after the step that spawned its lane."""

    def __init__(self, trace: Trace) -> None:
        self._lanes = {lane.path: lane for lane in trace.lanes}
        self._starts: dict[Position, tuple[int | Position, ...]] = {}

    def of(self, span: Span) -> tuple[int | Position, ...]:
        start = self._starts.get(span.lane)
        if start is None:
            start = self._starts[span.lane] = self._start(span.lane)
        return (*start, span.seq)

    def _start(self, path: Position) -> tuple[int | Position, ...]:
        key: tuple[int | Position, ...] = ()
        seen = {path}
        while (lane := self._lanes.get(path)) is not None and lane.parent is not None:
            key = (lane.spawn_seq, path, *key)
            path = lane.parent
            if path in seen:
                break
            seen.add(path)
        return key
