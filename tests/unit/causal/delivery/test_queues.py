"""Queues of all kinds: what a program sees of them is what it sees without us."""

from __future__ import annotations

import asyncio
import multiprocessing
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio
import pytest

import agenttrace
from agenttrace.causal import delivery
from agenttrace.causal.order import Order
from agenttrace.model.lane import Delivery, label_of
from agenttrace.model.trace import Trace
from tests.fakes.deliveries import ask, ask_blocking
from tests.fakes.sessions import Desk


def both(folder: Path, program: Callable[[], Any]) -> tuple[Trace, Desk]:
    """Record a program and replay it; it says the same, and the trace is the recorded one's."""
    desk = Desk(folder)
    said = desk.record(program)
    assert desk.verdict is not None
    trace = desk.verdict.trace
    assert trace is not None
    assert desk.replay(program) == said
    assert desk.verdict.trace is not None
    assert desk.verdict.trace.deliveries == trace.deliveries
    return trace, desk


def outcomes(trace: Trace) -> list[str]:
    """How receives ended."""
    return [one.outcome for one in trace.deliveries]


def test_nothing_is_left_of_the_patches() -> None:
    """Outside a run queues are the standard library's own."""
    before = [asyncio.Queue.get, asyncio.Queue.__init__, queue.Queue.get, queue.Queue.join]
    with delivery.installed():
        assert asyncio.Queue.get is not before[0]
    after = [asyncio.Queue.get, asyncio.Queue.__init__, queue.Queue.get, queue.Queue.join]
    assert after == before


def test_a_queue_holds_the_users_own_objects(tmp_path: Path) -> None:
    """Frameworks subclass queues and look inside: no envelope is ever there."""

    class Looking(asyncio.Queue[Any]):
        """Looks at what lies in it."""

        def first(self) -> Any:
            """The next message, which stays."""
            return self._queue[0]  # type: ignore[attr-defined]

    def program() -> list[Any]:
        async def main() -> list[Any]:
            things, message = Looking(), {"a": 1}
            things.put_nowait(message)
            assert things.first() is message
            assert things.get_nowait() is message
            assert (things.qsize(), things.empty()) == (0, True)
            return [await ask(str(message))]

        return asyncio.run(main())

    trace, _ = both(tmp_path, program)
    assert outcomes(trace) == ["message"]


def test_empty_and_timeout_are_answers(tmp_path: Path) -> None:
    """A poll that found nothing finds nothing in the replay, and takes no time there."""
    patience_s = 0.05

    def program() -> list[str]:
        things: queue.Queue[int] = queue.Queue()
        seen = []
        for options in ({"block": False}, {"timeout": patience_s}):
            try:
                things.get(**options)
            except queue.Empty:
                seen.append(ask_blocking("nothing there"))
        things.put(1)
        seen.append(str(things.get(timeout=5)))
        return seen

    desk = Desk(tmp_path)
    said = desk.record(program)
    before, patience_s = time.monotonic(), 3600
    assert desk.replay(program) == said
    assert time.monotonic() - before < patience_s
    assert desk.verdict is not None
    assert desk.verdict.trace is not None
    assert outcomes(desk.verdict.trace) == ["empty", "timeout", "message"]


def test_a_full_queue_holds_its_senders_back(tmp_path: Path) -> None:
    """In a replay as well: `QueueFull` is raised, and a blocked `put` ends when there is room."""

    def program() -> list[str]:
        async def main() -> list[str]:
            things: asyncio.Queue[int] = asyncio.Queue(1)
            seen = []
            things.put_nowait(1)
            try:
                things.put_nowait(2)
            except asyncio.QueueFull:
                seen.append(await ask("full"))
            putting = asyncio.create_task(things.put(3))
            await asyncio.sleep(0.001)
            assert not putting.done()
            seen.append(await ask(str([await things.get(), await things.get()])))
            await putting
            return seen

        return asyncio.run(main())

    both(tmp_path, program)


def test_join_waits_until_all_is_done(tmp_path: Path) -> None:
    """`task_done` counts what was handed past the queue too."""

    def program() -> list[str]:
        things: queue.Queue[int] = queue.Queue(1)
        done: list[str] = []

        def worker() -> None:
            for _ in range(4):
                done.append(ask_blocking(str(things.get())))
                things.task_done()

        thread = threading.Thread(target=worker)
        thread.start()
        for number in range(4):
            things.put(number)
        things.join()
        assert things.unfinished_tasks == 0
        thread.join()
        return done

    both(tmp_path, program)


def test_the_end_of_a_stream_is_an_answer(tmp_path: Path) -> None:
    """A consumer that is the stream's only one keeps its own order of calls."""

    def program() -> list[str]:
        async def main() -> list[str]:
            send, receive = anyio.create_memory_object_stream[int](2)
            found = []

            async def produce() -> None:
                async with send:
                    for number in range(3):
                        await send.send(number)
                        await ask(f"sent {number}")

            async with anyio.create_task_group() as group, receive:
                group.start_soon(produce)
                async for number in receive:
                    found.append(await ask(f"got {number}"))  # noqa: PERF401 - one after the other
            return found

        return asyncio.run(main())

    trace, _ = both(tmp_path, program)
    assert outcomes(trace) == ["message", "message", "message", "end"]
    assert {one.turn for one in trace.deliveries} == {()}
    got = [label_of(span.position) for span in trace.calls if span.lane == ()]
    assert got == [f"tool:ask#{number}" for number in range(3)]


def test_what_is_sent_happens_before_what_is_done_with_it(tmp_path: Path) -> None:
    """A delivery orders spans as a join does, also through a lane that only passes things on."""

    def program() -> None:
        async def main() -> None:
            one: asyncio.Queue[str] = asyncio.Queue()
            two: asyncio.Queue[str] = asyncio.Queue()

            async def first() -> None:
                await one.put(await ask("first"))
                await ask("later")

            async def between() -> None:
                await two.put(await one.get())

            async def last() -> None:
                await ask("before")
                await ask(f"last {await two.get()}")

            await asyncio.gather(first(), between(), last())

        asyncio.run(main())

    trace, _ = both(tmp_path, program)
    order, said = Order(trace), {str(span.question): span for span in trace.calls}
    first, later, before, last = (
        next(span for text, span in said.items() if f"'{word}" in text)
        for word in ("first", "later", "before", "last")
    )
    assert order.happens_before(first, last)
    assert order.happens_before(before, last)
    assert order.concurrent(later, last)
    assert order.concurrent(first, before)


def test_envelopes_travel_through_the_queue_of_a_pool(tmp_path: Path) -> None:
    """`send` and `receive` make their links there too, to the spans where they now stand."""

    def program() -> list[str]:
        async def main() -> list[str]:
            work: asyncio.Queue[Any] = asyncio.Queue()
            made: asyncio.Queue[Any] = asyncio.Queue()

            async def worker() -> None:
                while (envelope := await work.get()) is not None:
                    item = agenttrace.receive(envelope)
                    made.put_nowait(agenttrace.send("made", await ask(f"make {item}")))

            workers = [asyncio.create_task(worker()) for _ in range(2)]
            for number in range(4):
                work.put_nowait(agenttrace.send("work", number))
            done = [agenttrace.receive(await made.get()) for _ in range(4)]
            for _ in workers:
                work.put_nowait(None)
            await asyncio.gather(*workers)
            return sorted(done)

        return asyncio.run(main())

    trace, _ = both(tmp_path, program)
    spans = {span.id: span for span in trace.spans}
    received = [span for span in trace.spans if span.name == "receive made"]
    assert [spans[span.links[0].span].name for span in received] == ["send made"] * 4
    assert all(spans[span.links[0].span].lane[-1].kind == "turn" for span in received)


def test_a_queue_from_before_the_run_is_warned_of(tmp_path: Path) -> None:
    """What was in it before is nobody's message; what is sent in the run is known all the same."""
    things: queue.Queue[int] = queue.Queue()

    def program() -> str:
        things.put(1)
        return ask_blocking(str(things.get()))

    _, desk = both(tmp_path, program)
    assert desk.verdict is not None
    (warning,) = desk.verdict.warnings
    assert warning.startswith("a Queue that is older than the run is used, at ")
    assert "test_queues.py:" in warning


def test_a_consumer_from_before_the_run_is_warned_of(tmp_path: Path) -> None:
    """It has no lane, so nobody could say which message it is to get."""
    things: queue.Queue[int] = queue.Queue()
    taken = threading.Semaphore(0)

    def old_worker() -> None:
        while things.get() != -1:
            taken.release()

    thread = threading.Thread(target=old_worker)
    thread.start()
    try:
        desk = Desk(tmp_path)

        def program() -> str:
            for number in range(2):  # the first is waited for since before the run
                things.put(number)
                taken.acquire()
            return ask_blocking("taken")

        desk.record(program)
        assert desk.verdict is not None
        assert any("was taken outside every lane" in it for it in desk.verdict.warnings)
    finally:
        things.put(-1)
        thread.join()


@pytest.mark.parametrize("kind", ["Queue", "JoinableQueue", "SimpleQueue"])
def test_queues_between_processes_give_what_they_gave(kind: str, tmp_path: Path) -> None:
    """Threads that put into one at once are enough to make its order chance."""

    def program() -> list[Any]:
        things: Any = getattr(multiprocessing, kind)()

        def tell(number: int) -> None:
            things.put({"number": number})

        told = [threading.Thread(target=tell, args=(number,)) for number in range(8)]
        for thread in told:
            thread.start()
        said = [things.get() for _ in told]
        for thread in told:
            thread.join()
        things.close()
        return [*said, ask_blocking(f"after {said}")]

    trace, desk = both(tmp_path, program)
    assert desk.verdict is not None
    assert desk.verdict.warnings == ()
    assert {one.message[0].kind for one in trace.deliveries if one.message} == {"thread"}
    assert {one.content for one in trace.deliveries} == {b""}


def test_a_closed_queue_between_processes_says_so_again(tmp_path: Path) -> None:
    """In the words of its own class."""

    def program() -> tuple[str, str]:
        things: Any = multiprocessing.Queue()
        things.put(1)
        found = things.get()
        things.close()
        try:
            things.get()
        except ValueError as error:
            return ask_blocking(f"after {found}"), str(error).rpartition(" ")[2]
        return "", ""

    trace, _ = both(tmp_path, program)
    assert outcomes(trace) == ["message", "end"]


def test_a_queue_between_processes_that_was_filled_before_the_run_is_warned_of(
    tmp_path: Path,
) -> None:
    """What lies in it is nobody's message, and is handed on as it comes."""
    things: Any = multiprocessing.SimpleQueue()

    def program() -> tuple[Any, str]:
        found = things.get()
        return found, ask_blocking(str(found))

    desk = Desk(tmp_path)
    for run in (desk.record, desk.replay):
        things.put("old")
        assert run(program) == ("old", "<old>")
        assert desk.verdict is not None
        (warning,) = desk.verdict.warnings
        assert "came from a process that is no part of the run, or from before it" in warning
        assert "test_queues.py:" in warning


def test_simple_queues_are_warned_of(tmp_path: Path) -> None:
    """They are made in C; those of executors are nobody's business."""

    def program() -> list[str]:
        things: queue.SimpleQueue[str] = queue.SimpleQueue()
        things.put("simple")
        with ThreadPoolExecutor(1) as pool:
            return list(pool.map(ask_blocking, [things.get()]))

    _, desk = both(tmp_path, program)
    assert desk.verdict is not None
    (warning,) = desk.verdict.warnings
    assert warning.startswith("which message a SimpleQueue gives is not recorded, made at ")
    assert "test_queues.py:" in warning


def test_a_receive_that_the_run_outlives_waits_in_the_replay_too(tmp_path: Path) -> None:
    """A daemon that listens for ever is no deadlock."""

    def program() -> str:
        things: queue.Queue[int] = queue.Queue()
        threading.Thread(target=things.get, daemon=True).start()
        time.sleep(0.01)
        return ask_blocking("anything")

    trace, _ = both(tmp_path, program)
    assert [(one.outcome, one.message) for one in trace.deliveries] == [("cancelled", None)]


def test_a_delivery_says_its_own(tmp_path: Path) -> None:
    """Who received what from whom, and at which steps."""

    def program() -> None:
        things: queue.Queue[str] = queue.Queue()
        things.put(ask_blocking("one"))
        ask_blocking(things.get())

    trace, _ = both(tmp_path, program)
    (one,) = trace.deliveries
    assert one == Delivery(
        receive=one.receive,
        message=one.message,
        channel="queue:Queue#0",
        content=one.content,
        seq=1,
        sent=1,
    )
    assert (label_of(one.receive), label_of(one.message or ())) == (
        "receive:Queue#0",
        "message:Queue#0",
    )
    assert one.content != b""
