"""Queues, assignments, signs of life and own time again, from the words of `teams.md`.

Every instant is asked anew, and every pair is looked at. Imports nothing of `agenttrace.analysis`.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from itertools import pairwise, zip_longest
from typing import NamedTuple

from agenttrace.model import names
from agenttrace.model.span import Event, Span, SpanKind
from agenttrace.model.trace import Trace
from agenttrace.model.usage import Usage
from agenttrace.model.values import Value
from tests.oracles.interactions import doer

CALLS = (SpanKind.LLM, SpanKind.TOOL, SpanKind.RETRIEVAL)


class Told(NamedTuple):
    """An event, the span inside which it was told, and which of that span's it is."""

    event: Event
    span: Span
    nth: int

    def says(self, name: str) -> Value:
        """One of its words; None: it does not say."""
        return self.event.attributes.get(name)

    @property
    def task(self) -> str:
        """The task that it is about."""
        return _text(self.says(names.QUEUE_TASK))

    @property
    def queue(self) -> str:
        """The queue that it is about."""
        return _text(self.says(names.QUEUE_NAME))


class Item(NamedTuple):
    """A task in a queue: when it was put in and taken out, by which spans, how often overtaken."""

    task: str
    put_in: int | None
    taken_out: int | None
    put: str | None
    taken: str | None
    overtaken: int
    is_timed: bool

    @property
    def waited(self) -> int | None:
        """From being put in to being taken out; None: not told, or the clocks disagree."""
        return _between(self.put_in, self.taken_out) if self.is_timed else None

    @property
    def counts(self) -> bool:
        """Whether it counts for any depth."""
        if self.put_in is None:
            return False
        return self.taken_out is None or self.taken_out >= self.put_in


class Queue(NamedTuple):
    """What a queue held."""

    items: list[Item]
    depths: list[tuple[int, int]]
    peak: int | None


class Assigned(NamedTuple):
    """A task that was given to a worker."""

    task: str
    worker: str
    at: int
    candidates: tuple[Value, ...] | None
    reason: str
    scheduled: int | None
    begun: int | None
    outcome: str | None
    decided: str
    work: str | None


class Decided(NamedTuple):
    """What a span says was decided."""

    agent: str | None
    pattern: str
    decision: Value
    candidates: tuple[Value, ...] | None
    reason: str
    round: Value
    at: int
    span: str


class Led(NamedTuple):
    """What a leader's time went by with."""

    lifetime: int | None
    own: int | None
    usage: tuple[int, int, Decimal, Decimal] | None


def told(trace: Trace, *which: str) -> list[Told]:
    """Every event of some names, by time; of one instant as they come, each lane in its order."""
    found = [
        Told(event, span, nth)
        for span in trace.spans
        for nth, event in enumerate(span.events)
        if event.name in which
    ]
    if trace.lanes:
        found.sort(key=lambda one: (one.span.lane, one.event.seq, -one.span.seq, one.nth))
    return sorted(found, key=lambda one: one.event.at_ns)


def is_later(trace: Trace, one: Told, two: Told) -> bool:
    """Whether the second came later: by its time, or of one instant by the order of their lane."""
    if one.event.at_ns != two.event.at_ns:
        return one.event.at_ns < two.event.at_ns
    if one.span is two.span:
        return one.nth < two.nth
    if not trace.lanes or one.span.lane != two.span.lane:
        return False
    if one.event.seq != two.event.seq:
        return one.event.seq < two.event.seq
    return one.span.seq > two.span.seq  # the inner one had ended when the outer one said more


def is_timed(trace: Trace) -> bool:
    """Whether the trace has times: not all is at 0."""
    instants = {at for span in trace.spans for at in (span.start_ns, span.end_ns)}
    instants |= {event.at_ns for span in trace.spans for event in span.events}
    return instants - {0} != set()


def called(trace: Trace, agent: str | None) -> str | None:
    """Who is meant by an agent of a span: the id that the code gave, else the name."""
    for one in trace.agents:
        number = agent[len(one.name) + 1 :] if agent is not None else ""
        if one.id == agent and one.id == f"{one.name}#{number}" and number.isdigit():
            return one.name
    return agent


def meant(trace: Trace, said: Value) -> str:
    """Who is meant by a word: an id, or a name that only one of them has; empty: nobody said."""
    word = _text(said)
    if word in {one.id for one in trace.agents}:
        return called(trace, word) or ""
    named = {called(trace, one.id) for one in trace.agents if one.name == word}
    return named.pop() or "" if len(named) == 1 else word


def who(trace: Trace, span: Span) -> str | None:
    """Who did a span, as the page means an agent."""
    return called(trace, doer(trace, span))


# -- queues -----------------------------------------------------------------------------
def queues(trace: Trace) -> dict[str, Queue]:
    """Each queue by its name."""
    events = told(trace, "enqueued", "dequeued")
    return {
        name: _queue(trace, [one for one in events if one.queue == name])
        for name in dict.fromkeys(one.queue for one in events)
    }


def _queue(trace: Trace, events: list[Told]) -> Queue:
    pairs: list[tuple[Told | None, Told | None]] = []
    for task in {one.task for one in events}:
        puts = [one for one in events if one.task == task and one.event.name == "enqueued"]
        takes = [one for one in events if one.task == task and one.event.name == "dequeued"]
        pairs += zip_longest(puts, takes)
    items = [
        Item(
            (put or taken).task,
            None if put is None else put.event.at_ns,
            None if taken is None else taken.event.at_ns,
            None if put is None else put.span.id,
            None if taken is None else taken.span.id,
            sum(_overtook(trace, other, (put, taken)) for other in pairs),
            is_timed(trace),
        )
        for put, taken in pairs
    ]
    return Queue(items, _depths(items), _peak(items))


def _overtook(
    trace: Trace, other: tuple[Told | None, Told | None], one: tuple[Told | None, Told | None]
) -> bool:
    """Whether the other was put in later, and taken out at an earlier instant."""
    if one[0] is None or other[0] is None or other[1] is None:
        return False
    is_earlier = one[1] is None or other[1].event.at_ns < one[1].event.at_ns
    return is_later(trace, one[0], other[0]) and is_earlier


def depth_after(items: Iterable[Item], at: int) -> int:
    """How many are in after an instant: put in by then, and not yet taken out."""
    return sum(
        one.counts
        and one.put_in is not None
        and one.put_in <= at
        and (one.taken_out is None or one.taken_out > at)
        for one in items
    )


def _instants(items: list[Item]) -> list[int]:
    whole = {at for one in items if one.counts for at in (one.put_in, one.taken_out)}
    return sorted(at for at in whole if at is not None)


def _depths(items: list[Item]) -> list[tuple[int, int]]:
    return [(at, depth_after(items, at)) for at in _instants(items)]


def _peak(items: list[Item]) -> int | None:
    """Of each instant, what was put in by then and not taken out before it; None: nothing was."""
    held = [
        sum(
            one.counts
            and one.put_in is not None
            and one.put_in <= at
            and (one.taken_out is None or one.taken_out >= at)
            for one in items
        )
        for at in _instants(items)
    ]
    return max(held, default=None)


# -- assignments ------------------------------------------------------------------------
def assignments(trace: Trace) -> list[Assigned]:
    """Every assignment, by time."""
    events = told(trace, "assigned")
    return [_assigned(trace, events[:nth], one) for nth, one in enumerate(events)]


def worker_of(trace: Trace, one: Told) -> str:
    """Who is given a task, or gives a sign of life; empty: nobody said."""
    return meant(trace, one.says(names.QUEUE_WORKER))


def could(trace: Trace, one: Told) -> tuple[Value, ...] | None:
    """Who could have been given a task; None: nobody said."""
    said = _several(one.says(names.ORCHESTRATION_CANDIDATES))
    return None if said is None else tuple(meant(trace, it) for it in said)


def _assigned(trace: Trace, earlier: list[Told], one: Told) -> Assigned:
    same_task = [it for it in earlier if it.task == one.task]
    puts = [it for it in told(trace, "enqueued") if it.task == one.task]
    nth = len(same_task)
    put = puts[nth].event.at_ns if nth < len(puts) else None
    nth = sum(worker_of(trace, it) == worker_of(trace, one) for it in same_task)
    works = [
        span
        for span in sorted(trace.spans, key=lambda span: span.start_ns)
        if span.kind is SpanKind.AGENT and span.task == one.task
        if who(trace, span) == worker_of(trace, one)
    ]
    work = works[nth] if nth < len(works) else None
    return Assigned(
        task=one.task,
        worker=worker_of(trace, one),
        at=one.event.at_ns,
        candidates=could(trace, one),
        reason=_text(one.says(names.ORCHESTRATION_REASON)),
        scheduled=_between(put, one.event.at_ns) if is_timed(trace) else None,
        begun=_between(one.event.at_ns, work.start_ns) if work and is_timed(trace) else None,
        outcome=None if work is None else _outcome(work),
        decided=one.span.id,
        work=None if work is None else work.id,
    )


def _outcome(span: Span) -> str | None:
    if span.status.code == "UNSET":
        return None
    return "success" if span.status.code == "OK" else "failure"


def success_rate(trace: Trace) -> float | None:
    """Successes of those whose outcome is known."""
    known = [one.outcome for one in assignments(trace) if one.outcome is not None]
    return known.count("success") / len(known) if known else None


def decisions(trace: Trace) -> list[Decided]:
    """What spans say was decided, by when they begin."""
    found = [
        Decided(
            agent=who(trace, span),
            pattern=_text(span.attributes.get(names.ORCHESTRATION_PATTERN)),
            decision=span.attributes.get(names.ORCHESTRATION_DECISION),
            candidates=_several(span.attributes.get(names.ORCHESTRATION_CANDIDATES)),
            reason=_text(span.attributes.get(names.ORCHESTRATION_REASON)),
            round=span.attributes.get(names.ORCHESTRATION_ROUND),
            at=span.start_ns,
            span=span.id,
        )
        for span in trace.spans
        if span.attributes.get(names.ORCHESTRATION_DECISION) is not None
    ]
    return sorted(found, key=lambda one: one.at)


# -- signs of life ----------------------------------------------------------------------
def pulses(trace: Trace) -> dict[str, tuple[list[int], int | None]]:
    """By agent, when it gave signs of life, and its longest silence."""
    beats: dict[str, list[int]] = {}
    for one in told(trace, "heartbeat"):
        agent = worker_of(trace, one) or who(trace, one.span)
        if agent is not None:
            beats.setdefault(agent, []).append(one.event.at_ns)
    return {agent: (at, _silence(trace, agent, at)) for agent, at in beats.items()}


def _silence(trace: Trace, agent: str, beats: list[int]) -> int | None:
    if not is_timed(trace):
        return None
    own = [span for span in trace.spans if who(trace, span) == agent]
    points = list(beats)
    if own:
        points.append(min(span.start_ns for span in own))
        points.append(max(span.end_ns for span in own))
    return max((two - one for one, two in pairwise(sorted(points))), default=0)


# -- leaders' own time ------------------------------------------------------------------
def led(trace: Trace, agent: str) -> Led:
    """How long any span of an agent lasts, how long one does with nothing inside; what it used."""
    own = [span for span in trace.spans if who(trace, span) == agent]
    lives = mine = 0
    for at in range(max((span.end_ns for span in own), default=0)):
        lasting = [span for span in own if span.start_ns <= at < span.end_ns]
        lives += bool(lasting)
        mine += any(
            not any(it.parent == span.id and it.start_ns <= at < it.end_ns for it in trace.spans)
            for span in lasting
        )
    used = [span.usage for span in own if span.kind in CALLS and span.usage is not None]
    if not is_timed(trace):
        return Led(None, None, _sum(used))
    return Led(lives, mine, _sum(used))


def _sum(used: list[Usage]) -> tuple[int, int, Decimal, Decimal] | None:
    if not used:
        return None
    return (
        sum(one.input for it in used for one in it.models.values()),
        sum(one.output for it in used for one in it.models.values()),
        sum((it.cost_usd for it in used if it.cost_usd is not None), Decimal()),
        sum((it.tool_cost_usd for it in used if it.tool_cost_usd is not None), Decimal()),
    )


# -- words ------------------------------------------------------------------------------
def _between(one: int | None, two: int | None) -> int | None:
    """How long from one instant to another; None: one is not told, or the clocks disagree."""
    return None if one is None or two is None or two < one else two - one


def _several(said: Value) -> tuple[Value, ...] | None:
    return tuple(said) if isinstance(said, list | tuple) else None


def _text(said: Value) -> str:
    return "" if said is None else str(said)
