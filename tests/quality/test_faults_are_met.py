"""Every fault strikes a real client, tool or queue as the world would, and is found by a search."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest

import agenttrace
from agenttrace.explore.budget import Budget
from agenttrace.explore.engine import search
from agenttrace.explore.proposals import places
from agenttrace.formats import native
from agenttrace.model.message import ModelRequest
from agenttrace.model.schedule import Schedule
from agenttrace.model.trace import Trace
from agenttrace.replay.faults import FITTING, KINDS, fault, fits
from agenttrace.testing import ModelServer, Reply, says
from tests.fakes.rehearsals import on_stage
from tests.fakes.sessions import Desk


def model(_request: ModelRequest, nth: int) -> Reply:
    """A model that numbers its answers."""
    return says(f"answer number {nth} of this model")


def recorded_at(folder: Path, program: Callable[[str], Any]) -> tuple[Callable[[], Any], Trace]:
    """Record a program that asks a model at an address; the server is gone afterwards."""
    with ModelServer(model) as server:
        url = server.url
        desk = Desk(folder / "recording")
        desk.record(lambda: program(url))
    return lambda: program(url), native.read(desk.golden.read_bytes(), name="a run")


def outcome(program: Callable[[], Any]) -> str:
    """What a program returns, or the class of what it raises."""
    try:
        return str(program())
    except Exception as error:
        return type(error).__name__


def asking(url: str, *, stream: bool = False, retries: int = 0) -> str:
    """Ask through the SDK."""
    with openai.OpenAI(base_url=url, api_key="none", max_retries=retries) as client:
        said = client.chat.completions.create(
            model="gpt-5", messages=[{"role": "user", "content": "Hello"}], stream=stream
        )
        if stream:
            return "".join(piece.choices[0].delta.content or "" for piece in said if piece.choices)
        return str(said.choices[0].message.content)


SDK = {
    ("timeout", False): "APITimeoutError",
    ("rate-limit", False): "RateLimitError",
    ("server-error", False): "InternalServerError",
    ("malformed", False): "JSONDecodeError",
    ("empty", False): "None",
    ("cut", False): "APIConnectionError",
    ("cut", True): "APIConnectionError",
    ("slow", False): "answer number 0 of this model",
}


def met(folder: Path, program: Callable[[str], str], kind: str, **settings: Any) -> str:
    """What a program says whose first call meets a fault."""
    asks, golden = recorded_at(folder, program)
    seen: list[str] = []
    with on_stage(folder, lambda: seen.append(outcome(asks)), golden=golden) as rehearsal:
        place = golden.calls[0].position
        rehearsal.stage.run(Schedule(faults={place: fault(kind, **settings)}))
    return seen[0]


@pytest.mark.parametrize(("kind", "stream"), SDK)
def test_the_sdk_meets_a_fault_as_it_meets_the_world_s(
    tmp_path: Path, kind: str, stream: bool
) -> None:
    """It raises what it raises for a real 429, a real timeout, a real broken stream."""
    found = met(tmp_path, lambda url: asking(url, stream=stream), kind)

    assert found == SDK[kind, stream]


def test_a_client_that_tries_again_gets_the_recorded_answer(tmp_path: Path) -> None:
    """A fault strikes one attempt; `attempts=` makes it strike more."""
    twice = lambda url: asking(url, retries=2)  # noqa: E731 - a program in a line

    for kind in ("rate-limit", "server-error", "timeout"):
        assert met(tmp_path / kind, twice, kind) == "answer number 0 of this model"
    assert met(tmp_path / "all", twice, "server-error", attempts=3) == "InternalServerError"


def test_requests_of_httpx_time_out_as_httpx_says(tmp_path: Path) -> None:
    """Other clients of the wire get their own error, too."""

    def program(url: str) -> str:
        body = {"model": "gpt-5", "messages": [{"role": "user", "content": "Hello"}]}
        return httpx2.post(f"{url}/chat/completions", json=body).json()["object"]

    assert met(tmp_path, program, "timeout") == "ReadTimeout"


@agenttrace.tool
async def work(job: str) -> str:
    """A tool."""
    await asyncio.sleep(0.5)
    return f"{job} done"


async def in_tasks() -> list[str]:
    """A producer, and a consumer that gives up after a while; what it heard."""
    jobs: asyncio.Queue[str] = asyncio.Queue()
    heard: list[str] = []

    async def produce() -> None:
        for job in ("a", "b"):
            await work(job)
            await jobs.put(job)

    async def consume() -> None:
        while True:
            try:
                heard.append(await asyncio.wait_for(jobs.get(), 5))
            except TimeoutError:
                return

    await asyncio.gather(produce(), consume())
    return heard


def in_threads() -> list[str]:
    """The same in threads; the consumer comes when the producer has ended."""
    jobs: queue.Queue[str] = queue.Queue()
    heard: list[str] = []

    def produce() -> None:
        for job in ("a", "b"):
            asyncio.run(work(job))
            jobs.put(job)

    producer = threading.Thread(target=produce)
    producer.start()
    producer.join()
    while True:
        try:
            heard.append(jobs.get_nowait())
        except queue.Empty:
            return heard


async def threads() -> list[str]:
    """The program of threads, for a stage that records coroutines."""
    return await asyncio.to_thread(in_threads)


@pytest.mark.parametrize("program", [in_tasks, threads])
def test_a_message_is_lost_or_delivered_twice(tmp_path: Path, program: Callable[[], Any]) -> None:
    """The receiver hears less, or the same thing again."""
    with on_stage(tmp_path, program, list.__len__) as rehearsal:
        golden = rehearsal.stage.golden
        sent = [place for place, asked in places(golden) if asked == "message"]
        heard: list[list[str]] = []
        rehearsal.stage._invariant = heard.append
        for kind in ("lost", "duplicate"):
            rehearsal.stage.run(Schedule(faults={sent[0]: fault(kind)}))

    assert heard == [["b"], ["a", "a", "b"]]


def test_a_search_draws_the_faults_that_it_may(tmp_path: Path) -> None:
    """Each kind alone at each call first; a tool's error that is not handled is the finding."""

    async def program() -> list[str]:
        return await asyncio.gather(work("a"), work("b"))

    with on_stage(tmp_path, program) as rehearsal:
        quiet = rehearsal.explored("30 schedules", faults=["slow"])
        report = search(
            rehearsal.stage,
            rehearsal.first(),
            budget=Budget.of("100 schedules"),
            faults=["tool-error"],
        )

    assert quiet.found is None
    assert report.found is not None
    assert [one.kind for one in report.found.trial.schedule.faults.values()] == ["tool-error"]
    assert report.found.trial.message == "RuntimeError: the tool failed"


def test_every_kind_of_fault_strikes_some_kind_of_call() -> None:
    """The table that the pages show is the one that is used."""
    assert {kind for asked in FITTING for kind in KINDS if fits(kind, asked)} == set(KINDS)
