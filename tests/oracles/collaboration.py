"""Tasks, knowledge that is shared, and writes that collide, again, from the words of `analysis.md`.

Every pair of writes, and every read by every pair. Imports nothing of `agenttrace.analysis`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from agenttrace.model import names
from agenttrace.model.lane import Position
from agenttrace.model.span import Span, SpanKind, WireKind
from agenttrace.model.trace import Trace
from tests.oracles.interactions import doer
from tests.oracles.knowing import Moment, Ways, known_from, linked, ways
from tests.oracles.orchestration import is_timed


class Conflict(NamedTuple):
    """Two writes that collide, the replaced one first; how they were resolved."""

    replaced: str
    later: str
    resolution: str | None
    steps: int | None
    took: int | None


# -- tasks ------------------------------------------------------------------------------
def tasks(trace: Trace) -> list[tuple[str, bool]]:
    """What was to be done, each with whether it was completed."""
    announced = {
        _task(span)
        for span in trace.spans
        if span.attributes.get(names.DELEGATION_PHASE) == "announcement"
    }
    if announced:
        return sorted((task, any(_completes(it, task) for it in trace)) for task in announced)
    good = ("OK", "UNSET") if trace.complete else ("OK",)
    return sorted(
        (span.task, span.status.code in good)
        for span in trace.spans
        if span.kind is SpanKind.AGENT and span.task is not None
    )


def _task(span: Span) -> str:
    return str(span.attributes.get(names.DELEGATION_TASK, ""))


def _completes(span: Span, task: str) -> bool:
    """Whether a span is a report of a task that neither failed nor says `failure`."""
    return (
        span.attributes.get(names.DELEGATION_PHASE) == "report"
        and _task(span) == task
        and span.status.code in ("OK", "UNSET")
        and span.attributes.get(names.DELEGATION_OUTCOME) != "failure"
    )


# -- boards -----------------------------------------------------------------------------
def writes(trace: Trace) -> list[Span]:
    """What was written on boards."""
    return [it for it in trace if _is_on_board(it) and it.wire_kind is WireKind.PRODUCER]


def reads(trace: Trace) -> list[Span]:
    """What was read on boards."""
    return [it for it in trace if _is_on_board(it) and it.wire_kind is WireKind.CONSUMER]


def _is_on_board(span: Span) -> bool:
    return span.kind is SpanKind.MESSAGE and names.MESSAGE_KEY in span.attributes


def used_by(trace: Trace, write: Span) -> set[str]:
    """The reads of an entry by another agent than the writer."""
    return {
        read.id
        for read in reads(trace)
        if any(link.span == write.id and link.trace is None for link in read.links)
        and doer(trace, read) != doer(trace, write)
    }


def place(span: Span) -> tuple[object, object]:
    """Which key of which board."""
    about = span.attributes
    return about.get(names.MESSAGE_CHANNEL), about[names.MESSAGE_KEY]


def conflicts(trace: Trace) -> list[Conflict]:
    """Every two writes that collide."""
    ahead = causes(trace)
    length = {span.id: longest(trace, ahead, begin_of(trace, span)) for span in reads(trace)}
    found = []
    for one in writes(trace):
        for two in writes(trace):
            if not _collide(trace, ahead, one, two):
                continue
            both = [
                read
                for read in reads(trace)
                if place(read) == place(two)
                and is_before(trace, ahead, one, read)
                and is_before(trace, ahead, two, read)
            ]
            first = min(both, key=lambda it: (length[it.id], it.id), default=None)
            if first is None:
                found.append(Conflict(one.id, two.id, None, None, None))
                continue
            steps = length[first.id] - longest(trace, ahead, begin_of(trace, two))
            took = first.start_ns - two.end_ns
            known = took if took >= 0 and is_timed(trace) else None
            found.append(Conflict(one.id, two.id, first.id, steps, known))
    return found


def _collide(trace: Trace, ahead: Ways, one: Span, two: Span) -> bool:
    """Whether the second replaced the first, of another agent, and neither knew of the other."""
    before, after = (it.attributes.get(names.MESSAGE_VERSION) for it in (one, two))
    return (
        place(one) == place(two)
        and isinstance(before, int)
        and after == before + 1
        and doer(trace, one) != doer(trace, two)
        and one.attributes.get(names.MESSAGE_CONTENT) != two.attributes.get(names.MESSAGE_CONTENT)
        and not is_before(trace, ahead, one, two)
        and not is_before(trace, ahead, two, one)
    )


# -- causes -----------------------------------------------------------------------------
def causes(trace: Trace) -> Ways:
    """What leads from moment to moment; the steps of lanes at which nothing happened are there too.

    A trace of another system is one lane, whose steps are its instants.
    """
    if not trace.lanes:
        return _by_times(trace)
    ahead = ways(trace)
    last = _over_at(trace)
    ids = {span.id for span in trace.spans}
    for nth, lane in enumerate(trace.lanes):
        if lane.joins:
            told: set[Moment] = {(join.by, join.seq + 1) for join in lane.joins}
            # what a span was told of at its last step, it was told after it
            ahead[last[lane.path]] = (ahead[last[lane.path]] - told - ids) | {f"over {nth}"}
            ahead[f"over {nth}"] = told
    queued = {
        nth: got
        for nth, got in enumerate(trace.deliveries)
        if got.message is not None and got.receive[-1].kind == "receive"
    }
    for nth, got in queued.items():
        path, message = got.receive[:-1], f"message {nth}"  # as `ways` has it
        before: list[Moment] = [message, (path, got.seq)]
        before += [
            f"receipt {other}"
            for other, more in queued.items()
            if (more.receive[:-1], more.seq) == (path, got.seq)
            and more.receive[-1].occurrence < got.receive[-1].occurrence
        ]
        sent = [one for one in ahead[message] if isinstance(one, str)]  # after this was got
        for one in before:
            ahead.setdefault(one, set()).add(f"receipt {nth}")
        ahead.setdefault(f"receipt {nth}", set()).update([(path, got.seq + 1), *sent])
    return ahead


def _over_at(trace: Trace) -> dict[Position, tuple[Position, int]]:
    """When each lane is over: after its last step."""
    over: dict[Position, tuple[Position, int]] = {}
    for later in ways(trace).values():
        for path, step in (at for at in later if not isinstance(at, str)):
            over[path] = max(over.get(path, (path, 0)), (path, step))
    return over


def _by_times(trace: Trace) -> Ways:
    """By instants, by links, from a span to what is inside it, and out of that into its end."""
    found: Ways = {}
    for one, two in _pairs_by_times(trace):
        if one != two:
            found.setdefault(one, set()).add(two)
    return found


def _pairs_by_times(trace: Trace) -> Iterator[tuple[Moment, Moment]]:
    begins = sorted({span.start_ns for span in trace.spans})
    for one, two in pairwise(begins):
        yield ((), one), ((), two)
    for span in trace.spans:
        over = _over(trace, span)
        yield ((), max(at for at in begins if at <= over)), span.id
        for at in begins:
            if at > over:
                yield span.id, ((), at)
    for one in trace.spans:
        for two in trace.spans:
            if one.id in linked(trace, two):
                yield one.id, begin_of(trace, two)
            if one.id == two.parent:
                yield begin_of(trace, one), begin_of(trace, two)
                yield two.id, one.id


def begin_of(trace: Trace, span: Span) -> Moment:
    """The moment at which a span begins."""
    return ((), span.start_ns) if not trace.lanes else (span.lane, span.seq)


def is_before(trace: Trace, ahead: Ways, one: Span, two: Span) -> bool:
    """Whether the first had ended, and can have been known, when the second began."""
    return begin_of(trace, two) in known_from(ahead, one.id)


def _over(trace: Trace, span: Span) -> int:
    """When a span and all inside it had ended."""
    inside = [one for one in trace.spans if one.parent == span.id]
    return max(span.end_ns, *(_over(trace, one) for one in inside), 0)


def is_circular(ahead: Ways) -> bool:
    """Whether clocks and links go round, as they do where hosts disagree; nothing is first then."""
    return any(one in known_from(ahead, two) for one in ahead for two in ahead[one])


def longest(trace: Trace, ahead: Ways, moment: Moment) -> int:
    """Of how many moments at which something happened the longest chain to one is made."""
    counted = _counted(trace)
    before: Ways = {}
    for one, later in ahead.items():
        for two in later:
            before.setdefault(two, set()).add(one)
    known: dict[Moment, int] = {}

    def chain(at: Moment) -> int:
        if at not in known:
            known[at] = _counts(at, counted) + max(map(chain, before.get(at, ())), default=0)
        return known[at]

    return chain(moment)


def _counts(at: Moment, counted: set[Moment]) -> int:
    """Whether something happens at a moment: an end of a span or lane, a message, or a step."""
    return isinstance(at, str) or at in counted


def _counted(trace: Trace) -> set[Moment]:
    """The steps at which a span begins, or a lane is spawned or begins."""
    return {
        *(begin_of(trace, span) for span in trace.spans),
        *((lane.path, 0) for lane in trace.lanes),
        *((lane.parent, lane.spawn_seq) for lane in trace.lanes if lane.parent is not None),
    }
