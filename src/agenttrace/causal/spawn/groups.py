"""Groups: leaving a task group joins every lane spawned in it, raced or not."""

from __future__ import annotations

import asyncio
import functools
import weakref
from typing import TYPE_CHECKING, Any

from agenttrace.causal.spawn.joins import lane_of, told
from agenttrace.causal.spawn.minting import called, spawner
from agenttrace.causal.spawn.naming import name_of, name_of_coroutine
from agenttrace.causal.spawn.patching import Seam

if TYPE_CHECKING:
    from types import ModuleType

    from agenttrace.causal.lane import LiveLane

ANYIO = "anyio._backends._asyncio"
"""The module of anyio's task groups; they are patched when it is there."""

_members: weakref.WeakKeyDictionary[Any, list[LiveLane]] = weakref.WeakKeyDictionary()


def seams() -> list[Seam]:
    """The standard library's task groups."""
    return [
        Seam(owner=asyncio.TaskGroup, name="create_task", around=_create_task),
        Seam(owner=asyncio.TaskGroup, name="__aexit__", around=_leave),
    ]


def anyio_seams(module: ModuleType) -> list[Seam]:
    """Anyio's task groups."""
    names: Any = module
    return [
        Seam(owner=names.TaskGroup, name="_spawn", around=_anyio_spawn),
        Seam(owner=names.TaskGroup, name="__aexit__", around=_leave),
    ]


def _create_task(original: Any) -> Any:
    @functools.wraps(original)
    def create_task(group: Any, coro: Any, **options: Any) -> Any:
        task = original(group, coro, **options)
        _join_in(group, lane_of(task))
        return task

    return create_task


def _anyio_spawn(original: Any) -> Any:
    """Every task of anyio's runs a method of its own; the lane is named after what that runs."""

    @functools.wraps(original)
    def _spawn(group: Any, work: Any, *args: Any, **options: Any) -> Any:
        if spawner() is None:
            return original(group, work, *args, **options)
        name = name_of_coroutine(work) if asyncio.iscoroutine(work) else name_of(work)
        with called(name) as asked:
            spawned = original(group, work, *args, **options)
            _join_in(group, asked.minted)
        return spawned

    return _spawn


def _leave(original: Any) -> Any:
    @functools.wraps(original)
    async def __aexit__(group: Any, *error: Any) -> Any:  # noqa: N807 - it stands in for one
        try:
            return await original(group, *error)
        finally:
            for lane in _members.pop(group, ()):
                told(lane, scope=True)

    return __aexit__


def _join_in(group: Any, lane: LiveLane | None) -> None:
    if lane is not None:
        _members.setdefault(group, []).append(lane)
