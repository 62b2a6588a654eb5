"""Known at end: what can have been known in a trace when a span had ended."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from agenttrace.causal.before import Before
from agenttrace.model.span import SpanKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenttrace.model.lane import Lane, Position
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
    ends = [before.ended[before.places[span.id]]]
    if is_run := _is_run(span):
        ends.append(before.chains[span.lane].at(math.inf))
    seen = _leading_to(ends, before)
    steps: dict[Position, float] = {}
    for lane, step in _steps(seen, before):
        steps[lane] = max(steps.get(lane, -1), step)
    ended = {
        one.id
        for one, end in zip(trace.spans, before.ended, strict=True)
        # a run lasts as long as its lane, whatever its step says
        if end in seen and (is_run or not _is_run(one))
    }
    return Known(steps, ended)


def _is_run(span: Span) -> bool:
    return span.kind is SpanKind.RUN and span.parent is None


def _steps(moments: set[int], before: Before) -> Iterator[tuple[Position, float]]:
    """The steps of lanes that some moments are, or tell of."""
    for moment in moments:
        if moment < len(before.steps):
            yield before.steps[moment]
        elif moment in before.messages:
            edge = before.messages[moment]
            yield edge.sender, edge.sent


def _leading_to(ends: list[int], before: Before) -> set[int]:
    """Some moments, and all that come before one of them."""
    earlier: dict[int, list[int]] = defaultdict(list)
    for number, row in enumerate(before.later):
        for one in row:
            earlier[one].append(number)
    for end, lanes in _joined_inside(before):
        earlier[end] += [before.chains[lane.path].at(math.inf) for lane in lanes]
    ahead, seen = list(ends), set(ends)
    while ahead:
        new = set(earlier[ahead.pop()]) - seen
        seen |= new
        ahead += new
    return seen


def _joined_inside(before: Before) -> Iterator[tuple[int, list[Lane]]]:
    """By the end of each span, the lanes that were waited for inside it."""
    told: dict[Position, list[tuple[int, Lane]]] = defaultdict(list)
    for lane in before.trace.lanes:
        for join in lane.joins:
            told[join.by].append((join.seq, lane))
    for span, last, ended in zip(before.trace.spans, before.ends, before.ended, strict=True):
        yield (
            ended,
            [
                one
                for at, one in told[span.lane]
                if span.seq <= at < last
                or (at == last and one.parent == span.lane and one.spawn_seq > span.seq)
            ],
        )
