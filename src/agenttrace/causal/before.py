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
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from agenttrace.causal.delivery.edges import Edge
    from agenttrace.model.lane import Position
    from agenttrace.model.span import Span
    from agenttrace.model.trace import Trace

Step: TypeAlias = "tuple[Position, float]"
"""The moment at which a lane takes a step; the last one of a lane is its end."""


class Chain(NamedTuple):
    """The steps of one lane that matter, in order: of spans and states, spawns, messages, the end.

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
        ends: By a span's place, the last step of its lane before it ended; of a run, its end.
        chains: By lane, its steps.
        steps: The lane and the step of each moment that is a step.
        begun: By a span's place, the moment at which it began.
        ended: By a span's place, the moment at which it ended.
        later: By moment, those right after it.
        messages: The messages between lanes, by their moments.
        silent: The moments that are only looked at: a state was kept there, or something ended.
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
        self.silent: set[int] = set()
        messages = list(edges(trace))
        loud, looked_at = self._steps(messages), self._looked_at(messages)
        for lane, steps in loud.items():
            silent = looked_at[lane] - steps
            chain = self.chains[lane] = Chain(len(self.steps), sorted(steps | silent))
            if silent:
                self.silent.update(map(chain.at, silent))
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

    def earlier(self) -> list[list[int]]:
        """By moment, those right before it."""
        found: list[list[int]] = [[] for _ in self.later]
        for moment, later in enumerate(self.later):
            for one in later:
                found[one].append(moment)
        return found

    def joined_inside(self) -> Iterator[tuple[int, int]]:
        """Give the ends of lanes, each with the end of a span that was told of it at its last step.

        Nobody knows whether the span had ended by then; that it waited for what it spawned is
        likely. What stands around such a span is told by it.
        """
        told = self._joined_at()
        inner = self._first_inside() if told else {}
        for place, span in enumerate(self.trace.spans if told else ()):
            row = told.get((span.lane, self.ends[place]), [])
            for spawned, over in row[bisect_left(row, (span.seq + 1, 0)) :]:
                if spawned > inner.get(place, math.inf):
                    break
                yield over, self.ended[place]

    def _joined_at(self) -> dict[Step, list[tuple[int, int]]]:
        """By step, the lanes that their spawner had been told of then: their spawns and ends."""
        told: dict[Step, list[tuple[int, int]]] = defaultdict(list)
        for one in self.trace.lanes:
            for join in one.joins:
                if join.by == one.parent:
                    over = self.chains[one.path].at(math.inf)
                    told[join.by, join.seq].append((one.spawn_seq, over))
        return {step: sorted(row) for step, row in told.items()}

    def _first_inside(self) -> dict[int, int]:
        """By place, the step at which the first span inside begins that ends at the same step."""
        spans, ends = self.trace.spans, self.ends
        found: dict[int, int] = {}
        for place, span in enumerate(spans):
            outer = None if span.parent is None else self.places.get(span.parent)
            if outer is not None and (span.lane, ends[place]) == (spans[outer].lane, ends[outer]):
                found[outer] = min(span.seq, found.get(outer, span.seq))
        return found

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
            if has_lanes:  # a message at its last step may have come or gone before
                place = bisect_left(steps, end + 1, place)
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
        """Put a moment before every later step of a lane than this one.

        A message that came or went after this step may have done so before.
        """
        chain = self.chains.get(lane)
        place = 0 if chain is None else bisect_left(chain.steps, step + 1)
        if chain is not None and place < len(chain.steps):
            self.later[moment].append(chain.first + place)

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
        ended = self._ended_at({(edge.sender, math.floor(edge.sent)) for edge in messages})
        for edge in messages:
            if edge.sender not in self.chains or edge.receiver not in self.chains:
                continue
            message = len(self.later)
            self.messages[message] = edge
            self.later.append([self.chains[edge.receiver].at(edge.seq)])
            self.later[self.chains[edge.sender].at(edge.sent)].append(message)
            for place in ended[edge.sender, math.floor(edge.sent)]:
                stands = self.trace.spans[place].position
                if not stands or edge.message[: len(stands)] != stands:  # it was not sent inside
                    self.later[self.ended[place]].append(message)

    def _ended_at(self, steps: Collection[Step]) -> dict[Step, list[int]]:
        """By step of a lane, the places of the spans whose last one it was."""
        found: dict[Step, list[int]] = {step: [] for step in steps}
        for place, (span, end) in enumerate(zip(self.trace.spans, self.ends, strict=True)):
            if (span.lane, end) in found:
                found[span.lane, end].append(place)
        return found

    def _steps(self, messages: Iterable[Edge]) -> Mapping[Position, set[float]]:
        """The steps of each lane at which something begins."""
        trace = self.trace
        steps: dict[Position, set[float]] = defaultdict(set)
        if not trace.lanes and trace.spans:
            steps[()] = {span.start_ns for span in trace.spans}
        elif trace.lanes:
            for span in trace.spans:
                steps[span.lane].add(span.seq)
        for one in trace.lanes:
            steps[one.path].update((0, math.inf))
            if one.parent is not None:
                steps[one.parent].add(one.spawn_seq)
        for edge in messages:
            if edge.receiver in steps:
                steps[edge.receiver].add(edge.seq)
        return steps

    def _looked_at(self, messages: Iterable[Edge]) -> Mapping[Position, set[float]]:
        """The steps of each lane at which it is asked what is known."""
        steps: dict[Position, set[float]] = defaultdict(set)
        if not self.trace.lanes:
            return steps
        for span, end in zip(self.trace.spans, self.ends, strict=True):
            if end > span.seq:
                steps[span.lane].add(end)
        for shot in self.trace.snapshots:
            steps[shot.lane].add(shot.seq)
        for edge in messages:
            steps[edge.sender].add(math.floor(edge.sent))
        return steps


def reached(ways: Sequence[Sequence[int]], start: int) -> set[int]:
    """The moments that `ways`, by moment, lead to from one; itself only in a circle."""
    found: set[int] = set()
    ahead = [start]
    while ahead:
        for one in ways[ahead.pop()]:
            if one not in found:
                found.add(one)
                ahead.append(one)
    return found


def is_run(span: Span) -> bool:
    """Whether a span is the run's own, which lasts as long as its lane, whatever its step says."""
    return span.kind is SpanKind.RUN and span.parent is None


def _ends(trace: Trace) -> Sequence[float]:
    """The last step of its lane before each span ended; without lanes, the instant.

    A span of a foreign trace ends when all that is inside it had ended.
    """
    if trace.lanes:
        return [math.inf if is_run(one) else max(one.seq, one.end_seq) for one in trace.spans]
    ends = {span.id: span.end_ns for span in trace.spans}
    parents = {span.id: span.parent for span in trace.spans}
    for span in trace.spans:
        at = span.parent
        while at is not None and at in ends and ends[at] < span.end_ns:
            ends[at] = span.end_ns
            at = parents[at]
    return list(ends.values())


def above(span: Span, parents: Mapping[str, str | None]) -> set[str]:
    """The spans around a span, itself included; a link to one of them orders nothing."""
    found = {span.id}
    at = span.parent if span.links else None
    while at is not None:
        found.add(at)
        at = parents.get(at)
    return found
