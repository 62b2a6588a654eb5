"""Agents, spans and turns: who acts where, and that calls keep their places."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

import agenttrace
from agenttrace.causal import current
from agenttrace.errors import ReplayDiverged, UsageError
from agenttrace.model import names
from agenttrace.model.agent import Agent
from agenttrace.model.lane import text_of
from agenttrace.model.span import Span, Status
from agenttrace.model.trace import Trace
from tests.fakes.replayed import a_run
from tests.fakes.twice import traced, twice


@agenttrace.tool
def look_up(order: str = "A-17") -> str:
    """Look an order up."""
    return order


def named(trace: Trace, name: str) -> Span:
    """The first span of a name."""
    return next(span for span in trace.spans if span.name == name)


def test_calls_stand_below_the_agent_that_makes_them() -> None:
    """Positions, parents, agent and task all say who asked."""

    def agent() -> None:
        with agenttrace.agent(
            "planner", task="refund", role="lead", model={"name": "m"}
        ) as planner:
            assert planner.id
            look_up()

    trace, _ = traced(agent)
    span, call = named(trace, "planner"), trace.calls[0]

    assert (span.kind, span.agent, span.task, span.status) == (
        "agent",
        "planner",
        "refund",
        Status(code="OK"),
    )
    assert (call.parent, call.agent, call.task) == (span.id, "planner", "refund")
    assert text_of(call.position) == "agent:planner#0/tool:look_up#0"
    assert trace.agents == (Agent(id="planner", name="planner", role="lead", model={"name": "m"}),)
    assert span.seq < call.seq <= span.end_seq


def test_an_agent_replays_alike() -> None:
    """The second run is the first, agents and all."""

    def agent() -> str:
        with agenttrace.agent("planner"), agenttrace.agent("critic", id="critic-1"):
            return look_up()

    ran = twice(agent)

    assert ran.trace.agents == ran.replay.agents
    assert [span.id for span in ran.trace.spans] == [span.id for span in ran.replay.spans]
    assert {agent.id for agent in ran.trace.agents} == {"planner", "critic-1"}


@pytest.mark.parametrize("manner", ["function", "coroutine", "generator", "async generator"])
def test_as_a_decorator_an_agent_acts_inside_the_function_alone(manner: str) -> None:
    """What a consumer asks between two values is the consumer's, not the agent's."""

    @agenttrace.agent("worker")
    def plain() -> list[str]:
        return [look_up("inside")]

    @agenttrace.agent("worker")
    async def coroutine() -> list[str]:
        return [look_up("inside")]

    @agenttrace.agent("worker")
    def generator() -> Iterator[str]:
        yield look_up("inside")

    @agenttrace.agent("worker")
    async def async_generator() -> AsyncIterator[str]:
        yield look_up("inside")

    async def consumed() -> None:
        async for _ in async_generator():
            look_up("between")

    agents: dict[str, Callable[[], Any]] = {
        "function": plain,
        "coroutine": lambda: asyncio.run(coroutine()),
        "generator": lambda: [look_up("between") for _ in generator()],
        "async generator": lambda: asyncio.run(consumed()),
    }
    trace, _ = traced(agents[manner])

    who = {str(span.question["order"]): span.agent for span in trace.calls}  # type: ignore[index, call-overload]
    assert who["inside"] == "worker"
    assert who.get("between") is None
    assert named(trace, "worker").status == Status(code="OK")
    assert inspect.iscoroutinefunction(coroutine)
    assert inspect.isgeneratorfunction(generator)
    assert inspect.isasyncgenfunction(async_generator)


def test_agents_of_one_name_are_told_apart_by_where_they_began() -> None:
    """Counted as they come, their ordinals would follow chance."""
    with a_run() as one:
        lanes = [one.run.root.child("thread", "work") for _ in range(2)]

        def work(lane: Any) -> None:
            current.stand(one.run.frame().on(lane))
            with agenttrace.agent("worker"):
                look_up()

        threads = [threading.Thread(target=work, args=(lane,)) for lane in lanes]
        for thread in reversed(threads):
            thread.start()
            thread.join()

    assert {text_of(call.position[:1]): call.agent for call in one.trace.calls} == {
        "thread:work#0": "worker",
        "thread:work#1": "worker#1",
    }


def test_an_exception_is_an_error_event_with_its_causes() -> None:
    """It says what failed and where in the user's code; the agent still may go on."""

    def agent() -> None:
        with agenttrace.agent("planner"):
            try:
                raise KeyError("A-17")
            except KeyError as error:
                raise ValueError("no such order") from error

    def careless() -> None:
        with pytest.raises(ValueError, match="no such order"):
            agent()

    trace, _ = traced(careless)
    span = named(trace, "planner")
    attributes = dict(span.events[0].attributes)
    traceback = str(attributes.pop(names.EXCEPTION_TRACEBACK))

    assert span.status == Status(code="ERROR", message="ValueError")
    assert [event.name for event in span.events] == ["error"]
    assert attributes == {
        names.EXCEPTION_TYPE: "ValueError",
        names.EXCEPTION_MESSAGE: "no such order",
        names.EXCEPTION_CAUSES: ["KeyError: 'A-17'"],
    }
    assert traceback.splitlines()[-1].endswith(" in agent")
    assert "/home" not in traceback


def test_a_status_that_was_said_stands_against_an_exception() -> None:
    """A limit that was hit is more than an error."""

    def agent() -> None:
        with pytest.raises(RuntimeError), agenttrace.agent("planner"):
            agenttrace.status("TOOL_LIMIT_EXCEEDED", "10 of 10")
            raise RuntimeError

    assert named(traced(agent)[0], "planner").status == Status(
        code="TOOL_LIMIT_EXCEEDED", message="10 of 10"
    )


def test_cancelled_is_no_error() -> None:
    """An agent that lost a race did nothing wrong."""

    async def agent() -> None:
        async def work() -> None:
            with agenttrace.agent("planner"):
                await asyncio.Event().wait()

        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    span = named(traced(lambda: asyncio.run(agent()))[0], "planner")

    assert (span.status, span.events) == (Status(code="UNSET", message="cancelled"), ())


@pytest.mark.parametrize("kind", ["internal", "tool", "llm", "plan"])
def test_a_span_put_around_a_call_leaves_the_call_where_it_stood(kind: str) -> None:
    """A span can be added to code that was recorded without it, even one of the call's own name."""

    def bare() -> str:
        return look_up()

    def wrapped() -> str:
        with agenttrace.span("look_up", kind=kind, why="tidy"):
            return look_up()

    without, within = traced(bare)[0], traced(wrapped)[0]
    span = named(within, "look_up")

    assert [call.position for call in without.calls] == [call.position for call in within.calls]
    assert (span.kind, span.attributes) == (kind, {"why": "tidy"})
    assert within.calls[0].parent == span.id


def test_a_span_of_no_known_kind_is_refused() -> None:
    """A slip of the pen is said at once, in a run or out of it."""
    with pytest.raises(UsageError, match="a kind is one of llm, tool"):
        agenttrace.span("rank", kind="lmm")


def test_orchestration_says_how_a_team_is_led() -> None:
    """Pattern, decision, candidates, reason, round."""

    def agent() -> None:
        with agenttrace.orchestration(
            "supervisor", decision="critic", candidates=["critic"], round=0
        ):
            look_up()

    span = named(traced(agent)[0], "supervisor")

    assert (span.kind, span.attributes) == (
        "orchestration",
        {
            names.ORCHESTRATION_CANDIDATES: ["critic"],
            names.ORCHESTRATION_DECISION: "critic",
            names.ORCHESTRATION_PATTERN: "supervisor",
            names.ORCHESTRATION_ROUND: 0,
        },
    )


def test_a_turn_stands_under_its_key_whichever_worker_takes_it() -> None:
    """Two workers, two orders: the replay may hand them out the other way round."""

    def agent(first: str, second: str) -> list[str]:
        with agenttrace.turn(key=first):
            one = look_up(first)
        with agenttrace.turn(key=second):
            return sorted([one, look_up(second)])

    turns = iter([("A-1", "A-2"), ("A-2", "A-1")])
    ran = twice(lambda: agent(*next(turns)))

    assert ran.recorded == ran.replayed == ["A-1", "A-2"]
    assert {text_of(call.position) for call in ran.replay.calls} == {
        "turn:A-1#0/tool:look_up#0",
        "turn:A-2#0/tool:look_up#0",
    }


def test_a_workers_turn_stands_under_the_pool() -> None:
    """Any key that has a canonical value will do, and the worker's number does not count."""
    with a_run() as one:
        for _ in range(2):
            lane = one.run.root.child("task", "worker")
            token = current.stand(one.run.frame().on(lane))
            with agenttrace.turn(key={"order": 1}):
                look_up()
            current.reset(token)

    positions = [text_of(call.position) for call in one.trace.calls]
    assert [position.partition("/turn:")[0] for position in positions] == [
        "task:worker*#0",
        "task:worker*#0",
    ]
    assert [position.rpartition("#")[2] for position in positions] == ["0", "1"]


def test_a_divergence_inside_an_agent_is_no_error_of_the_agents() -> None:
    """The run stopped; the agent did nothing that it should answer for."""
    orders = iter(["A-17", "A-18"])

    def agent() -> None:
        with agenttrace.agent("planner"):
            look_up(next(orders))

    with pytest.raises(ReplayDiverged):
        twice(agent)


@pytest.mark.parametrize("verb", [agenttrace.agent, agenttrace.span], ids=["agent", "span"])
def test_a_bare_decorator_takes_the_name_of_its_function(verb: Any) -> None:
    """It gives what the function gives, recorded or not; it once gave the function back."""

    @verb
    def planner(order: str) -> str:
        return look_up(order)

    trace, given = traced(lambda: planner("A-18"))

    assert (given, planner("A-19")) == ("A-18", "A-19")
    assert trace.calls[0].parent == named(trace, "planner").id


def test_a_bare_decorator_works_around_what_is_awaited() -> None:
    """As with a name."""

    @agenttrace.agent
    async def planner() -> str:
        return look_up("A-18")

    trace, given = traced(lambda: asyncio.run(planner()))

    assert (given, trace.calls[0].agent) == ("A-18", "planner")


@pytest.mark.parametrize("what", [dict, 5, None], ids=["class", "number", "nothing"])
@pytest.mark.parametrize(
    "verb",
    [agenttrace.agent, agenttrace.span, agenttrace.orchestration],
    ids=["agent", "span", "orchestration"],
)
def test_what_is_neither_a_name_nor_a_function_is_refused(verb: Any, what: object) -> None:
    """At once, and not when somebody looks for a span without a name."""
    with pytest.raises(UsageError, match="takes") as raised:
        verb(what)
    assert raised.value.headline.startswith(f"{verb.__name__}(")
