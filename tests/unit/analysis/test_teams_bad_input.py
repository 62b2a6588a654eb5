"""Traces that nobody would make: each analysis of a team answers, and makes nothing up."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from agenttrace.analysis import Analysis
from agenttrace.model import names
from agenttrace.model.span import Span, SpanKind
from agenttrace.model.trace import Trace
from tests.fakes.campaign import times
from tests.fakes.made_teams import a_team, skewed
from tests.fakes.told_teams import Row, conforming, made, net, queued, spoiled, telling, works

SEEDS = range(times(15, 1_000))


def without_agents(trace: Trace, _: random.Random) -> Trace:
    """Nobody did it."""
    spans = tuple(replace(span, agent=None) for span in trace.spans)
    return replace(trace, spans=spans, agents=())


def of_one_agent(trace: Trace, _: random.Random) -> Trace:
    """One agent did it all."""
    return made([replace(span, agent="ada") for span in trace.spans], lanes=trace.lanes)


def without_ends(trace: Trace, _: random.Random) -> Trace:
    """Killed: nothing has ended, and half of it was never written."""
    spans = [replace(span, end_ns=span.start_ns) for span in trace.spans[: len(trace.spans) // 2]]
    return made(spans, complete=False, lanes=trace.lanes)


def without_lanes(trace: Trace, _: random.Random) -> Trace:
    """From another system, whose clocks tell all there is."""
    spans = [replace(span, lane=(), position=(), seq=0, end_seq=0) for span in trace.spans]
    return made(spans)


def of_skewed_clocks(trace: Trace, chance: random.Random) -> Trace:
    """From several hosts."""
    return skewed(trace, chance)


def the_same(trace: Trace, _: random.Random) -> Trace:
    """As it came."""
    return trace


BAD = (without_agents, of_one_agent, without_ends, without_lanes, of_skewed_clocks, the_same)


def told(chance: random.Random) -> Trace:
    """A run that tells all sorts of things."""
    sort = chance.randrange(3)
    if sort == 0:
        return a_team(chance.randrange(9_999))
    if sort == 1:
        return net(spoiled(chance, conforming(chance, "t")))
    rows = queued(chance, 6)
    rows += [
        (who, chance.randrange(60), "waiting", {names.WAITING_FOR: chance.sample("abc", 2)})
        for who in ("ann", "bea", "b")
    ]
    return telling(*rows, spans=works(chance, 6), code=chance.choice(["OK", "UNSET"]))


@pytest.mark.parametrize("spoil", BAD)
def test_every_answer_is_an_answer(spoil: Callable[[Trace, random.Random], Trace]) -> None:
    """No crash; no time below 0; and whatever is empty or None at the top has a reason."""
    for seed in SEEDS:
        chance = random.Random(seed)
        analysis = Analysis(spoil(told(chance), chance))
        led, placed, held = analysis.orchestration, analysis.delegations, analysis.waiting
        for name in ("queues", "assignments", "decisions", "pulses", "leaders", "decompositions"):
            assert (name in led.unknown) is (getattr(led, name) == ()), name
        assert ("rounds" in placed.unknown) is (placed.rounds == ())
        durations = [
            *(one.award_latency_ns for one in placed.rounds),
            *(one.aggregated_ns for one in placed.rounds),
            *(one.scheduled_ns for one in led.assignments),
            *(item.waited_ns for queue in led.queues for item in queue.items),
            *(one.took_ns for one in led.decompositions),
            *(one.own_ns for one in led.leaders),
        ]
        assert all(one is None or one >= 0 for one in durations)
        assert {agent for one in held.deadlocks for agent in one.agents} <= set(held.stuck)
        for span in analysis.trace.spans[:3]:
            assert set(analysis.waiting_at(span).unknown) >= {"loops", "starved"}


def test_an_empty_trace_has_answers() -> None:
    """And nothing in them."""
    analysis = Analysis(Trace(id="1" * 32, name="nothing"))

    assert analysis.delegations.rounds == ()
    assert analysis.orchestration.queues == ()
    assert analysis.waiting.edges == ()


def test_attributes_of_any_type_are_read() -> None:
    """A foreign trace may put anything anywhere."""
    odd: tuple[object, ...] = (None, 7, 1.5, True, b"x", ["a", 1], {"k": "v"}, "")
    spans = [
        Span(
            id=f"{number:016x}",
            name="odd",
            kind=SpanKind.ORCHESTRATION,
            attributes={  # type: ignore[arg-type]
                names.DELEGATION_PHASE: one if number % 2 else "announcement",
                names.DELEGATION_TASK: one,
                names.DELEGATION_BIDDER: one,
                names.DELEGATION_DEADLINE: one,
                names.DELEGATION_OUTCOME: one,
                names.ORCHESTRATION_DECISION: one,
                names.ORCHESTRATION_CANDIDATES: one,
                names.ORCHESTRATION_ROUND: one,
            },
        )
        for number, one in enumerate(odd * 2, 1)
    ]
    analysis = Analysis(made(spans))

    assert sum(len(one.dialogue.acts) for one in analysis.delegations.rounds) == len(spans)
    assert len(analysis.orchestration.decisions) == len(spans)
    rows = [("a", 1, name, {key: one}) for one in odd for name, key in _EVENTS]
    assert Analysis(telling(*rows)).orchestration.queues  # type: ignore[arg-type]


_EVENTS = (
    ("enqueued", names.QUEUE_TASK),
    ("assigned", names.ORCHESTRATION_CANDIDATES),
    ("waiting", names.WAITING_FOR),
    ("waiting", names.WAITING_MODE),
    ("heartbeat", names.QUEUE_WORKER),
)


def test_thousands_of_agents_that_bid_for_one_task_are_judged() -> None:
    """One announcement, a bid of each, one award, and a rejection of each other one."""
    people = [f"agent {number:05}" for number in range(times(1_000, 10_000))]
    rows = [Row(task="t", phase="announcement", by="boss", at=0)]
    rows += [Row(task="t", phase="bid", by=who, at=n, bid=n) for n, who in enumerate(people, 1)]
    rows += [
        Row(task="t", phase="rejection", by="boss", about=who, at=20_000) for who in people[1:]
    ]
    rows += [
        Row(task="t", phase="award", by="boss", about=people[0], at=20_001),
        Row(task="t", phase="report", by=people[0], at=20_002, outcome="done"),
    ]
    placed = Analysis(net(rows)).delegations

    assert placed.conform()
    assert (placed.bids_per_task, placed.rounds[0].regret()) == (len(people), 0)
