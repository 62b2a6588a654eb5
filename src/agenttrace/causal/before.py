"""Before: the moments of a trace, what comes right after each, and the one walk over them.

Moments go by number: first the steps of lanes that matter, lane by lane; then the end of each span,
in the trace's order; then the messages of queues. So a hundred thousand spans take about as long as
to read them.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from agenttrace.causal.delivery.edges import edges
from agenttrace.model.span import SpanKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from agenttrace.causal.delivery.edges import Edge
    from agenttrace.model.lane import Position
    from agenttrace.model.span import Span
    from agenttrace.model.trace import Trace

Step: TypeAlias = "tuple[Position, float]"
"""The moment at which a lane takes a step; the last one of a lane is its end."""


class Chain(NamedTuple):
    """The steps of one lane that matter, in order: begins of spans, spawns, receives, and the end.

    Attributes:
        first: The number of the first one.
        steps: The steps.
    """

    first: int
    steps: list[float]

    def at(self, step: float) -> int:
        """The number of the last one that is not later than a step."""
        return self.first + bisect_right(self.steps, step) - 1


class Before:
    """What comes before what in a trace, moment by moment.

    Attributes:
        trace: The trace.
        places: By the id of a span, its place in the trace.
        ends: By a span's place, the last step of its lane before it ended.
        chains: By lane, its steps.
        steps: The lane and the step of each moment that is a step.
        begun: By a span's place, the moment at which it began.
        ended: By a span's place, the moment at which it ended.
        later: By moment, those right after it.
        messages: The messages between lanes, by their moments.
    """

    def __init__(self, trace: Trace) -> None:
        """Find the moments, and what each leads to."""
        self.trace = trace
        self.places = {span.id: place for place, span in enumerate(trace.spans)}
        self.ends = _ends(trace)
        self.chains: dict[Position, Chain] = {}
        self.steps: list[Step] = []
        self.later: list[list[int]] = []
        self.messages: dict[int, Edge] = {}
        messages = list(edges(trace))
        for lane, steps in _steps(trace, messages).items():
            chain = self.chains[lane] = Chain(len(self.steps), sorted(steps))
            self.steps += [(lane, step) for step in chain.steps]
            self.later += [[number] for number in range(chain.first + 1, len(self.steps))]
            self.later.append([])
        self.ended = range(len(self.steps), len(self.steps) + len(trace.spans))
        self.later += [[] for _ in trace.spans]
        self.begun = self._spans_begun()
        self._follow_parents()
        self._follow_links()
        self._follow_lanes()
        self._follow_messages(messages)

    def in_order(self) -> Iterator[int]:
        """Moments after all that come before them.

        A circle, which only foreign traces hold, is cut at its first moment.
        """
        later = self.later
        waiting = [0] * len(later)
        for row in later:
            for one in row:
                waiting[one] += 1
        ready = [number for number, count in enumerate(waiting) if not count]
        done = bytearray(len(later))
        rest = iter(range(len(later)))
        while True:
            while ready:
                number = ready.pop()
                done[number] = True
                yield number
                for one in later[number]:
                    waiting[one] -= 1
                    if not waiting[one] and not done[one]:
                        ready.append(one)
            first = next((one for one in rest if not done[one]), None)
            if first is None:
                return
            ready.append(first)

    # -- what leads to what -------------------------------------------------------------------
    def _spans_begun(self) -> list[int]:
        """Find where spans began; each end comes between two steps of its lane."""
        begun = []
        later, chains, has_lanes = self.later, self.chains, bool(self.trace.lanes)
        for span, end, ended in zip(self.trace.spans, self.ends, self.ended, strict=True):
            first, steps = chains[span.lane if has_lanes else ()]
            begun.append(first + bisect_left(steps, span.seq if has_lanes else span.start_ns))
            place = bisect_right(steps, end)
            later[first + place - 1].append(ended)
            if place < len(steps):
                later[ended].append(first + place)
        return begun

    def _follow_parents(self) -> None:
        """What stands inside a span begins after it, and in one lane ends before it.

        That it begins after it in one lane, the steps of the lane say already.
        """
        spans, later, begun, ends = self.trace.spans, self.later, self.begun, self.ends
        ended, has_lanes = self.ended, bool(self.trace.lanes)
        for place, span in enumerate(spans):
            around = None if span.parent is None else self.places.get(span.parent)
            if around is None:
                continue
            is_beside = not has_lanes or span.lane == spans[around].lane
            if begun[around] > begun[place] or not is_beside:
                later[begun[around]].append(begun[place])
            if is_beside and ends[place] <= ends[around]:
                later[ended[place]].append(ended[around])

    def _follow_links(self) -> None:
        parents: dict[str, str | None] = {}
        for place, span in enumerate(self.trace.spans):
            if not span.links:
                continue
            parents = parents or {one.id: one.parent for one in self.trace.spans}
            around = above(span, parents)
            for link in span.links:
                if link.trace is None and link.span in self.places and link.span not in around:
                    cause = self.ended[self.places[link.span]]
                    self.later[cause].append(self.begun[place])

    def _follow_lanes(self) -> None:
        """A lane begins after its spawn, and whoever waits for it goes on after its end."""
        for one in self.trace.lanes:
            own = self.chains[one.path]
            if one.parent is not None:
                self.later[self.chains[one.parent].at(one.spawn_seq)].append(own.first)
            for join in one.joins:
                self._precede(own.at(math.inf), join.by, join.seq)

    def _precede(self, moment: int, lane: Position, step: float) -> None:
        """Put a moment before every later step of a lane than this one."""
        chain = self.chains.get(lane)
        if chain is not None and step < chain.steps[-1]:
            self.later[moment].append(chain.at(step) + 1)

    def _follow_messages(self, messages: Iterable[Edge]) -> None:
        """What is received comes after what its sender knew: its last step, and ends since."""
        if not self.trace.deliveries:
            return
        at = {span.position: place for place, span in enumerate(self.trace.spans) if span.position}
        for delivery in self.trace.deliveries:
            sent = None if delivery.message is None else at.get(delivery.message)
            receive = at.get(delivery.receive)
            if sent is not None and receive is not None:
                self.later[self.ended[sent]].append(self.begun[receive])
        ended = self._ended_in()
        for edge in messages:
            if edge.sender not in self.chains or edge.receiver not in self.chains:
                continue
            message = len(self.later)
            self.messages[message] = edge
            self.later.append([self.chains[edge.receiver].at(edge.seq)])
            last = self.chains[edge.sender].at(edge.sent)
            self.later[last].append(message)
            ends = ended.get(edge.sender, [])
            since = bisect_left(ends, (self.steps[last][1], 0))
            until = bisect_left(ends, (math.floor(edge.sent) + 1, 0))
            for _, moment in ends[since:until]:
                self.later[moment].append(message)

    def _ended_in(self) -> dict[Position, list[tuple[float, int]]]:
        """By lane, when its spans ended, in order; the run's own never does."""
        found: dict[Position, list[tuple[float, int]]] = defaultdict(list)
        for span, end, ended in zip(self.trace.spans, self.ends, self.ended, strict=True):
            if span.kind is not SpanKind.RUN:
                found[span.lane if self.trace.lanes else ()].append((end, ended))
        return {lane: sorted(ends) for lane, ends in found.items()}


def _ends(trace: Trace) -> list[int]:
    """The last step of its lane before each span ended; without lanes, the instant.

    A span of a foreign trace ends when all that is inside it had ended.
    """
    if trace.lanes:
        return [max(span.seq, span.end_seq) for span in trace.spans]
    ends = {span.id: span.end_ns for span in trace.spans}
    parents = {span.id: span.parent for span in trace.spans}
    for span in trace.spans:
        at = span.parent
        while at is not None and at in ends and ends[at] < span.end_ns:
            ends[at] = span.end_ns
            at = parents[at]
    return list(ends.values())


def _steps(trace: Trace, messages: Iterable[Edge]) -> Mapping[Position, set[float]]:
    """The steps of each lane that matter."""
    steps: dict[Position, set[float]] = defaultdict(set)
    if trace.lanes:
        for span in trace.spans:
            steps[span.lane].add(span.seq)
    elif trace.spans:
        steps[()] = {span.start_ns for span in trace.spans}
    for one in trace.lanes:
        steps[one.path].update((0, math.inf))
        if one.parent is not None:
            steps[one.parent].add(one.spawn_seq)
    for edge in messages:
        if edge.receiver in steps:
            steps[edge.receiver].add(edge.seq)
    return steps


def above(span: Span, parents: Mapping[str, str | None]) -> set[str]:
    """The spans around a span, itself included; a link to one of them orders nothing."""
    found = {span.id}
    at = span.parent if span.links else None
    while at is not None:
        found.add(at)
        at = parents.get(at)
    return found
