"""Clock: a run's virtual time, as it is asked for in a loop, in its workers, or without a loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from agenttrace.determinism.foreign import Orderly
from agenttrace.determinism.loop import VirtualTimeLoop

if TYPE_CHECKING:
    from agenttrace.determinism.heap import Heap


class VirtualClock:
    """The clock and the timeline of a replay.

    In a loop that is not ours (older than the replay, or uvloop's) timers stay real; there, who
    sleeps until a moment goes on at once, the earliest first.
    """

    def __init__(self, heap: Heap) -> None:
        """Tell the time of a heap."""
        self.heap = heap
        self._zero_ns = 0
        self._orderly = Orderly()

    def begin(self) -> None:
        """Begin a run, in the calling thread: from here its time counts from zero."""
        self.heap.begin()
        self._zero_ns = self.heap.now_ns

    def now_ns(self) -> int:
        """Virtual nanoseconds since the run began."""
        return self.heap.now_ns - self._zero_ns

    async def sleep_until(self, at_ns: int, tie_ns: int = 0) -> None:
        """Let the calling task sleep until a moment; one that has passed is now.

        Raises:
            RunStopped: The run has stopped.
        """
        loop = asyncio.get_running_loop()
        at_ns += self._zero_ns
        if isinstance(loop, VirtualTimeLoop):
            loop.join(self.heap)
            await loop.sleep_until(at_ns, tie_ns)
            return
        await self._orderly.turn(self.heap, loop, at_ns, tie_ns)
        self.heap.pass_by(at_ns)

    def sleep_until_blocking(self, at_ns: int, tie_ns: int = 0) -> None:
        """Let the calling thread sleep until a moment.

        Raises:
            RunStopped: The run has stopped.
            Released: The run is over.
        """
        self.heap.sleep_until(at_ns + self._zero_ns, tie_ns)

    async def never(self, what: str) -> None:
        """Let the calling task wait for an answer that never comes, until it is cancelled."""
        loop = asyncio.get_running_loop()
        if isinstance(loop, VirtualTimeLoop):
            loop.join(self.heap)
            await loop.never(what)
        else:
            await self._orderly.turn(self.heap, loop, None, 0)

    def never_blocking(self, what: str) -> None:
        """Let the calling thread wait for an answer that never comes, until the run stops."""
        self.heap.never(what)
