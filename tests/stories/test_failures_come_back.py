"""What went wrong goes wrong again in a replay: the same exception, of the same library."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import openai
import pytest
import requests

from agenttrace.model.message import ModelRequest
from agenttrace.testing import ModelServer, Reply, cuts_after, fails, says, slow
from tests.fakes.plain_server import PlainServer, nowhere
from tests.fakes.sessions import Desk

WISHES = ("400", "401", "404", "429", "500", "slow", "cut")


def patience_s(wish: str) -> float:
    """How long a client waits: too short for what is slow, and for nothing else."""
    return 0.3 if wish.endswith("slow") else 60


def moody(request: ModelRequest, nth: int) -> Reply:
    """Fail as the last message wishes."""
    wish = request.messages[-1].text
    if wish.isdigit():
        return fails(int(wish), retry_after=0.01 if wish == "429" else None)
    return slow(60, says("late")) if wish == "slow" else cuts_after(2, says("to be continued"))


def fields(error: BaseException) -> tuple[object, ...]:
    """All that a program can learn from an error."""
    known = ("status_code", "status", "request_id", "code", "type", "param", "body", "errno")
    said = {name: getattr(error, name) for name in known if hasattr(error, name)}
    response = getattr(error, "response", None)
    after = None if response is None else response.headers.get("retry-after")
    cause = error.__cause__
    return type(error), str(error), error.args, said, after, type(cause), str(cause)


def caught(ask: Callable[[str], object], wish: str) -> tuple[object, ...]:
    """Ask, and give what is raised."""
    with pytest.raises(Exception) as raised:  # noqa: PT011 - which one is what is told
        ask(wish)
    found = fields(raised.value)
    return (*found[:2], (), *found[3:]) if isinstance(raised.value, OSError) else found


def of_openai(url: str) -> Callable[[str], object]:
    """The SDK, synchronous."""

    def ask(wish: str) -> object:
        with openai.OpenAI(
            base_url=url, api_key="none", timeout=patience_s(wish), max_retries=1
        ) as client:
            return list(
                client.chat.completions.create(
                    model="gpt-4o",
                    messages=[{"role": "user", "content": wish}],
                    stream=wish == "cut",
                )
            )

    return ask


def of_openai_async(url: str, client: Any = None) -> Callable[[str], object]:
    """The SDK, asynchronous."""

    async def ask(wish: str) -> object:
        async with openai.AsyncOpenAI(
            base_url=url,
            api_key="none",
            timeout=patience_s(wish),
            max_retries=1,
            http_client=None if client is None else client(),
        ) as sdk:
            answer = await sdk.chat.completions.create(
                model="gpt-4o", messages=[{"role": "user", "content": wish}], stream=wish == "cut"
            )
            return [event async for event in answer]

    return lambda wish: asyncio.run(ask(wish))


def of_openai_on_aiohttp(url: str) -> Callable[[str], object]:
    """The SDK over aiohttp."""
    return of_openai_async(url, openai.DefaultAioHttpClient)


@pytest.fixture
def model() -> Iterator[ModelServer]:
    """A model that fails in every way."""
    with ModelServer(moody) as one:
        yield one


@pytest.mark.parametrize(
    "client", [of_openai, of_openai_async, of_openai_on_aiohttp], ids=["sync", "async", "aiohttp"]
)
def test_the_openai_sdk_raises_its_own_errors_again(
    tmp_path: Path, model: ModelServer, client: Callable[[str], Callable[[str], object]]
) -> None:
    """Statuses, a timeout, a cut stream and a refused connection, fields and retries included."""
    desk = Desk(tmp_path)
    with nowhere() as there:
        ask, refused = client(model.url), client(there + "/v1")

        def program() -> list[tuple[object, ...]]:
            return [*(caught(ask, wish) for wish in WISHES), caught(refused, "hi")]

        first = desk.record(program)
        came = model.count
        assert desk.replay(program) == first

    assert model.count == came
    kinds = [found[0] for found in first]
    assert kinds[:6] == [
        openai.BadRequestError,
        openai.AuthenticationError,
        openai.NotFoundError,
        openai.RateLimitError,
        openai.InternalServerError,
        openai.APITimeoutError,
    ]
    assert issubclass(kinds[7], openai.APIConnectionError)
    assert first[3][4] == "0.01"
    assert desk.verdict is not None
    assert desk.verdict.trace is not None
    attempts = [len(span.answers) for span in desk.verdict.trace.calls]
    assert attempts == [1, 1, 1, 2, 2, 2, 1, 2]


PATHS = ("400", "401", "404", "429", "500")
BREAKS = ("/slow", "/cut", "/half", "/drop")


def of_requests(path: str) -> object:
    """One request, its status raised."""
    response = requests.post(path, json={"a": 1}, timeout=patience_s(path))
    response.raise_for_status()
    return response.content


def of_aiohttp(path: str) -> object:
    """Likewise."""

    async def ask() -> bytes:
        timeout = aiohttp.ClientTimeout(total=patience_s(path))
        async with (
            aiohttp.ClientSession(timeout=timeout, raise_for_status=True) as session,
            session.post(path, json={"a": 1}) as response,
        ):
            return await response.read()

    return asyncio.run(ask())


@pytest.mark.parametrize("ask", [of_requests, of_aiohttp], ids=["requests", "aiohttp"])
def test_requests_and_aiohttp_raise_their_own_errors_again(
    tmp_path: Path, ask: Callable[[str], object]
) -> None:
    """Statuses, a timeout, cut bodies, a dropped and a refused connection."""
    with PlainServer() as server, nowhere() as there:
        paths = [f"{server.url}/status/{status}" for status in PATHS]
        paths += [server.url + path for path in BREAKS] + [there + "/echo"]

        def program() -> list[tuple[object, ...]]:
            return [fields_of(ask, path) for path in paths]

        desk = Desk(tmp_path)
        first = desk.record(program)
        came = server.count
        assert desk.replay(program) == first
        assert server.count == came

    names = [kind.__name__ for kind, *_ in first if isinstance(kind, type)]
    assert (
        names
        == {
            of_requests: ["HTTPError"] * 5
            + ["ReadTimeout", "ChunkedEncodingError", "ChunkedEncodingError"]
            + ["ConnectionError", "ConnectionError"],
            of_aiohttp: ["ClientResponseError"] * 5
            + ["TimeoutError", "ClientPayloadError", "ClientPayloadError"]
            + ["ServerDisconnectedError", "ClientConnectorError"],
        }[ask]
    )


def fields_of(ask: Callable[[str], object], path: str) -> tuple[object, ...]:
    """What a program can learn from what is raised, without the objects that it holds."""
    with pytest.raises(Exception) as raised:  # noqa: PT011 - which one is what is told
        ask(path)
    error: Any = raised.value
    inner = [type(arg) for arg in error.args]
    return type(error), str(error), inner, getattr(error, "status", None)
