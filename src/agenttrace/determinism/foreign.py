"""Foreign: answers on loops whose time is not ours, one at a time and the earliest first.

Such a loop is older than the run, or its time is made in C. Its timers stay real. An answer arrives
after the loop has come round a few times and nobody has asked for an earlier one meanwhile.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from agenttrace.determinism.heap import Heap
    from agenttrace.determinism.waiter import Waiter

ROUNDS = 8
"""How often a loop comes round before the earliest answer arrives.

What the last one led to has been asked by then.
"""


class _Line:
    """The answers that one loop waits for."""

    def __init__(self) -> None:
        self.waiting: list[tuple[int, int, int, asyncio.Future[None]]] = []
        self.running = False


class Orderly:
    """Lets those who sleep on foreign loops go on, one after the other."""

    def __init__(self) -> None:
        self._lines: WeakKeyDictionary[asyncio.AbstractEventLoop, _Line] = WeakKeyDictionary()
        self._order = itertools.count()

    async def turn(
        self, heap: Heap, loop: asyncio.AbstractEventLoop, at_ns: int | None, tie_ns: int
    ) -> None:
        """Wait for one's turn; for ever, or until the run stops, where there is no moment.

        Raises:
            RunStopped: The run has stopped.
        """
        future: asyncio.Future[None] = loop.create_future()

        def wake() -> None:
            loop.call_soon_threadsafe(_resolve, future)

        stopped: Waiter = heap.add(None, wake)
        try:
            if at_ns is not None:
                self._join(loop, at_ns, tie_ns, future)
            await future
        finally:
            heap.drop(stopped)
        if stopped.error is not None:
            raise stopped.error

    def _join(
        self, loop: asyncio.AbstractEventLoop, at_ns: int, tie_ns: int, future: asyncio.Future[None]
    ) -> None:
        line = self._lines.setdefault(loop, _Line())
        heapq.heappush(line.waiting, (at_ns, tie_ns, next(self._order), future))
        if not line.running:
            line.running = True
            loop.call_soon(self._round, loop, line, ROUNDS)

    def _round(self, loop: asyncio.AbstractEventLoop, line: _Line, left: int) -> None:
        while line.waiting and line.waiting[0][-1].done():
            heapq.heappop(line.waiting)
        if not line.waiting:
            line.running = False
            return
        if left == 0:
            _resolve(heapq.heappop(line.waiting)[-1])
        loop.call_soon(self._round, loop, line, left - 1 if left else ROUNDS)


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
