"""Places: which of the jobs that a loop gave to an executor are running, and which only queue.

A pool with two workers runs two of its six jobs. Were all six counted, time would never move while
two are parked and four queue; were a job counted only once it runs, time would move between its
submission and its start.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple, Unpack
from weakref import WeakKeyDictionary

from agenttrace.causal.spawn.naming import name_of
from agenttrace.determinism.who import standing_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from agenttrace.determinism.heap import Heap

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Ticket:
    """One job; it is out when it has ended *and* its loop has been told, or will never be.

    Attributes:
        heap: The virtual time that it counts in.
        name: What runs, for people.
        begun: Whether a thread has taken it up.
        ended: Whether it is done.
        told: Whether the loop that gave it out knows, or does not ask any more.
        left: Whether it has left its place in the pool to the next.
    """

    __slots__ = ("begun", "ended", "heap", "left", "name", "told")

    def __init__(self, heap: Heap, func: Callable[..., Any]) -> None:
        self.heap = heap
        self.name = name_of(func).rpartition(".")[2]
        self.begun = False
        self.ended = False
        self.told = False
        self.left = False

    def begin(self) -> None:
        """A thread takes it up, even where its loop has stopped asking for it."""
        self.begun = True
        self.heap.count(self)

    def end(self) -> None:
        """It is done."""
        self.ended = True
        self._out()

    def tell(self) -> None:
        """Its loop knows; one that nobody has taken up by then never runs."""
        self.told = True
        self.ended = self.ended or not self.begun
        self._out()

    def _out(self) -> None:
        if self.ended and self.told:
            self.heap.discount(self)


@contextlib.contextmanager
def working(ticket: Ticket) -> Iterator[None]:
    """Let the calling thread do a job, and count as it."""
    with standing_for(ticket):
        ticket.heap.here()
        yield


class Places:
    """The jobs that a heap's loops have out, by executor."""

    def __init__(self, heap: Heap) -> None:
        self._heap = heap
        self._lock = threading.RLock()
        self._out: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
        self._queued: WeakKeyDictionary[Any, deque[Ticket]] = WeakKeyDictionary()

    def give(
        self,
        executor: Any,
        ticket: Ticket,
        func: Callable[[Unpack[Ts]], T],
        leaves: Callable[[], None],
    ) -> Callable[[Unpack[Ts]], T]:
        """Count a job; give what to submit in its place; it says `leaves` while it still counts."""
        with self._lock:
            if self._out.get(executor, 0) < getattr(executor, "_max_workers", float("inf")):
                self._out[executor] = self._out.get(executor, 0) + 1
                self._heap.count(ticket)
            else:
                self._queued.setdefault(executor, deque()).append(ticket)

        @functools.wraps(func, updated=())
        def job(*args: *Ts) -> T:
            ticket.begin()
            try:
                with working(ticket):
                    return func(*args)
            finally:
                leaves()
                self._leave(executor, ticket)
                ticket.end()

        return job

    def tell(self, executor: Any, ticket: Ticket) -> None:
        """The loop knows the job's end; one that never began leaves its place too."""
        with self._lock:
            queued = self._queued.get(executor)
            if queued is not None and ticket in queued:
                queued.remove(ticket)
                ticket.left = True
        if not ticket.begun:
            self._leave(executor, ticket)
        ticket.tell()

    def _leave(self, executor: Any, ticket: Ticket) -> None:
        with self._lock:
            if ticket.left:
                return
            ticket.left = True
            queued = self._queued.get(executor)
            if queued:
                self._heap.count(queued.popleft())
            else:
                self._out[executor] -= 1
