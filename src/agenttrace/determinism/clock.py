"""Clock: a run's time in a replay, virtual or real, as it is asked for in loops and threads."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING

from agenttrace.causal import loops
from agenttrace.causal.clock import RealClock
from agenttrace.determinism.foreign import Orderly
from agenttrace.determinism.loop import VirtualTimeLoop
from agenttrace.determinism.waiter import Released

if TYPE_CHECKING:
    from agenttrace.determinism.heap import Heap


VIRTUAL, RECORDED, REAL = "virtual", "recorded", "real"
"""How a replay's time goes: not at all while anybody computes; as it went when it was recorded; or
as it goes, with every answer at once."""

TIMES = (VIRTUAL, RECORDED, REAL)


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
        loop = asyncio._get_running_loop()
        if loop is not None and not isinstance(loop, VirtualTimeLoop):  # a notebook's cell
            self.heap.looping()

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
        loops.warn_of_older(loop)
        self.heap.looping()
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


class RealTime(RealClock):
    """A clock and timeline in real time: who sleeps until a moment waits for it."""

    def __init__(self) -> None:
        """Begin at zero."""
        super().__init__()
        self._stopped = threading.Event()
        self._error: BaseException = Released("the run is over")

    async def sleep_until(self, at_ns: int, tie_ns: int = 0) -> None:
        """Let the calling task sleep until a moment."""
        await asyncio.sleep(max(0, at_ns - self.now_ns()) / 1_000_000_000)

    def sleep_until_blocking(self, at_ns: int, tie_ns: int = 0) -> None:
        """Let the calling thread sleep until a moment."""
        time.sleep(max(0, at_ns - self.now_ns()) / 1_000_000_000)

    async def never(self, what: str) -> None:
        """Let the calling task wait for an answer that never comes, until it is cancelled."""
        await asyncio.get_running_loop().create_future()

    def never_blocking(self, what: str) -> None:
        """Let the calling thread wait for an answer that never comes, until the run stops.

        Raises:
            RunStopped: The run has stopped.
            Released: The run is over.
        """
        self._stopped.wait()
        raise self._error

    def stop(self, error: BaseException | None = None) -> None:
        """The run has stopped, or is over: who waits for ever goes on."""
        self._error = error or self._error
        self._stopped.set()
