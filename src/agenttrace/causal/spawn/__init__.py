"""Spawn: sees every task, thread, job and process of a program begin, and be waited for.

The standard library's seams are patched while a run needs it, anyio's once anyio is there. Outside
a run every seam only hands on.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from agenttrace.causal.spawn import (
    bridges,
    executors,
    forks,
    futures,
    groups,
    processes,
    tasks,
    threads,
    waits,
)
from agenttrace.causal.spawn.late import WhenImported
from agenttrace.causal.spawn.patching import Patches

if TYPE_CHECKING:
    from collections.abc import Iterator

_lock = threading.RLock()
_patches = Patches()
_users = 0
_rooms = (tasks, waits, groups, threads, executors, futures, bridges, processes, forks)


@contextmanager
def installed() -> Iterator[None]:
    """See spawns and joins for as long as the block lasts; blocks may overlap and nest."""
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
            _patches.put(seam for room in _rooms for seam in room.seams())
            _anyio.begin()


def _leave() -> None:
    global _users  # noqa: PLW0603 - as above
    with _lock:
        _users -= 1
        if _users == 0:
            _anyio.end()
            _patches.undo()


def _anyio_is_there() -> None:
    with _lock:
        if _users:
            _patches.put(groups.anyio_seams())


_anyio = WhenImported(groups.ANYIO, _anyio_is_there)
