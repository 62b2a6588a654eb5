"""Sameness by brute force: do two small traces hold the same, whatever was concurrent is called?

A second way to tell, by another road than trees of hashes: spans and lanes of one trace are given
to those of the other in every way that keeps their content; some way must keep every relation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agenttrace.model.lane import Lane, Position
from agenttrace.model.span import Span, SpanKind
from agenttrace.model.trace import Trace

Lanes = Mapping[Position, Position]


def same(one: Trace, other: Trace) -> bool:
    """Whether some renaming of lanes makes two traces the same, times and ids apart."""
    if len(one.spans) != len(other.spans) or len(one.lanes) != len(other.lanes):
        return False
    return any(_holds(one, other, lanes) for lanes in _renamings(one, other, {(): ()}))


def _renamings(one: Trace, other: Trace, known: dict[Position, Position]) -> Iterator[Lanes]:
    """Every way to give the lanes of one trace to those of the other, parents to parents."""
    rest = [lane for lane in one.lanes if lane.path not in known and lane.parent in known]
    if not rest:
        yield known
        return
    lane = min(rest, key=lambda it: it.path)
    taken = set(known.values())
    for there in other.lanes:
        parent = known.get(lane.parent if lane.parent is not None else ())
        if there.path not in taken and there.path and there.parent == parent:
            yield from _renamings(one, other, {**known, lane.path: there.path})


def _holds(one: Trace, other: Trace, lanes: Lanes) -> bool:
    mine = {path: [s for s in one.spans if s.lane == path] for path in lanes}
    its = {path: [s for s in other.spans if s.lane == path] for path in lanes.values()}
    partner: dict[str, str] = {}
    for path, there in lanes.items():
        left = sorted(mine[path], key=lambda span: span.seq)
        right = sorted(its[there], key=lambda span: span.seq)
        if [_content(span) for span in left] != [_content(span) for span in right]:
            return False
        partner.update(zip((s.id for s in left), (s.id for s in right), strict=True))
    return (
        all(
            _points(span, partner) == _points(_by_id(other, partner[span.id]), None)
            for span in one.spans
        )
        and all(
            _lane(one, lane, lanes) == _lane(other, _at(other, lanes[lane.path]), None)
            for lane in one.lanes
        )
        and _states(one, lanes) == _states(other, None)
    )


def _content(span: Span) -> tuple[object, ...]:
    name = "" if span.kind is SpanKind.RUN else span.name
    return (
        span.kind,
        span.operation,
        name,
        span.agent,
        span.task,
        repr(span.question),
        repr([(a.head, [c.data for c in a.chunks], a.failure, a.end) for a in span.answers]),
        repr(sorted(span.attributes.items())),
        repr([(e.name, sorted(e.attributes.items())) for e in span.events]),
        span.status,
        span.usage,
        span.mark,
    )


def _points(span: Span, partner: dict[str, str] | None) -> tuple[object, ...]:
    def there(span_id: str | None) -> str | None:
        return span_id if partner is None or span_id is None else partner.get(span_id, span_id)

    links = sorted((there(link.span), link.relationship, link.trace or "") for link in span.links)
    return there(span.parent), links


def _lane(trace: Trace, lane: Lane, lanes: Lanes | None) -> tuple[object, ...]:
    """Where a lane was spawned and joined: after how many calls, states and other spawns."""
    if lane.parent is None:
        return ()

    def called(path: Position) -> Position:
        return path if lanes is None else lanes[path]

    joins = sorted((called(join.by), _before(trace, join.by, join.seq)) for join in lane.joins)
    return called(lane.parent), _calls_before(trace, lane.parent, lane.spawn_seq), joins


def _before(trace: Trace, path: Position, seq: int) -> int:
    steps = [span.seq for span in trace.spans if span.lane == path]
    steps += [shot.seq for shot in trace.snapshots if shot.lane == path]
    steps += [lane.spawn_seq for lane in trace.lanes if lane.parent == path]
    return sum(1 for step in steps if step <= seq)


def _calls_before(trace: Trace, path: Position, seq: int) -> int:
    """Lanes that were spawned one right after the other have no order among them."""
    steps = [span.seq for span in trace.spans if span.lane == path]
    steps += [shot.seq for shot in trace.snapshots if shot.lane == path]
    return sum(1 for step in steps if step <= seq)


def _states(trace: Trace, lanes: Lanes | None) -> list[str]:
    return sorted(
        repr(
            (
                shot.lane if lanes is None else lanes[shot.lane],
                _calls_before(trace, shot.lane, shot.seq),
                shot.agent,
                shot.goal,
                shot.beliefs,
                shot.status,
            )
        )
        for shot in trace.snapshots
    )


def _by_id(trace: Trace, span_id: str) -> Span:
    return next(span for span in trace.spans if span.id == span_id)


def _at(trace: Trace, path: Position) -> Lane:
    return next(lane for lane in trace.lanes if lane.path == path)
