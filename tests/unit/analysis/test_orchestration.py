"""How work reached workers: queues, assignments, heartbeats, and those who lead."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

from agenttrace.analysis.orchestration import Orchestration, orchestration
from agenttrace.errors import NotRecorded, OrchestrationBroken
from agenttrace.model import names
from agenttrace.model.span import Span, SpanKind, Status
from agenttrace.model.trace import Trace
from agenttrace.model.usage import Tokens, Usage
from tests.fakes.campaign import times
from tests.fakes.made_teams import a_team
from tests.fakes.told_teams import conforming, made, net, queued, spoiled, telling, works
from tests.oracles import leading
from tests.oracles import orchestration as oracle

SEEDS = range(times(150, 6_000))


def a_kitchen(seed: int) -> Trace:
    """A run with queues, by chance."""
    chance = random.Random(seed)
    rows = queued(chance, 9) or [("boss", 1, "heartbeat", {})]
    return telling(*rows, spans=works(chance, 9))


def test_queues_are_as_the_page_says() -> None:
    """Items, depth after every instant, the most there can have been, and who overtook whom."""
    overtaken = 0
    for seed in SEEDS:
        trace = a_kitchen(seed)
        found = {
            one.name: {
                "items": [
                    (it.task, it.enqueued_ns, it.dequeued_ns, it.overtaken) for it in one.items
                ],
                "depths": [tuple(depth) for depth in one.depths],
                "peak": one.peak,
            }
            for one in orchestration(trace).queues
        }
        wanted = oracle.queues(trace)
        for queue in (*found.values(), *wanted.values()):
            queue["items"] = sorted(queue["items"], key=str)
            overtaken += sum(it[3] for it in queue["items"])
        assert found == wanted, seed
    assert overtaken > len(SEEDS)


def test_the_depth_of_a_queue_is_that_of_its_last_change() -> None:
    """At any instant, before the first change too."""
    for seed in SEEDS[:50]:
        for queue in orchestration(a_kitchen(seed)).queues:
            for at in range(-1, 80):
                before = [one.depth for one in queue.depths if one.at_ns <= at]
                expected = None if queue.peak is None else before[-1] if before else 0
                assert queue.depth_at(at) == expected


def test_assignments_are_as_the_page_says() -> None:
    """Each with the time until it was assigned, the time until it began, and how it ended."""
    known = 0
    for seed in SEEDS:
        trace = a_kitchen(seed)
        found = [
            (one.task, one.worker, one.scheduled_ns, one.begun_ns, one.outcome)
            for one in orchestration(trace).assignments
        ]
        assert found == oracle.assignments(trace), seed
        known += sum(None not in one for one in found)
    assert known > len(SEEDS) // 5


def test_what_an_assignment_does_not_tell_has_a_reason() -> None:
    """A measure is a number or has a reason, never a made-up 0."""
    measures = ("scheduled_ns", "begun_ns", "candidates", "outcome")
    for seed in SEEDS:
        for one in orchestration(a_kitchen(seed)).assignments:
            assert set(one.unknown) == {name for name in measures if getattr(one, name) is None}


def test_the_longest_silence_is_as_the_page_says() -> None:
    """From the beginning of an agent's first span to the end of its last."""
    for seed in SEEDS:
        trace = a_kitchen(seed)
        found = {one.agent: one.longest_silence_ns for one in orchestration(trace).pulses}
        assert found == oracle.silences(trace), seed


def test_the_own_time_of_a_leader_is_when_nothing_lasts_inside_its_spans() -> None:
    """Of made teams that call, hand over and lead, each instant of each run is looked at."""
    seen = 0
    for seed in range(times(40, 1_500)):
        trace = a_team(seed)
        for one in orchestration(trace).leaders:
            assert (one.lifetime_ns, one.own_ns) == oracle.own_times(trace, one.agent), seed
            seen += (one.own_ns or 0) < (one.lifetime_ns or 0)
    assert seen > 0


def a_lead(seed: int) -> Trace:
    """A team that leads: queues and assignments, a contract net, or a supervisor."""
    chance = random.Random(seed)
    if seed % 3 == 0:
        return net(spoiled(chance, conforming(chance, "t")))
    return a_team(seed) if seed % 3 == 1 else a_kitchen(seed)


def test_who_leads_and_breaks_up_goals_is_as_the_page_says() -> None:
    """And who could have been assigned something, and never was."""
    seen: Counter[str] = Counter()
    for seed in range(times(150, 6_000)):
        trace = a_lead(seed)
        found = orchestration(trace)
        assert {one.agent for one in found.leaders} == leading.leaders(trace), seed
        assert {
            (one.agent, frozenset(one.tasks), one.took_ns) for one in found.decompositions
        } == leading.decompositions(trace), seed
        assert found.passed_over == leading.passed_over(trace), seed
        seen.update(
            leaders=len(found.leaders),
            broken_up=len(found.decompositions),
            passed_over=len(found.passed_over),
        )
    assert min(seen.values()) > 0


def a_chef(*, by: int = 7) -> Orchestration:
    """A chef, asked at 0, who puts three dishes into a queue, the last one at 7."""
    chef = Span(
        id="c" * 16,
        name="chef",
        kind=SpanKind.AGENT,
        agent="chef",
        task="lunch",
        start_ns=0,
        end_ns=20,
    )
    tasks = [
        (names.QUEUE_TASK, "soup", 3),
        (names.QUEUE_TASK, "roast", by),
        (names.QUEUE_TASK, "soup", 9),
    ]
    trace = telling(*(("chef", at, "enqueued", {name: task}) for name, task, at in tasks))
    (told,) = trace.spans
    model = Span(
        id="d" * 16,
        name="chat",
        kind=SpanKind.LLM,
        agent="chef",
        parent=chef.id,
        start_ns=1,
        end_ns=2,
        usage=Usage(models={"m": Tokens(input=5, output=2)}),
    )

    return orchestration(made([replace(chef, events=told.events), model]))


def test_a_goal_is_broken_up_when_its_last_task_is_first_named() -> None:
    """Soup at 3, roast at 7, soup again at 9: it took 7."""
    (one,) = a_chef().decompositions

    assert (one.agent, one.goal, one.tasks, one.took_ns) == ("chef", "lunch", ("soup", "roast"), 7)


def test_what_a_leader_used_is_what_its_own_calls_used() -> None:
    """A chef who asks a model: 5 tokens in, 2 out; 20 alive, and all of that its own."""
    (one,) = a_chef().leaders

    assert one.usage is not None
    assert one.usage.tokens == Tokens(input=5, output=2)
    assert (one.lifetime_ns, one.own_ns) == (20, 20)


def test_a_run_in_which_nobody_leads_has_nothing_recorded() -> None:
    """Not recorded, which is not the same as 0."""
    found = orchestration(
        made([Span(id="1" * 16, name="alone", kind=SpanKind.AGENT, agent="alone")])
    )

    assert found.success_rate is None
    assert set(found.unknown) == {
        "queues",
        "assignments",
        "decisions",
        "pulses",
        "leaders",
        "decompositions",
    }
    for assertion in (
        found.drained,
        found.succeed,
        lambda: found.depth_at_most(9),
        lambda: found.silent_at_most(9),
        found.queue,
    ):
        with pytest.raises(NotRecorded):
            assertion()


def two_tasks(code: str = "OK") -> Orchestration:
    """Two tasks are put in at 0 and 1; the first is taken out at 5, assigned to Ann, and done."""
    work = Span(
        id="e" * 16,
        name="ann",
        kind=SpanKind.AGENT,
        agent="ann",
        task="a",
        start_ns=6,
        end_ns=8,
    )

    return orchestration(
        telling(
            ("boss", 0, "enqueued", {names.QUEUE_TASK: "a"}),
            ("boss", 1, "enqueued", {names.QUEUE_TASK: "b"}),
            ("ann", 5, "dequeued", {names.QUEUE_TASK: "a"}),
            ("boss", 5, "assigned", {names.QUEUE_TASK: "a", names.QUEUE_WORKER: "ann"}),
            ("ann", 5, "heartbeat", {}),
            spans=[replace(work, status=Status(code=code))],
        )
    )


def test_each_assertion_says_what_is_not_so() -> None:
    """In the words of the field, with the spans, and with the limit that was broken."""
    found = two_tasks(code="ERROR")

    with pytest.raises(OrchestrationBroken, match="1 of 2 tasks never left"):
        found.drained()
    with pytest.raises(OrchestrationBroken, match="a, ann: failure"):
        found.succeed()
    with pytest.raises(OrchestrationBroken, match="held 2"):
        found.depth_at_most(1)
    with pytest.raises(
        OrchestrationBroken, match=r"1 of 1 agent was silent for more than 2 ns.*\n+.*ann: 3 ns"
    ):
        found.silent_at_most("2ns")


def test_each_assertion_holds_where_it_is_so() -> None:
    """And gives something true, so that it may stand after `assert`."""
    found = two_tasks()

    assert found.succeed()
    assert found.success_rate == 1
    assert found.depth_at_most(2)
    assert found.silent_at_most("3ns")
    assert [one.task for one in found.queue().waiting] == ["b"]


def test_a_bare_number_of_silence_is_of_seconds_as_everywhere() -> None:
    """It was of nanoseconds here and of seconds in `takes_at_most`."""
    beats = [("ann", at * 10**9, "heartbeat", {}) for at in (0, 2, 5)]
    found = orchestration(telling(*beats))

    assert found.silent_at_most(3)
    with pytest.raises(OrchestrationBroken, match=r"for more than 2 s\b.*\n+.*ann: 3 s\n"):
        found.silent_at_most(2)


def test_a_decision_names_who_could_have_been_chosen() -> None:
    """An orchestration span with a decision, its candidates, the reason and the round."""
    span = Span(
        id="f" * 16,
        name="supervisor",
        kind=SpanKind.ORCHESTRATION,
        agent="boss",
        start_ns=4,
        end_ns=4,
        attributes={
            names.ORCHESTRATION_PATTERN: "supervisor",
            names.ORCHESTRATION_DECISION: "ask ann",
            names.ORCHESTRATION_CANDIDATES: ["ann", "bea"],
            names.ORCHESTRATION_REASON: "is free",
            names.ORCHESTRATION_ROUND: 2,
        },
    )
    (one,) = orchestration(made([span])).decisions

    assert (one.agent, one.decision, one.candidates) == ("boss", "ask ann", ("ann", "bea"))
    assert (one.pattern, one.reason, one.round, one.at_ns) == ("supervisor", "is free", 2, 4)


def test_who_is_never_chosen_is_told() -> None:
    """Bea could have had two tasks, and had none; where nobody says who could, nobody is."""
    who = {names.QUEUE_WORKER: "ann", names.ORCHESTRATION_CANDIDATES: ["ann", "bea"]}
    rows = [("boss", n, "assigned", {names.QUEUE_TASK: task, **who}) for n, task in enumerate("ab")]
    silent = ("boss", 9, "assigned", {names.QUEUE_TASK: "c", names.QUEUE_WORKER: "ann"})

    assert orchestration(telling(*rows, silent)).passed_over == {"bea": 2}
    assert orchestration(telling(silent)).passed_over == {}
