"""Equivalents: the same run, as another day would have recorded it.

Other ids, times, sites and numbers of steps, its parts in another order, and work that went on at
once spawned the other way round. A comparison must find no difference.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

from agenttrace.causal.ragged import raggedness
from agenttrace.check.content import Contents
from agenttrace.check.tree import tree

if TYPE_CHECKING:
    from agenttrace.explore.mutations import Pick
    from agenttrace.model.lane import Lane, Position
    from agenttrace.model.span import Span
    from agenttrace.model.trace import Trace

T = TypeVar("T")


def equivalent(trace: Trace, pick: Pick) -> Trace:
    """Give the same run as it could have been recorded another time.

    Args:
        trace: Our own, or a foreign one. In a foreign one without times, the order of the spans
            is all that says what came first, so it is kept.
        pick: Chooses among the ways in which it may look otherwise.
    """
    for way in (_other_ids, _other_times, _other_sites, _spawned_otherwise, _more_steps, _shuffled):
        if pick(4):
            trace = way(trace, pick)
    return trace


def _other_ids(trace: Trace, pick: Pick) -> Trace:
    salt = pick(1_000)

    def other(span: str) -> str:
        return sha256(f"{salt} {span}".encode()).hexdigest()[:16]

    ids = {span.id: other(span.id) for span in trace.spans}
    return replace(
        trace,
        id=sha256(f"{salt} {trace.id}".encode()).hexdigest()[:32],
        spans=tuple(
            replace(
                span,
                id=ids[span.id],
                parent=None if span.parent is None else ids.get(span.parent, span.parent),
                links=tuple(
                    link
                    if link.trace is not None
                    else replace(link, span=ids.get(link.span, link.span))
                    for link in span.links
                ),
            )
            for span in trace.spans
        ),
        snapshots=tuple(
            replace(shot, span=None if shot.span is None else ids.get(shot.span, shot.span))
            for shot in trace.snapshots
        ),
    )


def _other_times(trace: Trace, pick: Pick) -> Trace:
    factor, later = 1 + pick(9), pick(1_000_000)
    timed = any(span.start_ns or span.end_ns for span in trace.spans)
    if not timed and not trace.lanes:
        return trace

    def at(time_ns: int) -> int:
        return time_ns * factor + later

    return replace(
        trace,
        started="2026-01-01T00:00:00Z",
        spans=tuple(
            replace(
                span,
                start_ns=at(span.start_ns),
                end_ns=at(span.end_ns),
                events=tuple(replace(event, at_ns=at(event.at_ns)) for event in span.events),
                answers=tuple(
                    replace(answer, asked_ns=at(answer.asked_ns), ended_ns=at(answer.ended_ns))
                    for answer in span.answers
                ),
            )
            for span in trace.spans
        ),
    )


def _other_sites(trace: Trace, pick: Pick) -> Trace:
    line = pick(1_000)
    spans = tuple(replace(span, site=f"elsewhere.py:{line}") for span in trace.spans)
    return replace(trace, spans=spans, environment={"hash_seed": str(line)})


def _more_steps(trace: Trace, pick: Pick) -> Trace:
    """The same with steps between the others, as libraries take them."""
    factor = 2 + pick(3)
    return replace(
        trace,
        spans=tuple(
            replace(
                span,
                seq=span.seq * factor,
                end_seq=span.end_seq * factor,
                events=tuple(replace(event, seq=event.seq * factor) for event in span.events),
            )
            for span in trace.spans
        ),
        snapshots=tuple(replace(shot, seq=shot.seq * factor) for shot in trace.snapshots),
        deliveries=tuple(
            replace(one, seq=one.seq * factor, sent=one.sent * factor) for one in trace.deliveries
        ),
        lanes=tuple(
            replace(
                lane,
                spawn_seq=lane.spawn_seq * factor,
                joins=tuple(replace(join, seq=join.seq * factor) for join in lane.joins),
            )
            for lane in trace.lanes
        ),
    )


def _shuffled(trace: Trace, pick: Pick) -> Trace:
    timed = any(span.start_ns or span.end_ns for span in trace.spans)
    if not trace.lanes and not timed:
        return trace
    spans = _shuffle(trace.spans, pick) if trace.lanes else trace.spans
    return replace(
        trace,
        spans=spans,
        lanes=_shuffle(trace.lanes, pick),
        agents=_shuffle(trace.agents, pick),
        deliveries=_shuffle(trace.deliveries, pick),
    )


def _shuffle(things: tuple[T, ...], pick: Pick) -> tuple[T, ...]:
    left = list(things)
    return tuple(left.pop(pick(len(left))) for _ in things)


def _spawned_otherwise(trace: Trace, pick: Pick) -> Trace:
    """Two lanes that were spawned one right after the other are spawned the other way round."""
    pairs = _neighbours(trace)
    if not pairs:
        return trace
    one, other = pairs[pick(len(pairs))]
    swapped = {one.path: other.path, other.path: one.path}

    def there(position: Position) -> Position:
        for path, instead in swapped.items():
            if position[: len(path)] == path:
                return instead + position[len(path) :]
        return position

    def moved(lane: Lane) -> Lane:
        spawn_seq = {one.path: other.spawn_seq, other.path: one.spawn_seq}
        return replace(
            lane,
            path=there(lane.path),
            parent=None if lane.parent is None else there(lane.parent),
            spawn_seq=spawn_seq.get(lane.path, lane.spawn_seq),
            joins=tuple(replace(join, by=there(join.by)) for join in lane.joins),
        )

    def moved_span(span: Span) -> Span:
        return replace(span, position=there(span.position), lane=there(span.lane))

    return replace(
        trace,
        spans=tuple(map(moved_span, trace.spans)),
        lanes=tuple(map(moved, trace.lanes)),
        snapshots=tuple(
            replace(shot, position=there(shot.position), lane=there(shot.lane))
            for shot in trace.snapshots
        ),
        deliveries=tuple(
            replace(
                one,
                receive=there(one.receive),
                message=None if one.message is None else there(one.message),
                turn=tuple(map(there, one.turn)),
            )
            for one in trace.deliveries
        ),
    )


def _neighbours(trace: Trace) -> list[tuple[Lane, Lane]]:
    """Unlike lanes of one name whose spawns follow one another, with nothing known between.

    Of lanes that do the same, which one a link leads to is told by their order alone.
    """
    may_be_cut = raggedness(trace.lanes)
    lanes = tree(trace, Contents(trace), may_be_cut).everything()
    content = {node.place: node.bare for node in lanes if node.sort[0] == "lane"}
    steps: dict[Position, dict[int, Lane | None]] = {}
    for span in trace.spans:
        steps.setdefault(span.lane, {})[span.seq] = None
    for shot in trace.snapshots:
        steps.setdefault(shot.lane, {})[shot.seq] = None
    for lane in trace.lanes:
        if lane.parent is not None:
            steps.setdefault(lane.parent, {})[lane.spawn_seq] = lane
    told = {(join.by, join.seq) for lane in trace.lanes for join in lane.joins}
    found = []
    for path, taken in steps.items():
        row = sorted(taken)
        for first, second in pairwise(row):
            one, other = taken[first], taken[second]
            if one is None or other is None or (path, first) in told:
                continue
            if content[one.path] == content[other.path]:
                continue
            same_name = one.path[:-1] == other.path[:-1] and one.path[-1][:2] == other.path[-1][:2]
            if same_name and not may_be_cut(one.path) and not may_be_cut(other.path):
                found.append((one, other))
    return found
