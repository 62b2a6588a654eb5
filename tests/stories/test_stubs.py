"""A test says itself what tools and models answer, and its agent runs offline."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import openai
import pytest

import agenttrace
from agenttrace.errors import NotStubbed, StubsUnused, StubUnfit, UsageError
from agenttrace.testing import stubbed, tool

NOWHERE = "http://127.0.0.1:9/v1"
PAY = {"type": "function", "function": {"name": "pay", "parameters": {}}}


@dataclass
class Receipt:
    """What paying gives."""

    id: str
    amount: int = 1


def refused(order: str) -> str:
    """Stand for the world, which is not to be asked."""
    raise AssertionError(order)


@agenttrace.tool
def pay(order: str, amount: int = 1) -> Receipt:
    """Pay for real, which no test may."""
    raise AssertionError(order)


@agenttrace.tool
async def look_up(order: str) -> str:
    """Look for real, which no test may."""
    raise AssertionError(order)


@agenttrace.tool
def pages(order: str) -> Iterator[str]:
    """Read for real, which no test may."""
    yield refused(order)


@agenttrace.tool
async def live_pages(order: str) -> AsyncIterator[str]:
    """Read for real, which no test may."""
    yield refused(order)


def ask(
    *words: str, stream: bool = False, tools: object = openai.NOT_GIVEN
) -> openai.types.chat.ChatCompletionMessage:
    """Ask a model with the real SDK; nobody listens at the address."""
    client = openai.OpenAI(base_url=NOWHERE, api_key="none", max_retries=3)
    messages = [{"role": "user", "content": word} for word in words]
    if stream:
        with client.chat.completions.stream(model="gpt-4o", messages=messages, tools=tools) as got:
            return got.get_final_completion().choices[0].message
    create = client.chat.completions.create
    return create(model="gpt-4o", messages=messages, tools=tools).choices[0].message


def test_a_tool_returns_what_the_test_says_and_is_never_run() -> None:
    """A dict will do for a dataclass; the agent gets the real class."""
    with stubbed() as stubs:
        stubs.tool("pay").returns({"id": "r-1"})

        assert [pay("A-17"), pay("B-2")] == [Receipt("r-1"), Receipt("r-1")]


def test_the_second_call_fails_as_the_test_says() -> None:
    """The paths that a real service takes once a year are one line of a test."""
    with stubbed() as stubs:
        stubs.tool("pay").returns(Receipt("r-1")).raises(TimeoutError("slow"), on_call=2)

        first = pay("A-17")
        with pytest.raises(TimeoutError, match="slow"):
            pay("A-17")
        third = pay("A-17")

    assert [first, third] == [Receipt("r-1"), Receipt("r-1")]


def test_generators_of_both_sorts_yield_what_the_test_says() -> None:
    """A stream is stubbed piece by piece, and read as it always is."""

    async def read() -> list[str]:
        return [page async for page in live_pages("A-17")]

    with stubbed() as stubs:
        stubs.tool("pages").streams(["one", "two"])
        stubs.tool("live_pages").streams(["three"])

        assert list(pages("A-17")) + asyncio.run(read()) == ["one", "two", "three"]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_a_model_says_words_and_calls_tools_through_the_real_sdk(stream: bool) -> None:
    """The SDK parses a stub as it parses the provider, so agents need no change."""
    with stubbed() as stubs:
        stubs.llm.says("I will pay.").then(tool("pay", amount=5), tool("pay", amount=6))

        words = ask("Pay?", stream=stream, tools=[PAY])
        calls = ask("Go on.", stream=stream, tools=[PAY])

    assert (words.content, words.tool_calls) == ("I will pay.", None)
    assert [json.loads(call.function.arguments) for call in calls.tool_calls or ()] == [
        {"amount": 5},
        {"amount": 6},
    ]
    assert len({call.id for call in calls.tool_calls or ()}) == 2


def test_an_sdk_tries_again_after_the_error_that_a_model_stub_says() -> None:
    """Each try is given the next answer, and waits in virtual time alone."""
    with stubbed() as stubs:
        stubs.llm.fails(429, "slow down").fails(503).then("Well.")

        assert ask("Pay?").content == "Well."


def test_an_error_that_no_retry_mends_is_the_sdks_own() -> None:
    """An agent's handling of a refused key is tested without one."""
    with stubbed() as stubs:
        stubs.llm.fails(401, "wrong key")

        with pytest.raises(openai.AuthenticationError, match="wrong key"):
            ask("Pay?")


def test_calls_that_follow_one_another_are_counted_in_whatever_task_they_stand() -> None:
    """Frameworks give each tool call a task of its own; the second is the second all the same."""

    async def agent() -> list[str]:
        first = await asyncio.create_task(look_up("A"))
        return [first, await asyncio.create_task(look_up("B"))]

    with stubbed() as stubs:
        stubs.tool("look_up").returns("once").returns("twice", on_call=2)

        assert asyncio.run(agent()) == ["once", "twice"]


def test_calls_at_the_same_time_have_the_same_number_in_threads_too() -> None:
    """Who of them is first is chance, and no test may depend on chance."""

    def wave(pool: ThreadPoolExecutor) -> list[str]:
        return [one.id for one in pool.map(pay, "ABCDEFGH")]

    with stubbed() as stubs:
        stubs.tool("pay").returns({"id": "first"}).returns({"id": "second"}, on_call=2)

        with ThreadPoolExecutor(4) as pool:
            assert wave(pool) == ["first"] * 8
        with ThreadPoolExecutor(4) as pool:
            assert wave(pool) == ["second"] * 8


def test_agents_and_arguments_tell_calls_apart() -> None:
    """Of two stubs for one call the closer one answers."""

    async def worker(name: str) -> str:
        with agenttrace.agent(name):
            return await look_up(name)

    async def team() -> list[str]:
        return await asyncio.gather(worker("planner"), worker("critic"), worker("clerk"))

    with stubbed() as stubs:
        stubs.tool("look_up").returns("anyone's")
        stubs.tool("look_up", agent="critic").returns("the critic's")
        stubs.tool("look_up").given(order="clerk").returns("the clerk's")

        assert asyncio.run(team()) == ["anyone's", "the critic's", "the clerk's"]


def test_agents_that_work_at_once_have_scripts_of_their_own() -> None:
    """Each reads its script from the beginning, however the others run."""

    def worker(name: str) -> list[str | None]:
        with agenttrace.agent(name):
            return [ask("One?").content, ask("Two?").content]

    with stubbed() as stubs:
        stubs.llm(agent="planner").says("p1").then("p2")
        stubs.llm(agent="critic").says("c1").then("c2")

        with ThreadPoolExecutor(2) as pool:
            assert list(pool.map(worker, ["planner", "critic"])) == [["p1", "p2"], ["c1", "c2"]]


def test_what_is_not_stubbed_is_refused_with_the_line_that_stubs_it() -> None:
    """Nothing goes to the world because somebody forgot a stub, even if the agent is forgiving."""
    with pytest.raises(NotStubbed) as caught, stubbed("desk") as stubs:
        stubs.tool("pages").streams([])
        try:
            pay("A-17")
        except Exception:
            pytest.fail("an agent must not be able to catch it")

    assert str(caught.value).startswith("desk: pay has no stub, and the test has no golden.")
    assert 'agent_stubs.tool("pay").returns(…)' in str(caught.value)


def test_a_model_that_is_asked_once_too_often_says_so() -> None:
    """An agent that loops is found by the script that ends."""
    with (
        pytest.raises(NotStubbed, match="was answered once, and is asked once more"),
        stubbed() as stubs,
    ):
        stubs.llm.says("Done.")
        ask("Pay?")
        ask("Really?")


def test_an_unused_stub_fails_by_name_and_the_likely_one_is_named() -> None:
    """A stub that nobody asks for is a claim that the test does not check."""
    with pytest.raises(StubsUnused) as caught, stubbed("desk") as stubs:
        stubs.tool("pya").returns(1)
        stubs.tool("pay").returns({"id": "r-1"})
        pay("A-17")

    text = str(caught.value)
    assert text.startswith("desk: 1 stub was never asked for.  [stubs-unused]")
    assert 'agent_stubs.tool("pya").returns(…)' in text
    assert "is it 'pay'?" in text


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({"idd": "r-1"}, "makes no Receipt: missing a required argument: 'id'"),
        ({"id": 5}, "result.id is a int, and the tool gives str"),
        ("r-1", "result is a str, and the tool gives Receipt"),
        (None, "result is a NoneType, and the tool gives Receipt"),
    ],
    ids=["field", "inside", "kind", "nothing"],
)
def test_a_stub_that_the_tool_could_not_return_is_refused(value: object, why: str) -> None:
    """A test must not pass on what no run of the program can see."""
    with pytest.raises(StubUnfit, match=why), stubbed() as stubs:
        stubs.tool("pay").returns(value)
        pay("A-17")


def test_a_generator_cannot_return_and_a_function_cannot_stream() -> None:
    """The message says which of the two is meant."""
    with pytest.raises(StubUnfit, match=r"Say `\.streams"), stubbed() as stubs:
        stubs.tool("pages").returns(["one"])
        list(pages("A-17"))
    with pytest.raises(StubUnfit, match=r"Say `\.returns"), stubbed() as stubs:
        stubs.tool("pay").streams([Receipt("r-1")])
        pay("A-17")


def test_a_model_cannot_call_a_tool_that_it_is_not_offered() -> None:
    """A misspelt tool is found in the stub, not in the agent's error handling."""
    with pytest.raises(StubUnfit, match="Did you mean 'pay'"), stubbed() as stubs:
        stubs.llm.calls("pya", amount=5)
        ask("Pay?", tools=[PAY])


def test_what_cannot_be_raised_again_and_call_zero_are_refused_where_they_are_said() -> None:
    """The mistake is shown at the line that makes it."""

    class LocalError(Exception):
        pass

    with pytest.raises(UsageError, match="could not be raised again"), stubbed() as stubs:
        stubs.tool("pay").raises(LocalError("x"))
    with pytest.raises(UsageError, match="counted from 1"), stubbed() as stubs:
        stubs.tool("pay").returns(1, on_call=0)
    with pytest.raises(UsageError, match="words, or tools to call"), stubbed() as stubs:
        stubs.llm.says("x").then({"content": "x"})  # type: ignore[arg-type]
