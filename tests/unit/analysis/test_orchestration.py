"""How work reached workers: queues, assignments, heartbeats, and those who lead."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from agenttrace.analysis.orchestration import Orchestration, orchestration
from agenttrace.errors import NotRecorded, OrchestrationBroken
from agenttrace.model import names
from agenttrace.model.lane import Lane
from agenttrace.model.span import Event, Span, SpanKind, Status
from agenttrace.model.trace import Trace
from agenttrace.model.usage import Tokens, Usage
from tests.fakes.busy_teams import SORTS, a_busy_team
from tests.fakes.campaign import times
from tests.fakes.made_teams import a_team
from tests.fakes.told_teams import conforming, made, net, queued, spoiled, telling, works
from tests.oracles import leading
from tests.oracles import orchestration as oracle

SEEDS = range(times(70, 2_000))


def a_kitchen(seed: int) -> Trace:
    """A run with queues, by chance."""
    chance = random.Random(seed)
    rows = queued(chance, 9) or [("boss", 1, "heartbeat", {})]
    return telling(*rows, spans=works(chance, 9))


def runs(seed: int) -> Iterator[tuple[str, Trace]]:
    """Runs of each sort, by chance: one that tells of itself, a kitchen, a team, a contract net."""
    yield a_busy_team(seed)
    yield "kitchen", a_kitchen(seed)
    yield "team", a_team(seed)
    chance = random.Random(seed)
    yield "net", net(spoiled(chance, conforming(chance, "t")))


def test_queues_are_as_the_page_says() -> None:
    """Items, depth after every instant, the most there can have been, and who overtook whom."""
    seen: Counter[str] = Counter()
    for seed in SEEDS:
        for sort, trace in runs(seed):
            found, told = orchestration(trace).queues, oracle.queues(trace)
            assert [one.name for one in found] == [*told], seed
            for one in found:
                items = [
                    (
                        it.task,
                        it.enqueued_ns,
                        it.dequeued_ns,
                        None if it.put is None else it.put.id,
                        None if it.taken is None else it.taken.id,
                        it.overtaken,
                        it.is_timed,
                    )
                    for it in one.items
                ]
                wanted = told[one.name]
                assert sorted(items, key=str) == sorted(map(tuple, wanted.items), key=str), seed
                assert sorted(str((it.task, it.waited_ns)) for it in one.items) == sorted(
                    str((it.task, it.waited)) for it in wanted.items
                ), seed
                assert [tuple(it) for it in one.depths] == wanted.depths, seed
                assert one.peak == wanted.peak, seed
                seen[f"{sort} held some"] += (one.peak or 0) > 1
                seen["overtaken"] += sum(it.overtaken for it in one.items)
                seen["not overtaken, of one instant"] += _put_at_once(wanted)
    assert {*seen} >= {f"{sort} held some" for sort in (*SORTS, "kitchen")}
    assert min(seen.values()) > 0


def _put_at_once(queue: oracle.Queue) -> int:
    put = [it.put_in for it in queue.items if it.put_in is not None and it.taken_out is None]
    return len(put) - len({*put})


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
    seen: Counter[str] = Counter()
    for seed in SEEDS:
        for _, trace in runs(seed):
            found = orchestration(trace)
            told = oracle.assignments(trace)
            assert [
                (
                    one.task,
                    one.worker,
                    one.at_ns,
                    one.candidates,
                    one.reason,
                    one.scheduled_ns,
                    one.begun_ns,
                    one.outcome,
                    one.decided.id,
                    None if one.work is None else one.work.id,
                )
                for one in found.assignments
            ] == [tuple(one) for one in told], seed
            assert found.success_rate == oracle.success_rate(trace), seed
            seen.update(
                f"{name} {'not ' * (getattr(one, name) is None)}known"
                for one in told
                for name in ("candidates", "scheduled", "begun", "outcome")
            )
    assert len(seen) == 8
    assert min(seen.values()) > len(SEEDS) // 2


def test_decisions_are_as_the_page_says() -> None:
    """What was decided, by whom, out of whom, why and when."""
    seen = 0
    for seed in SEEDS:
        _, trace = a_busy_team(seed)
        found = [
            (
                one.agent,
                one.pattern,
                one.decision,
                one.candidates,
                one.reason,
                one.round,
                one.at_ns,
                one.span.id,
            )
            for one in orchestration(trace).decisions
        ]
        assert found == [tuple(one) for one in oracle.decisions(trace)], seed
        seen += len(found)
    assert seen > len(SEEDS) // 2


def test_a_candidate_is_meant_as_a_worker_is() -> None:
    """By its name or by its id: who was assigned something was not passed over."""
    assigned = {names.QUEUE_TASK: "t", names.QUEUE_WORKER: "m-7"}
    could = {names.ORCHESTRATION_CANDIDATES: ["max", "ann", "m-7"]}
    trace = telling(("boss", 1, "assigned", {**assigned, **could}), ("m-7", 2, "heartbeat", {}))
    agents = tuple(replace(one, name="max") if one.id == "m-7" else one for one in trace.agents)

    assert orchestration(replace(trace, agents=agents)).passed_over == {"ann": 1}


def test_of_two_lanes_neither_puts_in_later_at_one_instant() -> None:
    """In a replay both put in at one instant; only what one of them put in twice has an order."""
    rows = [
        (who, 0, "enqueued", {names.QUEUE_TASK: task})
        for who, task in (("ann", "soup"), ("bob", "bread"), ("bob", "cake"))
    ]
    taken = [("cal", 0, "dequeued", {names.QUEUE_TASK: "cake"}), ("cal", 9, "heartbeat", {})]
    queue = orchestration(telling(*rows, *taken)).queue()

    assert {one.task: one.overtaken for one in queue.items} == {"soup": 0, "bread": 1, "cake": 0}


def test_what_a_span_inside_another_says_at_one_step_it_has_said_first() -> None:
    """The inner span has ended when the outer one says more; in a replay, at the same instant."""
    outer, inner = (
        Span(
            id=one * 16,
            name=one,
            kind=SpanKind.AGENT,
            agent="ann",
            parent=parent,
            seq=seq,
            end_seq=2,
            events=(Event(name="enqueued", seq=2, attributes={names.QUEUE_TASK: task}),),
        )
        for one, parent, seq, task in (("a", None, 1, "soup"), ("b", "a" * 16, 2, "bread"))
    )
    trace = made([outer, inner], lanes=[Lane(path=())])

    assert [one.task for one in orchestration(trace).queue().items] == ["bread", "soup"]


def test_queues_come_in_the_order_in_which_they_were_first_used() -> None:
    """By taking out, too."""
    rows = [
        ("ann", at, name, {names.QUEUE_TASK: "t", names.QUEUE_NAME: queue})
        for at, name, queue in ((1, "dequeued", "one"), (2, "enqueued", "two"))
    ]

    assert [one.name for one in orchestration(telling(*rows)).queues] == ["one", "two"]


def test_what_an_assignment_does_not_tell_has_a_reason() -> None:
    """A measure is a number or has a reason, never a made-up 0."""
    measures = ("scheduled_ns", "begun_ns", "candidates", "outcome")
    for seed in SEEDS:
        for one in orchestration(a_kitchen(seed)).assignments:
            assert set(one.unknown) == {name for name in measures if getattr(one, name) is None}


def test_the_longest_silence_is_as_the_page_says() -> None:
    """From the beginning of an agent's first span to the end of its last."""
    seen: Counter[bool] = Counter()
    for seed in SEEDS:
        for _, trace in runs(seed):
            found = {
                one.agent: ([*one.beats_ns], one.longest_silence_ns)
                for one in orchestration(trace).pulses
            }
            assert found == oracle.pulses(trace), seed
            seen.update(silence is None for _, silence in found.values())
    assert min(seen[True], seen[False]) > 0


def test_the_time_of_a_leader_and_what_it_used_is_as_the_page_says() -> None:
    """Of teams that call, hand over and lead, each instant of each run is looked at."""
    seen: Counter[str] = Counter()
    for seed in range(times(25, 1_000)):
        for _, trace in runs(seed):
            for one in orchestration(trace).leaders:
                told = oracle.led(trace, one.agent)
                assert (one.lifetime_ns, one.own_ns) == (told.lifetime, told.own), seed
                assert _used(one.usage) == told.usage, seed
                seen["waits"] += (one.own_ns or 0) < (one.lifetime_ns or 0)
                seen["no time"] += one.lifetime_ns is None
                seen["uses"] += one.usage is not None
    assert min(seen.values()) > 0


def _used(usage: Usage | None) -> tuple[int, int, Decimal, Decimal] | None:
    if usage is None:
        return None
    return (
        sum(one.input for one in usage.models.values()),
        sum(one.output for one in usage.models.values()),
        usage.cost_usd or Decimal(),
        usage.tool_cost_usd or Decimal(),
    )


def test_who_leads_and_breaks_up_goals_is_as_the_page_says() -> None:
    """And who could have been assigned something, and never was."""
    seen: Counter[str] = Counter()
    for seed in SEEDS:
        for _, trace in runs(seed):
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


def rows_of(*told: tuple[int, str, str, str]) -> list[tuple[str, int, str, dict[str, str]]]:
    """What Mia tells of tasks and queues."""
    return [
        ("Mia", at, event, {names.QUEUE_TASK: task, names.QUEUE_NAME: queue})
        for at, event, task, queue in told
    ]


def test_of_a_queue_that_only_tells_what_was_taken_out_nothing_is_asserted() -> None:
    """Nobody knows what it held; an empty one would pass for ever, also beside one that is told."""
    taken = rows_of(*((at, "dequeued", f"dish {at}", "pass") for at in range(9)))
    known = rows_of((10, "enqueued", "soup", "hatch"), (11, "dequeued", "soup", "hatch"))

    for rows in (taken, [*taken, *known]):
        found = orchestration(telling(*rows))
        assert found.queue("pass").peak is None
        for assertion in (found.drained, lambda one=found: one.depth_at_most(1)):
            with pytest.raises(NotRecorded, match="what pass held is not recorded"):
                assertion()
    left = orchestration(telling(*taken, *known[:1]))
    with pytest.raises(OrchestrationBroken, match="soup in hatch"):
        left.drained()
    with pytest.raises(OrchestrationBroken, match="hatch held 1"):
        left.depth_at_most(0)


def test_clocks_that_disagree_leave_no_doubt_that_a_queue_is_drained() -> None:
    """What was put in was taken out; only how deep the queue was is not known."""
    rows = rows_of((1, "dequeued", "soup", "pass"), (5, "enqueued", "soup", "pass"))
    found = orchestration(telling(*rows))

    assert found.drained()
    with pytest.raises(NotRecorded, match="what pass held is not recorded"):
        found.depth_at_most(9)


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
