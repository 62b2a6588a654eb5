"""Strategies: traces that hold everything a trace can hold, for laws that every trace obeys."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TypeVar

from hypothesis import strategies as st

from agenttrace.causal.position import span_id, trace_id
from agenttrace.model.agent import Agent
from agenttrace.model.call import ENDS, Answer, Chunk, Failure
from agenttrace.model.lane import LANE_ENDS, Delivery, Join, Lane, Position, Step
from agenttrace.model.names import EXCEPTION_TRACEBACK
from agenttrace.model.span import (
    EVENT_NAMES,
    Event,
    Fidelity,
    Link,
    Scope,
    Span,
    SpanKind,
    Status,
    WireKind,
)
from agenttrace.model.state import StateSnapshot
from agenttrace.model.trace import Trace
from agenttrace.model.usage import TIME_CATEGORIES, Tokens, Usage
from agenttrace.model.values import Value, digest

T = TypeVar("T")

words = st.sampled_from(
    ["", "planner", "worker", "chat gpt-4o", "look_up_order", "naïve ☂", "\x1b[31m\u202ered"]
)
names = words.filter(bool)
texts = st.one_of(
    words, st.text(max_size=60), st.just("a message that the agent sends again each turn")
)
whole = st.integers(min_value=0, max_value=2**40)
digests = st.sampled_from([b"", digest("a"), digest("b")])
hex_span_ids = st.integers(min_value=1, max_value=2**64 - 1).map(lambda number: f"{number:016x}")
hex_trace_ids = st.integers(min_value=1, max_value=2**128 - 1).map(lambda number: f"{number:032x}")
money = st.decimals(min_value=0, max_value=1000, allow_nan=False, allow_infinity=False, places=6)

values: st.SearchStrategy[Value] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(min_value=-(2**63), max_value=2**64 - 1),
        st.floats(allow_nan=False),
        texts,
        st.binary(max_size=50),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=8,
)
mappings = st.dictionaries(names, values, max_size=3)
steps = st.builds(
    Step,
    st.sampled_from(["task", "agent", "llm", "tool", "receive"]),
    st.sampled_from(["worker", "planner", "chat", "a/b#1"]),
    st.integers(min_value=0, max_value=3),
)
positions: st.SearchStrategy[Position] = st.lists(steps, max_size=4).map(tuple)
failures = st.builds(
    Failure,
    type=names,
    args=st.lists(values, max_size=2).map(tuple),
    fields=mappings,
    message=texts,
    causes=st.lists(texts, max_size=2).map(tuple),
)
answers = st.builds(
    Answer,
    head=values,
    chunks=st.lists(st.builds(Chunk, data=st.binary(max_size=60), offset_ns=whole), max_size=3).map(
        tuple
    ),
    streamed=st.booleans(),
    failure=st.none() | failures,
    end=st.sampled_from(ENDS),
    asked_ns=whole,
    ended_ns=whole,
)
attributes = st.builds(
    lambda plain, traceback: (
        plain if traceback is None else {**plain, EXCEPTION_TRACEBACK: traceback}
    ),
    mappings,
    st.none() | texts,
)
events = st.builds(
    Event, name=st.sampled_from(EVENT_NAMES) | names, at_ns=whole, attributes=attributes, seq=whole
)
usages = st.builds(
    Usage,
    models=st.dictionaries(
        names,
        st.builds(
            Tokens, input=whole, output=whole, cache_read=whole, cache_write=whole, reasoning=whole
        ),
        max_size=2,
    ),
    cost_usd=st.none() | money,
    tool_cost_usd=st.none() | money | st.just(Decimal("1E+3")),
    time_ns=st.dictionaries(st.sampled_from(TIME_CATEGORIES), whole, max_size=2),
)
lanes = st.builds(
    Lane,
    path=positions.filter(bool),
    parent=positions,
    spawn_seq=whole,
    joins=st.lists(st.builds(Join, by=positions, seq=whole), max_size=3).map(tuple),
    raced=st.booleans(),
    ragged=st.booleans(),
    end=st.sampled_from(LANE_ENDS),
)
agents = st.builds(
    Agent, id=names, name=names, type=words, role=words, version=words, model=mappings
)
deliveries = st.builds(
    Delivery,
    receive=positions,
    message=st.none() | positions,
    outcome=st.sampled_from(["message", "empty", "cancelled", "end", "timeout"]),
    channel=words,
    content=digests,
    turn=st.lists(positions, max_size=2).map(tuple),
)


@st.composite
def spans(draw: st.DrawFn, run: str, others: list[str], lane: Position) -> Span:
    """A span with every field; its parent and links are among `others`, or nowhere to be found."""
    position = draw(positions)
    foreign = draw(st.booleans())
    start = draw(whole)
    near = st.sampled_from(others) if others else hex_span_ids
    targets = near | hex_span_ids
    links = st.builds(
        Link,
        span=targets,
        relationship=words,
        trace=st.none() | hex_trace_ids,
        attributes=mappings,
    )
    return Span(
        id=draw(hex_span_ids) if foreign else span_id(run, position),
        parent=draw(st.none() | targets),
        name=draw(names),
        kind=draw(st.sampled_from(SpanKind)),
        operation=draw(words),
        wire_kind=draw(st.sampled_from(WireKind)),
        position=position,
        lane=lane,
        seq=draw(whole),
        end_seq=draw(whole),
        start_ns=start,
        end_ns=start + draw(whole),
        status=Status(code=draw(names), message=draw(texts)),
        agent=draw(st.none() | names),
        task=draw(st.none() | names),
        question=draw(values),
        digest=draw(digests),
        answers=tuple(draw(st.lists(answers, max_size=2))),
        attributes=draw(attributes),
        events=tuple(draw(st.lists(events, max_size=2))),
        links=tuple(draw(st.lists(links, max_size=2))),
        usage=draw(st.none() | usages),
        mark=draw(st.sampled_from(["", "lent", "stub", "fault"])),
        echoed=draw(st.booleans()),
        site=draw(st.none() | names),
        fidelity=draw(st.dictionaries(names, st.sampled_from(Fidelity), max_size=2)),
        resource=draw(mappings),
        scope=draw(st.none() | st.builds(Scope, name=names, version=words, attributes=mappings)),
        trace_flags=draw(st.integers(min_value=0, max_value=255)),
        trace_state=draw(words),
    )


@st.composite
def traces(draw: st.DrawFn, *, most_spans: int = 5) -> Trace:
    """A trace, our own or foreign, in any order, with everything that a trace can hold."""
    run = draw(names)
    made_lanes = draw(st.lists(lanes, max_size=3, unique_by=lambda lane: lane.path))
    paths: list[Position] = [(), *(lane.path for lane in made_lanes)]
    ids: list[str] = [span_id(run, ())]
    made = [Span(id=ids[0], name=run, kind=SpanKind.RUN)]
    for _ in range(draw(st.integers(min_value=0, max_value=most_spans))):
        span = draw(spans(run, ids, draw(st.sampled_from(paths))))
        if span.id not in ids and span.parent != span.id:
            # A parent that is made later could close a circle; these come from `others` alone.
            made.append(span)
            ids.append(span.id)
    snapshots = draw(
        st.lists(
            st.builds(
                StateSnapshot,
                agent=words,
                position=positions,
                lane=st.sampled_from(paths),
                seq=whole,
                goal=values,
                beliefs=values,
                working_memory=values,
                perceptions=values,
                status=words,
                extra=mappings,
                span=st.none() | st.sampled_from(ids) | hex_span_ids,
            ),
            max_size=3,
            unique_by=lambda shot: (shot.lane, shot.seq, shot.position, shot.agent),
        )
    )
    return Trace(
        id=draw(st.just(trace_id(run)) | hex_trace_ids),
        name=run,
        spans=tuple(draw(st.permutations(made))),
        lanes=tuple(draw(st.permutations([Lane(path=()), *made_lanes]))),
        agents=tuple(draw(st.lists(agents, max_size=3, unique_by=lambda agent: agent.id))),
        snapshots=tuple(snapshots),
        deliveries=tuple(draw(st.lists(deliveries, max_size=3, unique_by=lambda it: it.receive))),
        started=draw(st.sampled_from(["", "2026-03-01T09:00:00Z"])),
        environment=draw(mappings),
        complete=draw(st.booleans()),
        resource=draw(mappings),
    )


def shuffled(trace: Trace) -> st.SearchStrategy[Trace]:
    """The same trace, its parts in another order."""
    return st.builds(
        lambda spans, lanes, agents, snapshots, deliveries: replace(
            trace,
            spans=tuple(spans),
            lanes=tuple(lanes),
            agents=tuple(agents),
            snapshots=tuple(snapshots),
            deliveries=tuple(deliveries),
        ),
        st.permutations(trace.spans),
        st.permutations(trace.lanes),
        st.permutations(trace.agents),
        st.permutations(trace.snapshots),
        st.permutations(trace.deliveries),
    )
