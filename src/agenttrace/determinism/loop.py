"""Loop: an asyncio loop in virtual time. Ten minutes of sleep take a millisecond.

Time stands still while anything runs, in the loop or in its threads, and then jumps to the next
thing that can happen. When nothing can, the run ends in an error that names who waits on whom,
raised out of `asyncio.run`, where the real loop would hang.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple, Unpack

from agenttrace.causal import current
from agenttrace.determinism import anyio_threads
from agenttrace.determinism.heap import Heap
from agenttrace.determinism.places import Places, Ticket
from agenttrace.determinism.selector import VirtualSelector
from agenttrace.determinism.stuck import Wait, waits_of
from agenttrace.determinism.waiter import TIMER, Waiter

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Iterator
    from concurrent.futures import Executor
    from contextvars import Context

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

RESOLUTION_S = 1e-9
"""The step of a virtual clock. With none at all, asyncio would never find a timer due."""

_NS = 1_000_000_000


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A loop whose time is that of a heap; alone, it has a heap of its own.

    Attributes:
        heap: The virtual time, shared by all loops and threads of a run.
    """

    if TYPE_CHECKING:  # what asyncio's own loops keep to themselves
        _ready: deque[asyncio.Handle]
        _scheduled: list[Any]
        _stopping: bool
        _thread_id: int | None
        _default_executor: Any
        _check_default_executor: Callable[[], None]
        _write_to_self: Callable[[], None]

    def __init__(self, heap: Heap | None = None) -> None:
        self.heap = Heap() if heap is None else heap
        self._own = self.heap if heap is None else None
        self._ahead_ns = 0
        self._children: list[Any] = []
        self._rest: Waiter | None = None
        self._who: frozenset[object] = frozenset()
        self._is_awaited = False
        self._unanswered: dict[asyncio.Task[Any] | None, str] = {}
        self._out: dict[Ticket, Any] = {}
        self._drained: asyncio.Future[None] | None = None
        self._places = Places(self.heap)
        selector = VirtualSelector()
        selector.loop = self
        super().__init__(selector)
        self._clock_resolution = RESOLUTION_S
        anyio_threads.enter()

    # -- time ------------------------------------------------------------------------------------
    def time(self) -> float:
        """Virtual seconds since the run began."""
        return (self.heap.now_ns + self._ahead_ns) / _NS

    def join(self, heap: Heap) -> None:
        """Take part in the virtual time of a run; this loop's own time goes on from where it is.

        A loop may be older than the run: pytest-asyncio makes its loops before a test begins.
        """
        if heap is not self.heap:
            self._ahead_ns += self.heap.now_ns - heap.now_ns
            self.heap, self._places = heap, Places(heap)
            self._who = heap.here()

    async def sleep_until(self, at_ns: int, tie_ns: int = 0) -> None:
        """Let the calling task sleep until a moment.

        Of what is due at one moment the first answer comes first, then the timers, then the other
        answers, each when nothing is left to do for the one before.

        Raises:
            RunStopped: The run has stopped.
        """
        await self._await(at_ns, tie_ns)

    async def never(self, what: str) -> None:
        """Let the calling task wait for an answer that never comes, until it is cancelled."""
        task = asyncio.current_task(self)
        self._unanswered[task] = what
        try:
            await self._await(None, 0)
        finally:
            self._unanswered.pop(task, None)

    async def _await(self, at_ns: int | None, tie_ns: int) -> None:
        future: asyncio.Future[None] = self.create_future()
        waiter = self.heap.add(at_ns, lambda: self._tell(future), tie_ns=tie_ns)
        try:
            await future
        finally:
            self.heap.drop(waiter)
        if waiter.error is not None:
            raise waiter.error

    def _tell(self, future: asyncio.Future[None]) -> None:
        if self.is_closed():
            return
        if self._is_mine():
            self._rise()
            _resolve(future)
        else:
            self.call_soon_threadsafe(_resolve, future)

    # -- resting ---------------------------------------------------------------------------------
    @property
    def has_work(self) -> bool:
        """Whether something can run at once."""
        return bool(self._ready) or self._stopping

    @contextlib.contextmanager
    def resting(self, *, outside: bool) -> Iterator[Waiter]:
        """Rest until the next timer, or until somebody gives this loop work."""
        due = self._scheduled[0]._when if self._scheduled else None
        at_ns = None if due is None else ns_reaching(due) - self._ahead_ns
        rest = Waiter(
            self._who,
            self._nudge,
            self._waits,
            at_ns=at_ns,
            rank=TIMER,
            order=self.heap.next_order(),
        )
        rest.outside = outside
        self._rest = rest
        try:
            if self.has_work:  # given by a thread since the selector looked: there is no rest
                rest.over = True
            else:
                self.heap.rest(rest)
            yield rest
        finally:
            self.heap.rouse(rest)
            self._rest = None
            # a float has no nanoseconds left after 97 days: a timer there would never be found due
            self._clock_resolution = max(RESOLUTION_S, 4 * math.ulp(self.time()))

    def end_in(self, error: BaseException) -> None:
        """Nothing can happen any more: end `run_until_complete`, or `run_forever`'s tasks.

        Whoever waits in another thread for such a task would else wait for ever.
        """
        if self._is_awaited:
            raise error
        for task in asyncio.all_tasks(self):
            task.cancel(str(error))

    def _waits(self) -> list[Wait]:
        waits = waits_of(self, self._unanswered.items())
        return waits or ([Wait("the loop", "a future")] if self._is_awaited else [])

    def _nudge(self) -> None:
        if not self._is_mine():
            self._write_to_self()

    def _rise(self) -> None:
        if self._rest is not None:
            self.heap.rouse(self._rest)

    def _is_mine(self) -> bool:
        return self._thread_id == threading.get_ident()

    # -- running ---------------------------------------------------------------------------------
    def run_forever(self) -> None:
        """Run until `stop` is called."""
        if self._own is not None:
            self._own.claim()
        frame = current.carried()
        heap = None if frame is None else getattr(frame.lane.run.clock, "heap", None)
        if isinstance(heap, Heap):
            self.join(heap)
        self._who = self.heap.here()
        super().run_forever()

    def run_until_complete(self, future: Any) -> Any:
        """Run until a future is done.

        Raises:
            RunStopped: Nothing can happen any more, and it is not done.
        """
        self._is_awaited = True
        try:
            return super().run_until_complete(future)
        finally:
            self._is_awaited = False

    def call_soon_threadsafe(
        self,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.Handle:
        """Call something soon, from any thread; the loop counts as running from this moment."""
        self._rise()
        handle = super().call_soon_threadsafe(callback, *args, context=context)
        self._rise()  # it may have come to rest in between
        return handle

    def close(self) -> None:
        """Close the loop; jobs it waits for do not hold virtual time any more."""
        if self.is_closed():
            super().close()
            return
        for ticket in list(self._out):
            ticket.tell()
        anyio_threads.leave()
        if self._own is not None:
            self._own.close()
        super().close()

    # -- threads and children --------------------------------------------------------------------
    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Run something in a thread, which counts until the loop has been told its result."""
        if executor is None:
            self._check_default_executor()
            if self._default_executor is None:
                self._default_executor = ThreadPoolExecutor(thread_name_prefix="asyncio")
            executor = self._default_executor
        ticket = Ticket(self.heap, func)
        job = self._places.give(executor, ticket, func, partial(self._leaves, ticket))
        self._out[ticket] = executor
        try:
            future: asyncio.Future[T] = super().run_in_executor(executor, job, *args)
        except BaseException:
            self._told(executor, ticket)
            raise
        future.add_done_callback(lambda _: self._told(executor, ticket))
        return future

    def _leaves(self, ticket: Ticket) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self.call_soon_threadsafe(self._left, ticket)

    def _told(self, executor: Any, ticket: Ticket) -> None:
        self._places.tell(executor, ticket)
        if not ticket.begun:
            self._left(ticket)

    def _left(self, ticket: Ticket) -> None:
        self._out.pop(ticket, None)
        if self._drained is not None and not self._has_out():
            _resolve(self._drained)

    def _has_out(self) -> bool:
        return any(executor is self._default_executor for executor in self._out.values())

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - asyncio's own
        """Wait, in virtual time, for the default executor's jobs; then let its threads end."""
        if self._has_out():
            self._drained = self.create_future()
            await self._drained
        closing = object()
        self.heap.count(closing)  # the thread that asyncio closes it in is nobody's
        try:
            await super().shutdown_default_executor()
        finally:
            self.heap.discount(closing)

    @property
    def children(self) -> int:
        """How many child processes the loop waits for."""
        if not self._children:
            return 0
        self._children = [child for child in self._children if child.get_returncode() is None]
        return len(self._children)

    async def _make_subprocess_transport(self, *args: Any, **kwargs: Any) -> Any:
        child = await super()._make_subprocess_transport(*args, **kwargs)  # type: ignore[misc]
        self._children.append(child)
        return child


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def ns_reaching(due: float) -> int:
    """The first nanosecond at which a clock in seconds shows this, or later.

    Rounded to the nearest, it may show a hair's breadth less: a timer that asks whether it is time
    by now (as anyio's cancel scopes do) would set itself again, for ever, at the same instant.
    """
    at_ns = round(due * _NS)
    while at_ns / _NS < due:
        at_ns += 1
    while (at_ns - 1) / _NS >= due:
        at_ns -= 1
    return at_ns
