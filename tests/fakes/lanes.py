"""Runs code in a run of its own, and gives the lanes that it made."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

from agenttrace.causal import current
from agenttrace.causal.current import Run
from agenttrace.causal.spawn import installed
from agenttrace.model.lane import label_of


def in_run(program: Callable[[], Any], run: Run | None = None) -> Run:
    """Run a function, or a coroutine function, inside a run."""
    run = run if run is not None else Run("test")
    with installed():
        token = current.enter(run)
        try:
            if inspect.iscoroutinefunction(program):
                asyncio.run(program())
            else:
                program()
        finally:
            current.leave(run, token)
    return run


def lanes(run: Run) -> list[str]:
    """The lanes of a run but its own, short, in the order of minting."""
    return [label_of(lane.path) for lane in run.lanes[1:]]


def joins(run: Run) -> dict[str, dict[str, int]]:
    """By each lane's short name, who was told of its end at which step."""
    return {
        label_of(lane.path): {label_of(by): seq for by, seq in lane.joins.items()}
        for lane in run.lanes[1:]
    }


def where() -> str:
    """The caller's lane, short."""
    frame = current.frame()
    return "nowhere" if frame is None else label_of(frame.lane.path)
