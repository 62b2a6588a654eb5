"""Tools are asked once, while recording; a replay gives what they gave, in every manner."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

import agenttrace
from agenttrace.errors import ReplayDiverged, UsageError
from agenttrace.model.usage import Usage
from tests.fakes.replayed import a_run, replay_of
from tests.fakes.twice import traced, twice


@dataclass
class Desk:
    """A desk that counts its visitors."""

    visits: int = 0

    def visit(self) -> None:
        """Count one."""
        self.visits += 1


class PaidTwiceError(Exception):
    """The customer paid twice."""

    def __init__(self, order: str, times: int) -> None:
        super().__init__(f"{order} was paid {times} times")
        self.order = order
        self.times = times


def test_a_function_is_visited_once_and_its_answer_comes_again() -> None:
    """The desk is visited while recording; the replay needs no desk."""
    desk = Desk()

    @agenttrace.tool
    def look_up(order: str, region: str = "eu") -> str:
        desk.visit()
        return f"{order} in {region} was paid twice"

    ran = twice(lambda: look_up("A-17"))

    assert (ran.recorded, ran.replayed, desk.visits) == (
        "A-17 in eu was paid twice",
        "A-17 in eu was paid twice",
        1,
    )


def test_the_question_is_the_arguments_by_name_with_defaults() -> None:
    """However a call is spelled, it is the same question; the span says where it was asked."""

    @agenttrace.tool
    def look_up(order: str, *more: int, region: str = "eu", **rest: str) -> None:
        """Find nothing."""

    trace, _ = traced(lambda: look_up("A-17", 1, 2, urgent="yes"))
    call = trace.calls[0]

    assert (call.kind, call.operation, call.name) == ("tool", "look_up", "look_up")
    assert call.question == {
        "order": "A-17",
        "more": [1, 2],
        "region": "eu",
        "rest": {"urgent": "yes"},
    }
    assert call.attributes == {"gen_ai.tool.name": "look_up"}
    assert call.site is not None
    assert "test_tools.py:" in call.site


def test_a_coroutine_function_stays_one() -> None:
    """Frameworks look at what sort of function a tool is."""

    @agenttrace.tool
    async def look_up(order: str) -> dict[str, int]:
        await asyncio.sleep(0)
        return {order: 2}

    ran = twice(lambda: asyncio.run(look_up("A-17")))

    assert inspect.iscoroutinefunction(look_up)
    assert (ran.recorded, ran.replayed) == ({"A-17": 2}, {"A-17": 2})


def test_a_generator_is_replayed_value_by_value() -> None:
    """All that was yielded is yielded again, without the world."""
    desk = Desk()

    @agenttrace.tool
    def read(order: str) -> Iterator[tuple[str, int]]:
        for page in range(3):
            desk.visit()
            yield order, page

    ran = twice(lambda: list(read("A-17")))

    assert inspect.isgeneratorfunction(read)
    assert ran.recorded == ran.replayed == [("A-17", 0), ("A-17", 1), ("A-17", 2)]
    assert desk.visits == 3


def test_a_generator_left_early_is_left_early_again() -> None:
    """The tool's own `finally` runs while recording; the answer ends where the agent left it."""
    ended: list[str] = []

    @agenttrace.tool
    def read() -> Iterator[int]:
        try:
            yield from range(10)
        finally:
            ended.append("closed")

    def agent() -> list[int]:
        seen = []
        stream = read()
        for number in stream:
            seen.append(number)
            if number == 2:
                break
        stream.close()  # type: ignore[attr-defined]
        return seen

    ran = twice(agent)

    assert ran.recorded == ran.replayed == [0, 1, 2]
    assert ended == ["closed"]
    assert [span.answers[0].end for span in (*ran.trace.calls, *ran.replay.calls)] == [
        "closed",
        "closed",
    ]


def test_an_asynchronous_generator_is_replayed_and_left_early() -> None:
    """The same for `async for`."""

    @agenttrace.tool
    async def read(pages: int) -> AsyncIterator[Decimal]:
        for page in range(pages):
            await asyncio.sleep(0)
            yield Decimal(page)

    async def agent() -> list[Any]:
        whole = [page async for page in read(2)]
        stream = read(5)
        first = await anext(stream)
        await stream.aclose()  # type: ignore[attr-defined]
        return [*whole, first]

    ran = twice(lambda: asyncio.run(agent()))

    assert inspect.isasyncgenfunction(read)
    assert ran.recorded == ran.replayed == [Decimal(0), Decimal(1), Decimal(0)]


def test_what_the_consumer_asks_between_two_values_is_not_the_generators() -> None:
    """A call made while a stream is open stands beside the stream, not under it."""

    @agenttrace.tool
    def read() -> Iterator[int]:
        inner()
        yield 1

    @agenttrace.tool
    def inner() -> int:
        return 2

    @agenttrace.tool
    def outer() -> int:
        return 3

    trace, _ = traced(lambda: [outer() for _ in read()])

    assert {span.name: len(span.position) for span in trace.calls} == {
        "read": 1,
        "inner": 2,
        "outer": 1,
    }


@pytest.mark.parametrize("manner", ["function", "coroutine", "generator", "async generator"])
def test_an_exception_comes_again_as_its_own_class(manner: str) -> None:
    """The agent's `except PaidTwiceError` works in a replay, arguments and fields included."""

    @agenttrace.tool
    def plain() -> int:
        raise PaidTwiceError("A-17", 2)

    @agenttrace.tool
    async def coroutine() -> int:
        raise PaidTwiceError("A-17", 2)

    @agenttrace.tool
    def generator() -> Iterator[int]:
        yield 1
        raise PaidTwiceError("A-17", 2)

    @agenttrace.tool
    async def async_generator() -> AsyncIterator[int]:
        yield 1
        raise PaidTwiceError("A-17", 2)

    async def whole() -> list[int]:
        return [page async for page in async_generator()]

    def agent() -> tuple[str, str, int]:
        with pytest.raises(PaidTwiceError) as raised:
            {
                "function": plain,
                "coroutine": lambda: asyncio.run(coroutine()),
                "generator": lambda: list(generator()),
                "async generator": lambda: asyncio.run(whole()),
            }[manner]()
        return str(raised.value), raised.value.order, raised.value.times

    ran = twice(agent)

    assert ran.recorded[1:] == ran.replayed[1:] == ("A-17", 2)


def test_methods_ask_with_their_objects_fields() -> None:
    """An object is known by what it openly keeps; another shop is another question."""

    class Shop:
        def __init__(self, name: str) -> None:
            self.name = name
            self._connection = object()

        @agenttrace.tool
        def price(self, item: str) -> int:
            return len(self.name) + len(item)

        @classmethod
        @agenttrace.tool
        def count(cls) -> int:
            return 2

        @agenttrace.tool
        @staticmethod
        def double(number: int) -> int:
            return 2 * number

    ran = twice(lambda: (Shop("north").price("pen"), Shop.count(), Shop.double(4)))

    assert ran.recorded == ran.replayed == (8, 2, 8)
    question = ran.trace.calls[0].question
    assert isinstance(question, dict)
    own = question["self"]
    assert isinstance(own, dict)
    assert own["name"] == "north"
    assert [span.operation for span in ran.trace.calls] == [
        "Shop.price",
        "Shop.count",
        "Shop.double",
    ]


def test_a_changed_argument_stops_the_replay() -> None:
    """The recording answers the question that was asked, and no other."""

    @agenttrace.tool
    def look_up(order: str) -> str:
        return order

    trace, _ = traced(lambda: look_up("A-17"))

    with replay_of(trace), pytest.raises(ReplayDiverged):
        look_up("A-18")


def test_an_agent_that_is_a_tool_runs_again_and_its_tools_are_answered() -> None:
    """Else a sub-agent would hide its own changes."""
    asked: list[str] = []

    @agenttrace.tool
    def research(topic: str) -> str:
        asked.append("research")
        return look_up(topic)

    @agenttrace.tool
    def look_up(topic: str) -> str:
        asked.append("look up")
        return topic.upper()

    ran = twice(lambda: research("tea"))

    assert ran.replayed == "TEA"
    assert asked == ["research", "look up", "research"]


def test_stub_answers_from_the_recording_whatever_stands_below() -> None:
    """The way to keep a sub-agent still."""
    asked: list[str] = []

    @agenttrace.tool(stub=True)
    def research(topic: str) -> str:
        asked.append("research")
        return look_up(topic)

    @agenttrace.tool
    def look_up(topic: str) -> str:
        return topic.upper()

    assert twice(lambda: research("tea")).replayed == "TEA"
    assert asked == ["research"]


def test_live_runs_in_every_replay() -> None:
    """A tool that belongs to the agent may do what a recording cannot: fill a list."""

    @agenttrace.tool(live=True)
    def fill(basket: list[int]) -> Any:
        basket.append(1)
        return iter(basket)

    def agent() -> list[int]:
        basket: list[int] = []
        fill(basket)
        return basket

    ran = twice(agent)

    assert ran.recorded == ran.replayed == [1]


@pytest.mark.parametrize(
    ("cost", "total"),
    [
        (0.25, Decimal("0.25")),
        (Decimal("0.1"), Decimal("0.1")),
        (lambda text: len(text) / 4, Decimal("0.5")),
    ],
    ids=["number", "decimal", "of the result"],
)
def test_what_a_tool_costs_is_its_spans_usage(cost: Any, total: Decimal) -> None:
    """Money is exact, and the same in record and replay."""

    @agenttrace.tool(cost_usd=cost)
    def look_up() -> str:
        return "ab"

    @agenttrace.tool(cost_usd=sum)
    def read() -> Iterator[int]:
        yield 1
        yield 2

    ran = twice(lambda: (look_up(), list(read())))

    usages = [[span.usage for span in trace.calls] for trace in (ran.trace, ran.replay)]
    assert usages[0] == usages[1] == [Usage(tool_cost_usd=total), Usage(tool_cost_usd=Decimal(3))]


def test_a_tool_that_failed_cost_nothing_that_we_know() -> None:
    """Nobody said what a failure costs."""

    @agenttrace.tool(cost_usd=1)
    def look_up() -> None:
        raise PaidTwiceError("A-17", 2)

    def agent() -> None:
        with pytest.raises(PaidTwiceError):
            look_up()

    assert traced(agent)[0].calls[0].usage is None


def test_name_and_kind_are_what_they_are_said_to_be() -> None:
    """A retrieval is no tool; a given name is the operation too."""

    @agenttrace.tool(name="search", kind="retrieval")
    def _search(query: str) -> list[str]:
        return [query]

    call = traced(lambda: _search("tea"))[0].calls[0]

    assert (call.kind, call.operation, call.name) == ("retrieval", "search", "search")
    with pytest.raises(UsageError, match="a kind is `tool` or `retrieval`"):
        agenttrace.tool(kind="hammer")


def test_a_wrong_call_fails_as_the_function_does_and_comes_again_so() -> None:
    """Models call tools wrongly, and are told so; a replay must tell them the same."""

    @agenttrace.tool
    def look_up(order: str) -> str:
        return order

    def agent() -> str:
        with pytest.raises(TypeError) as raised:
            look_up(ordr="A-17")  # type: ignore[call-arg]
        return str(raised.value)

    ran = twice(agent)

    assert ran.recorded == ran.replayed
    assert "unexpected keyword argument 'ordr'" in ran.recorded


def test_a_tool_made_a_tool_is_that_tool() -> None:
    """A test may name a function that is one already."""

    @agenttrace.tool(name="search")
    def look_up() -> int:
        return 1

    assert agenttrace.tool(look_up) is look_up


def test_the_order_of_a_dict_comes_again() -> None:
    """An agent writes a result into its next prompt as it stands, so its order must hold."""

    @agenttrace.tool
    def look_up() -> dict[str, Any]:
        return {
            "status": "paid",
            "amount": 2,
            "lines": [{"z": 1, "a": 2}],
            "by id": {2: "b", 1: "a"},
        }

    ran = twice(lambda: str(look_up()))

    assert ran.recorded == ran.replayed


def test_each_answer_is_built_afresh() -> None:
    """What an agent does to a result it was given must not change the recording."""

    @agenttrace.tool(stub=True)
    def look_up() -> list[int]:
        return [1]

    def agent() -> list[int]:
        first = look_up()
        first.append(2)
        return first

    ran = twice(agent)

    assert ran.recorded == ran.replayed == [1, 2]
    assert [span.answers[0].body for span in ran.trace.calls] == [
        span.answers[0].body for span in ran.replay.calls
    ]


def test_send_and_throw_reach_a_generator_outside_a_run() -> None:
    """In production nothing changes, however a generator is used."""

    @agenttrace.tool
    def echo() -> Any:
        heard: list[object] = []
        while len(heard) < 2:
            try:
                heard.append((yield len(heard)))
            except KeyError:
                heard.append("thrown")
        return heard

    stream = echo()
    assert (next(stream), stream.send("a")) == (0, 1)
    with pytest.raises(StopIteration) as stopped:
        stream.throw(KeyError)
    assert stopped.value.value == ["a", "thrown"]


def test_asend_and_athrow_reach_an_asynchronous_generator_outside_a_run() -> None:
    """The same for asynchronous ones, which Python does not delegate by itself."""
    heard: list[object] = []

    @agenttrace.tool
    async def echo() -> Any:
        try:
            while True:
                try:
                    heard.append((yield len(heard)))
                except KeyError:
                    heard.append("thrown")
        finally:
            heard.append("closed")

    async def consumer() -> None:
        stream = echo()
        assert (await anext(stream), await stream.asend("a"), await stream.athrow(KeyError)) == (
            0,
            1,
            2,
        )
        await stream.aclose()

    asyncio.run(consumer())
    assert heard == ["a", "thrown", "closed"]


def test_a_name_beside_the_run_is_found_when_the_tool_is_called() -> None:
    """A class that is made after the tool may still be what it returns."""

    @agenttrace.tool
    def look_up() -> _Later:
        return _Later(order="A-17")

    ran = twice(look_up)

    assert ran.recorded == ran.replayed == _Later(order="A-17")


@dataclass(frozen=True)
class _Later:
    order: str


def test_after_the_run_a_tool_is_a_function_again() -> None:
    """What is called when nothing records is called, and written down nowhere."""

    @agenttrace.tool
    def look_up() -> int:
        return 1

    with a_run() as one:
        look_up()

    assert (look_up(), len(one.trace.calls)) == (1, 1)
