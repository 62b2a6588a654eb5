"""Agents on the SDKs of Anthropic and Google, and on Responses, are recorded once and replay."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import anthropic
import httpx2
import openai
import pytest
from google import genai
from google.genai import types

from agenttrace.causal import spawn
from agenttrace.testing import ModelServer, Team, calls_tool, cuts_after, fails, says
from tests.fakes.replayed import a_run, replay_of, said

DESK = "You run the refund desk."


def team() -> Team:
    """A model that looks twice, is busy once, and then answers."""
    busy = [fails(429, retry_after=0.01), says("A-17 was paid twice.")]
    looks = calls_tool("look_up_order", {"order": "A-17"}, ("look_up_order", {"order": "B-2"}))
    return Team({DESK: [looks, busy]})


def claude(url: str) -> str:
    """A refund desk on Anthropic's Messages."""
    messages: list[Any] = [{"role": "user", "content": "A-17?"}]
    with anthropic.Anthropic(base_url=url, api_key="none") as client:
        while True:
            with client.messages.stream(
                model="claude", max_tokens=99, system=DESK, messages=messages
            ) as events:
                said = events.get_final_message()
            calls = [block for block in said.content if block.type == "tool_use"]
            if not calls:
                return "".join(block.text for block in said.content if block.type == "text")
            results = [
                {"type": "tool_result", "tool_use_id": call.id, "content": "paid twice"}
                for call in calls
            ]
            messages += [
                {"role": "assistant", "content": said.content},
                {"role": "user", "content": results},
            ]


def gpt(url: str) -> str:
    """A refund desk on OpenAI's Responses."""
    items: list[Any] = [{"role": "user", "content": "A-17?"}]
    with openai.OpenAI(base_url=f"{url}/v1", api_key="none") as client:
        while True:
            with client.responses.stream(model="gpt", instructions=DESK, input=items) as events:
                said = events.get_final_response()
            calls = [item for item in said.output if item.type == "function_call"]
            if not calls:
                return said.output_text
            items += [item.to_dict() for item in said.output]
            items += [
                {"type": "function_call_output", "call_id": call.call_id, "output": "paid twice"}
                for call in calls
            ]


@pytest.mark.parametrize("agent", [claude, gpt], ids=["anthropic", "responses"])
def test_a_desk_in_another_language_replays_without_its_model(agent: Any) -> None:
    """The same script, two parallel calls, one busy attempt; what it used is known."""
    with ModelServer(team()) as server, a_run() as recorded:
        url = server.host
        assert agent(url) == "A-17 was paid twice."
    assert server.count == 3
    with replay_of(recorded.trace) as replayed:
        assert agent(url) == "A-17 was paid twice."
    assert replayed.door.counts.live == 0
    assert said(replayed.trace) == said(recorded.trace)
    assert [len(span.answers) for span in recorded.calls] == [1, 2]
    assert all(span.usage is not None for span in recorded.calls)


def test_gemini_replays_and_its_tokens_are_counted_by_the_model_in_the_path() -> None:
    """The answer of a stub may not name its model; the path does."""

    def agent(url: str) -> str | None:
        """Ask once."""
        options = types.HttpOptions(base_url=url)
        client = genai.Client(api_key="none", http_options=options)
        try:
            return client.models.generate_content(model="gemini-3", contents="well?").text
        finally:
            client.close()

    with ModelServer(lambda request, nth: says("yes it is")) as server, a_run() as recorded:
        url = server.host
        assert agent(url) == "yes it is"
    with replay_of(recorded.trace):
        assert agent(url) == "yes it is"
    (call,) = recorded.calls
    assert call.name == "chat gemini-3"
    assert call.usage is not None
    assert list(call.usage.models) == ["gemini-3"]


def test_a_cut_stream_breaks_off_again_where_it_broke_off() -> None:
    """Anthropic's SDK lets the transport's own error through, so an agent meets that one."""

    def words(url: str) -> int:
        """How many events came before the break."""
        count = 0
        ask: Any = {"model": "claude", "messages": [{"role": "user", "content": "go"}]}
        with (
            anthropic.Anthropic(base_url=url, api_key="none", max_retries=0) as client,
            pytest.raises(httpx2.RemoteProtocolError, match="closed connection"),
        ):
            for _ in client.messages.create(**ask, max_tokens=9, stream=True):
                count += 1
        return count

    script = cuts_after(4, says("I will never say all of this"))
    with ModelServer(lambda request, nth: script) as server, a_run() as recorded:
        url = server.host
        first = words(url)
    with replay_of(recorded.trace):
        assert words(url) == first
    assert first == 4


def test_parallel_agents_on_two_sdks_get_their_own_answers_back() -> None:
    """Identical prompts have different answers, and each asker gets the one it got."""

    async def ask_all(url: str) -> list[str]:
        """Ask six times at once, in two languages."""
        async with (
            anthropic.AsyncAnthropic(base_url=url, api_key="none") as one,
            openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none") as other,
        ):

            async def ask_one() -> str:
                """Ask Anthropic."""
                messages: Any = [{"role": "user", "content": "well?"}]
                said = await one.messages.create(model="m", max_tokens=9, messages=messages)
                return said.content[0].text  # type: ignore[union-attr]

            async def ask_other() -> str:
                """Ask OpenAI."""
                return (await other.responses.create(model="m", input="well?")).output_text

            asks: list[Awaitable[str]] = [
                ask() for ask in (ask_one, ask_other, ask_one, ask_other, ask_one, ask_other)
            ]
            return list(await asyncio.gather(*asks))

    with spawn.installed(), ModelServer(lambda request, nth: says("yes"), numbered=True) as server:
        url = server.host
        with a_run() as recorded:
            first = asyncio.run(ask_all(url))
        with replay_of(recorded.trace):
            assert asyncio.run(ask_all(url)) == first
    assert sorted(first) == [f"yes [{n}]" for n in range(6)]
    assert server.count == 6
