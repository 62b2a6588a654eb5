"""Traces that nobody would make: every answer of `Analysis` is one, and makes nothing up.

The answers are found by their names, so one that comes to be is tested here by itself.
"""

from __future__ import annotations

import graphlib
import inspect
import itertools
import json
import math
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

import pytest

from agenttrace.analysis import Analysis
from agenttrace.causal.before import Before
from agenttrace.causal.order import Order
from agenttrace.errors import AgentTraceError
from agenttrace.model import names
from agenttrace.model.agent import Agent
from agenttrace.model.lane import Lane, Step
from agenttrace.model.span import Event, Link, Span, SpanKind, WireKind
from agenttrace.model.state import StateSnapshot
from agenttrace.model.trace import Trace
from agenttrace.model.usage import Tokens, Usage
from tests.fakes.campaign import times
from tests.fakes.failing_teams import a_failing_team
from tests.fakes.made_teams import AT_A_BOARD, a_team, skewed
from tests.fakes.told_teams import conforming, net, queued, spoiled, telling, works

Spoil: TypeAlias = "Callable[[Trace, random.Random], Trace]"


FOLLOWED = "order Zq-424242"
"""A value that only those say in whom it is planted."""


# -- what is asked ------------------------------------------------------------------------
def answers(analysis: Analysis, name: str) -> Iterator[object]:
    """What an analysis says under one of its names: once, or at each of some spans."""
    asked = inspect.getattr_static(Analysis, name)
    if isinstance(asked, cached_property | property):
        yield getattr(analysis, name)
        return
    known: dict[str, list[Any]] = {
        "span": list(analysis.trace.spans[:2]),
        "goal": [len],
        "value": [FOLLOWED, 1234567, "ok"],
    }
    wanted = [it for it in inspect.signature(asked).parameters if it != "self"]
    for given in itertools.product(*(known[it] for it in wanted)):
        yield getattr(analysis, name)(*given)


NAMES = [
    name
    for name, it in vars(Analysis).items()
    if not name.startswith("_") and not isinstance(it, classmethod)
]


def told(answer: object, where: str, depth: int = 0) -> Iterator[tuple[str, object, object]]:
    """All that an answer tells, with what tells it: attributes, worked out or kept, and entries."""
    if isinstance(answer, Mapping):
        entries = list(answer.items())
    elif isinstance(answer, list | tuple | set | frozenset) and not hasattr(answer, "_fields"):
        entries = list(enumerate(answer))
    else:
        entries = []
    for key, it in entries[:9]:
        yield from told(it, f"{where}[{key!r}]", depth)
    if not type(answer).__module__.startswith("agenttrace.analysis") or depth > DEEP:
        return
    for name in attributes(type(answer)):
        value = getattr(answer, name)
        yield f"{where}.{name}", value, answer
        yield from told(value, f"{where}.{name}", depth + 1)


DEEP = 3


def attributes(kind: type) -> list[str]:
    """The public names of what instances of a class tell without being asked for more."""
    found = [it.name for it in fields(kind)] if is_dataclass(kind) else []
    found += getattr(kind, "_fields", ())
    worked_out = (property, cached_property)
    found += [name for name, it in inspect.getmembers_static(kind) if isinstance(it, worked_out)]
    return [name for name in dict.fromkeys(found) if not name.startswith("_")]


def assertions(answer: object) -> Iterator[tuple[str, Callable[[], object]]]:
    """The methods of an answer that need no argument."""
    if type(answer).__module__.startswith("agenttrace.analysis"):
        for name, method in inspect.getmembers(type(answer), inspect.isfunction):
            wanted = list(inspect.signature(method).parameters.values())[1:]
            if not name.startswith("_") and all(
                it.default is not it.empty or it.kind is it.VAR_POSITIONAL for it in wanted
            ):
                yield name, getattr(answer, name)


# -- how traces are spoiled ---------------------------------------------------------------
def without_agents(trace: Trace, _: random.Random) -> Trace:
    """Nobody did it."""
    spans = tuple(replace(span, agent=None) for span in trace.spans)
    shots = tuple(replace(shot, agent="") for shot in trace.snapshots)
    return replace(trace, spans=spans, agents=(), snapshots=shots)


def of_one_agent(trace: Trace, _: random.Random) -> Trace:
    """One agent did it all."""
    spans = tuple(replace(span, agent="ada") for span in trace.spans)
    return replace(trace, spans=spans, agents=(Agent(id="ada", name="ada"),))


def without_ends(trace: Trace, _: random.Random) -> Trace:
    """Killed: nothing has ended, and half of it was never written."""
    spans = tuple(
        replace(span, end_ns=span.start_ns, end_seq=span.seq)
        for span in trace.spans[: len(trace.spans) // 2]
    )
    return replace(trace, spans=spans, complete=False)


def without_times(trace: Trace, _: random.Random) -> Trace:
    """From a chat log, in which nobody looked at a clock."""
    spans = tuple(
        replace(
            span,
            start_ns=0,
            end_ns=0,
            events=tuple(replace(event, at_ns=0) for event in span.events),
        )
        for span in trace.spans
    )
    return replace(trace, spans=spans)


def without_lanes(trace: Trace, _: random.Random) -> Trace:
    """From another system, whose clocks tell all there is."""
    spans = tuple(replace(span, lane=(), position=(), seq=0, end_seq=0) for span in trace.spans)
    return replace(trace, spans=spans, lanes=(), deliveries=(), snapshots=())


def of_circles(trace: Trace, chance: random.Random) -> Trace:
    """Links that lead in circles, to themselves, upwards and to nowhere."""
    ids = [span.id for span in trace.spans] + ["e" * 16]
    spans = tuple(
        replace(span, links=(*span.links, Link(span=chance.choice(ids), relationship="message")))
        for span in trace.spans
    )
    return without_lanes(replace(trace, spans=spans), chance)


def of_orphans(trace: Trace, chance: random.Random) -> Trace:
    """Sampled: half of the spans are gone, and what stood inside them stands alone."""
    kept = tuple(span for span in trace.spans if chance.random() < 0.5)
    return without_lanes(replace(trace, spans=kept), chance)


def of_nothing(trace: Trace, _: random.Random) -> Trace:
    """Nothing was recorded."""
    return Trace(id=trace.id, name=trace.name)


def the_same(trace: Trace, _: random.Random) -> Trace:
    """As it came."""
    return trace


SPOILS: tuple[Spoil, ...] = (
    without_agents,
    of_one_agent,
    without_ends,
    without_times,
    without_lanes,
    of_circles,
    of_orphans,
    of_nothing,
    skewed,
    the_same,
)


def a_run(chance: random.Random) -> Trace:
    """A run that tells all sorts of things."""
    sort = chance.randrange(5)
    if sort == 0:
        return net(spoiled(chance, conforming(chance, "t")))
    if sort == 1:
        rows = queued(chance, 6)
        rows += [
            (who, chance.randrange(60), "waiting", {names.WAITING_FOR: chance.sample("abc", 2)})
            for who in ("ann", "bea", "b")
        ]
        return telling(*rows, spans=works(chance, 6), code=chance.choice(["OK", "UNSET"]))
    if sort == 2:
        return a_team(chance.randrange(9_999), actions=AT_A_BOARD)
    return a_failing_team(chance.randrange(9_999), foreign=sort == 3)


# -- and what is said of them -------------------------------------------------------------
@pytest.mark.parametrize("spoil", SPOILS)
@pytest.mark.parametrize("name", NAMES)
def test_every_answer_is_one_and_makes_nothing_up(name: str, spoil: Spoil) -> None:
    """No crash, no time below 0; what is said not to be known is empty; assertions are errors."""
    for seed in range(times(6, 300)):
        chance = random.Random(seed)
        trace = spoil(a_run(chance), chance)
        for answer in answers(Analysis(trace), name):
            look_at(answer, name)


def look_at(answer: object, name: str) -> None:
    """Hold all that an answer tells against what may be told."""
    for where, value, teller in told(answer, name):
        if isinstance(value, int | float) and where.endswith("_ns"):
            assert value >= 0, where
        assert not (isinstance(value, float) and math.isnan(value)), where
        if where.endswith(".unknown"):
            assert isinstance(value, Mapping)
            for what, why in value.items():
                assert what in PARTLY or not getattr(teller, what, None), (where, what)
                assert why, (where, what)
    for what, assertion in assertions(answer):
        with suppress(AgentTraceError):  # any other is a crash
            assert assertion() is not None, what


PARTLY = ("root", "latencies_ns")
"""What is known in part: which of several roots is meant, the latencies of some messages."""


@pytest.mark.parametrize("name", NAMES)
def test_a_trace_without_times_tells_of_no_duration(name: str) -> None:
    """Nothing took 0 ns because nobody looked at a clock."""
    for seed in range(times(6, 300)):
        chance = random.Random(seed)
        trace = without_times(a_run(chance), chance)
        for answer in answers(Analysis(trace), name):
            for where, value, _ in told(answer, name):
                if where.endswith("_ns") and not where.endswith(INSTANTS):
                    assert value is None or value in ((), {}), where


INSTANTS = tuple(
    f"{name}_ns"
    for name in ("at", "since", "start", "end", "enqueued", "dequeued", "announced", "beats")
)
"""When, and not how long."""


@pytest.mark.parametrize("spoil", SPOILS)
def test_a_value_is_followed_to_all_that_told_it_before_and_after_and_to_nobody_else(
    spoil: Spoil,
) -> None:
    """Word for word and in causal order, as the page promises: none is missing, none is made up."""
    sides = Counter[str]()
    for seed in range(times(6, 300)):
        chance = random.Random(seed)
        trace = planted(spoil(a_run(chance), chance), chance)
        order, has_circle = Order(trace), is_circular(trace)
        tellers = [it for it in trace.spans if is_told_by(it)]
        for span in chance.sample(trace.spans, min(4, len(trace.spans))):
            found = Analysis(trace).journey(span, FOLLOWED)
            before = {it.id for it in tellers if order.happens_before(it, span)}
            after = {it.id for it in tellers if order.happens_before(span, it)}
            assert (found.text, found.why_not, found.left_off) == (FOLLOWED, "", False)
            assert found.here == (("message",) if span in tellers else ())
            for side, wanted in ((found.came_from, before), (found.went_to, after)):
                told_there = {stop.span.id for stop in side}
                assert len(told_there) == len(side)
                assert {stop.where for stop in side} <= {("message",)}
                if has_circle:  # in it, everything comes before everything
                    assert wanted <= told_there <= {it.id for it in tellers if it != span}
                else:
                    assert told_there == wanted
                    sides[str(side is found.came_from)] += len(wanted)
    if spoil not in (of_nothing, without_ends, of_circles):
        assert min(sides["True"], sides["False"]) > 0


def is_circular(trace: Trace) -> bool:
    """Whether links lead round in a circle, so that nothing of it comes first."""
    sorter = graphlib.TopologicalSorter(dict(enumerate(Before(trace).later)))
    try:
        sorter.prepare()
    except graphlib.CycleError:
        return True
    return False


def is_told_by(span: Span) -> bool:
    """Whether a span sends the value, as its own word."""
    return re.search(rf"\b{FOLLOWED}\b", str(span.attributes[names.MESSAGE_CONTENT])) is not None


def planted(trace: Trace, chance: random.Random) -> Trace:
    """The trace, in which a third of the spans send the value, some of them inside of JSON."""
    said = (FOLLOWED, f"it is {FOLLOWED}.", json.dumps({"what": [FOLLOWED]}))
    decoys = (f"{FOLLOWED}1", f"re{FOLLOWED}", FOLLOWED.upper())

    def told(span: Span) -> Span:
        fate = chance.random()
        words = chance.choice(said if fate < 1 / 3 else decoys)
        content = words if fate < 2 / 3 else "nothing"
        return replace(span, attributes={**span.attributes, names.MESSAGE_CONTENT: content})

    return replace(trace, spans=tuple(map(told, trace.spans)))


def a_crowd(size: int) -> Trace:
    """So many agents in a row, each of whom asks a model, tells the next one, and waits for it."""
    run = Span(id="f" * 16, name="run", kind=SpanKind.RUN, end_ns=9 * size)
    lanes = [(Step("task", "agent", number),) for number in range(size)]
    return Trace(
        id="c" * 32,
        name="crowd",
        spans=(run, *(span for number in range(size) for span in deeds(number, size))),
        lanes=(
            Lane(path=()),
            *(Lane(path=one, parent=(), spawn_seq=nth) for nth, one in enumerate(lanes, 1)),
        ),
        agents=tuple(Agent(id=named(number), name=named(number)) for number in range(size)),
        snapshots=tuple(
            StateSnapshot(
                agent=named(number),
                position=(*lanes[number], Step("state", "s", 0)),
                lane=lanes[number],
                seq=2,
                beliefs={"paid": number},
            )
            for number in range(100)
        ),
    )


def named(number: int) -> str:
    """An agent of the crowd."""
    return f"agent {number:05}"


def deeds(number: int, size: int) -> Iterator[Span]:
    """What one of them does."""
    lane, at, nth = (Step("task", "agent", number),), 9 * number, 3 * number
    outer = Span(
        id=f"{nth + 1:016x}",
        name=named(number),
        kind=SpanKind.AGENT,
        parent="f" * 16,
        agent=named(number),
        task=f"task {number}",
        lane=lane,
        position=(*lane, Step("agent", "a", 0)),
        seq=1,
        end_seq=3,
        start_ns=at,
        end_ns=at + 8,
        links=(Link(span=f"{nth:016x}", relationship="message"),) if number else (),
        events=(
            Event(
                name="waiting",
                at_ns=at + 7,
                seq=3,
                attributes={names.WAITING_FOR: [named((number + 1) % size)]},
            ),
        ),
    )
    model = replace(
        outer,
        id=f"{nth + 2:016x}",
        name="chat",
        kind=SpanKind.LLM,
        parent=outer.id,
        position=(*lane, Step("llm", "chat", 0)),
        seq=2,
        end_seq=2,
        start_ns=at + 1,
        end_ns=at + 5,
        links=(),
        events=(),
        digest=b"d" * 16,
        usage=Usage(models={"m": Tokens(input=1, output=1)}),
    )
    word = replace(
        model,
        id=f"{nth + 3:016x}",
        name="send",
        kind=SpanKind.MESSAGE,
        wire_kind=WireKind.PRODUCER,
        position=(*lane, Step("message", "send", 0)),
        seq=3,
        end_seq=3,
        start_ns=at + 6,
        end_ns=at + 6,
        digest=b"",
        usage=None,
        attributes={names.MESSAGE_CONTENT: f"word {number}"},
    )
    yield from (outer, model, word)


@pytest.mark.parametrize("name", NAMES)
def test_a_crowd_has_answers(name: str) -> None:
    """Ten thousand agents, in full; nothing is recursive, and nothing looks at all pairs."""
    for answer in answers(Analysis(CROWD), name):
        look_at(answer, name)


CROWD = a_crowd(times(200, 10_000))


def test_what_is_known_of_a_crowd_is_counted() -> None:
    """A row of agents, each of whom leads the next one to something, and all wait in a circle."""
    analysis, size = Analysis(CROWD), len(CROWD.agents)

    assert len(analysis.graph.interactions) == size - 1
    assert len(analysis.graph.single_points) == size - 2
    assert [len(one.agents) for one in analysis.waiting.deadlocks] == [size]
    assert len(analysis.lifetimes) == size
    tokens = analysis.costs.total.tokens
    assert tokens is not None
    assert tokens.total == 2 * size
    assert analysis.cascade.contained is None
