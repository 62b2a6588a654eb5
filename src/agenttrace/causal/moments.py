"""Moments: the beginnings and ends of spans, and what had ended by each.

A moment keeps one bit for every span, so that ten thousand spans take about ten megabytes and well
under a second. All pairs are never looked at.
"""

from __future__ import annotations

import bisect
import math
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from agenttrace.causal.delivery.edges import Edge, edges
from agenttrace.model.span import SpanKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from agenttrace.model.lane import Lane, Position
    from agenttrace.model.span import Span
    from agenttrace.model.trace import Trace

Step: TypeAlias = "tuple[Position, float]"
"""The moment at which a lane takes a step; the last one of a lane is its end."""

Moment: TypeAlias = "Step | str"
"""A step, or the end of a span, by its id."""


class Moments:
    """Which spans had ended by the moment at which each span began."""

    def __init__(self, trace: Trace, only: Iterable[str] | None = None) -> None:
        """Work it out; a circle, which only foreign traces hold, is cut at its first moment.

        Args:
            trace: The trace.
            only: The spans of which it is to be known where they come before; by default all.
        """
        self._at = {span.id: (at, end) for span, at, end in placed_in(trace)}
        asked = self._at if only is None else only
        self._bits = {span: 1 << number for number, span in enumerate(asked)}
        self._known: dict[Moment, int] = {}
        self._fill(graph(trace, self._at))

    def is_before(self, a: str, b: str) -> bool:
        """Whether the span `a` had ended when `b` began."""
        return bool(self._known[self._at[b][0]] & self._bits[a])

    def before_any(self, ids: Iterable[str]) -> frozenset[str]:
        """The spans that had ended when one of these began."""
        known = 0
        for one in ids:
            known |= self._known[self._at[one][0]]
        return frozenset(span for span, bit in self._bits.items() if known & bit)

    def after_any(self, ids: Iterable[str]) -> frozenset[str]:
        """The spans that began when one of these had ended."""
        ended = 0
        for one in ids:
            ended |= self._bits[one]
        return frozenset(span for span, (at, _) in self._at.items() if self._known[at] & ended)

    def _fill(self, before: dict[Moment, list[Moment]]) -> None:
        after: dict[Moment, list[Moment]] = defaultdict(list)
        for moment, earlier in before.items():
            for one in earlier:
                after[one].append(moment)
        waiting = {moment: len(earlier) for moment, earlier in before.items()}
        ready = [moment for moment, count in waiting.items() if count == 0]
        rest = iter(before)
        while True:
            while ready:
                moment = ready.pop()
                self._settle(moment, before[moment])
                for later in after[moment]:
                    waiting[later] -= 1
                    if waiting[later] == 0 and later not in self._known:
                        ready.append(later)
            first = next((moment for moment in rest if moment not in self._known), None)
            if first is None:
                return
            ready.append(first)

    def _settle(self, moment: Moment, earlier: list[Moment]) -> None:
        known = self._bits.get(moment, 0) if isinstance(moment, str) else 0
        for one in earlier:
            known |= self._known.get(one, 0)
        self._known[moment] = known


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
    is_run = span.kind is SpanKind.RUN and span.parent is None
    seen = _leading_to([span.id, (span.lane, math.inf)] if is_run else [span.id], trace)
    steps: dict[Position, float] = {}
    for one in seen:
        if not isinstance(one, str):
            steps[one[0]] = max(steps.get(one[0], -1), one[1])
    for number, edge in enumerate(edges(trace)):
        if f"message {number}" in seen:
            steps[edge.sender] = max(steps.get(edge.sender, -1), edge.sent)
    ended = {one for one in seen if isinstance(one, str)}
    if not is_run:  # it lasts as long as its lane, whatever its step says
        ended -= {one.id for one in trace.spans if one.kind is SpanKind.RUN and one.parent is None}
    return Known(steps, ended)


def _leading_to(ends: list[Moment], trace: Trace) -> set[Moment]:
    """Some moments, and all that come before one of them."""
    placed = {one.id: (at, end) for one, at, end in placed_in(trace)}
    before = graph(trace, placed)
    told: dict[Position, list[tuple[int, Lane]]] = defaultdict(list)
    for lane in trace.lanes:
        for join in lane.joins:
            told[join.by].append((join.seq, lane))
    ahead, seen = list(ends), set(ends)
    while ahead:
        moment = ahead.pop()
        earlier = list(before.get(moment, ()))
        if isinstance(moment, str) and moment in placed:
            (path, seq), end = placed[moment]
            earlier += [
                (one.path, math.inf)
                for at, one in told[path]
                if seq <= at < end or (at == end and one.parent == path and one.spawn_seq > seq)
            ]
        new = [one for one in earlier if one not in seen]
        seen.update(new)
        ahead += new
    return seen


def placed_in(trace: Trace) -> Iterator[tuple[Span, Step, int]]:
    """Each span with the step at which it began, and the last one before it ended."""
    if trace.lanes:
        for span in trace.spans:
            yield span, (span.lane, span.seq), max(span.seq, span.end_seq)
        return
    ends = _hulls(trace)
    for span in trace.spans:
        yield span, ((), span.start_ns), ends[span.id]


def _hulls(trace: Trace) -> dict[str, int]:
    """When each span of a foreign trace, and all that is inside it, had ended."""
    ends = {span.id: span.end_ns for span in trace.spans}
    parents = {span.id: span.parent for span in trace.spans}
    for span in trace.spans:
        at = span.parent
        while at is not None and at in ends and ends[at] < span.end_ns:
            ends[at] = span.end_ns
            at = parents[at]
    return ends


def graph(trace: Trace, placed: dict[str, tuple[Step, int]]) -> dict[Moment, list[Moment]]:
    """The moments, each with those that come right before it."""
    chains = _chains(trace, placed)
    ends = _ends(trace, placed)
    before: dict[Moment, list[Moment]] = {}
    for lane, chain in chains.items():
        for number, at in enumerate(chain):
            before[lane, at] = [(lane, chain[number - 1])] if number else []

    def precede(moment: Moment, lane: Position, seq: int) -> None:
        """Put a moment before every later step of a lane than this one."""
        chain = chains.get(lane, [])
        place = bisect.bisect_right(chain, seq)
        if place < len(chain):
            before[lane, chain[place]].append(moment)

    for span, ((lane, _), end) in placed.items():
        place = bisect.bisect_right(chains[lane], end) - 1
        before[span] = [(lane, chains[lane][place])]
        precede(span, lane, end)
    for one in trace.lanes:
        if one.parent is not None:
            before[one.path, chains[one.path][0]].append((one.parent, one.spawn_seq))
        for join in one.joins:
            precede((one.path, math.inf), join.by, join.seq)
    _add_edges_of_spans(trace, placed, before)
    for message, edge in _edges(trace, chains):
        before[message] = _known_at(edge, chains[edge.sender], ends)
        before[edge.receiver, edge.seq].append(message)
    return before


def _edges(trace: Trace, chains: dict[Position, list[float]]) -> Iterator[tuple[str, Edge]]:
    """The messages between lanes that are there, each with a name for its moment."""
    for number, edge in enumerate(edges(trace)):
        if edge.sender in chains and edge.receiver in chains:
            yield f"message {number}", edge


def _known_at(
    edge: Edge, chain: list[float], ends: dict[Position, list[tuple[float, str]]]
) -> list[Moment]:
    """What a sender knows: its last step, and what had ended since."""
    last = chain[bisect.bisect_right(chain, edge.sent) - 1]
    ended = ends.get(edge.sender, [])
    first = bisect.bisect_left(ended, (last, ""))
    past = bisect.bisect_left(ended, (math.floor(edge.sent) + 1, ""))
    return [(edge.sender, last), *(span for _, span in ended[first:past])]


def _ends(
    trace: Trace, placed: dict[str, tuple[Step, int]]
) -> dict[Position, list[tuple[float, str]]]:
    """By lane, when its spans ended, in order; the run's own never does."""
    found: dict[Position, list[tuple[float, str]]] = defaultdict(list)
    for span in trace.spans if trace.deliveries else ():
        if span.kind is not SpanKind.RUN:
            (lane, _), end = placed[span.id]
            found[lane].append((end, span.id))
    return {lane: sorted(ends) for lane, ends in found.items()}


def _chains(trace: Trace, placed: dict[str, tuple[Step, int]]) -> dict[Position, list[float]]:
    """The steps of each lane that matter, in order: begins of spans, spawns, and the end."""
    steps: dict[Position, set[float]] = defaultdict(set)
    for (lane, at), _ in placed.values():
        steps[lane].add(at)
    for one in trace.lanes:
        steps[one.path].update((0, math.inf))
        if one.parent is not None:
            steps[one.parent].add(one.spawn_seq)
    for edge in edges(trace):
        if edge.receiver in steps:
            steps[edge.receiver].add(edge.seq)
    return {lane: sorted(found) for lane, found in steps.items()}


def _add_edges_of_spans(
    trace: Trace, placed: dict[str, tuple[Step, int]], before: dict[Moment, list[Moment]]
) -> None:
    at = {span.position: span.id for span in trace.spans if span.position}
    parents = {span.id: span.parent for span in trace.spans}
    for span in trace.spans:
        began, end = placed[span.id]
        around = above(span, parents)
        before[began] += [
            link.span
            for link in span.links
            if link.trace is None and link.span in placed and link.span not in around
        ]
        if span.parent is not None and span.parent in placed:
            parent, parent_end = placed[span.parent]
            if parent != began:
                before[began].append(parent)
            if parent[0] == began[0] and end <= parent_end:
                before[span.parent].append(span.id)
    for delivery in trace.deliveries:
        sent = None if delivery.message is None else at.get(delivery.message)
        receive = at.get(delivery.receive)
        if sent is not None and receive is not None:
            before[placed[receive][0]].append(sent)


def above(span: Span, parents: dict[str, str | None]) -> set[str]:
    """The spans around a span, itself included; a link to one of them orders nothing."""
    found = {span.id}
    at = span.parent if span.links else None
    while at is not None:
        found.add(at)
        at = parents.get(at)
    return found
