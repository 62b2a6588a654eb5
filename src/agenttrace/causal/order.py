"""Order: what happened before what, and what was concurrent.

Happens-before is program order, spawn, join, delivery and link. A clock never has a say, except in
foreign traces, which have no lanes: there it is inferred from intervals and links.

Two moments of a span count: one span is before another when it had ended before the other began. So
a span is neither before nor after what happens inside it.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

from agenttrace.causal.cuts import Circle, Cuts, Latest
from agenttrace.causal.moments import Moments
from agenttrace.causal.past import Past
from agenttrace.model.lane import label_of
from agenttrace.model.span import SpanKind
from agenttrace.model.state import CollectiveState, StateSnapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from agenttrace.model.lane import Lane, Position
    from agenttrace.model.span import Span
    from agenttrace.model.trace import Trace


class Order:
    """The causal order of one trace's spans: a strict partial order.

    It is worked out once, at the first question; spans are known by their ids.

    Attributes:
        inferred: Whether it was made from intervals and links, because the trace has no lanes.
    """

    def __init__(self, trace: Trace) -> None:
        """Take a trace; nothing is worked out yet."""
        self._trace = trace
        self.inferred = not trace.lanes

    def happens_before(self, a: Span, b: Span) -> bool:
        """Whether `a` had ended, and `b` can have known of it, when `b` began.

        Raises:
            KeyError: One of them is not a span of the trace.
        """
        return self._moments.is_before(a.id, b.id)

    def before_any(self, ids: Iterable[str]) -> frozenset[str]:
        """The ids of all spans that happen before one of these.

        Raises:
            KeyError: One of them is not a span of the trace.
        """
        return self._moments.before_any(ids)

    def after_any(self, ids: Iterable[str]) -> frozenset[str]:
        """The ids of all spans before which one of these happens.

        Raises:
            KeyError: One of them is not a span of the trace.
        """
        return self._moments.after_any(ids)

    def concurrent(self, a: Span, b: Span) -> bool:
        """Whether nothing orders two different spans, and none of them holds the other.

        Raises:
            KeyError: One of them is not a span of the trace.
        """
        ordered = self.happens_before(a, b) or self.happens_before(b, a)
        return not (a.id == b.id or ordered or self._holds(a, b) or self._holds(b, a))

    def why_not(self, a: Span, b: Span) -> str:  # noqa: PLR0911 - one return a reason
        """Say why `a` does not happen before `b`, naming the race if there is one; empty."""
        if self.happens_before(a, b):
            return ""
        first, second = _named(a), _named(b)
        if a.id == b.id:
            return f"{first} is one and the same span"
        if self.happens_before(b, a):
            return f"{first} comes after {second}"
        if self._holds(a, b):
            return f"{second} happens inside {first}"
        if self._holds(b, a):
            return f"{first} happens inside {second}"
        if self.inferred:
            return f"{first} and {second} overlap in time, and no link orders them"
        return f"{first} and {second} are concurrent: {self._gap(a)}"

    def sorted(self, spans: Iterable[Span]) -> list[Span]:
        """Give spans in the goldens' order: the run, then by lane and step, parents first."""
        return sorted(spans, key=self._place)

    def _place(self, span: Span) -> tuple[bool, Position, int, int, str]:
        is_run = span.kind is SpanKind.RUN and span.parent is None
        at = span.start_ns if self.inferred else span.seq
        return (not is_run, span.lane, at, len(self._above(span)), span.id)

    @cached_property
    def _moments(self) -> Moments:
        return Moments(self._trace)

    @cached_property
    def _parents(self) -> dict[str, str | None]:
        return {span.id: span.parent for span in self._trace.spans}

    @cached_property
    def _lanes(self) -> dict[Position, Lane]:
        return {lane.path: lane for lane in self._trace.lanes}

    def _above(self, span: Span) -> list[str]:
        found = []
        at = span.parent
        while at is not None:
            found.append(at)
            at = self._parents.get(at)
        return found

    def _holds(self, outer: Span, inner: Span) -> bool:
        return outer.id in self._above(inner)

    def _gap(self, a: Span) -> str:
        """Which lane's end was never told, on the way from a span up to the run."""
        lane = self._lanes.get(a.lane)
        while lane is not None and lane.parent is not None:
            name = label_of(lane.path)
            if lane.raced and not lane.joins:
                return (
                    f"{name} took part in a race "
                    "(a wait for the first to end, a done-callback, a timeout), "
                    "so only leaving its task group or pool would tell that it has ended"
                )
            if not lane.joins:
                return f"nobody waited for {name}"
            lane = self._lanes.get(lane.parent)
        where = "the run itself" if not a.lane else label_of(a.lane)
        return f"nothing that was spawned, awaited, sent or linked leads from {where} to it"


def collective_state(trace: Trace, at: Span) -> CollectiveState:
    """The latest snapshot of every agent over all that happened before a span's end, or inside it.

    The cut is consistent: whatever is known to a step of it belongs to it as well ("Virtual time
    and global states of distributed systems", 1989).
    """
    past = Past(trace)
    return state_over(trace, past, past.of_span(at))


def collective_states(trace: Trace) -> Iterator[tuple[StateSnapshot, CollectiveState]]:
    """For each snapshot, the latest of every agent over all that happened before it, and it."""
    past = Past(trace)
    steps = dict.fromkeys((shot.lane, shot.seq) for shot in trace.snapshots)
    try:
        found = dict(Cuts(past, steps))
    except Circle:
        found = {(shot.lane, shot.seq): past.of_snapshot(shot) for shot in trace.snapshots}
    cuts = [found[shot.lane, shot.seq] for shot in trace.snapshots]
    latest = Latest(trace, cuts)
    for shot, cut in zip(trace.snapshots, cuts, strict=True):
        yield shot, latest.of(cut)


def state_over(trace: Trace, past: Past, cut: Mapping[Position, int]) -> CollectiveState:
    """The latest snapshot of every agent of those that lie inside a cut."""
    inside: dict[str, list[StateSnapshot]] = defaultdict(list)
    for shot in trace.snapshots:
        if shot.seq <= cut.get(shot.lane, -1):
            inside[shot.agent].append(shot)
    return CollectiveState(
        cut={lane: cut[lane] for lane in sorted(cut)},
        agents={agent: past.latest(inside[agent]) for agent in sorted(inside)},
    )


def _named(span: Span) -> str:
    where = f" ({label_of(span.position)})" if span.position else ""
    return f"{span.name}{where}"
