"""The virtual-time loop: exact instants, threads that hold time, and an end to every wait."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from contextlib import _GeneratorContextManager
from typing import Any

import anyio
import anyio.to_thread
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agenttrace.determinism.loop import VirtualTimeLoop, ns_reaching
from agenttrace.determinism.places import Ticket
from agenttrace.determinism.waiter import Released, Waiter
from agenttrace.determinism.who import ticket_here
from agenttrace.errors import Deadlock, NeverAnswered

SECOND_NS = 1_000_000_000


def run(main: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine in virtual time, and leave no thread behind."""
    before = set(threading.enumerate())
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        value = runner.run(main)
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=120)
    assert set(threading.enumerate()) <= before
    return value


def now() -> float:
    """The time of the running loop."""
    return asyncio.get_running_loop().time()


def heap_sleep(seconds: float) -> None:
    """Sleep in a worker thread until a moment of its loop's time."""
    ticket = ticket_here()
    assert isinstance(ticket, Ticket)
    heap = ticket.heap
    heap.sleep_until(heap.now_ns + round(seconds * SECOND_NS))


# -- instants ------------------------------------------------------------------------------------
def test_ten_minutes_of_sleep_end_at_their_exact_instants() -> None:
    """Time jumps from timer to timer, and never past one."""
    seen: list[tuple[int, float]] = []

    async def sleeper(name: int, seconds: float) -> None:
        await asyncio.sleep(seconds)
        seen.append((name, now()))

    async def main() -> None:
        sleeps = (300, 100, 600, 0.1)
        await asyncio.gather(*(sleeper(name, seconds) for name, seconds in enumerate(sleeps)))

    run(main())
    assert seen == [(3, 0.1), (1, 100.0), (0, 300.0), (2, 600.0)]


def test_a_timeout_ends_what_it_guards_at_its_exact_instant() -> None:
    """A retry after a timeout must ask at the recorded moment, or it asks in another order."""

    async def main() -> list[float]:
        seen = []
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.sleep(100), 30)
        seen.append(now())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await asyncio.sleep(1)
        seen.append(now())
        async with asyncio.timeout(2):
            await asyncio.sleep(1)
        seen.append(now())
        with anyio.move_on_after(5):
            await anyio.sleep(50)
        seen.append(anyio.current_time())
        return seen

    assert run(main()) == [30.0, 30.1, 31.1, 36.1]


def test_a_failing_task_cancels_its_group_at_once() -> None:
    """The siblings learn of it at the instant of the failure."""
    seen: list[float] = []

    async def sibling() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            seen.append(now())

    async def failing() -> None:
        await asyncio.sleep(5)
        raise ValueError

    async def main() -> None:
        with pytest.raises(ExceptionGroup):
            async with asyncio.TaskGroup() as group:
                group.create_task(sibling())
                group.create_task(failing())

    run(main())
    assert seen == [5.0]


@given(st.lists(st.floats(0, 10**9), max_size=8))
def test_any_sleeps_end_and_end_in_order(sleeps: list[float]) -> None:
    """A float has no nanoseconds left after some months; a timer must be found due all the same."""
    ended: list[float] = []

    async def sleeper(seconds: float) -> None:
        await asyncio.sleep(seconds)
        ended.append(seconds)

    async def main() -> None:
        await asyncio.gather(*map(sleeper, sleeps))

    run(main())
    assert [round(seconds, 6) for seconds in ended] == sorted(round(s, 6) for s in sleeps)


@given(st.floats(min_value=0, max_value=10**7))
@example(4194304.228683531)  # times a billion, it is rounded up
def test_a_timer_is_due_at_the_first_instant_that_reaches_it(due: float) -> None:
    """Not a hair's breadth before, for then it is not yet time; and a nanosecond before is."""
    at_ns = ns_reaching(due)

    assert at_ns / 10**9 >= due
    assert at_ns == 0 or (at_ns - 1) / 10**9 < due


@given(st.integers(min_value=0, max_value=10**12))
def test_a_cancel_scope_ends_whenever_it_began(start_ns: int) -> None:
    """It asks whether it is time by now, and would wait for ever at an instant just before."""

    async def program() -> float:
        await asyncio.sleep(start_ns / 10**9)
        with anyio.move_on_after(0.3) as scope:
            await asyncio.Event().wait()
        return scope.cancelled_caught

    loop = VirtualTimeLoop()
    try:
        assert loop.run_until_complete(program())
    finally:
        loop.close()


def test_what_is_due_at_one_instant_comes_one_at_a_time_and_answers_by_their_tie() -> None:
    """The recorded end decides between two answers; what follows from the first is done first."""
    seen: list[str] = []

    async def answer(name: str, tie_ns: int) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        await loop.sleep_until(SECOND_NS, tie_ns)
        seen.append(name)
        await asyncio.sleep(0)
        seen.append(f"{name}, further")

    async def timer() -> None:
        await asyncio.sleep(1)
        seen.append("timer")

    async def main() -> None:
        await asyncio.gather(timer(), answer("late", 7), answer("early", 3))

    run(main())
    assert seen == ["early", "early, further", "timer", "late", "late, further"]


def test_those_who_follow_time_are_told_each_time_it_moves() -> None:
    """A frozen wall clock moves with the loop."""
    told: list[int] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        loop.heap.on_time.append(told.append)
        for seconds in (1, 0, 2):
            await asyncio.sleep(seconds)

    run(main())
    assert told == [SECOND_NS, 3 * SECOND_NS]


# -- threads -------------------------------------------------------------------------------------
def test_time_stands_still_while_a_thread_of_the_loop_runs() -> None:
    """A timer that is due a hundred seconds later must not overtake a thread that computes."""

    async def main() -> list[tuple[str, float]]:
        seen: list[tuple[str, float]] = []

        async def timer() -> None:
            await asyncio.sleep(0.001)
            seen.append(("timer", now()))

        async def work(name: str, call: Any) -> None:
            await call
            seen.append((name, now()))

        await asyncio.gather(
            timer(),
            work("asyncio's", asyncio.to_thread(_compute)),
            work("anyio's", anyio.to_thread.run_sync(_compute)),
        )
        return sorted(seen, key=lambda pair: (pair[1], pair[0]))

    assert run(main()) == [("anyio's", 0.0), ("asyncio's", 0.0), ("timer", 0.001)]


def test_jobs_that_queue_for_a_worker_do_not_hold_time() -> None:
    """Forty jobs in fewer workers end when their workers have come to them."""

    async def main() -> float:
        await asyncio.gather(*(asyncio.to_thread(heap_sleep, 1) for _ in range(100)))
        return now()

    workers = min(32, (__import__("os").cpu_count() or 1) + 4)
    assert run(main()) == -(-100 // workers)


def test_a_thread_may_wait_for_a_coroutine_that_sleeps() -> None:
    """It hangs on the loop, not the loop on it."""

    async def main() -> tuple[str, float]:
        loop = asyncio.get_running_loop()

        async def inner() -> str:
            await asyncio.sleep(10)
            return "ten seconds later"

        def worker() -> str:
            return asyncio.run_coroutine_threadsafe(inner(), loop).result(timeout=30)

        return await asyncio.to_thread(worker), now()

    assert run(main()) == ("ten seconds later", 10.0)


def test_a_crowd_of_idle_threads_does_not_hold_time_still() -> None:
    """To look at three hundred threads takes a while, and is nobody else's doing."""
    over = threading.Event()
    crowd = [threading.Thread(target=over.wait, daemon=True) for _ in range(300)]
    for thread in crowd:
        thread.start()
    try:
        test_a_thread_may_wait_for_a_coroutine_that_sleeps()
    finally:
        over.set()
        for thread in crowd:
            thread.join()


def test_parked_threads_are_waited_for_in_virtual_time_when_the_loop_closes() -> None:
    """`asyncio.run` waits for its threads; a task that was left behind does not change that."""
    seen: list[str] = []

    def worker() -> None:
        heap_sleep(3600)
        seen.append("done")

    async def main() -> None:
        task = asyncio.ensure_future(asyncio.to_thread(worker))
        await asyncio.sleep(1)
        task.cancel()

    run(main())
    assert seen == ["done"]


def test_parked_threads_are_let_go_when_a_loop_is_closed_without_ceremony() -> None:
    """Nobody will ever wake them again, and a test run must end."""
    seen: list[str] = []

    def worker() -> None:
        try:
            heap_sleep(3600)
        except Released as released:
            seen.append(str(released))

    async def main() -> None:
        asyncio.get_running_loop().run_in_executor(None, worker)
        await asyncio.sleep(1)

    before = set(threading.enumerate())
    loop = VirtualTimeLoop()
    loop.run_until_complete(main())
    loop.close()
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=120)
    assert seen == ["the run is over"]


def test_a_job_cancelled_in_the_queue_leaves_its_place_to_the_next() -> None:
    """Else time would wait for a job that never runs."""
    from concurrent.futures import ThreadPoolExecutor

    async def main() -> float:
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1) as pool:
            first, second, third = (loop.run_in_executor(pool, heap_sleep, 1) for _ in range(3))
            await asyncio.sleep(0)
            second.cancel()
            await asyncio.gather(first, third)
        return now()

    assert run(main()) == 2.0


def test_anyio_is_as_it_was_when_the_last_loop_has_closed() -> None:
    """What we patch, we take back."""
    import anyio._backends._asyncio as backend

    before = dict(vars(backend.WorkerThread))
    run(anyio.to_thread.run_sync(_compute))
    assert dict(vars(backend.WorkerThread)) == before


# -- the world -----------------------------------------------------------------------------------
def test_a_loopback_server_of_the_program_is_waited_for_really() -> None:
    """Its answers take no virtual time, and a timeout does not overtake them."""

    async def main() -> tuple[bytes, float]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(await reader.readline())
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            host, port = server.sockets[0].getsockname()
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(b"hello\n")
            line = await asyncio.wait_for(reader.readline(), 60)
            writer.close()
            await writer.wait_closed()
        return line, now()

    assert run(main()) == (b"hello\n", 0.0)


def test_an_idle_connection_does_not_hold_the_timers() -> None:
    """Clients keep connections alive between calls."""

    async def main() -> float:
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        async with server:
            await asyncio.sleep(3600)
        return now()

    assert run(main()) == 3600.0


def test_a_child_process_is_talked_to() -> None:
    """Its pipes are the world."""

    async def main() -> bytes:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", "print('hi')", stdout=asyncio.subprocess.PIPE
        )
        output, _ = await child.communicate()
        return output

    assert run(main()) == b"hi\n"


# -- the end of waiting --------------------------------------------------------------------------
def test_a_deadlock_is_an_instant_error_that_names_who_waits_on_whom() -> None:
    """The real loop would hang until somebody loses patience."""

    async def critic(queue: asyncio.Queue[str]) -> None:
        await queue.get()

    async def planner(other: asyncio.Task[None]) -> None:
        await other

    async def main() -> None:
        task = asyncio.create_task(critic(asyncio.Queue()))
        await asyncio.gather(task, asyncio.create_task(planner(task)))

    with pytest.raises(Deadlock) as raised:
        run(main())
    at = [function.__code__.co_firstlineno for function in (critic, main, planner)]
    assert str(raised.value) == (
        "nothing can happen any more: 3 wait for each other  [deadlock]\n"
        "\n"
        f"    critic   waits for  Queue.get              test_loop.py:{at[0] + 1}\n"
        f"    main     waits for  tasks critic, planner  test_loop.py:{at[1] + 2}\n"
        f"    planner  waits for  task critic            test_loop.py:{at[2] + 1}\n"
        "\n"
        "  No timer is set, no answer is on its way, and no thread runs.\n"
        "  Give one of them a timeout, or let whoever fails say so to the others.\n"
        "  More: agenttrace explain deadlock"
    )


class _Given(VirtualTimeLoop):
    """A loop that a thread gives work, just after its selector has found that it has none.

    Attributes:
        work: What the thread gives it, when it is to rest next.
        halfway: Whether the thread has only begun to when the loop rests.
    """

    work: Callable[[], object] | None = None
    halfway = False

    def resting(self, *, outside: bool) -> _GeneratorContextManager[Waiter]:
        work, self.work = self.work, None
        if work is not None:
            ticket = Ticket(self.heap, _Given.resting)
            ticket.begin()
            self.begun = threading.Event()
            thread = threading.Thread(target=self._give, args=(work, ticket))
            thread.start()
            self.begun.wait() if self.halfway else thread.join()
        return super().resting(outside=outside)

    def _give(self, work: Callable[[], object], ticket: Ticket) -> None:
        self.call_soon_threadsafe(work)
        ticket.tell()
        ticket.end()

    def _rise(self) -> None:
        super()._rise()
        if self.halfway and not self._is_mine() and not self.begun.is_set():
            self.begun.set()
            time.sleep(0.02)  # the loop comes to rest meanwhile

    def _write_to_self(self) -> None:
        if not self.halfway:  # so a loop is told, which is slow to hear it on a busy machine
            super()._write_to_self()


@pytest.mark.parametrize("halfway", [False, True])
def test_what_is_given_while_a_loop_comes_to_rest_is_seen(*, halfway: bool) -> None:
    """Its selector has looked for work already: it would find that nothing can happen any more."""

    async def main() -> str:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, _Given)
        future = loop.create_future()
        loop.halfway = halfway
        loop.work = lambda: future.set_result("in time")
        return str(await future)

    with asyncio.Runner(loop_factory=_Given) as runner:
        assert runner.run(main()) == "in time"
        assert runner.get_loop().heap.error is None  # type: ignore[attr-defined]


def test_a_wait_for_an_answer_that_never_came_is_an_error_of_its_own() -> None:
    """When it was recorded somebody cancelled the call; nobody does any more."""

    async def agent() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        await loop.never("the answer to llm:chat#0")

    with pytest.raises(NeverAnswered) as raised:
        run(agent())
    line = agent.__code__.co_firstlineno + 3
    assert str(raised.value) == (
        "agent waits for the answer to llm:chat#0, which never came when it was recorded"
        "  [never-answered]\n"
        "\n"
        f"    agent  waits for  the answer to llm:chat#0  test_loop.py:{line}\n"
        "\n"
        "  When it was recorded, the call was cancelled or the run ended first;"
        " now nobody ends the wait.\n"
        "  The agent is right, and the recording is old: record again, with --agenttrace=rewrite\n"
        "  More: agenttrace explain never-answered"
    )


def test_a_thread_that_waits_for_ever_is_named() -> None:
    """Threads are part of who waits on whom."""

    def worker() -> None:
        ticket = ticket_here()
        assert isinstance(ticket, Ticket)
        ticket.heap.never("the answer to tool:pay#0")

    async def main() -> None:
        await asyncio.to_thread(worker)

    with pytest.raises(NeverAnswered) as raised:
        run(main())
    assert raised.value.headline.startswith("worker waits for the answer to tool:pay#0,")


def test_a_loop_that_runs_for_ever_may_be_idle() -> None:
    """A server that nobody asks anything is no deadlock."""
    loop = VirtualTimeLoop()
    stopper = threading.Timer(0.05, lambda: loop.call_soon_threadsafe(loop.stop))
    stopper.start()
    loop.run_forever()
    stopper.join(timeout=120)
    loop.close()
    assert loop.time() == 0.0


def test_a_runner_runs_again_and_its_time_goes_on() -> None:
    """A notebook, or a test with several `run`s, has one loop."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(asyncio.sleep(5))
        runner.run(asyncio.sleep(5))
        assert runner.get_loop().time() == 10.0


def test_a_loop_can_still_clean_up_after_a_deadlock() -> None:
    """`finally` blocks run, with their timers."""
    seen: list[str] = []

    async def agent() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(60)
            seen.append("clean")

    with pytest.raises(Deadlock):
        run(agent())
    assert seen == ["clean"]


def _compute() -> int:
    """Compute for a while, longer than a selector needs to wake up."""
    started, total = time.perf_counter(), 0
    while time.perf_counter() - started < 0.02:
        total += 1
    return total
