"""What can have been known when, from the words of `docs/reference/cascades.md` and `states.md`.

Every step of every lane is a moment, and so is every end of a span; a way from one moment to
another is knowledge that can have been carried.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from agenttrace.model.lane import Position
from agenttrace.model.span import Span
from agenttrace.model.trace import Trace
from tests.oracles.interactions import around

Moment: TypeAlias = "tuple[Position, int] | str"
"""A step of a lane; or the end of a span, by its id."""

Ways: TypeAlias = "dict[Moment, set[Moment]]"


def ways(trace: Trace) -> Ways:
    """What leads from moment to moment, one step far."""
    return _gathered([*_of_spans(trace), *_of_lanes(trace), *_of_messages(trace)])


def _gathered(pairs: Iterable[tuple[Moment, Moment]]) -> Ways:
    found: Ways = {}
    for one, two in pairs:
        found.setdefault(one, set()).add(two)
    return found


def _of_spans(trace: Trace) -> Iterator[tuple[Moment, Moment]]:
    last = _furthest(trace)
    for span in trace.spans:
        end = span.end_seq
        if span.kind == "run" and span.parent is None:  # it lasts as long as its lane
            end = last[span.lane] + 1
        yield (span.lane, end), span.id
        yield span.id, (span.lane, end + 1)
        for other in linked(trace, span):
            yield other, (span.lane, span.seq)
        outer = around(trace, span)
        if outer is not None:
            yield (outer.lane, outer.seq), (span.lane, span.seq)
            if outer.lane == span.lane:
                yield span.id, outer.id


def _of_lanes(trace: Trace) -> Iterator[tuple[Moment, Moment]]:
    last = _furthest(trace)
    for path, step in last.items():
        for at in range(step + 1):
            yield (path, at), (path, at + 1)
    for lane in trace.lanes:
        if lane.parent is not None:
            yield (lane.parent, lane.spawn_seq), (lane.path, 0)
        for join in lane.joins:
            over = (lane.path, last[lane.path] + 1)
            yield over, (join.by, join.seq + 1)
            for span in trace.spans:
                spawned = span.lane == lane.parent and span.seq < lane.spawn_seq
                if (span.lane, span.end_seq) == (join.by, join.seq) and spawned:
                    yield over, span.id


def _of_messages(trace: Trace) -> Iterator[tuple[Moment, Moment]]:
    places = {span.position: span for span in trace.spans}
    for got in trace.deliveries:
        if got.message in places and got.receive in places:
            receive = places[got.receive]
            yield places[got.message].id, (receive.lane, receive.seq)
    yield from _of_queues(trace)


def _of_queues(trace: Trace) -> Iterator[tuple[Moment, Moment]]:
    """Messages of queues: what the sender had known goes to the receiver's next step."""
    lanes = [lane.path for lane in trace.lanes]
    carried = [
        (f"message {nth}", got, max(_within(got.message, lanes), key=len))
        for nth, got in enumerate(trace.deliveries)
        if got.message is not None and got.receive[-1].kind == "receive"
    ]
    for name, got, sender in carried:
        yield (sender, got.sent), name
        yield name, (got.receive[:-1], got.seq + 1)
        for span in trace.spans:
            is_around = got.message[: len(span.position)] == span.position
            if (span.lane, span.end_seq) == (sender, got.sent) and not is_around:
                yield span.id, name
        for earlier, heard, _ in carried:
            is_heard = heard.receive[-1].occurrence < got.heard and heard.seq == got.sent
            if heard.receive[:-1] == sender and is_heard:
                yield earlier, name


def linked(trace: Trace, span: Span) -> set[str]:
    """What a span is linked to in this trace; what stands around it tells it nothing."""
    at: Span | None = span
    outer = set()
    while at is not None:
        outer.add(at.id)
        at = around(trace, at)
    return {link.span for link in span.links if link.trace is None} - outer


def _within(position: Position, lanes: Iterable[Position]) -> list[Position]:
    return [path for path in lanes if path == position[: len(path)] and path != position]


def is_odd(trace: Trace, span: Span) -> bool:
    """Whether the end of a span can have been known at its begin: two edges disagree."""
    return (span.lane, span.seq) in known_from(ways(trace), span.id)


def goes_round(trace: Trace) -> bool:
    """Whether the end of a span comes before itself, for all that is known of one step.

    So it is if a span spawned a lane, was told of it at its last step, and it knew that end.
    """
    ahead = ways(trace)
    return any(
        span.id in known_from(ahead, later)
        for span in trace.spans
        for later in ahead.get(span.id, ())
    )


def last_steps(trace: Trace) -> dict[Position, int]:
    """By lane, the last step that a span, a snapshot, a spawn or a join tells of."""
    last = {lane.path: 0 for lane in trace.lanes}

    def seen(path: Position, step: int) -> None:
        last[path] = max(last.get(path, 0), step)

    for span in trace.spans:
        seen(span.lane, span.end_seq)
    for shot in trace.snapshots:
        seen(shot.lane, shot.seq)
    for lane in trace.lanes:
        if lane.parent is not None:
            seen(lane.parent, lane.spawn_seq)
        for join in lane.joins:
            seen(join.by, join.seq)
    return last


def _furthest(trace: Trace) -> dict[Position, int]:
    """The same, and the steps after which a queue's message was sent, and came."""
    last = last_steps(trace)
    for got in trace.deliveries:
        if got.receive[-1].kind == "receive":
            path = got.receive[:-1]
            last[path] = max(last.get(path, 0), got.seq)
            if got.message is not None:
                sender = max(_within(got.message, [lane.path for lane in trace.lanes]), key=len)
                last[sender] = max(last.get(sender, 0), got.sent)
    return last


def known_from(ahead: Ways, start: Moment) -> set[Moment]:
    """Every moment at which another one can have been known; that one too."""
    seen = {start}
    todo = [start]
    while todo:
        new = ahead.get(todo.pop(), set()) - seen
        seen |= new
        todo += new
    return seen


def before(trace: Trace, some: Iterable[Span]) -> set[tuple[str, str]]:
    """The pairs of some spans of which the first one's end can have been known at the second's."""
    kept = list(some)
    if not trace.lanes:
        return _before_by_times(trace, kept)
    ahead = ways(trace)
    ids = {span.id for span in kept}
    return {
        (one.id, str(other))
        for one in kept
        for other in known_from(ahead, one.id) & ids
        if other != one.id
    }


def _before_by_times(trace: Trace, kept: list[Span]) -> set[tuple[str, str]]:
    """Of another system: by times, by links, and out of a span into what stands around it."""
    over = {span.id: _over(trace, span) for span in trace.spans}
    ahead: Ways = {}
    for one in trace.spans:
        for two in trace.spans:
            if over[one.id] < over[two.id] or one.id in linked(trace, two) or two.id == one.parent:
                ahead.setdefault(one.id, set()).add(two.id)
    ids = {span.id for span in kept}
    return {
        (one, str(other)) for one in ids for other in known_from(ahead, one) & ids if other != one
    }


def _over(trace: Trace, span: Span) -> int:
    """When a span and all inside it had ended."""
    inside = [one for one in trace.spans if one.parent == span.id]
    return max(span.end_ns, *(_over(trace, one) for one in inside), 0)
