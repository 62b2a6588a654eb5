"""Bridges: a thread hands a coroutine to another thread's loop."""

from __future__ import annotations

import asyncio
import functools
from typing import Any

from agenttrace.causal import current
from agenttrace.causal.spawn.joins import mark
from agenttrace.causal.spawn.minting import child_of, in_finalizer, promise, spawner
from agenttrace.causal.spawn.naming import name_of_coroutine
from agenttrace.causal.spawn.patching import Seam


def seams() -> list[Seam]:
    """Where threads talk to loops."""
    return [
        Seam(
            owner=asyncio,
            name="run_coroutine_threadsafe",
            around=_run_coroutine_threadsafe,
            held=True,
        )
    ]


def _run_coroutine_threadsafe(original: Any) -> Any:
    @functools.wraps(original)
    def run_coroutine_threadsafe(coro: Any, loop: asyncio.AbstractEventLoop) -> Any:
        here = spawner()
        if here is None or here.lane.run.ended or not asyncio.iscoroutine(coro):
            return original(coro, loop)
        if in_finalizer():  # the loop makes the task later, when no finalizer is to be seen
            with current.aside():
                return original(coro, loop)
        # minted here, in the caller's program order; the loop makes the task when it comes to it
        lane = child_of(here, "task", name_of_coroutine(coro))
        promise(coro, lane)
        future = original(coro, loop)
        mark(future, lane)
        return future

    return run_coroutine_threadsafe
