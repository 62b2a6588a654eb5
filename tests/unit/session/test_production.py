"""Recording in production: the agent notices nothing, and what is written is whole or says so."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import logging
import os
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

import agenttrace
from agenttrace.analysis.journals import Examined, examined
from agenttrace.causal import current
from agenttrace.errors import UsageError
from agenttrace.formats.records import CUTS
from agenttrace.model.span import SpanKind
from agenttrace.model.trace import Trace
from agenttrace.record.journal import JournalWriter
from agenttrace.session.journals import Journals, Limits
from agenttrace.session.production import Production
from agenttrace.testing import ModelServer, says
from tests.fakes.plain_server import PlainServer
from tests.fakes.replayed import a_run


def read(folder: Path) -> list[Examined]:
    """What the journals of a folder say of themselves, the oldest first."""
    return [
        examined(path.read_bytes(), name=path.name) for path in sorted(folder.glob("*.journal"))
    ]


def tools_of(trace: Trace) -> list[str]:
    """The tools that were called, in order."""
    return [span.name for span in trace.spans if span.kind is SpanKind.TOOL]


@agenttrace.tool
def look_up(order: str) -> str:
    """A tool as it should be."""
    return f"{order} was paid twice"


@agenttrace.run
def handle(order: str) -> str:
    """A piece of work."""
    with agenttrace.agent("desk"):
        return look_up(order)


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Production]:
    """A recorder into a folder that is made with the first journal."""
    with agenttrace.install(tmp_path / "journals") as recorder:
        yield recorder


class Unspeakable(Exception):
    """An exception that cannot even be shown."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


@agenttrace.tool
def opens(path: Any) -> Any:
    """Gives back what no replay could build."""
    return threading.Lock()


@agenttrace.tool
def adds(bag: list[str]) -> int:
    """Changes what it was given."""
    bag.append("more")
    return len(bag)


@agenttrace.tool
def counts() -> Generator[int, None, str]:
    """Gives something back after its last value."""
    yield 1
    return "done"


@agenttrace.tool
def yields_a_lock() -> Generator[Any]:
    """Yields what no replay could build."""
    yield from (1, threading.Lock(), 3)


@agenttrace.tool(cost_usd=lambda result: result["no such"])
def costs() -> str:
    """Whose price cannot be told."""
    return "free"


@agenttrace.tool
def breaks() -> None:
    """Fails in a way that cannot be shown."""
    raise Unspeakable


def unruly() -> list[object]:
    """An agent that does all that a recording of a test refuses."""
    found: list[object] = []
    with agenttrace.agent("unruly"), agenttrace.span("with a lock", lock=threading.Lock()):
        found.append(type(opens(threading.Lock())).__name__)
        found.append(adds(["one"]))
        counting = counts()
        found.append(next(counting))
        with pytest.raises(StopIteration) as stopped:
            next(counting)
        found.append(stopped.value.value)
        found.append([type(one).__name__ for one in yields_a_lock()])
        found.append(costs())
        with pytest.raises(Unspeakable):
            breaks()
        with pytest.raises(TypeError):
            look_up("A-17", "too much")  # type: ignore[call-arg]
        agenttrace.event("reflection", lock=threading.Lock())
        agenttrace.event("waitng", agents=["critic"])
        found.append(look_up("A-17"))
    return found


def test_an_agent_may_do_what_no_test_may_record(
    installed: Production, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It gets what it would get; each sort of loss is said once, and the rest is recorded."""
    with current.aside():
        alone = unruly()
    with caplog.at_level(logging.WARNING, "agenttrace"):
        assert unruly() == alone
        assert unruly() == alone
        installed.flush()

    kinds = [record.args for record in caplog.records]
    assert len(kinds) == len(set(kinds)) > 0
    assert installed.tally.errors > len(kinds)
    for one in read(tmp_path / "journals"):
        assert one.ended
        assert tools_of(one.trace)[-1] == "look_up"
        told = [event.name for span in one.trace.spans for event in span.events]
        assert told == ["reflection", "waitng"]


BROKEN = {
    "a digest": "agenttrace.boundary.door.digest",
    "a position": "agenttrace.boundary.door.span_id",
    "what is asked": "agenttrace.record.deferred.Deferred.opened",
    "what is heard": "agenttrace.record.deferred.Deferred.closed",
    "what is noted": "agenttrace.record.deferred.Deferred.noted",
    "the end": "agenttrace.record.deferred.Deferred.ended",
    "a beginning": "agenttrace.session.production._environment",
    "secrets": "agenttrace.redact.redactor.Redactor.said",
    "a record": "agenttrace.record.kept.frame",
    "the folder": "agenttrace.record.folder.Folder.begin",
    "the disk": "agenttrace.record.journal._write_whole",
    "an answer's meaning": "agenttrace.providers.openai_chat.OpenAIChat.read_response",
    "a question's words": "agenttrace.adapters.http._body_of",
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_recorder_that_breaks_is_never_noticed(
    broken: str, installed: Production, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever of ours raises: tools, a model over HTTP and exceptions are as without us."""

    def fails(*_words: object, **_more: object) -> None:
        raise ZeroDivisionError(broken)

    def work(url: str) -> list[object]:
        with agenttrace.run("work"), agenttrace.agent("desk"), httpx.Client() as client:
            asks = {"model": "gpt-4o", "messages": [{"role": "user", "content": "A-17?"}]}
            response = client.post(f"{url}/chat/completions", json=asks)
            words = response.json()["choices"][0]["message"]["content"]
            with pytest.raises(KeyError), agenttrace.span("fails"):
                raise KeyError("theirs")
            return [look_up("A-17"), words, response.status_code]

    with ModelServer(lambda _request, _nth: says("yes")) as server:
        with monkeypatch.context() as patch:
            patch.setattr(BROKEN[broken], fails)
            found = work(server.url)
            installed.flush()

        assert found == ["A-17 was paid twice", "yes", 200]
        assert installed.tally.errors > 0


def with_httpx(url: str) -> tuple[dict[str, str], bytes]:
    """Ask with httpx."""
    response = httpx.post(url, json=0)
    return dict(response.headers), response.content


def with_requests(url: str) -> tuple[dict[str, str], bytes]:
    """Ask with requests, and so with urllib3."""
    response = requests.post(url, json=0, timeout=10)
    return dict(response.headers), response.content


def with_urllib(url: str) -> tuple[dict[str, str], bytes]:
    """Ask with the standard library."""
    with urllib.request.urlopen(urllib.request.Request(url, data=b"0")) as response:
        return dict(response.headers), response.read()


def with_aiohttp(url: str) -> tuple[dict[str, str], bytes]:
    """Ask with aiohttp."""

    async def asked() -> tuple[dict[str, str], bytes]:
        async with aiohttp.ClientSession() as session, session.post(url, json=0) as response:
            return dict(response.headers), await response.read()

    return asyncio.run(asked())


WIRE = {"content-encoding", "date", "transfer-encoding"}
"""What is of one transfer, and no longer holds of a body that was decoded."""


@pytest.mark.parametrize("asks", [with_httpx, with_requests, with_urllib, with_aiohttp])
def test_a_response_has_all_its_headers_in_production(
    asks: Callable[[str], tuple[dict[str, str], bytes]], installed: Production, tmp_path: Path
) -> None:
    """A test's recording leaves out what varies; here the program gets what it would get."""

    def asked(url: str) -> tuple[dict[str, str], bytes]:
        headers, body = asks(url)
        return {name.lower(): it for name, it in headers.items() if name.lower() not in WIRE}, body

    with PlainServer() as server:
        headers = {"x-ratelimit-remaining": "7", "etag": "w1"}
        server.wanted.append({"type": "text/plain", "headers": headers, "pieces": ["a", "b"]})
        alone = asked(f"{server.url}/say")
        with agenttrace.run("asks"):
            recorded = asked(f"{server.url}/say")
    installed.flush()

    assert alone[0]["x-ratelimit-remaining"] == "7"
    assert recorded == alone
    assert [len(one.trace.calls) for one in read(tmp_path / "journals")] == [1]


def test_work_at_once_is_told_apart(installed: Production, tmp_path: Path) -> None:
    """In threads and on a loop: each piece of work has a journal, with nothing of another's."""

    async def later(order: str) -> str:
        with agenttrace.agent("desk"):
            await asyncio.sleep(0.001)
            return await asyncio.to_thread(look_up, order)

    async def all_of_them() -> None:
        await asyncio.gather(*(later(f"loop {number}") for number in range(10)))

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(handle, [f"thread {number}" for number in range(10)]))
    asyncio.run(all_of_them())
    installed.flush()

    asked = [[span.question for span in one.trace.calls] for one in read(tmp_path / "journals")]
    orders = [f"{where} {number}" for where in ("loop", "thread") for number in range(10)]
    assert sorted(question[0]["order"] for question in asked) == orders  # type: ignore[index,call-overload,type-var]
    assert all(len(question) == 1 for question in asked)


def test_nobody_waits_for_a_disk_that_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes is dropped then; each journal is whole up to where it says so."""
    answers = threading.Event()
    real = JournalWriter.write

    def write(self: JournalWriter, framed: bytes) -> None:
        answers.wait(60)
        real(self, framed)

    monkeypatch.setattr(JournalWriter, "write", write)
    limits = Limits(waiting_bytes=20_000)
    with agenttrace.install(tmp_path / "journals", limits=limits) as recorder:
        with agenttrace.run("busy"):
            for number in range(200):
                assert look_up(f"A-{number}") == f"A-{number} was paid twice"
        dropped = recorder.tally.dropped
        answers.set()

    (one,) = read(tmp_path / "journals")
    assert dropped > 0
    assert one.cuts == (CUTS["waiting"],)
    assert one.dropped > 0
    assert not one.torn
    assert 0 < len(one.trace.calls) < 200
    assert tools_of(one.trace) == ["look_up"] * len(one.trace.calls)


def test_a_journal_ends_at_its_limit_and_says_so(tmp_path: Path) -> None:
    """A run that never ends fills no disk, and costs little more from then on."""
    limits = Limits(trace_bytes=20_000)
    with (
        agenttrace.install(tmp_path / "journals", limits=limits) as recorder,
        agenttrace.run("long"),
    ):
        for _ in range(10):
            for number in range(50):
                look_up(f"A-{number}")
            recorder.flush()

    (one,) = read(tmp_path / "journals")
    assert one.total_bytes < 20_000 + 100
    assert one.cuts == (CUTS["size"],)
    assert recorder.tally.cut == 1


def test_a_folder_keeps_its_limit_and_loses_the_oldest(tmp_path: Path) -> None:
    """A service that runs for a year fills no disk."""
    limits = Limits(folder_bytes=40_000)
    with agenttrace.install(tmp_path / "journals", limits=limits) as recorder:
        for number in range(60):
            handle(f"A-{number}")
            recorder.flush()
        removed = recorder.tally.removed

    kept = {str(span.question) for one in read(tmp_path / "journals") for span in one.trace.calls}
    assert sum(one.total_bytes for one in read(tmp_path / "journals")) < 2 * 40_000
    assert removed > 0
    assert any("A-59" in question for question in kept)


@given(st.integers(1, 2**128 - 1), st.sampled_from([0.0, 0.001, 0.1, 0.5, 0.999, 1.0]))
def test_a_trace_is_chosen_as_opentelemetry_chooses_it(trace: int, rate: float) -> None:
    """By its id alone, so that every process that has a part in it chooses alike."""
    journals = object.__new__(Journals)
    journals.sample = rate

    sampled = TraceIdRatioBased(rate).should_sample(None, trace, "a").decision.is_sampled()
    assert journals.chooses(trace) == sampled


def test_what_failed_is_kept_though_it_was_not_chosen(tmp_path: Path) -> None:
    """An exception that leaves a run, or a status that is not OK; all else is forgotten."""

    def fails() -> None:
        with agenttrace.run("raises"):
            look_up("A-17")
            raise KeyError("theirs")

    with agenttrace.install(tmp_path / "journals", sample=0, keep_failed=True) as recorder:
        handle("A-1")
        with contextlib.suppress(KeyError):
            fails()
        with agenttrace.run("says so"):
            agenttrace.status("TOOL_LIMIT_EXCEEDED")
        handle("A-2")

    kept = read(tmp_path / "journals")
    assert {one.trace.name.partition(" ")[0] for one in kept} == {"raises", "says"}
    assert all(one.is_whole for one in kept)
    assert recorder.tally.begun == 4
    assert recorder.tally.failed == 2


def test_what_is_held_until_it_may_fail_has_a_limit(tmp_path: Path) -> None:
    """The oldest is forgotten, and counted."""
    limits = Limits(held_bytes=10_000)
    with (
        agenttrace.install(
            tmp_path / "journals", sample=0, keep_failed=True, limits=limits
        ) as recorder,
        pytest.raises(KeyError),
        agenttrace.run("too long ago"),
    ):
        for number in range(100):
            look_up(f"A-{number}")
        recorder.flush()
        raise KeyError("theirs")

    assert read(tmp_path / "journals") == []
    assert recorder.tally.forgotten == 1


def test_a_run_that_ends_while_something_is_asked_is_not_noticed(tmp_path: Path) -> None:
    """The writing thread may give a run up at any moment; the agent is answered all the same."""

    def ends(thing: Any) -> Any:
        run.ended = True
        return thing

    with agenttrace.install(tmp_path / "journals") as recorder, agenttrace.run("given up"):
        here = current.frame()
        assert here is not None
        run = here.lane.run
        run.clean = ends
        assert look_up("A-17") == "A-17 was paid twice"

    assert (recorder.tally.late, recorder.tally.errors) == (1, 0)


def test_what_was_not_chosen_begins_no_run_inside(tmp_path: Path) -> None:
    """An agent inside a request that is left out is left out with it."""
    with agenttrace.install(tmp_path / "journals", sample=0) as recorder:
        assert handle("A-17") == "A-17 was paid twice"

    assert not (tmp_path / "journals").exists()
    assert recorder.tally.begun == 1


def test_a_run_that_outlives_the_recorder_says_so(tmp_path: Path) -> None:
    """What it did before is there; it goes on unrecorded, and nothing of ours stays behind."""
    create_task = asyncio.BaseEventLoop.create_task
    recorder = agenttrace.install(tmp_path / "journals")
    with agenttrace.run("long"):
        look_up("A-1")
        recorder.shutdown()
        assert look_up("A-2") == "A-2 was paid twice"

    (one,) = read(tmp_path / "journals")
    assert one.cuts == (CUTS["shutdown"],)
    assert tools_of(one.trace) == ["look_up"]
    assert asyncio.BaseEventLoop.create_task is create_task
    assert recorder.shutdown()


def test_work_that_outlives_its_run_goes_on_unrecorded(
    installed: Production, tmp_path: Path
) -> None:
    """A test refuses such calls; production lets them through, and counts them."""
    over = threading.Event()
    found: list[str] = []

    def later() -> None:
        over.wait(10)
        found.append(look_up("late"))

    with agenttrace.run("hasty"):
        thread = threading.Thread(target=later)
        thread.start()
    over.set()
    thread.join()
    installed.flush()

    assert found == ["late was paid twice"]
    (one,) = read(tmp_path / "journals")
    assert tools_of(one.trace) == []
    assert installed.tally.late == 1


def test_a_recorded_test_has_no_run_of_production_in_it(installed: Production) -> None:
    """The code that production runs is tested as it is: there `run` does nothing."""
    with a_run() as one:
        handle("A-17")

    assert tools_of(one.trace) == ["look_up"]
    assert installed.tally.begun == 0


def test_it_is_installed_once(installed: Production, tmp_path: Path) -> None:
    """Two recorders in one process would write the same calls down twice."""
    with pytest.raises(UsageError, match="called already"):
        agenttrace.install(tmp_path / "other")
    with pytest.raises(UsageError, match="share of all runs"):
        agenttrace.SpanProcessor(tmp_path / "other", sample=7)
    with pytest.raises(UsageError, match="above 0"):
        agenttrace.Limits(trace_bytes=0)


FORKS = """
import os
import agenttrace

recorder = agenttrace.install("journals")

@agenttrace.tool
def look_up(order: str) -> str:
    return order

with agenttrace.run("parent"):
    look_up("before")
    child = os.fork()
    if not child:
        look_up("in the child, of the parent's run")
        with agenttrace.run("child of nobody"):
            pass
    else:
        os.waitpid(child, 0)
        look_up("after")
if not child:
    with agenttrace.run("child"):
        look_up("alone")
    recorder.shutdown()
    os._exit(0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_writes_journals_of_its_own(tmp_path: Path) -> None:
    """A server that forks its workers loads us once; no journal has two writers."""
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, "-c", FORKS], cwd=tmp_path, env=env, check=True, timeout=60)

    found = {one.trace.name.partition(" ")[0]: one for one in read(tmp_path / "journals")}
    assert set(found) == {"parent", "child"}
    assert all(one.ended and not one.torn for one in found.values())
    asked = [span.question for span in found["parent"].trace.calls]
    assert asked == [{"order": "before"}, {"order": "after"}]
    assert [span.question for span in found["child"].trace.calls] == [{"order": "alone"}]
