"""Install: make every loop that a replay opens a virtual-time loop, and take all of it back."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

from agenttrace.determinism.loop import VirtualTimeLoop
from agenttrace.determinism.sleeping import virtual_sleep
from agenttrace.determinism.waiter import Released
from agenttrace.errors import RunStopped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from agenttrace.determinism.clock import VirtualClock
    from agenttrace.determinism.heap import Heap

LEAVE_S = 1.0
"""How long a thread that is let go may take to end, in real seconds."""


@contextlib.contextmanager
def virtual_loops(heap: Heap | None = None) -> Iterator[None]:
    """While entered, each new event loop is a `VirtualTimeLoop`.

    That is so for `asyncio.run`, `asyncio.Runner`, `asyncio.new_event_loop`, and the runners of
    pytest-asyncio and anyio. A loop factory or policy that the user names (uvloop's) is left
    alone.

    Args:
        heap: The virtual time that they share; None: each has its own.
    """
    policy: Any = asyncio.DefaultEventLoopPolicy
    before = vars(policy)["_loop_factory"]
    policy._loop_factory = staticmethod(partial(VirtualTimeLoop, heap))
    try:
        yield
    finally:
        policy._loop_factory = before


def loop_factories(heap: Heap | None = None) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """What pytest-asyncio's hook `pytest_asyncio_loop_factories` wants; one adds no test id."""
    return {"virtual": partial(VirtualTimeLoop, heap)}


@contextlib.contextmanager
def virtual_time(clock: VirtualClock) -> Iterator[None]:
    """While entered, loops, threads and `time.sleep` of a run share one virtual time.

    On the way out, calls that are still parked in the run's threads are let go, without a word.
    """
    loop = asyncio._get_running_loop()
    if isinstance(loop, VirtualTimeLoop):
        loop.join(clock.heap)
    with virtual_loops(clock.heap), virtual_sleep(clock), _silent_release():
        try:
            yield
        finally:
            for thread in clock.heap.close():
                thread.join(LEAVE_S)


@contextlib.contextmanager
def _silent_release() -> Iterator[None]:
    """Say nothing of threads that a stop or the end of the run lets go: the run says it."""
    before = threading.excepthook

    def hook(args: threading.ExceptHookArgs) -> None:
        if not issubclass(args.exc_type, Released | RunStopped):
            before(args)

    threading.excepthook = hook
    try:
        yield
    finally:
        if threading.excepthook is hook:
            threading.excepthook = before
