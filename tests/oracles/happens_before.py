"""Happens-before by brute force: every step is a node, and every pair is asked by a search."""

from __future__ import annotations

from collections.abc import Callable

from agenttrace.model.lane import Delivery, Position
from agenttrace.model.trace import Trace

Node = tuple[str, Position | str, int]


def happens_before(trace: Trace) -> set[tuple[str, str]]:
    """All pairs of span ids of which the first had ended when the second began."""
    edges = edges_of(trace)
    begins = {span.id: ("step", span.lane, span.seq) for span in trace.spans}
    pairs = set()
    for first in trace.spans:
        reached = reached_from(edges, ("end", first.id, 0))
        pairs |= {(first.id, other) for other, begin in begins.items() if begin in reached}
    return {(one, two) for one, two in pairs if one != two and (two, one) not in pairs}


def edges_of(trace: Trace) -> dict[Node, set[Node]]:  # noqa: C901 - one loop a kind of edge
    """What leads from step to step, and to and from the ends of spans."""
    longest = 1 + max(
        [
            *(span.end_seq for span in trace.spans),
            *(lane.spawn_seq for lane in trace.lanes),
            *(join.seq for lane in trace.lanes for join in lane.joins),
            *(shot.seq for shot in trace.snapshots),
            *(max(got.seq, got.sent) for got in trace.deliveries),
            0,
        ]
    )
    edges: dict[Node, set[Node]] = {}

    def edge(one: Node, two: Node) -> None:
        edges.setdefault(one, set()).add(two)

    for lane in trace.lanes:
        for step in range(longest):
            edge(("step", lane.path, step), ("step", lane.path, step + 1))
        if lane.parent is not None:
            edge(("step", lane.parent, lane.spawn_seq), ("step", lane.path, 0))
        for join in lane.joins:
            edge(("step", lane.path, longest), ("step", join.by, join.seq + 1))
    by_position = {span.position: span for span in trace.spans}
    by_id = {span.id: span for span in trace.spans}
    for span in trace.spans:
        begin: Node = ("step", span.lane, span.seq)
        is_run = span.kind == "run" and span.parent is None  # it lasts as long as its lane
        end = longest if is_run else span.end_seq
        edge(("step", span.lane, end), ("end", span.id, 0))
        edge(("end", span.id, 0), ("step", span.lane, end + 1))
        for link in span.links:
            edge(("end", link.span, 0), begin)
        if span.parent is not None:
            parent = by_id[span.parent]
            edge(("step", parent.lane, parent.seq), begin)
            if parent.lane == span.lane and span.end_seq <= parent.end_seq:
                edge(("end", span.id, 0), ("end", parent.id, 0))
    queued = [one for one in trace.deliveries if one.receive[-1].kind == "receive"]
    for nth in range(len(queued)):
        _carry(trace, queued, nth, edge)
    for delivery in trace.deliveries:
        if delivery.message is not None and delivery not in queued:
            receive = by_position[delivery.receive]
            edge(("end", by_position[delivery.message].id, 0), ("step", receive.lane, receive.seq))
    return edges


def _carry(
    trace: Trace, queued: list[Delivery], nth: int, edge: Callable[[Node, Node], None]
) -> None:
    """A message takes no step of its lane: it is put and got between two."""
    got, name = queued[nth], ("message", str(nth), 0)
    assert got.message is not None
    lanes = [one.path for one in trace.lanes]
    sender = max((it for it in lanes if it == got.message[: len(it)]), key=len)
    edge(("step", sender, got.sent), name)
    edge(name, ("step", got.receive[:-1], got.seq + 1))
    for span in trace.spans:
        is_around = got.message[: len(span.position)] == span.position
        if (span.lane, span.end_seq) == (sender, got.sent) and not is_around:
            edge(("end", span.id, 0), name)
    for other, sooner in enumerate(queued):
        heard = sooner.receive[:-1] == sender and sooner.receive[-1].occurrence < got.heard
        if heard and sooner.seq == got.sent:
            edge(("message", str(other), 0), name)


def reached_from(edges: dict[Node, set[Node]], start: Node) -> set[Node]:
    """Every node that ways lead to from one, itself included."""
    seen, ahead = {start}, [start]
    while ahead:
        for node in edges.get(ahead.pop(), set()) - seen:
            seen.add(node)
            ahead.append(node)
    return seen
