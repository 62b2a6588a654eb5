"""Own loop: a framework's synchronous way in runs on a loop of the run's, not of the process.

`run_sync` takes the thread's default loop and leaves it there. So the second test of a process
would run on the first one's loop, which is older than its run, and whose time nobody holds.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import threading
import warnings
import weakref
from typing import TYPE_CHECKING, Any

from agenttrace.boundary import here
from agenttrace.causal import current

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEY = "frameworks.loop"


def on_own_loop(real: Any) -> Any:
    """Run a function that asks for the thread's default loop on one that the run keeps."""

    @functools.wraps(real)
    def run_sync(*args: Any, **options: Any) -> Any:
        with _own_loop():
            return real(*args, **options)

    return run_sync


@contextlib.contextmanager
def _own_loop() -> Iterator[None]:
    door = here() if current.entered else None
    if door is None or asyncio._get_running_loop() is not None:
        yield
        return
    loops = door.kept.setdefault(_KEY, {})  # by thread: an agent in a tool has a loop of its own
    loop = loops.get(threading.get_ident())
    if loop is None or loop.is_closed() or loop.is_running():
        loop = loops[threading.get_ident()] = asyncio.new_event_loop()
        weakref.finalize(door, loop.close)
    before = _defaults()
    kept = dict(before)
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        before.clear()
        before.update(kept)


def _defaults() -> dict[str, Any]:
    """What asyncio keeps of the thread's default loop, and of whether it may still make one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        local = getattr(asyncio.get_event_loop_policy(), "_local", None)
    return {} if local is None else vars(local)
