"""Delivery: which message a receive gets, written down while recording and handed over in a replay.

The standard library's queues are patched while a run needs it, anyio's streams once anyio is there;
their subclasses with them. Outside a run every seam only hands on.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from agenttrace.causal.delivery import streams, tasks, threads, unseen
from agenttrace.causal.delivery.book import Book
from agenttrace.causal.spawn.late import WhenImported
from agenttrace.causal.spawn.patching import Patches

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Book", "installed"]

_lock = threading.RLock()
_patches = Patches()
_users = 0


@contextmanager
def installed() -> Iterator[None]:
    """See what queues carry for as long as the block lasts; blocks may overlap and nest."""
    _enter()
    try:
        yield
    finally:
        _leave()


def _enter() -> None:
    global _users  # noqa: PLW0603 - the process's modules are patched once, however many runs there are
    with _lock:
        _users += 1
        if _users == 1:
            _patches.put([*tasks.seams(), *threads.seams(), *unseen.simple_seams()])
            for watch in _watches:
                watch.begin()


def _leave() -> None:
    global _users  # noqa: PLW0603 - as above
    with _lock:
        _users -= 1
        if _users == 0:
            for watch in _watches:
                watch.end()
            _patches.undo()


def _put_late() -> None:
    with _lock:
        if _users:
            _patches.put([*streams.seams(), *unseen.seams()])


_watches = [WhenImported(name, _put_late) for name in (streams.ANYIO, unseen.PROCESSES)]
