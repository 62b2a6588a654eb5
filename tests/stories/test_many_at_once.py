"""Thousands of calls at once, over every client: each caller gets its own answer, offline."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import aiohttp
import httpx2
import openai
import pytest
import requests

import agenttrace
from agenttrace.testing import ModelServer, says
from tests.fakes.campaign import times
from tests.fakes.plain_server import PlainServer
from tests.fakes.sessions import Desk

THREADS, CALLS, TASKS = 64, times(10, 100), times(300, 1000)


@pytest.fixture
def server() -> Iterator[PlainServer]:
    """A server that counts."""
    with PlainServer() as one:
        yield one


def asked_twice(tmp_path: Path, server: PlainServer, program: Callable[[], Any]) -> Any:
    """Record a program, replay it while the server is up, and give what both said."""
    desk = Desk(tmp_path)
    first = desk.record(program)
    came = server.count
    assert desk.replay(program) == first
    assert server.count == came
    assert desk.verdict is not None
    assert (desk.verdict.counts.live, desk.verdict.counts.asked) == (0, came)
    return first


Ask = Callable[[str], str]


@contextlib.contextmanager
def by_httpx(url: str) -> Iterator[Ask]:
    """A client for one thread."""
    with httpx2.Client(timeout=120) as client:
        yield lambda who: str(client.post(url + "/echo", json={"who": who}).json()["who"])


@contextlib.contextmanager
def by_requests(url: str) -> Iterator[Ask]:
    """Likewise."""
    with requests.Session() as session:
        yield lambda who: str(session.post(url + "/echo", json={"who": who}).json()["who"])


@pytest.mark.timeout(300)
@pytest.mark.parametrize("client", [by_httpx, by_requests], ids=["httpx2", "requests"])
def test_the_calls_of_64_threads_are_all_recorded_and_all_answered(
    tmp_path: Path, server: PlainServer, client: Any
) -> None:
    """Every answer, in full 6,400, goes to who asked, and none to the server."""

    def work(thread: int) -> list[str]:
        with client(server.url) as ask:
            return [ask(f"{thread}.{call}") for call in range(CALLS)]

    def program() -> list[list[str]]:
        with ThreadPoolExecutor(THREADS) as pool:
            return list(pool.map(work, range(THREADS)))

    said = asked_twice(tmp_path, server, program)

    assert said == [[f"{thread}.{call}" for call in range(CALLS)] for thread in range(THREADS)]
    assert server.count == THREADS * CALLS


@pytest.mark.timeout(300)
@pytest.mark.parametrize("client", ["httpx2", "aiohttp"])
def test_a_thousand_tasks_are_all_recorded_and_all_answered(
    tmp_path: Path, server: PlainServer, client: str
) -> None:
    """Likewise for tasks of one loop."""

    async def by_httpx2() -> list[str]:
        limits = httpx2.Limits(max_connections=100)
        async with httpx2.AsyncClient(limits=limits, timeout=120) as one:

            async def ask(number: int) -> str:
                response = await one.post(server.url + "/echo", json={"who": f"{number}"})
                return str(response.json()["who"])

            return await asyncio.gather(*(ask(number) for number in range(TASKS)))

    async def by_aiohttp() -> list[str]:
        async with aiohttp.ClientSession() as one:

            async def ask(number: int) -> str:
                async with one.post(server.url + "/echo", json={"who": f"{number}"}) as response:
                    return str((await response.json())["who"])

            return await asyncio.gather(*(ask(number) for number in range(TASKS)))

    whole = {"httpx2": by_httpx2, "aiohttp": by_aiohttp}[client]
    said = asked_twice(tmp_path, server, lambda: asyncio.run(whole()))

    assert said == [f"{number}" for number in range(TASKS)]
    assert server.count == TASKS


def everywhere(model: str, plain: str) -> Callable[[], Any]:
    """A program that asks from wherever a call can come from."""

    @agenttrace.tool
    def advice(order: str) -> str:
        """A tool that makes a model call."""
        with openai.OpenAI(base_url=model, api_key="none") as client:
            answer = client.chat.completions.create(
                model="gpt-4o", messages=[{"role": "user", "content": order}]
            )
        return str(answer.choices[0].message.content)

    @agenttrace.tool
    def pages(order: str) -> Iterator[str]:
        """A generator tool."""
        for number in range(5):
            yield f"{order}, page {number}"

    def echo(who: str) -> str:
        """A synchronous client."""
        return str(requests.post(plain + "/echo", json={"who": who}, timeout=60).json()["who"])

    def first_page(order: str) -> str:
        reading = pages(order)
        found = next(reading)
        reading.close()
        return found

    async def program() -> list[str]:
        with ThreadPoolExecutor(4) as pool:
            jobs = [
                pool.submit(contextvars.copy_context().run, echo, f"job {number}")
                for number in range(4)
            ]
            threads = [asyncio.to_thread(echo, f"thread {number}") for number in range(4)]
            tools = [asyncio.to_thread(advice, f"order {number}") for number in range(3)]
            said = await asyncio.gather(*threads, *tools)
            return [*said, first_page("A-17"), *(job.result() for job in jobs)]

    return lambda: asyncio.run(program())


@pytest.mark.timeout(300)
def test_calls_from_threads_jobs_tools_and_generators_are_right_every_time(
    tmp_path: Path, server: PlainServer
) -> None:
    """A client in `to_thread`, a job under `copy_context().run`, a tool that asks a model."""
    with ModelServer(lambda request, nth: says(f"about {request.messages[-1].text}")) as model:
        program = everywhere(model.url, server.url)
        desk = Desk(tmp_path)
        first = desk.record(program)
        came = model.count + server.count
        again = [desk.replay(program) for _ in range(times(10, 50))]

        assert again == [first] * len(again)
        assert model.count + server.count == came
    assert first[-5:] == ["A-17, page 0", "job 0", "job 1", "job 2", "job 3"]
    assert first[4] == "about order 0"
