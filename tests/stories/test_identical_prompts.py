"""Sixteen agents ask the same words at once, get different answers, and each gets its own again."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import openai
import pytest

from agenttrace.testing import ModelServer, says
from tests.fakes.campaign import times
from tests.fakes.sessions import Desk

AGENTS = 16
REPLAYS = times(15, 1000)
"""How often each is replayed through bare httpx2."""
SDK_REPLAYS = times(2, 50)
"""How often through the SDK."""

QUESTION = {"model": "gpt-4o", "messages": [{"role": "user", "content": "work on the task"}]}

Ask = Callable[[httpx2.AsyncClient], "asyncio.Future[str]"]


@pytest.fixture
def model() -> Iterator[ModelServer]:
    """A model whose answers are numbered and come in any order; it stays up, and counts."""
    with ModelServer(
        lambda _request, nth: says(f"answer {nth}"), latency_s=(0, 0.05), chance=random.Random(7)
    ) as server:
        yield server


def words(answer: httpx2.Response) -> str:
    """What the model said."""
    said: str = answer.json()["choices"][0]["message"]["content"]
    return said


async def ask(client: httpx2.AsyncClient) -> str:
    """Ask as a coroutine does."""
    return words(await client.post("/chat/completions", json=QUESTION))


def ask_blocking(client: httpx2.Client) -> str:
    """Ask as a thread does."""
    return words(client.post("/chat/completions", json=QUESTION))


def gathered(url: str) -> list[str]:
    """`asyncio.gather`."""

    async def main() -> list[str]:
        async with httpx2.AsyncClient(base_url=url) as client:
            return list(await asyncio.gather(*(ask(client) for _ in range(AGENTS))))

    return asyncio.run(main())


def grouped(url: str) -> list[str]:
    """`asyncio.TaskGroup`."""

    async def main() -> list[str]:
        async with httpx2.AsyncClient(base_url=url) as client:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(ask(client)) for _ in range(AGENTS)]
            return [task.result() for task in tasks]

    return asyncio.run(main())


def as_they_come(url: str) -> list[str]:
    """`asyncio.as_completed`, which begins its tasks from a set: whose answer is whose is kept."""

    async def one(client: httpx2.AsyncClient, number: int) -> tuple[int, str]:
        return number, await ask(client)

    async def main() -> list[str]:
        async with httpx2.AsyncClient(base_url=url) as client:
            coming = asyncio.as_completed([one(client, number) for number in range(AGENTS)])
            return [said for _, said in sorted([await each for each in coming])]

    return asyncio.run(main())


def pooled(url: str) -> list[str]:
    """A thread pool of the program's own, smaller than the team."""
    with httpx2.Client(base_url=url) as client, ThreadPoolExecutor(5) as pool:
        return list(pool.map(lambda _: ask_blocking(client), range(AGENTS)))


def in_threads(url: str) -> list[str]:
    """`asyncio.to_thread`."""

    async def main() -> list[str]:
        with httpx2.Client(base_url=url) as client:
            jobs = (asyncio.to_thread(ask_blocking, client) for _ in range(AGENTS))
            return list(await asyncio.gather(*jobs))

    return asyncio.run(main())


def plain_threads(url: str) -> list[str]:
    """Bare threads."""
    found = [""] * AGENTS
    with httpx2.Client(base_url=url) as client:

        def work(number: int) -> None:
            found[number] = ask_blocking(client)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(AGENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return found


def came_in_order(desk: Desk) -> bool:
    """Whether the recorded answers ended in the order of their questions' positions."""
    verdict = desk.verdict
    assert verdict is not None
    assert verdict.trace is not None
    ended = [span.answers[-1].ended_ns for span in verdict.trace.calls]
    return ended == sorted(ended)


SHAPES = [gathered, grouped, as_they_come, pooled, in_threads, plain_threads]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_each_of_sixteen_equal_questions_gets_its_own_answer(
    shape: Callable[[str], list[str]], model: ModelServer, tmp_path: Path
) -> None:
    """By content these calls cannot be told apart, and by arrival they are told apart wrongly."""
    desk = Desk(tmp_path)
    recorded = desk.record(lambda: shape(model.url))
    for _ in range(10):
        if not came_in_order(desk):
            break
        recorded = desk.rewrite(lambda: shape(model.url))  # a recording in order proves nothing
    assert len(set(recorded)) == AGENTS
    asked = model.count

    for _ in range(REPLAYS):
        assert desk.replay(lambda: shape(model.url)) == recorded

    assert model.count == asked, "a replay went to the model"


def test_a_pool_older_than_the_run_is_taken_in(model: ModelServer, tmp_path: Path) -> None:
    """A server's pool has threads before any test begins; its jobs belong to who submits them."""
    with ThreadPoolExecutor(4) as pool, httpx2.Client(base_url=model.url) as client:
        list(pool.map(str, range(8)))

        def team() -> list[str]:
            return list(pool.map(lambda _: ask_blocking(client), range(AGENTS)))

        desk = Desk(tmp_path)
        recorded = desk.record(team)
        for _ in range(REPLAYS):
            assert desk.replay(team) == recorded
    assert model.count == AGENTS


def test_a_loop_older_than_the_run_is_taken_in(model: ModelServer, tmp_path: Path) -> None:
    """A loop made before the run keeps its own time, and every caller still its own answer."""
    with asyncio.Runner() as runner:
        runner.get_loop()

        def team() -> list[str]:
            async def main() -> list[str]:
                async with httpx2.AsyncClient(base_url=model.url) as client:
                    return list(await asyncio.gather(*(ask(client) for _ in range(AGENTS))))

            return runner.run(main())

        desk = Desk(tmp_path)
        recorded = desk.record(team)
        for _ in range(REPLAYS):
            assert desk.replay(team) == recorded
    assert model.count == AGENTS


@pytest.mark.parametrize("stream", [False, True], ids=["json", "sse"])
@pytest.mark.parametrize("is_async", [True, False], ids=["async", "threads"])
def test_through_the_sdk_each_gets_its_own_answer(
    model: ModelServer, tmp_path: Path, *, stream: bool, is_async: bool
) -> None:
    """The OpenAI SDK, with its own retries, threads and parsing, streaming or not."""

    async def ask_sdk(client: openai.AsyncOpenAI) -> str:
        answer = await client.chat.completions.create(**QUESTION, stream=stream)
        if not stream:
            return str(answer.choices[0].message.content)
        return "".join([chunk.choices[0].delta.content or "" async for chunk in answer])

    async def main() -> list[str]:
        async with openai.AsyncOpenAI(base_url=model.url, api_key="none") as client:
            return list(await asyncio.gather(*(ask_sdk(client) for _ in range(AGENTS))))

    def ask_sdk_blocking(client: openai.OpenAI) -> str:
        answer = client.chat.completions.create(**QUESTION, stream=stream)
        if not stream:
            return str(answer.choices[0].message.content)
        return "".join(chunk.choices[0].delta.content or "" for chunk in answer)

    def threads() -> list[str]:
        with (
            openai.OpenAI(base_url=model.url, api_key="none") as client,
            ThreadPoolExecutor(AGENTS) as pool,
        ):
            return list(pool.map(ask_sdk_blocking, [client] * AGENTS))

    def team() -> list[str]:
        return asyncio.run(main()) if is_async else threads()

    desk = Desk(tmp_path)
    recorded = desk.record(team)
    for _ in range(SDK_REPLAYS):
        assert desk.replay(team) == recorded
    assert model.count == AGENTS
