"""Selector: where a virtual-time loop comes when it has nothing to do, and time may move.

Sockets, pipes and child processes that the code under test really uses are asked before every step
of virtual time, and given a few real milliseconds. Time does not stand still for them: an idle
keep-alive connection would hold every timer for ever. While a child process is at work, it moves no
faster than it really does: a timeout would be over before the child has begun.
"""

from __future__ import annotations

import selectors
import sys
from typing import TYPE_CHECKING, Protocol

from agenttrace.determinism import anyio_threads
from agenttrace.determinism.still import GRACE_S, Stillness

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from agenttrace.determinism.heap import Heap
    from agenttrace.determinism.waiter import Waiter

SELDOM = 64
"""How many rounds a busy loop may come round without asking for signals on its own pipe."""

Events = list[tuple[selectors.SelectorKey, int]]


class Resting(Protocol):
    """What a selector asks of its loop."""

    @property
    def heap(self) -> Heap:
        """The virtual time it rests in."""
        ...

    @property
    def has_work(self) -> bool:
        """Whether something can run at once."""
        ...

    @property
    def children(self) -> int:
        """How many child processes it waits for."""
        ...

    def resting(self, *, outside: bool) -> AbstractContextManager[Waiter]:
        """Rest until the next timer, or until somebody gives the loop work."""
        ...

    def end_in(self, error: BaseException) -> None:
        """Nothing can happen any more."""
        ...


class VirtualSelector(selectors.DefaultSelector):
    """A selector that waits in virtual time."""

    loop: Resting

    if TYPE_CHECKING:  # what the standard library's selectors keep to themselves
        _fd_to_key: dict[int, selectors.SelectorKey]

    def select(self, timeout: float | None = None) -> Events:
        """Give what is readable or writable now; if nothing is, let time move or wait."""
        loop = self.loop
        if anyio_threads.MODULE in sys.modules:
            anyio_threads.attend()
        budget = loop.heap.budget
        budget.steps = steps = budget.steps + 1
        if steps > budget.limit_steps:
            loop.end_in(loop.heap.spent())
        if timeout == 0 or loop.has_work:
            # alone with its own pipe, a busy loop is told everything without it
            return [] if steps % SELDOM and len(self._fd_to_key) == 1 else self._poll(0)
        return (len(self._fd_to_key) > 1 and self._poll(0)) or self._rest()

    def _rest(self) -> Events:
        loop, stillness = self.loop, None
        with loop.resting(outside=self._is_outside()) as rest:
            while not rest.over:
                events = self._poll(GRACE_S)
                if events or loop.has_work:
                    return events
                stillness = stillness or Stillness()
                loop.heap.look(stillness, GRACE_S, held=loop.children > 0)
            if rest.error is not None:
                loop.end_in(rest.error)
        return []

    def _poll(self, timeout: float | None) -> Events:
        found: Events = super().select(timeout)
        return found

    def _is_outside(self) -> bool:
        return len(self._fd_to_key) > 1 or self.loop.children > 0  # one is the loop's own pipe
