"""An agent on the real OpenAI SDK is recorded once, and replays without its model."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

import openai
import pytest

from agenttrace.causal import spawn
from agenttrace.testing import ModelServer, Team, calls_tool, cuts_after, fails, says
from tests.fakes.replayed import a_run, replay_of, said

DESK = "You run the refund desk."


def team() -> Team:
    """A model that looks twice, is busy once, and then answers."""
    return Team(
        {
            DESK: [
                calls_tool("look_up_order", {"order": "A-17"}, ("look_up_order", {"order": "B-2"})),
                [
                    fails(429, retry_after=0.01),
                    fails(503, retry_after=0.01),
                    says("A-17 was paid twice."),
                ],
            ],
            "You break off.": [cuts_after(2, says("I will never say all of this"))],
        }
    )


def conversation(client: openai.OpenAI, *, stream: bool) -> list[object]:
    """The agent: asks, hands back what the tools said, asks again; gives every answer."""
    messages: list[object] = [
        {"role": "system", "content": DESK},
        {"role": "user", "content": "A-17?"},
    ]
    found: list[object] = []
    for _ in range(2):
        answer = _ask(client, messages, stream=stream)
        found.append(answer)
        messages.append(
            {"role": "assistant", "content": answer[0], "tool_calls": answer[1] or None}
        )
        messages += [
            {"role": "tool", "tool_call_id": call["id"], "content": "paid twice"}
            for call in answer[1]
        ]
    return found


def _ask(
    client: openai.OpenAI, messages: list[object], *, stream: bool
) -> tuple[object, list[dict[str, object]]]:
    """Ask once; give the words and the calls."""
    create = client.chat.completions.create
    if not stream:
        message = create(model="gpt-4o", messages=messages).choices[0].message
        return message.content, [call.model_dump() for call in message.tool_calls or ()]
    with client.chat.completions.stream(model="gpt-4o", messages=messages) as events:
        message = events.get_final_completion().choices[0].message
    calls = [
        call.model_dump(exclude={"index": True, "function": {"parsed_arguments"}})
        for call in message.tool_calls or ()
    ]
    return message.content, calls


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_a_conversation_replays_without_the_model(stream: bool) -> None:
    """Tool calls, two failed attempts and words: all come back, and nobody is asked."""
    with (
        ModelServer(team()) as server,
        a_run() as recorded,
        openai.OpenAI(base_url=server.url, api_key="sk-recorded") as client,
    ):
        first = conversation(client, stream=stream)
    with (
        replay_of(recorded.trace) as replayed,
        openai.OpenAI(base_url=server.url, api_key="another") as client,
    ):
        second = conversation(client, stream=stream)

    assert second == first
    assert first[1] == ("A-17 was paid twice.", [])
    assert server.count == 4
    assert [len(span.answers) for span in recorded.calls] == [1, 3]
    assert said(replayed.trace) == said(recorded.trace)
    assert replayed.door.counts.live == 0


def test_an_agent_that_streams_by_coroutines_replays_chunk_by_chunk() -> None:
    """Each event comes back as it was, the end of the stream included."""

    async def read(url: str) -> list[str]:
        """Give every event."""
        async with openai.AsyncOpenAI(base_url=url, api_key="none") as client:
            stream = await client.chat.completions.create(
                model="gpt-4o", messages=[{"role": "user", "content": "go"}], stream=True
            )
            return [event.model_dump_json() async for event in stream]

    with ModelServer(lambda request, nth: says("one two three")) as server, a_run() as recorded:
        first = asyncio.run(read(server.url))
    with replay_of(recorded.trace):
        assert asyncio.run(read(server.url)) == first
    assert '"content":"one"' in first[1]
    assert [answer.end for answer in recorded.answers] == ["complete"]


def test_a_stream_that_synchronous_code_reads_to_its_end_mark_is_complete() -> None:
    """The SDK closes the connection there; the answer was whole all the same."""
    with ModelServer(lambda request, nth: says("one two three")) as server, a_run() as recorded:
        ask = {"model": "gpt-4o", "messages": [{"role": "user", "content": "go"}], "stream": True}
        options = {"include_usage": True}
        with openai.OpenAI(base_url=server.url, api_key="none") as client:
            assert len(list(client.chat.completions.create(**ask, stream_options=options))) == 6

    (answer,) = recorded.answers
    assert answer.end == "complete"
    assert recorded.calls[0].usage is not None


def test_the_sdk_meets_a_cut_stream_again_as_its_own_error() -> None:
    """An agent that handles `APIConnectionError` is tested with one."""

    def words(url: str) -> list[str]:
        messages = [{"role": "system", "content": "You break off."}]
        found: list[str] = []
        with (
            openai.OpenAI(base_url=url, api_key="none") as client,
            pytest.raises(openai.APIConnectionError),
        ):
            for event in client.chat.completions.create(
                model="gpt-4o", messages=messages, stream=True
            ):
                found.append(event.choices[0].delta.content or "")  # noqa: PERF401 - it raises midway
        return found

    with ModelServer(team()) as server, a_run() as recorded:
        first = words(server.url)
    with replay_of(recorded.trace):
        assert words(server.url) == first
    assert first == ["", "I"]


def test_parallel_agents_get_their_own_answers_back() -> None:
    """Identical prompts have different answers, and each asker gets the one it got."""

    async def ask_all(url: str) -> list[str | None]:
        """Ask six times at once."""
        async with openai.AsyncOpenAI(base_url=url, api_key="none") as client:

            async def ask() -> str | None:
                """Ask once."""
                messages = [{"role": "user", "content": "well?"}]
                said = await client.chat.completions.create(model="gpt-4o", messages=messages)
                return said.choices[0].message.content

            asks: list[Awaitable[str | None]] = [ask() for _ in range(6)]
            return list(await asyncio.gather(*asks))

    with spawn.installed(), ModelServer(lambda request, nth: says("yes"), numbered=True) as server:
        with a_run() as recorded:
            first = asyncio.run(ask_all(server.url))
        with replay_of(recorded.trace):
            assert asyncio.run(ask_all(server.url)) == first
    assert sorted(first) == [f"yes [{n}]" for n in range(6)]
    assert server.count == 6
