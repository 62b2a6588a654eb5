"""Processes: what runs in a process of its own is part of the run, and is answered offline."""

from __future__ import annotations

import _thread
import asyncio
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from agenttrace.causal.order import Order
from agenttrace.errors import GoldenMismatch, ReplayDiverged, UsageError
from agenttrace.model.lane import label_of
from agenttrace.session import Plan, Session, World, load_golden
from agenttrace.testing import ModelServer, Reply, messages_to, requests_to, says
from tests.fakes import workers
from tests.fakes.services import SERVICES, Services, orders
from tests.fakes.sessions import Desk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenttrace.model.message import ModelRequest
    from agenttrace.model.trace import Trace

SPAWN = multiprocessing.get_context("spawn")


def answer(request: ModelRequest, _nth: int) -> Reply:
    """Say what was asked; the server adds a number, so that equal questions get other answers."""
    return says(f"re {request.messages[-1].text}")


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """A model on this machine that counts."""
    with ModelServer(answer, numbered=True) as server:
        yield server


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A place for one golden."""
    return Desk(tmp_path)


def same_twice(desk: Desk, server: ModelServer, program: Any) -> int:
    """Record a program and replay it; give how many calls there were, none of them live."""
    said = desk.record(lambda: program(server.url))
    sent = len(server.requests)

    assert desk.replay(lambda: program(server.url)) == said
    assert len(server.requests) == sent
    assert desk.verdict is not None
    assert desk.verdict.counts.live == 0
    return desk.verdict.counts.answered


def golden_of(desk: Desk, name: str = "a run") -> Trace:
    """The golden that was recorded."""
    plan = Plan(name=name, golden=desk.golden, shown="the golden", journal=desk.golden)
    found = load_golden(plan)
    assert found is not None
    return found


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_children_and_their_children_are_answered_by_their_own_lanes(
    method: str, desk: Desk, server: ModelServer
) -> None:
    """Five processes of two kinds at two depths: thirteen calls, and none in the replay."""
    assert same_twice(desk, server, partial(workers.family, method=method)) == 13

    lanes = {label_of(lane.path) for lane in golden_of(desk).lanes}
    assert lanes == {
        "/",
        "worker#0",
        "worker#1",
        "worker#0/worker#0",
        "worker#1/worker#0",
        "python#0",
    }
    assert not list(desk.golden.parent.parent.glob("**/*.journal"))


def test_threads_that_begin_programs_at_once_tell_each_who_it_is(
    desk: Desk, server: ModelServer
) -> None:
    """The same question from four programs at once: each gets its own answer again."""
    assert same_twice(desk, server, workers.from_threads) == 4


async def _ask_in_a_program(url: str, question: str) -> str:
    words = (sys.executable, "-c", workers.CHILD, url, question)
    process = await asyncio.create_subprocess_exec(*words, stdout=subprocess.PIPE)
    return (await process.communicate())[0].decode().strip()


def test_a_timeout_waits_for_a_program_in_real_time(desk: Desk, server: ModelServer) -> None:
    """Virtual time would be over before the program has begun."""

    async def both(url: str) -> list[str]:
        asking = (_ask_in_a_program(url, question) for question in ("a", "b"))
        return await asyncio.wait_for(asyncio.gather(*asking), 60)

    assert same_twice(desk, server, lambda url: asyncio.run(both(url))) == 2


def test_a_child_that_diverges_stops_the_run(desk: Desk, server: ModelServer) -> None:
    """Whatever the parent makes of its exit code, the test fails with the child's own message."""

    def program(question: str) -> None:
        process = SPAWN.Process(target=workers.ask, args=(server.url, question))
        process.start()
        process.join()

    desk.record(lambda: program("as ever"))
    sent = len(server.requests)

    with pytest.raises(ReplayDiverged, match="call 1 of 1 is not the one that was recorded") as it:
        desk.replay(lambda: program("changed"))
    assert "messages[0].content = 'changed'" in str(it.value)
    assert "inside    process ask" in str(it.value)
    assert len(server.requests) == sent


def test_a_child_that_is_not_begun_any_more_is_missed(desk: Desk, server: ModelServer) -> None:
    """Its answers are left over, and so the replay fails."""

    def program(*questions: str) -> None:
        workers.ask(server.url, "own")
        for question in questions:
            workers.said_by_a_child(server.url, question)

    desk.record(lambda: program("one", "two"))

    with pytest.raises(Exception, match=r"1 recorded answer was never asked for") as caught:
        desk.replay(lambda: program("one"))
    assert not isinstance(caught.value, GoldenMismatch)


# -- what cannot be followed ----------------------------------------------------------------------
def warnings_of(desk: Desk) -> list[str]:
    """What the verdict warns of."""
    assert desk.verdict is not None
    return list(desk.verdict.warnings)


def test_a_program_that_never_joined_is_a_hole_with_a_warning(
    desk: Desk, server: ModelServer
) -> None:
    """Python that does not import agenttrace; of another program nobody expects anything."""

    def program(url: str) -> str:
        subprocess.run(["git", "--version"], check=True, capture_output=True)
        subprocess.run([sys.executable, "-c", "pass"], check=True)
        return workers.ask(url, "own")

    assert same_twice(desk, server, program) == 1
    assert [line.partition(",")[0] for line in warnings_of(desk)] == [
        "process python#0 left no journal"
    ]
    assert [lane.end for lane in golden_of(desk).lanes] == ["complete", "hole"]


def endless(url: str) -> None:
    """Ask until killed."""
    for number in range(100_000):
        workers.ask(url, f"question {number}")


def test_a_child_that_is_killed_leaves_what_it_had_done(desk: Desk, server: ModelServer) -> None:
    """It is killed in the middle of a call: the golden holds all before, and says what it lacks."""

    def program(url: str) -> str:
        process = SPAWN.Process(target=endless, args=(url,))
        process.start()
        while len(server.requests) < 5:
            time.sleep(0.01)
        os.kill(process.pid or 0, signal.SIGKILL)
        process.join()
        return workers.ask(url, "after")

    desk.record(lambda: program(server.url))

    assert "process endless#0 was killed, or outlived the run" in warnings_of(desk)[0]
    golden = golden_of(desk)
    assert {label_of(lane.path) for lane in golden.lanes if lane.end == "hole"} >= {"endless#0"}
    assert len([span for span in golden.calls if span.lane]) >= 4


@pytest.mark.parametrize("mode", ["record", "replay"])
def test_what_a_forked_process_asks_is_refused(mode: str, desk: Desk, server: ModelServer) -> None:
    """It is a copy of the run; the warning names the line, and what to do."""

    def program(url: str) -> Any:
        process = multiprocessing.get_context("fork").Process(target=workers.ask, args=(url, "x"))
        process.start()
        process.join()
        return process.exitcode, workers.ask(url, "own")

    said = desk.record(lambda: program(server.url))
    if mode == "replay":
        assert desk.replay(lambda: program(server.url)) == said

    assert said[0] == 1
    assert len(server.requests) == 1
    assert len(warnings_of(desk)) == 1
    assert "a process was forked at tests/stories/test_processes.py:" in warnings_of(desk)[0]
    assert "Use the start method spawn or forkserver" in warnings_of(desk)[0]


def test_a_raw_thread_is_taken_in_with_a_warning(desk: Desk, server: ModelServer) -> None:
    """`_thread` tells nobody; what it asks is part of the run, and the line is named."""

    def program(url: str) -> list[str]:
        said: list[str] = []
        done = threading.Event()

        def ask() -> None:
            said.append(workers.ask(url, "raw"))
            done.set()

        _thread.start_new_thread(ask, ())
        done.wait()
        return said

    assert same_twice(desk, server, program) == 1
    assert len(warnings_of(desk)) == 1
    assert "was taken in, at chat gpt-4o-mini at tests/fakes/workers.py:" in warnings_of(desk)[0]


def test_jobs_of_a_process_pool_stand_where_they_were_submitted(
    desk: Desk, server: ModelServer, tmp_path: Path
) -> None:
    """Whichever worker does them, and however many there are: the same golden, no warning."""

    def program(url: str, workers_: int = 2) -> list[str]:
        with ProcessPoolExecutor(workers_, mp_context=SPAWN) as pool:
            first = pool.submit(workers.ask, url, "alone")
            said = list(pool.map(workers.ask, [url] * 4, "abab"))
            return [*said, first.result(), workers.ask(url, f"after {said}")]

    assert same_twice(desk, server, program) == 6
    assert warnings_of(desk) == []
    assert desk.replay(lambda: program(server.url, 1)) is not None

    golden, other = golden_of(desk), Desk(tmp_path / "again")
    other.record(lambda: program(server.url, 1))
    assert [(s.position, s.parent) for s in golden_of(other)] == [
        (s.position, s.parent) for s in golden
    ]
    jobs = [span for span in golden.calls if span.lane]
    assert [label_of(span.lane) for span in jobs] == [
        f"work:ask#{n}/_process_worker#0" for n in range(5)
    ]
    after = next(span for span in golden.calls if not span.lane)
    order = Order(golden)
    assert all(order.happens_before(span, after) for span in jobs)


def test_a_multiprocessing_pool_is_warned_of(desk: Desk, server: ModelServer) -> None:
    """Its workers join; but which of them gets which job, no golden can hold."""

    def program(url: str) -> list[str]:
        with SPAWN.Pool(1) as pool:
            return pool.starmap(workers.ask, [(url, "a"), (url, "b")])

    assert same_twice(desk, server, program) == 2
    assert "a worker of a process pool was begun at" in warnings_of(desk)[0]


def test_a_process_that_is_terminated_while_it_ends_tells_all_first(
    desk: Desk, server: ModelServer
) -> None:
    """A pool does so to its workers; the signal ends the process when its part is told."""

    def program(url: str) -> None:
        process = SPAWN.Process(target=workers.ask_and_be_terminated, args=(url, "alone"))
        process.start()
        process.join()
        assert process.exitcode == -signal.SIGTERM

    assert same_twice(desk, server, program) == 1
    assert warnings_of(desk) == []


def test_two_replays_at_once_are_refused(desk: Desk, server: ModelServer, tmp_path: Path) -> None:
    """They would share one clock, and each would wait for the other's answers."""
    desk.record(lambda: workers.ask(server.url, "own"))
    plans = [
        Plan(name=name, golden=desk.golden, shown="x", journal=tmp_path / name)
        for name in ("a run", "another")
    ]

    with (
        World(live=False) as one,
        World(live=False) as two,
        Session(plans[0], one),
        pytest.raises(UsageError, match="another cannot be replayed while a run is"),
    ):
        Session(plans[1], two).begin()


# -- services --------------------------------------------------------------------------------------
def test_three_services_are_one_trace_and_each_replays_alone(
    desk: Desk, server: ModelServer, tmp_path: Path
) -> None:
    """Real HTTP, a queue, clocks 0, +2 and -3 s off: one structure, no request to the model."""
    said = desk.record(lambda: orders(server.url))
    golden, sent = golden_of(desk), len(server.requests)
    assert len(golden.calls) == 16
    assert {lane.end for lane in golden.lanes} == {"complete"}

    assert desk.replay(lambda: orders(server.url)) == said
    assert len(server.requests) == sent

    other = Desk(tmp_path / "again")
    other.record(lambda: orders(server.url))
    assert [(s.position, s.parent) for s in golden_of(other)] == [
        (s.position, s.parent) for s in golden
    ]
    sent = len(server.requests)

    for name in SERVICES:
        assert _alone(name, desk, golden, server.url) == ()
    assert len(server.requests) == sent


def _alone(name: str, desk: Desk, golden: Trace, model: str) -> Any:
    """Start one service, ask what its peers asked; give what differs from the merged golden."""
    plan = Plan(
        name=golden.name,
        golden=desk.golden,
        shown="the golden",
        journal=desk.golden.with_name("alone.journal"),
        alone=True,
        compare=False,
    )
    with World(live=False) as world:
        session = Session(plan, world)
        with session, Services(model, name) as up:
            for message in messages_to(golden, name):
                up.orders.put((message.envelope, dict(message.headers)))
            for request in requests_to(golden, name):
                assert request.send(up.urls[name]) == (request.status, request.answer)
        verdict = session.settle(passed=True)
    assert (verdict.problems, verdict.counts.live) == ((), 0)
    # the queues through which the services say that they are up
    assert all("a Queue between processes" in warning for warning in verdict.warnings)
    assert verdict.trace is not None
    asked = {span.id: span for span in verdict.trace.calls}
    own = [span for span in golden.calls if _process_of(span.lane) == name]
    assert own
    return tuple(
        span.name
        for span in own
        if span.id not in asked or asked[span.id].digest != span.digest or asked[span.id].echoed
    )


def _process_of(lane: Any) -> str:
    return next((step.name for step in reversed(lane) if step.kind == "process"), "")
