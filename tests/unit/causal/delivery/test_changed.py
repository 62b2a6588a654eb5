"""What a replay says when messages are not what they were: one more, one less, another."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agenttrace.errors import AnswersUnused, MessageNeverCame, ReplayDiverged, RunStopped
from tests.fakes.deliveries import actor, ask, ask_blocking, task_pool, thread_pool
from tests.fakes.sessions import Desk


def first_error(error: BaseException) -> BaseException:
    """The error itself, where task groups have wrapped it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def changed(
    folder: Path, before: Callable[[], Any], after: Callable[[], Any]
) -> RunStopped | AnswersUnused:
    """Record one program, replay another one, and give what the replay stopped with."""
    desk, others = Desk(folder), set(threading.enumerate())
    desk.record(before)
    with pytest.raises(BaseException) as caught:  # noqa: PT011 - a group may be around it
        desk.replay(after)
    for thread in set(threading.enumerate()) - others:  # it is woken, and is to end in this test
        thread.join()
    error = first_error(caught.value)
    assert isinstance(error, RunStopped | AnswersUnused)
    return error


def gathered(parts: int) -> Callable[[], Any]:
    """One task waits for four parts; so many are sent."""

    async def main() -> None:
        box: asyncio.Queue[str] = asyncio.Queue()

        async def part(number: int) -> None:
            await box.put(await ask(f"part {number}"))

        async def whole() -> None:
            await ask(f"sum {sorted([await box.get() for _ in range(4)])}")

        await asyncio.gather(whole(), *map(part, range(parts)))

    return lambda: asyncio.run(main())


def gathered_in_threads(parts: int) -> Callable[[], Any]:
    """The same in threads."""

    def main() -> None:
        box: queue.Queue[str] = queue.Queue()

        def part(number: int) -> None:
            box.put(ask_blocking(f"part {number}"))

        def whole() -> None:
            ask_blocking(f"sum {sorted([box.get() for _ in range(4)])}")

        threads = [
            threading.Thread(target=whole),
            *(threading.Thread(target=part, args=(number,)) for number in range(parts)),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return main


def test_a_message_that_never_comes_is_named(tmp_path: Path) -> None:
    """Queue, consumer, the message expected, the ones present: without waiting for anything."""
    error = changed(tmp_path, gathered(4), gathered(3))

    assert isinstance(error, MessageNeverCame)
    assert error.headline == (
        "whole waits for the message part#3/message:Queue#0 from queue:Queue#0, "
        "and nobody is left to send it"
    )
    assert "in the queue  " in error.detail
    assert "test_changed.py:" in error.detail
    assert "agenttrace explain message-never-came" in error.detail


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_message_that_never_comes_to_a_thread_is_named(tmp_path: Path) -> None:
    """A thread that waits in a queue counts as waiting, so that nothing hangs."""
    error = changed(tmp_path, gathered_in_threads(4), gathered_in_threads(3))

    assert isinstance(error, MessageNeverCame)
    assert error.headline.startswith("whole#0 waits for the message part#3/message:Queue#0")


def test_a_sender_who_says_less_is_found_out(tmp_path: Path) -> None:
    """The actor has memorised six messages, and gets five."""
    error = changed(tmp_path, actor, lambda: actor(less=1))

    assert isinstance(error, MessageNeverCame)
    assert "act waits for the message sender#1/message:Queue#2" in error.headline


@pytest.mark.parametrize("size", [0, 1])
def test_a_pool_with_a_worker_less_says_what_lies_in_its_queue(tmp_path: Path, size: int) -> None:
    """Its work was given to a worker who is not there.

    Where the others' part was done by then, as chance will have it in a recording, they have
    nothing to wait for: what is left over are answers.
    """
    error = changed(tmp_path, task_pool(size=size), task_pool(workers=2, size=size))

    assert isinstance(error, MessageNeverCame | ReplayDiverged | AnswersUnused)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("size", [0, 1])
@pytest.mark.parametrize("items", [5, 7])
@pytest.mark.parametrize("pool", [task_pool, thread_pool])
def test_a_message_that_says_something_else_is_a_drift(
    tmp_path: Path, pool: Any, items: int, size: int
) -> None:
    """Found where it is sent, before anybody has worked on it; whoever waits is woken."""
    error = changed(tmp_path, pool(size=size), pool(items=items, size=size))

    assert isinstance(error, ReplayDiverged)
    assert error.headline == "a run: a message is not the one that was recorded"
    assert f"message:Queue#{min(items, 6)}" in error.detail
    assert "deliveries.py:" in error.detail


def test_a_worker_more_that_finds_nothing_to_do_changes_nothing(tmp_path: Path) -> None:
    """How many workers there are is no behaviour, as long as the same is asked."""
    desk = Desk(tmp_path)
    said = desk.record(task_pool())

    assert desk.replay(task_pool(workers=4)) == said


def test_a_changed_agent_is_told_of_its_own_change_first(tmp_path: Path) -> None:
    """Others wait for its messages for ever; the divergence is the cause, and is what is raised."""
    error = changed(tmp_path, actor, lambda: actor(words="!"))

    assert isinstance(error, ReplayDiverged)
    assert "thinks 0!" in error.detail
