"""A wide team: as many spans as one wants, with something for every view of a page to show."""

from __future__ import annotations

from dataclasses import replace

from agenttrace.model import names
from agenttrace.model.agent import Agent
from agenttrace.model.lane import Join, Lane, Step
from agenttrace.model.span import OK, Event, Link, Span, SpanKind, Status
from agenttrace.model.state import StateSnapshot
from agenttrace.model.trace import Trace
from agenttrace.model.usage import Tokens, Usage
from agenttrace.model.values import Value, digest

WORKERS = 100
"""How many agents there are, beside their lead."""

PHASES = ("announcement", "bid", "refusal", "award", "execution", "report")


def wide_team(spans: int) -> Trace:
    """Workers side by side, each of which places, bids, asks, fails, keeps states, and waits."""
    each = spans // WORKERS
    lead = Span(
        id=f"{1:016x}", name="run", kind=SpanKind.RUN, agent="lead", end_seq=2, end_ns=spans * 1000
    )
    found = [lead]
    shots: list[StateSnapshot] = []
    lanes = [Lane(path=())]
    for worker in range(WORKERS):
        path = (Step("task", "work", worker),)
        lanes.append(Lane(path=path, parent=(), spawn_seq=1, joins=(Join(by=(), seq=2),)))
        agent = f"worker {worker}"
        above = _span(len(found) + 1, lead, path, agent, 1, each)
        above = replace(above, name=agent, kind=SpanKind.AGENT, events=_waits(worker, each))
        links = (Link(span=lead.id, relationship="handoff"),)
        above = replace(above, status=Status(code="UNSET"), links=links)
        found.append(above)
        for number in range(1, each):
            span = _span(len(found) + 1, above, path, agent, number + 1, each)
            found.append(_told(span, worker, number))
            if number % 10 == 0:
                shots.append(_kept(span, worker, number))
    agents = tuple(Agent(id=f"worker {n}", name=f"worker {n}") for n in range(WORKERS))
    return Trace(
        id="8" * 32,
        name="a wide team",
        spans=tuple(found),
        lanes=tuple(lanes),
        agents=(Agent(id="lead", name="lead", type="lead"), *agents),
        snapshots=tuple(shots),
    )


def bare(trace: Trace) -> Trace:
    """The same spans, and nothing for the views of states, delegations, waits and failures."""
    spans = (
        replace(it, attributes={}, events=(), links=(), status=Status(code=OK))
        for it in trace.spans
    )
    return replace(trace, spans=tuple(spans), snapshots=())


def _span(
    number: int, above: Span, path: tuple[Step, ...], agent: str, seq: int, each: int
) -> Span:
    begun = path[0].occurrence * 10 + seq * 1000
    return Span(
        id=f"{number:016x}",
        parent=above.id,
        name=f"step {seq}",
        kind=SpanKind.TOOL,
        operation="step",
        lane=path,
        position=(*path, Step("tool", "step", seq)),
        agent=agent,
        seq=seq,
        end_seq=seq if seq > 1 else each,
        start_ns=begun,
        end_ns=begun + 700 if seq > 1 else each * 1000 + 2000,
        status=Status(code=OK),
    )


def _told(span: Span, worker: int, number: int) -> Span:
    """Of ten: six steps of a contract net, a step, an error, a call of a model, a state."""
    if number % 10 in (1, 2, 3, 4, 5, 6):
        phase = PHASES[number % 10 - 1]
        more: dict[str, Value] = {
            names.DELEGATION_TASK: f"task {worker} {number // 10}",
            names.DELEGATION_PHASE: phase,
            names.DELEGATION_BIDDER: f"worker {(worker + number) % WORKERS}",
        }
        if phase == "bid":
            more[names.DELEGATION_BID] = number
        return replace(span, attributes=more)
    if number % 10 == 8:
        return replace(span, status=Status(code="ERROR"), digest=digest(number))
    if number % 10 == 9:
        return replace(
            span,
            kind=SpanKind.LLM,
            usage=Usage(models={"gpt-4o-mini": Tokens(input=number, output=1)}),
        )
    return span


def _kept(span: Span, worker: int, number: int) -> StateSnapshot:
    return StateSnapshot(
        agent=f"worker {worker}",
        position=(*span.lane, Step("state", "snapshot", number)),
        lane=span.lane,
        seq=span.seq,
        beliefs={"done": number, "of": worker % 3},
        span=span.id,
    )


def _waits(worker: int, each: int) -> tuple[Event, ...]:
    """In circles of ten."""
    other = worker // 10 * 10 + (worker + 1) % 10
    said: dict[str, Value] = {names.WAITING_FOR: [f"worker {other}"]}
    return (Event(name="waiting", at_ns=each * 1000 + 1000, seq=each, attributes=said),)
