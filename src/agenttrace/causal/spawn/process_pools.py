"""Process pools: a job stands where it was submitted, whichever worker of the pool does it.

Which worker gets which job is chance, and so is how many there are. So the job carries its place
along, as a request to a service does, and the worker serves it there.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from agenttrace.causal import current
from agenttrace.causal.lane import LiveLane
from agenttrace.causal.places import WORK, Place, place_of, served_path
from agenttrace.causal.spawn.joins import finished, mark
from agenttrace.causal.spawn.minting import spawner
from agenttrace.causal.spawn.naming import meant_by, name_of, qualified_name
from agenttrace.causal.spawn.patching import Seam

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from types import ModuleType

    from agenttrace.causal.current import Frame

MODULE = "concurrent.futures.process"
"""The module of the pools; they are patched when it is there."""

_CHUNK = "_process_chunk"


def seams(module: ModuleType) -> list[Seam]:
    """Where jobs are submitted."""
    names: Any = module
    around = functools.partial(_submit, names._process_worker)
    return [Seam(owner=names.ProcessPoolExecutor, name="submit", around=around)]


def _submit(worker: Callable[..., object], original: Any) -> Any:
    @functools.wraps(original)
    def submit(pool: Any, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        here = spawner()
        if here is None or here.lane.run.invite is None or here.lane.run.ended:
            return original(pool, fn, *args, **kwargs)
        at = here.lane.mint(WORK, _name(fn), here.scope)
        place = Place(at=at, lane=here.lane.path, seq=here.lane.seq)
        path = served_path(at, qualified_name(worker))
        lane = LiveLane(here.lane.run, here.lane, path, place.seq)
        lane.run.spawned(lane)
        lane.run.waits.started(lane)
        try:
            future = original(pool, Job(fn, place.text, here), *args, **kwargs)
        except BaseException:
            finished(lane, cut=True)
            raise
        mark(future, lane)
        future.add_done_callback(functools.partial(_done, lane))
        return future

    return submit


def _done(lane: LiveLane, future: Future[Any]) -> None:
    finished(lane, cut=future.cancelled())


def _name(fn: Any) -> str:
    """Name the function meant; of `map`, the one that is mapped."""
    meant = meant_by(fn)
    mapped = getattr(fn, "args", ())
    return name_of(mapped[0]) if qualified_name(meant) == _CHUNK and mapped else name_of(fn)


class Job:
    """A submitted function on its way to a worker, with its place."""

    def __init__(self, work: Callable[..., Any], place: str, here: Frame) -> None:
        """Take what a worker needs to know of who submitted it."""
        self._work = work
        self._place = place
        self._said = (here.span, here.agent, here.task, here.baggage)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Do the work; in a worker that is part of the run, at its place."""
        run = next((run for run in current.active() if run.within is not None), None)
        place = place_of(self._place)
        lane = None if run is None or place is None else place.lane_in(run)
        if run is None or place is None or lane is None:
            return self._work(*args, **kwargs)
        span, agent, task, baggage = self._said
        frame = current.Frame(
            lane=lane, scope=lane.path, span=span, agent=agent, task=task, baggage=baggage
        )
        token = current.stand(frame)
        try:
            return self._work(*args, **kwargs)
        finally:
            current.reset(token)
            place.leave(lane)
