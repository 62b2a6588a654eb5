"""Who waits for whom, at the end and at a moment; and tasks that starve."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import pytest

from agenttrace.analysis import Analysis
from agenttrace.analysis.deadlock import Deadlock
from agenttrace.analysis.waiting import Waiting, waiting
from agenttrace.errors import NotRecorded, TeamStuck
from agenttrace.model import names
from agenttrace.model.lane import Lane, Step
from agenttrace.model.span import Event, Link, Span, SpanKind, Status
from tests.fakes.busy_teams import SORTS, a_busy_team
from tests.fakes.campaign import times
from tests.fakes.told_teams import made, telling
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


@pytest.mark.parametrize(
    "words",
    [{}, said(), {"agent": "b"}, said("")],
    ids=["nothing", "an empty list", "another word", "an empty name"],
)
def test_waits_that_name_nobody_say_nothing_of_deadlocks(words: Mapping[str, object]) -> None:
    """An assertion that passes on nothing would pass for ever; the waits themselves are told."""
    found = at_the_end(("a", 1, "waiting", words), ("b", 2, "waiting", words))

    assert [one.agent for one in found.waits] == ["a", "b"]
    assert found.unknown["deadlocks"] == (
        "not recorded: no event `waiting` of an agent names an agent"
    )
    with pytest.raises(NotRecorded, match="no agent says for which agents it waits"):
        found.never_deadlocks()


def test_a_wait_outside_every_agent_says_nothing_of_deadlocks() -> None:
    """Somebody waits for b, and nobody knows who."""
    trace = telling(("a", 1, "waiting", said("b")), code="UNSET")
    spans = [replace(span, agent=None) for span in trace.spans]

    with pytest.raises(NotRecorded, match="no agent says for which agents it waits"):
        waiting(made(spans, lanes=trace.lanes)).never_deadlocks()


def test_one_wait_for_something_outside_leaves_the_others_known() -> None:
    """A person is waited for, and among the agents there is no deadlock."""
    found = at_the_end(("a", 1, "waiting", said("b")), ("b", 2, "waiting", {}))

    assert found.never_deadlocks()
    assert "deadlocks" not in found.unknown


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
    there = analysis.waiting_at(spans[1])
    assert "asked at a moment" in there.unknown["loops"]
    for assertion in (there.never_loops, there.never_livelocks, there.never_starves):
        with pytest.raises(NotRecorded):
            assertion()


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


def test_nobody_knows_who_starves_in_a_queue_that_only_tells_what_was_taken_out() -> None:
    """What was put into it, and left there, is told by nobody; what starves elsewhere is."""
    taken = [
        ("ann", at, "dequeued", {names.QUEUE_TASK: f"t{at}", names.QUEUE_NAME: "pass"})
        for at in range(9)
    ]
    found = at_the_end(*taken)

    assert found.unknown["starved"] == "not recorded: no event `enqueued` of pass"
    with pytest.raises(NotRecorded, match="whether a task starves: not recorded: no event `enq"):
        found.never_starves()
    rows = [
        ("boss", 1, "enqueued", {names.QUEUE_TASK: "old"}),
        ("boss", 2, "enqueued", {names.QUEUE_TASK: "new"}),
        ("ann", 4, "dequeued", {names.QUEUE_TASK: "new"}),
    ]
    with pytest.raises(TeamStuck, match="old: 1 overtook it"):
        at_the_end(*taken, *rows).never_starves()


def test_who_starves_is_as_the_page_says() -> None:
    """Of queues at will: what never left, and was overtaken by what was put in later."""
    seen: Counter[str] = Counter()
    for seed in range(times(200, 6_000)):
        sort, trace = a_busy_team(seed)
        items = [it for queue in queues(trace).values() for it in queue.items]
        told = starved([(it.task, it.put_in, it.taken_out, it.overtaken) for it in items])
        found = [(one.task, one.overtaken) for one in waiting(trace).starved]
        assert sorted(found) == sorted(told), seed
        seen[sort] += len(found)
    assert len(seen) == len(SORTS)
    assert min(seen.values()) > 0


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


def edges_of(found: Waiting) -> list[tuple[object, ...]]:
    """The waits of an answer, as the oracle has them."""
    return [
        (
            one.agent,
            one.agents,
            one.mode,
            one.since_ns,
            one.span.id,
            bool(one.agents) and not one.ends_by_itself,
        )
        for one in found.waits
    ]


def test_who_waits_and_who_is_stuck_is_as_the_page_says() -> None:
    """At the end and at ends of spans, in recordings, in replays, in traces of other systems."""
    seen: Counter[str] = Counter()
    for seed in range(times(150, 4_000)):
        sort, trace = a_busy_team(seed)
        spans = random.Random(seed).sample(trace.spans, min(3, len(trace.spans)))
        for at in (None, *spans):
            found, told = waiting(trace, at=at), oracle.waits(trace, at)
            where = seed, None if at is None else at.id
            assert edges_of(found) == [tuple(one) for one in told], where
            assert list(found.edges) == oracle.edges(told), where
            assert list(found.stuck) == oracle.stuck(told), where
            assert sorted((one.agents, one.kind) for one in found.deadlocks) == oracle.deadlocks(
                told
            ), where
            seen.update({sort: len(told), **Counter(one.kind for one in found.deadlocks)})
    assert {*seen} >= {*SORTS, "cycle", "knot"}
    assert min(seen.values()) > 0


def test_a_wait_is_open_while_its_span_goes_on_though_that_will_end_well() -> None:
    """The span of who waits ends well, later; before that nobody has ended the wait."""
    lanes = [Lane(path=()), *(Lane(path=(Step("task", one, 0),), parent=()) for one in "ab")]
    a = Span(
        id="a" * 16,
        name="a",
        kind=SpanKind.AGENT,
        agent="a",
        lane=lanes[1].path,
        seq=1,
        end_seq=2,
        status=Status(code="OK"),
        events=(Event(name="waiting", seq=1, attributes={names.WAITING_FOR: ["b"]}),),
    )
    asked = replace(a, id="c" * 16, name="ask", kind=SpanKind.TOOL, agent="x", seq=2, events=())
    b = replace(
        a,
        id="b" * 16,
        name="b",
        agent="b",
        lane=lanes[2].path,
        events=(),
        links=(Link(span="c" * 16),),
    )
    trace = made([a, replace(asked, parent="a" * 16), b], lanes=lanes)

    assert [str(one) for one in waiting(trace, at=b).waits] == ["a waits for b"]
    assert waiting(trace, at=a).waits == ()


def test_what_is_said_after_a_spawn_is_not_known_to_what_was_spawned() -> None:
    """Both are of one step; in a replay, in which computing takes no time, of one instant too."""
    child = Lane(path=(Step("task", "b", 2),), parent=(), spawn_seq=2)
    a = Span(
        id="a" * 16,
        name="a",
        kind=SpanKind.AGENT,
        agent="a",
        seq=1,
        end_seq=2,
        events=(Event(name="waiting", seq=2, attributes={names.WAITING_FOR: ["b"]}),),
    )
    b = replace(a, id="b" * 16, name="b", agent="b", parent=a.id, lane=child.path, events=())
    trace = made([a, b], lanes=[Lane(path=()), child])

    assert waiting(trace, at=b).waits == ()
    assert [str(one) for one in waiting(trace, at=a).waits] == ["a waits for b"]


def test_a_wait_is_not_over_because_its_own_span_begins_later_by_its_clock() -> None:
    """A backend that stamps events and spans by two clocks."""
    span = Span(
        id="1" * 16,
        name="a",
        kind=SpanKind.AGENT,
        agent="a",
        start_ns=20,
        end_ns=30,
        events=(Event(name="waiting", at_ns=10, attributes={names.WAITING_FOR: ["b"]}),),
    )

    assert len(waiting(made([span])).waits) == 1
