"""Who waits for whom, at the end and at a moment; and tasks that starve."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace

import pytest

from agenttrace.analysis import Analysis
from agenttrace.analysis.deadlock import Deadlock
from agenttrace.analysis.waiting import Waiting, waiting
from agenttrace.errors import NotRecorded, TeamStuck
from agenttrace.model import names
from agenttrace.model.lane import Lane, Step
from agenttrace.model.span import Event, Span, SpanKind, Status
from agenttrace.model.trace import Trace
from tests.fakes.campaign import times
from tests.fakes.told_teams import made, queued, telling
from tests.oracles import waiting as oracle
from tests.oracles.loops import starved
from tests.oracles.orchestration import queues


def said(
    *agents: str, mode: str | None = None, timeout: float | None = None
) -> Mapping[str, object]:
    """What a wait says."""
    return {
        names.WAITING_FOR: list(agents),
        names.WAITING_MODE: mode,
        names.WAITING_TIMEOUT: timeout,
    }


def at_the_end(*rows: tuple[str, int, str, Mapping[str, object]], code: str = "UNSET") -> Waiting:
    """Agents that were cancelled while they did what they last told."""
    return waiting(telling(*rows, code=code))


def test_two_who_wait_for_each_other_are_a_deadlock() -> None:
    """The message shows the circle, and the spans."""
    found = at_the_end(("a", 1, "waiting", said("b")), ("b", 2, "waiting", said("a")))

    assert found.deadlocks == (Deadlock(agents=("a", "b"), kind="cycle"),)
    assert found.edges == (("a", "b"), ("b", "a"))
    with pytest.raises(TeamStuck, match="a waits for b; b waits for a"):
        found.never_deadlocks()


def test_who_waits_for_a_deadlock_is_stuck_and_no_part_of_it() -> None:
    """The culprits are told apart from their victims."""
    found = at_the_end(
        ("a", 1, "waiting", said("b")),
        ("b", 2, "waiting", said("a")),
        ("c", 3, "waiting", said("a")),
    )

    assert [one.agents for one in found.deadlocks] == [("a", "b")]
    assert found.stuck == ("a", "b", "c")


def test_whoever_may_go_on_lets_others_go_on() -> None:
    """A wait for any of two is no deadlock where one of them works."""
    rows = [
        ("a", 1, "waiting", said("b", "c", mode="any")),
        ("b", 2, "waiting", said("a")),
        ("c", 3, "heartbeat", {}),
    ]
    found = at_the_end(*rows)

    assert found.never_deadlocks()
    assert found.stuck == ()
    assert list(map(str, found.waits)) == ["a waits for any of b, c", "b waits for a"]


def test_a_wait_that_ends_by_itself_is_no_deadlock() -> None:
    """One of the two has a timeout: it will go on."""
    found = at_the_end(("a", 1, "waiting", said("b", timeout=30)), ("b", 2, "waiting", said("a")))

    assert found.never_deadlocks()
    assert [(one.agent, one.ends_by_itself) for one in found.waits] == [("a", True), ("b", False)]


@pytest.mark.parametrize(
    ("after", "is_open"),
    [("resumed", False), ("reflection", False), ("heartbeat", True), ("error", True)],
)
def test_a_wait_is_over_when_its_agent_says_more(after: str, is_open: bool) -> None:
    """A sign of life says nothing of it, nor does the error in which it was broken off."""
    found = at_the_end(
        ("a", 1, "waiting", said("b")), ("a", 2, after, {}), ("b", 3, "heartbeat", {})
    )

    assert bool(found.waits) is is_open


@pytest.mark.parametrize(("code", "is_open"), [("OK", False), ("ERROR", True), ("UNSET", True)])
def test_a_wait_is_over_when_its_span_ends_well(code: str, is_open: bool) -> None:
    """One that ends in an error, or is cancelled, was given up."""
    found = at_the_end(("a", 1, "waiting", said("b")), ("b", 2, "heartbeat", {}), code=code)

    assert bool(found.waits) is is_open


def test_a_wait_is_over_when_its_agent_does_something_in_the_same_lane() -> None:
    """Code that forgets to say `resumed` still goes on."""
    trace = telling(("a", 1, "waiting", said("b")), ("b", 2, "heartbeat", {}), code="UNSET")
    later = Span(
        id="9" * 16,
        name="search",
        kind=SpanKind.TOOL,
        agent="a",
        lane=trace.spans[0].lane,
        seq=2,
        end_seq=2,
        start_ns=5,
        end_ns=5,
    )

    assert [one.agent for one in waiting(trace).waits] == ["a"]
    assert waiting(made([*trace.spans, later], lanes=trace.lanes)).waits == ()


def test_at_a_moment_only_what_had_happened_before_it_counts() -> None:
    """Two in one lane: first one waits, then something is done, and then the wait is over."""
    spans = [
        Span(
            id=f"{number}" * 16,
            name=name,
            kind=SpanKind.AGENT,
            agent=agent,
            lane=(),
            seq=number,
            end_seq=number,
            start_ns=number * 10,
            end_ns=number * 10 + 1,
        )
        for number, (name, agent) in enumerate([("a", "a"), ("look", "b"), ("look again", "b")], 1)
    ]
    told = (
        Event(name="waiting", at_ns=10, seq=1, attributes={names.WAITING_FOR: ["b"]}),
        Event(name="resumed", at_ns=25, seq=2),
    )
    outer = replace(spans[0], events=told, end_ns=60, end_seq=3)
    analysis = Analysis(made([outer, *spans[1:]], lanes=[Lane(path=())]))

    assert [len(analysis.waiting_at(span).waits) for span in spans[1:]] == [1, 0]
    assert analysis.waiting_at(spans[1]).edges == (("a", "b"),)
    assert analysis.waiting.waits == ()
    assert "asked at a moment" in analysis.waiting_at(spans[1]).unknown["loops"]


def test_a_trace_without_lanes_is_cut_by_time() -> None:
    """As a trace of another system is."""
    first = Span(
        id="1" * 16,
        name="a",
        kind=SpanKind.AGENT,
        agent="a",
        end_ns=90,
        events=(Event(name="waiting", at_ns=10, attributes={names.WAITING_FOR: ["b"]}),),
    )
    early, late = (
        replace(first, id=str(n) * 16, name="b", agent="b", start_ns=at, end_ns=at, events=())
        for n, at in ((2, 5), (3, 15))
    )
    trace = made([first, early, late])

    assert [len(waiting(trace, at=one).waits) for one in (early, late)] == [0, 1]


def test_a_wait_for_something_outside_the_team_is_no_edge() -> None:
    """A person, a clock, a machine: nobody knows whether it comes."""
    found = at_the_end(("a", 1, "waiting", {}), ("b", 2, "waiting", said("a")))

    assert found.edges == (("b", "a"),)
    assert list(map(str, found.waits)) == ["a waits", "b waits for a"]
    assert found.never_deadlocks()


def test_a_task_starves_where_a_later_one_was_taken_first() -> None:
    """What merely was not reached does not."""
    rows = [
        ("boss", 1, "enqueued", {names.QUEUE_TASK: "old"}),
        ("boss", 2, "enqueued", {names.QUEUE_TASK: "new"}),
        ("boss", 3, "enqueued", {names.QUEUE_TASK: "last"}),
        ("ann", 4, "dequeued", {names.QUEUE_TASK: "new"}),
    ]
    found = at_the_end(*rows)

    assert [(one.task, one.overtaken) for one in found.starved] == [("old", 1)]
    with pytest.raises(TeamStuck, match="old: 1 overtook it"):
        found.never_starves()


def test_who_starves_is_as_the_page_says() -> None:
    """Of queues at will: what never left, and was overtaken by what was put in later."""
    seen = 0
    for seed in range(times(150, 6_000)):
        trace = telling(*(queued(random.Random(seed), 9) or [("boss", 1, "heartbeat", {})]))
        items = [it for queue in queues(trace).values() for it in queue["items"]]
        found = [(one.task, one.overtaken) for one in waiting(trace).starved]
        assert sorted(found) == sorted(starved(items)), seed
        seen += len(found)
    assert seen


def test_of_a_run_that_says_nothing_of_waits_nothing_is_asserted() -> None:
    """That a deadlock was not told is not that there was none."""
    found = waiting(made([Span(id="1" * 16, name="a", kind=SpanKind.AGENT, agent="a")]))

    assert set(found.unknown) == {"waits", "starved"}
    for assertion in (found.never_deadlocks, found.never_starves):
        with pytest.raises(NotRecorded):
            assertion()
    assert found.never_loops()
    assert found.never_livelocks()


def test_a_wait_that_its_status_ends_is_told_by_the_agents_own_name() -> None:
    """Agents are meant by name or id, whatever ordinal a trace gave them."""
    rows = [("a", 1, "waiting", said("worker")), ("worker#1", 2, "waiting", said("a"))]
    found = at_the_end(*rows)

    assert [one.agents for one in found.deadlocks] == [("a", "worker")]
    assert Status(code="UNSET") == found.waits[0].span.status


def a_run(chance: random.Random) -> Trace:
    """Agents that say and do things by chance, each in a lane of its own, spans inside spans."""
    spans: list[Span] = []
    now = 0
    for agent in "abc":
        lane = (Step("task", agent, 0),)
        seq, around = 0, None
        for _ in range(chance.randint(1, 4)):
            seq += 1
            begun, events = seq, []
            for _ in range(chance.randint(0, 3)):
                seq += chance.randint(0, 1)
                now += 1
                name = chance.choice(["waiting", "waiting", "resumed", "heartbeat", "error"])
                events.append(Event(name=name, at_ns=now, seq=seq))
            spans.append(
                Span(
                    id=f"{len(spans) + 1:016x}",
                    name=agent,
                    kind=SpanKind.AGENT,
                    parent=around,
                    agent=chance.choice([agent, agent, agent, None]) if around else agent,
                    lane=lane,
                    seq=begun,
                    end_seq=seq,
                    start_ns=now,
                    end_ns=now,
                    events=tuple(events),
                    status=Status(code=chance.choice(["OK", "ERROR", "UNSET"])),
                )
            )
            around = spans[-1].id if chance.random() < 0.5 else around
    lanes = [Lane(path=(), parent=None)]
    lanes += [Lane(path=path, parent=()) for path in {span.lane for span in spans}]
    return made(spans, lanes=lanes)


def test_who_waits_at_the_end_is_as_the_page_says() -> None:
    """Of runs in which agents say and do this and that, whoever nothing has ended the wait of."""
    seen = 0
    for seed in range(times(200, 10_000)):
        trace = a_run(random.Random(seed))
        found = [(one.agent, one.since_ns) for one in waiting(trace).waits]
        wanted = oracle.open_waits(made(_with_doers(trace), lanes=trace.lanes))
        assert found == wanted, seed
        seen += len(found)
    assert seen > 50


def _with_doers(trace: Trace) -> list[Span]:
    """The spans, each with the agent of the nearest span around it that names one."""
    by_id = {span.id: span for span in trace.spans}
    found = []
    for span in trace.spans:
        at = span
        while at.agent is None and at.parent is not None:
            at = by_id[at.parent]
        found.append(replace(span, agent=at.agent))
    return found
