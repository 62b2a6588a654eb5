"""Forks, and what else begins where nobody can follow: said by name, never silently.

A forked process is a copy of everything, the run and its door included, and no part of the run:
two would write one journal, and ask at the same positions. What it asks is refused.
"""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any

from agenttrace.causal import current
from agenttrace.causal.clock import RealClock
from agenttrace.causal.site import site
from agenttrace.causal.spawn.minting import spawner
from agenttrace.causal.spawn.patching import Seam
from agenttrace.errors import CallOutsideRun

if TYPE_CHECKING:
    from collections.abc import Callable

_FORKS = ("fork", "forkpty")
_FOREIGN = ("system", "posix_spawn", "posix_spawnp")


def seams() -> list[Seam]:
    """Where processes begin that cannot be told of the run."""
    around = dict.fromkeys(_FORKS, _fork) | dict.fromkeys(_FOREIGN, _foreign)
    return [
        Seam(owner=os, name=name, around=ours, held=True)
        for name, ours in around.items()
        if hasattr(os, name)
    ]


def _fork(original: Callable[[], Any]) -> Any:
    @functools.wraps(original)
    def fork() -> Any:
        here = spawner()
        if here is None:
            return original()
        where = site() or "a library"
        found = original()
        child = (found[0] if isinstance(found, tuple) else found) == 0
        if child:
            for run in {here.lane.run, *current.active()}:
                run.guard = _forked(run.name, where)
                run.clock = RealClock()
        else:
            here.lane.run.lost.append(
                f"a process was forked at {where}, and is no part of the run: what it asks is "
                "refused. Use the start method spawn or forkserver"
            )
        return found

    return fork


def _forked(run: str, where: str) -> CallOutsideRun:
    return CallOutsideRun(
        f"{run}: a process that was forked asked the world",
        detail=f"  forked at  {where}\n"
        "  A forked process is a copy of the run and no part of it; nothing was sent.\n"
        "  Start it anew, so that it can join:\n"
        '      multiprocessing.get_context("spawn")\n'
        "  More: agenttrace explain call-outside-run",
        site=where,
    )


def _foreign(original: Callable[..., Any]) -> Any:
    @functools.wraps(original)
    def begin(*args: Any, **options: Any) -> Any:
        here = spawner()
        if here is not None and not here.lane.run.ended:
            here.lane.run.lost.append(
                f"os.{original.__name__} began a process at {site() or 'a library'} that does not "
                "know of the run. Use subprocess"
            )
        return original(*args, **options)

    return begin
