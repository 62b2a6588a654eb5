"""Threads and jobs are lanes; they stand for them as long as they run, and say when they do."""

from __future__ import annotations

import asyncio
import concurrent.futures as cf
import contextvars
import queue
import threading
from collections.abc import Callable, Iterable

import pytest

from agenttrace.causal import current
from agenttrace.causal.current import Run
from agenttrace.causal.lane import LiveLane
from agenttrace.causal.spawn import installed
from agenttrace.model.lane import label_of
from tests.fakes.lanes import in_run, joins, lanes, where


class NotedWaits:
    """Notes what it is told, in order."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.then: Callable[[], object] = int

    def started(self, lane: LiveLane) -> None:
        """Note it."""
        self.told.append(f"{label_of(lane.path)} starts")

    def ended(self, lane: LiveLane) -> None:
        """Note it."""
        assert lane.ended
        self.told.append(f"{label_of(lane.path)} ends")

    def block(self, lane: LiveLane, on: Iterable[LiveLane]) -> None:
        """Note it."""
        names = " ".join(sorted(label_of(one.path) for one in on))
        self.told.append(f"{label_of(lane.path)} waits for {names}")
        self.then()


def when_blocked(then: Callable[[], object]) -> None:
    """Do something as soon as somebody has said that it waits."""
    frame = current.frame()
    assert frame is not None
    waits = frame.lane.run.waits
    assert isinstance(waits, NotedWaits)
    waits.then = then


def noted(program: Callable[[], object]) -> list[str]:
    """What a program's run tells of its waits."""
    waits = NotedWaits()
    in_run(program, Run("noted", waits=waits))
    return waits.told


def test_a_thread_stands_for_its_lane_even_in_its_starters_context() -> None:
    """`copy_context().run` brings the starter's frame along; three threads would share one lane."""
    seen: list[str] = []

    def work() -> None:
        seen.append(where())

    def program() -> None:
        early = contextvars.copy_context()
        for target, args in (
            (work, ()),
            (contextvars.copy_context().run, (work,)),
            (early.run, (work,)),
        ):
            thread = threading.Thread(target=target, args=args)
            thread.start()
            thread.join()
        with cf.ThreadPoolExecutor(1) as pool:
            pool.submit(contextvars.copy_context().run, work)
            pool.submit(early.run, work)

    in_run(program)
    assert seen == ["work#0", "work#1", "work#2", "work#0", "work#1"]


def test_a_context_copied_far_above_does_not_carry_a_job_away() -> None:
    """A job of a job in the run's own context still stands for itself."""
    seen: list[str] = []

    def program() -> None:
        context = contextvars.copy_context()

        def inner() -> None:
            seen.append(where())

        def outer() -> None:
            with cf.ThreadPoolExecutor(1) as pool:
                pool.submit(context.run, inner)

        with cf.ThreadPoolExecutor(1) as pool:
            pool.submit(outer)

    in_run(program)
    assert seen == ["outer#0/inner#0"]


def test_a_task_on_another_threads_loop_stands_for_itself() -> None:
    """A library's loop thread is a lane, and so is what others hand to it."""
    seen: list[str] = []

    async def guest() -> str:
        await asyncio.sleep(0)
        return where()

    def program() -> None:
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        seen.extend(asyncio.run_coroutine_threadsafe(guest(), loop).result() for _ in range(2))
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    run = in_run(program)
    assert seen == ["guest#0", "guest#1"]
    assert joins(run) == {"run_forever#0": {"/": 3}, "guest#0": {"/": 2}, "guest#1": {"/": 3}}


def test_a_pool_older_than_the_run_works_for_it() -> None:
    """Else its jobs would go live, silently."""
    with cf.ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        seen: list[str] = []
        in_run(lambda: seen.append(pool.submit(where).result()))
        assert seen == ["where#0"]
        assert pool.submit(where).result() == "nowhere"


def test_a_loop_and_a_worker_older_than_the_run_are_taken_in_by_the_only_one() -> None:
    """A server's tasks carry no lane; what they spawn is minted in the run's own."""
    seen: list[str] = []
    asked: queue.Queue[threading.Event | None] = queue.Queue()

    async def worker() -> None:
        seen.append(where())

    async def serve() -> None:
        while (done := await asyncio.to_thread(asked.get)) is not None:
            seen.append(where())
            await asyncio.create_task(worker())
            done.set()

    server = threading.Thread(target=asyncio.run, args=(serve(),))
    with installed():
        server.start()

        def program() -> None:
            done = threading.Event()
            asked.put(done)
            assert done.wait(5)

        run = in_run(program)
        asked.put(None)
        server.join()
    assert seen == ["/", "worker#0"]
    assert "worker#0" in lanes(run)


def test_with_two_runs_code_that_belongs_to_none_spawns_no_lane() -> None:
    """It could be anybody's; a thread of a library must start all the same."""
    first, second = Run("first"), Run("second")
    with installed():
        tokens = [current.enter(first), current.enter(second)]
        context = contextvars.Context()

        def start() -> None:
            thread = threading.Thread(target=int)
            thread.start()
            thread.join()

        context.run(start)
        current.leave(second, tokens[1])
        current.leave(first, tokens[0])
    assert (lanes(first), lanes(second)) == ([], [])


def test_what_outlives_its_run_is_detached_and_stays_so() -> None:
    """A library's export thread must not be taken in by the next test's run."""
    go, seen = threading.Event(), []

    def late() -> None:
        assert go.wait(5)
        thread = threading.Thread(target=lambda: seen.append(current.frame()))
        thread.start()
        thread.join()
        with cf.ThreadPoolExecutor(1) as pool:
            pool.submit(lambda: seen.append(current.frame()))

    started: list[threading.Thread] = []

    def program() -> None:
        started.append(threading.Thread(target=late))
        started[0].start()

    first = in_run(program)

    def second_program() -> None:
        go.set()
        started[0].join()

    second = in_run(second_program)
    assert [frame.lane.run for frame in seen if frame is not None] == [first, first]
    assert (lanes(first), lanes(second)) == (["late#0"], [])


def test_a_pools_workers_are_no_lanes() -> None:
    """They are started by whoever comes first."""

    async def program() -> None:
        await asyncio.gather(*(asyncio.to_thread(int) for _ in range(3)))

    assert [name for name in lanes(in_run(program)) if name.startswith("_worker")] == []


def test_a_thread_that_cannot_start_is_cut() -> None:
    """And its start raises what it always does."""

    def program() -> None:
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
        with pytest.raises(RuntimeError):
            thread.start()

    assert [(lane.ended, lane.cut) for lane in in_run(program).lanes[1:]] == [
        (True, False),
        (True, True),
    ]


def test_a_thread_keeps_its_own_run_method() -> None:
    """Ours stands in for it until it begins."""
    seen: list[object] = []

    class Worker(threading.Thread):
        def run(self) -> None:
            seen.append("run" in vars(self))

    def program() -> None:
        worker = Worker()
        worker.start()
        worker.join()

    assert lanes(in_run(program)) == ["run#0"]
    assert seen == [False]


def test_jobs_keep_their_own_context() -> None:
    """A pool's worker sees none of its submitter's context variables, recorded or not."""
    variable = contextvars.ContextVar("variable", default="worker's")
    seen: list[str] = []

    def program() -> None:
        variable.set("submitter's")
        with cf.ThreadPoolExecutor(1) as pool:
            pool.submit(lambda: seen.append(variable.get()))
        thread = threading.Thread(target=lambda: seen.append(variable.get()))
        thread.start()
        thread.join()

    in_run(program)
    assert seen == ["worker's", "worker's"]


# -- who is told of what -------------------------------------------------------------------------
def test_a_thread_starts_and_ends_once_and_its_joiner_waits() -> None:
    """Virtual time moves only when nobody runs, so it must know."""
    hold = threading.Event()

    def work() -> None:
        assert hold.wait(5)

    def program() -> None:
        thread = threading.Thread(target=work)
        thread.start()
        when_blocked(hold.set)
        thread.join()
        thread.join()

    assert noted(program) == ["work#0 starts", "/ waits for work#0", "work#0 ends"]


def test_a_queued_job_starts_when_it_gets_a_worker() -> None:
    """Counted from its submission, it would hold time still while nobody runs."""
    gates = [threading.Event() for _ in range(3)]

    def work(number: int) -> None:
        assert gates[number].wait(5)

    def program() -> None:
        with cf.ThreadPoolExecutor(1) as pool:
            futures = [pool.submit(work, number) for number in range(3)]
            for gate, future in zip(gates, futures, strict=True):
                when_blocked(gate.set)
                future.result()

    assert noted(program) == [
        "work#0 starts",
        "/ waits for work#0",
        "work#1 starts",
        "work#0 ends",
        "/ waits for work#1",
        "work#2 starts",
        "work#1 ends",
        "/ waits for work#2",
        "work#2 ends",
    ]


def test_a_job_cancelled_in_the_queue_ends_without_a_start() -> None:
    """It gives its place in the queue up, and is cut."""
    gate = threading.Event()

    def program() -> None:
        with cf.ThreadPoolExecutor(1) as pool:
            pool.submit(gate.wait, 5)
            cancelled, last = pool.submit(int), pool.submit(str)
            assert cancelled.cancel()
            gate.set()
            last.result()

    told = noted(program)
    assert [one for one in told if "waits" not in one] == [
        "wait#0 starts",
        "int#0 ends",
        "str#0 starts",
        "wait#0 ends",
        "str#0 ends",
    ]


def test_a_wait_for_the_first_goes_on_with_the_first() -> None:
    """The waiter runs from the moment the first one ends, before that one counts as gone."""
    gates = [threading.Event(), threading.Event()]

    def work(number: int) -> None:
        assert gates[number].wait(5)

    def program() -> None:
        when_blocked(gates[1].set)
        with cf.ThreadPoolExecutor(2) as pool:
            futures = [pool.submit(work, number) for number in range(2)]
            done, _ = cf.wait(futures, return_when=cf.FIRST_COMPLETED)
            assert done == {futures[1]}
            gates[0].set()

    first_of_both = "work#0"
    assert noted(program)[:5] == [
        "work#0 starts",
        "work#1 starts",
        f"/ waits for {first_of_both}",
        f"{first_of_both} ends",
        "work#1 ends",
    ]


def test_a_task_that_a_thread_waits_for_says_that_it_has_ended() -> None:
    """It is no thread, but somebody who has no loop waits for it."""

    async def guest() -> None:
        await asyncio.sleep(0.001)

    async def program() -> None:
        loop = asyncio.get_running_loop()
        await asyncio.to_thread(lambda: asyncio.run_coroutine_threadsafe(guest(), loop).result())

    told = noted(program)
    assert [one for one in told if "guest" in one] == [
        "<lambda>#0 waits for <lambda>#0/guest#0",
        "<lambda>#0/guest#0 ends",
    ]
