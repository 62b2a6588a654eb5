"""The pace: an answer arrives at its recorded moment, or as much later as it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenttrace.boundary import Recall
from agenttrace.determinism.clock import VirtualClock
from agenttrace.determinism.heap import Heap
from agenttrace.determinism.loop import VirtualTimeLoop
from agenttrace.errors import NeverAnswered
from agenttrace.model.call import Answer, Chunk
from agenttrace.model.lane import Step
from agenttrace.replay.pace import Instant, Recorded

moments = st.integers(0, 10**12)


def test_an_answer_arrives_at_once_on_the_instant_pace() -> None:
    """One step of the loop, so that no task can starve the others, and no time."""

    async def main() -> list[str]:
        seen: list[str] = []
        asyncio.get_running_loop().call_soon(seen.append, "others")
        await Instant().arrive(_recall(asked_ns=5, ended_ns=9), None)
        Instant().arrive_blocking(_recall(asked_ns=5, ended_ns=9), None)
        return seen

    assert asyncio.run(main()) == ["others"]


@given(now_ns=moments, asked_ns=moments, took_ns=moments)
def test_an_answer_arrives_at_its_recorded_end_or_as_much_later_as_it_was_asked(
    now_ns: int, asked_ns: int, took_ns: int
) -> None:
    """`max(recorded end, now + recorded duration)`, in threads and in tasks alike."""
    recall = _recall(asked_ns=asked_ns, ended_ns=asked_ns + took_ns)
    expected = max(asked_ns + took_ns, now_ns + took_ns)

    heap = Heap()
    heap.sleep_until(now_ns)
    Recorded(VirtualClock(heap)).arrive_blocking(recall, None)
    assert heap.now_ns == expected

    async def main(heap: Heap) -> None:
        await VirtualClock(heap).sleep_until(now_ns)
        await Recorded(VirtualClock(heap)).arrive(recall, None)
        assert heap.now_ns == expected

    _virtually(main)


def test_chunks_arrive_at_their_offsets_and_a_slow_reader_finds_them_waiting() -> None:
    """The world does not wait for the reader: what has come meanwhile is there."""
    recall = _recall(asked_ns=100, ended_ns=190, offsets_ns=(10, 20, 80))

    async def main(heap: Heap) -> list[int]:
        clock, seen = VirtualClock(heap), []
        pace = Recorded(clock)
        for index in range(3):
            await pace.arrive(recall, index)
            seen.append(clock.now_ns())
            if index == 0:
                await clock.sleep_until(150)
        await pace.arrive(recall, None)
        return [*seen, clock.now_ns()]

    assert _virtually(main) == [110, 150, 180, 190]


def test_a_cancelled_answer_never_arrives_and_its_canceller_does_it_again() -> None:
    """Its chunks do, up to the cancellation."""
    recall = _recall(asked_ns=0, ended_ns=50, offsets_ns=(10,), end="cancelled")

    async def main(heap: Heap) -> list[int]:
        clock, seen = VirtualClock(heap), []
        pace = Recorded(clock)

        async def agent() -> None:
            await pace.arrive(recall, 0)
            seen.append(clock.now_ns())
            try:
                await pace.arrive(recall, None)
            finally:
                seen.append(clock.now_ns())

        task = asyncio.create_task(agent())
        await clock.sleep_until(50)
        task.cancel()
        await asyncio.wait([task])
        return seen

    assert _virtually(main) == [10, 50]


@pytest.mark.parametrize("end", ["cancelled", "open"])
def test_an_answer_that_never_comes_is_named_when_nobody_ends_the_wait(end: str) -> None:
    """A timeout that has been removed shows as what it is."""
    recall = _recall(asked_ns=0, ended_ns=50, end=end)

    async def main(heap: Heap) -> None:
        await Recorded(VirtualClock(heap)).arrive(recall, None)

    with pytest.raises(NeverAnswered) as raised:
        _virtually(main)
    assert raised.value.headline == (
        "main waits for the answer to planner/llm:chat#0, which never came when it was recorded"
    )
    with pytest.raises(NeverAnswered):
        Recorded(VirtualClock(Heap())).arrive_blocking(recall, None)


@given(st.permutations(range(6)))
def test_on_a_loop_that_is_not_ours_answers_still_come_in_recorded_order(order: list[int]) -> None:
    """Timers are real there; each caller gets its own answer, the earliest first."""
    clock = VirtualClock(Heap())
    pace = Recorded(clock)
    seen: list[tuple[int, int]] = []

    async def agent(name: int) -> None:
        for turn in range(2):
            ended_ns = 10 * (name + 1) + 100 * turn
            await pace.arrive(_recall(asked_ns=ended_ns - 5, ended_ns=ended_ns), None)
            seen.append((turn, name))

    async def main() -> None:
        await asyncio.gather(*map(agent, order))

    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        runner.run(main())
    assert seen == sorted(seen)
    assert clock.now_ns() == 160


def _recall(
    *, asked_ns: int, ended_ns: int, offsets_ns: tuple[int, ...] = (), end: str = "complete"
) -> Recall:
    """Make a recorded answer at a position."""
    chunks = tuple(Chunk(data=b"", offset_ns=offset_ns) for offset_ns in offsets_ns)
    answer = Answer(
        chunks=chunks, streamed=bool(chunks), end=end, asked_ns=asked_ns, ended_ns=ended_ns
    )
    return Recall(answer=answer, position=(Step("agent", "planner", 0), Step("llm", "chat", 0)))


def _virtually(main: Any) -> Any:
    """Run a coroutine function with a heap, on a loop in its time."""

    def run(coroutine: Coroutine[Any, Any, Any], heap: Heap) -> Any:
        with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(heap)) as runner:
            return runner.run(coroutine)

    heap = Heap()
    return run(main(heap), heap)
