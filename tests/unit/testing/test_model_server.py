"""The model server says what its script tells it to, on this machine only."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeAlias

import httpx2
import openai
import pytest

from agenttrace.errors import UsageError
from agenttrace.model.message import Message, ModelRequest, ModelResponse, Text
from agenttrace.testing import (
    ModelServer,
    Team,
    calls_tool,
    cuts_after,
    fails,
    in_turn,
    says,
    slow,
)

ASK = {"model": "gpt-4o", "messages": [{"role": "user", "content": "how many words"}]}

ClientOf: TypeAlias = "Callable[[ModelServer], openai.OpenAI]"


@pytest.fixture
def client_of() -> Iterator[ClientOf]:
    """The real SDK, which tries once; what a traceback still holds is closed with the test."""
    with contextlib.ExitStack() as clients:

        def client_of(server: ModelServer) -> openai.OpenAI:
            client = openai.OpenAI(base_url=server.url, api_key="none", max_retries=0)
            return clients.enter_context(client)

        yield client_of


def test_it_says_its_script_and_keeps_what_came(client_of: ClientOf) -> None:
    """Requests are kept in order, understood; the answer has a model, an id and counted words."""
    with ModelServer(in_turn(says("yes it is"), calls_tool("f", {"a": 1}))) as server:
        client = client_of(server)
        first = client.chat.completions.create(**ASK)
        second = client.chat.completions.create(**ASK)

    assert first.choices[0].message.content == "yes it is"
    assert (first.model, first.id) == ("gpt-4o", "chatcmpl-0")
    assert first.usage is not None
    assert (first.usage.prompt_tokens, first.usage.completion_tokens) == (3, 3)
    assert second.choices[0].message.tool_calls[0].function.arguments == '{"a": 1}'
    assert second.choices[0].finish_reason == "tool_calls"
    assert server.count == 2
    assert server.requests[0].request == ModelRequest(
        model="gpt-4o", messages=(Message(role="user", parts=(Text(content="how many words"),)),)
    )


def test_a_script_may_answer_in_the_words_of_the_model(client_of: ClientOf) -> None:
    """A `ModelResponse` is used as it is."""
    said = ModelResponse(model="mine", id="x", messages=(Message(role="assistant"),))
    with ModelServer(lambda request, nth: said) as server:
        answer = client_of(server).chat.completions.create(**ASK)
    assert (answer.model, answer.id, answer.choices[0].message.content) == ("mine", "x", None)


def test_numbered_answers_tell_equal_questions_apart(client_of: ClientOf) -> None:
    """A replay that mixes two answers up is found out."""
    with ModelServer(lambda request, nth: says("yes"), numbered=True) as server:
        client = client_of(server)
        answers = [
            client.chat.completions.create(**ASK).choices[0].message.content for _ in range(3)
        ]
    assert answers == ["yes [0]", "yes [1]", "yes [2]"]


def test_a_stream_counts_tokens_only_where_it_is_asked_to(client_of: ClientOf) -> None:
    """As with the real service, usage needs `stream_options.include_usage`."""
    with ModelServer(lambda request, nth: says("a b")) as server:
        create = client_of(server).chat.completions.create
        plain = [event.usage for event in create(**ASK, stream=True)]
        counted = [
            event.usage
            for event in create(**ASK, stream=True, stream_options={"include_usage": True})
        ]
    assert plain == [None] * 4
    assert counted[:4] == [None] * 4
    assert counted[4] is not None


def test_a_failure_says_when_to_come_back(client_of: ClientOf) -> None:
    """Status, kind and `retry-after` are what SDKs act on."""
    with (
        ModelServer(in_turn(fails(429, "slow down", retry_after=1.5))) as server,
        pytest.raises(openai.RateLimitError, match="slow down") as caught,
    ):
        client_of(server).chat.completions.create(**ASK)
    assert caught.value.response.headers["retry-after"] == "1.5"
    assert caught.value.type == "rate_limit_error"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_a_connection_can_be_cut(stream: bool, client_of: ClientOf) -> None:
    """In the middle of a body, or after some chunks."""
    with (
        ModelServer(lambda request, nth: cuts_after(1, says("a b c"))) as server,
        pytest.raises(openai.APIConnectionError),
    ):
        list(client_of(server).chat.completions.create(**ASK, stream=stream))


def test_a_slow_reply_is_slow_and_does_not_hold_up_the_end(client_of: ClientOf) -> None:
    """A client's timeout comes first, and stopping the server does not wait for the reply."""
    with ModelServer(lambda request, nth: slow(600, says("late"))) as server:
        client = client_of(server)
        with pytest.raises(openai.APITimeoutError):
            client.chat.completions.create(**ASK, timeout=0.1)
        begun = time.monotonic()
    assert time.monotonic() - begun < 100


def test_latency_is_chosen_by_the_chance_that_is_given(client_of: ClientOf) -> None:
    """One draw a request, so a seed repeats a whole run."""
    drawn = []

    class Watched(random.Random):
        def uniform(self, a: float, b: float) -> float:
            drawn.append((a, b))
            return a

    with ModelServer(lambda request, nth: says("x"), latency_s=(0, 9), chance=Watched(1)) as server:
        client_of(server).chat.completions.create(**ASK)
    assert drawn == [(0, 9)]


def test_an_unknown_path_is_answered_as_openai_does() -> None:
    """404, and an error that SDKs can read."""
    with ModelServer(lambda request, nth: says("x")) as server:
        response = httpx2.get(f"{server.url}/models?page=2")
    assert response.status_code == 404
    assert response.json() == {
        "error": {
            "message": "Invalid URL (GET /v1/models)",
            "type": "invalid_request_error",
            "param": None,
            "code": None,
        }
    }


def test_a_script_that_fails_tells_the_client_why(client_of: ClientOf) -> None:
    """No hang, no retry: a mistake in the test is named in the test."""
    with (
        ModelServer(in_turn()) as server,
        pytest.raises(openai.BadRequestError, match="request 1 came, and the script has 0"),
    ):
        client_of(server).chat.completions.create(**ASK)


def test_many_may_ask_at_once_and_none_of_its_threads_is_pythons() -> None:
    """Threads of the world must not be taken for threads of the run."""

    async def ask_all(url: str) -> set[str | None]:
        """Ask twenty times at once."""
        async with openai.AsyncOpenAI(base_url=url, api_key="none") as client:
            asks = (client.chat.completions.create(**ASK) for _ in range(20))
            return {one.choices[0].message.content for one in await asyncio.gather(*asks)}

    before = threading.active_count()
    with ModelServer(lambda request, nth: says("x"), numbered=True) as server:
        answers = asyncio.run(ask_all(server.url))
        assert [thread.name for thread in threading.enumerate() if "Dummy" not in thread.name][
            before:
        ] == []
    assert answers == {f"x [{n}]" for n in range(20)}


def test_a_connection_that_a_client_keeps_is_not_served_after_the_end(client_of: ClientOf) -> None:
    """Who asked before is not answered again by the thread that still holds its connection."""
    server = ModelServer(in_turn(says("yes"), says("yes")))
    with client_of(server) as client:
        client.chat.completions.create(**ASK)
        server.stop()
        with pytest.raises(openai.APIConnectionError):
            client.chat.completions.create(**ASK)
    assert server.count == 1


def test_it_can_be_stopped_twice() -> None:
    """`stop` in a test and the end of the `with` block do not disturb each other."""
    with ModelServer(lambda request, nth: says("x")) as server:
        server.stop()
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(server.url)


def asking(prompt: str, *answers: str) -> ModelRequest:
    """A conversation of an agent with this system prompt that has had these answers."""
    messages = [Message(role="system", parts=(Text(content=prompt),))]
    messages += [Message(role="assistant", parts=(Text(content=answer),)) for answer in answers]
    return ModelRequest(model="m", messages=tuple(messages))


def test_a_team_answers_each_agent_by_its_turn() -> None:
    """Whoever asks first, each agent hears what is meant for it."""
    team = Team({"You plan": [says("one"), says("two")], "You check": [says("fine")]})
    assert team(asking("You plan.", "one"), 0) == says("two")
    assert team(asking("You check."), 1) == says("fine")
    assert team(asking("You plan."), 2) == says("one")


def test_a_turn_may_have_several_tries() -> None:
    """The same conversation again is a retry; the last reply stays."""
    team = Team({"You": [[fails(429), says("now")]]})
    assert [team(asking("You"), n) for n in range(3)] == [fails(429), says("now"), says("now")]


@pytest.mark.parametrize(
    ("request_", "words"),
    [(asking("Who?"), "nobody in the script"), (asking("You", "one"), "the script has 1")],
    ids=["stranger", "over"],
)
def test_a_team_says_who_is_not_in_it_and_who_is_through(
    request_: ModelRequest, words: str
) -> None:
    """A script that does not fit the agent is a mistake in the test."""
    with pytest.raises(UsageError, match=words):
        Team({"You": [says("one")]})(request_, 0)
