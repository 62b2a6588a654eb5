"""Threads: a thread is a lane, for which it stands as long as it runs."""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Any

from agenttrace.causal import current
from agenttrace.causal.spawn.joins import blocks, finished, lane_of, mark, told
from agenttrace.causal.spawn.minting import child_of, in_finalizer, spawner
from agenttrace.causal.spawn.naming import is_tracers, meant_by, qualified_name
from agenttrace.causal.spawn.patching import Seam

if TYPE_CHECKING:
    from collections.abc import Callable

    from agenttrace.causal.current import Frame

POOLS = frozenset({"anyio", "concurrent", "multiprocessing"})
"""Packages whose threads are workers: started by whoever comes first, they are nobody's lane."""

_SHUTTING_DOWN = "BaseEventLoop._do_shutdown"
"""What a loop does to its pool, in a thread of its own."""


def seams() -> list[Seam]:
    """Where threads begin and are waited for."""
    return [
        Seam(owner=threading.Thread, name="start", around=_start),
        Seam(owner=threading.Thread, name="join", around=_join),
    ]


def _start(original: Callable[[threading.Thread], None]) -> Any:
    @functools.wraps(original)
    def start(thread: threading.Thread) -> None:
        here = spawner()
        if here is None or _is_worker(thread):
            original(thread)
        elif in_finalizer():
            _enter(thread, current.beside())
            original(thread)
        elif here.lane.run.ended:
            _enter(thread, here)
            original(thread)
        else:
            _begin(original, thread, here)

    return start


def _begin(
    original: Callable[[threading.Thread], None], thread: threading.Thread, here: Frame
) -> None:
    lane = child_of(here, "thread", qualified_name(_target(thread)))
    mark(thread, lane)
    waits = lane.run.waits
    _enter(thread, here.on(lane), then=lambda: finished(lane))
    waits.started(lane)
    try:
        original(thread)
    except BaseException:
        finished(lane, cut=True)
        raise


def _enter(thread: threading.Thread, own: Frame, then: Callable[[], None] | None = None) -> None:
    """Let a thread stand for a frame from its first step to its last."""
    inside = vars(thread)
    before, run = inside.get("run"), thread.run

    def run_in_lane() -> None:
        if before is None:
            inside.pop("run", None)
        else:
            inside["run"] = before
        current.stand_for(own)
        current.stand(own)
        try:
            run()
        finally:
            if then is not None:
                then()

    inside["run"] = run_in_lane


def _join(original: Callable[[threading.Thread, float | None], None]) -> Any:
    @functools.wraps(original)
    def join(thread: threading.Thread, timeout: float | None = None) -> None:
        lane = lane_of(thread)
        if lane is not None and (timeout is None or timeout > 0):
            blocks([lane])
        original(thread, timeout)
        if lane is not None and timeout is None:
            told(lane)

    return join


def _target(thread: threading.Thread) -> object:
    if isinstance(thread, threading.Timer):
        return meant_by(thread.function, tuple(thread.args))
    return meant_by(
        getattr(thread, "_target", None) or type(thread).run, tuple(getattr(thread, "_args", ()))
    )


def _is_worker(thread: threading.Thread) -> bool:
    target = _target(thread)
    modules = (type(thread).__module__, getattr(target, "__module__", None))
    return getattr(target, "__qualname__", "") == _SHUTTING_DOWN or any(
        isinstance(module, str) and (module.partition(".")[0] in POOLS or is_tracers(module))
        for module in modules
    )
