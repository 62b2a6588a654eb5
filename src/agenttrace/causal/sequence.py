"""Sequence: the one order in which a trace is kept, whoever recorded it and however it came in."""

from __future__ import annotations

import operator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agenttrace.model.span import Span, SpanKind

if TYPE_CHECKING:
    from agenttrace.model.lane import Delivery, Lane, Position
    from agenttrace.model.state import StateSnapshot
    from agenttrace.model.trace import Trace


def in_causal_order(trace: Trace) -> Trace:
    """Give the same trace with everything where it belongs.

    The run's own span comes first, the others by lane and step; lanes by path, agents by id. Two
    traces that hold the same things are equal afterwards.
    """
    ordered: dict[str, list[Any]] = {
        "spans": sorted(trace.spans, key=span_order),
        "lanes": sorted(map(_with_sorted_joins, trace.lanes), key=lambda lane: lane.path),
        "agents": sorted(trace.agents, key=lambda agent: agent.id),
        "snapshots": sorted(trace.snapshots, key=snapshot_order),
        "deliveries": sorted(trace.deliveries, key=delivery_order),
    }
    moved: dict[str, Any] = {
        name: tuple(rows)
        for name, rows in ordered.items()
        if not all(map(operator.is_, rows, getattr(trace, name)))
    }
    return replace(trace, **moved) if moved else trace


def span_order(span: Span) -> tuple[bool, Position, int, Position, str]:
    """Where a span stands among the others of its trace."""
    return (span.kind is not SpanKind.RUN, span.lane, span.seq, span.position, span.id)


def snapshot_order(snapshot: StateSnapshot) -> tuple[Position, int, Position, str]:
    """Where a snapshot stands among the others of its trace."""
    return (snapshot.lane, snapshot.seq, snapshot.position, snapshot.agent)


def delivery_order(delivery: Delivery) -> tuple[Position, Position, str]:
    """Where a delivery stands among the others of its trace."""
    return (delivery.receive, delivery.message or (), delivery.outcome)


def _with_sorted_joins(lane: Lane) -> Lane:
    joins = tuple(sorted(lane.joins, key=lambda join: (join.by, join.seq)))
    return lane if joins == lane.joins else replace(lane, joins=joins)


def reading_order(trace: Trace) -> tuple[Span, ...]:
    """Give the spans as a person reads them: what was spawned stands where it was spawned.

    The run's own span comes first; then, lane by lane from the run's own, each step in turn, a
    spawned lane's spans at the step that spawned it. It is an order that the program could have
    run in, and holds no time.
    """
    spans: dict[Position, list[Span]] = {}
    for span in sorted(trace.spans, key=span_order):
        spans.setdefault(span.lane, []).append(span)
    children: dict[Position, list[Lane]] = {}
    for lane in sorted(trace.lanes, key=lambda lane: (lane.spawn_seq, lane.path)):
        if lane.parent is not None:
            children.setdefault(lane.parent, []).append(lane)
    found: list[Span] = []
    waiting: list[Span | Lane] = _steps((), spans, children)
    while waiting:
        step = waiting.pop()
        if isinstance(step, Span):
            found.append(step)
        else:
            waiting.extend(_steps(step.path, spans, children))
    seen = {span.id for span in found}
    return (*found, *(span for span in sorted(trace.spans, key=span_order) if span.id not in seen))


def _steps(
    path: Position, spans: dict[Position, list[Span]], children: dict[Position, list[Lane]]
) -> list[Span | Lane]:
    """The steps of a lane, the last one first."""
    steps: list[tuple[int, bool, Span | Lane]] = [
        (span.seq, False, span) for span in spans.pop(path, ())
    ]
    steps += [(lane.spawn_seq, True, lane) for lane in children.pop(path, ())]
    return [step for _, _, step in sorted(steps, key=lambda step: step[:2])][::-1]
