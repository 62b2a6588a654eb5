"""Spawn: sees every task, thread, job and process of a program begin, and be waited for.

The standard library's seams are patched while a run needs it, anyio's once anyio is there. Outside
a run every seam only hands on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenttrace.causal.spawn import (
    bridges,
    executors,
    forks,
    futures,
    groups,
    process_pools,
    processes,
    tasks,
    threads,
    waits,
)
from agenttrace.causal.spawn.installing import Installation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from agenttrace.causal.spawn.patching import Seam

_rooms = (tasks, waits, groups, threads, executors, futures, bridges, processes, forks)


def installed() -> AbstractContextManager[None]:
    """See spawns and joins for as long as the block lasts; blocks may overlap and nest."""
    return _installation.installed()


def _seams() -> Iterator[Seam]:
    return (seam for room in _rooms for seam in room.seams())


_late = {groups.ANYIO: groups.anyio_seams, process_pools.MODULE: process_pools.seams}
_installation = Installation(_late, _seams)
