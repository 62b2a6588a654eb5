"""Selector: where a virtual-time loop comes when it has nothing to do, and time may move.

Sockets, pipes and child processes that the code under test really uses are asked before every step
of virtual time, and given a few real milliseconds. Time does not stand still for them: an idle
keep-alive connection would hold every timer for ever. While a child process is at work, it moves no
faster than it really does: a timeout would be over before the child has begun.
"""

from __future__ import annotations

import selectors
from typing import TYPE_CHECKING, Any, Protocol

from agenttrace.determinism import anyio_threads
from agenttrace.determinism.still import GRACE_S, Stillness

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from agenttrace.determinism.heap import Heap
    from agenttrace.determinism.waiter import Waiter

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

    def select(self, timeout: float | None = None) -> Events:
        """Give what is readable or writable now; if nothing is, let time move or wait."""
        anyio_threads.attend()
        budget = self.loop.heap.budget
        budget.steps += 1
        if budget.steps > budget.limit_steps:
            self.loop.end_in(self.loop.heap.spent())
        if timeout == 0 or self.loop.has_work:
            return self._poll(0)
        return self._poll(0) or self._rest()

    def _rest(self) -> Events:
        loop = self.loop
        stillness = Stillness()
        with loop.resting(outside=self._is_outside()) as rest:
            while not rest.over:
                events = self._poll(GRACE_S)
                if events or loop.has_work:
                    return events
                loop.heap.look(stillness, GRACE_S, held=loop.children > 0)
            if rest.error is not None:
                loop.end_in(rest.error)
        return []

    def _poll(self, timeout: float | None) -> Events:
        found: Events = super().select(timeout)
        return found

    def _is_outside(self) -> bool:
        mapping: Any = self.get_map()
        return len(mapping) > 1 or self.loop.children > 0  # one is the loop's own pipe
