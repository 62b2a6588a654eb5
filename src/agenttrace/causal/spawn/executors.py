"""Executors: a job is a lane, minted where it is submitted; a pool's workers are none.

Of a pool's jobs, as many run as it has workers; the others queue, and nobody is to wait for them
to do something.
"""

from __future__ import annotations

import collections
import concurrent.futures
import functools
import threading
import weakref
from typing import TYPE_CHECKING, Any

from agenttrace.causal import current
from agenttrace.causal.spawn.joins import blocks, finished, is_internal, mark, told
from agenttrace.causal.spawn.minting import child_of, in_finalizer, spawner
from agenttrace.causal.spawn.naming import name_of
from agenttrace.causal.spawn.patching import Seam

if TYPE_CHECKING:
    from collections.abc import Callable

    from agenttrace.causal.current import Frame
    from agenttrace.causal.lane import LiveLane

    Job = Callable[..., Any]


_TELLING = ("set_result", "set_exception")
"""How a worker tells the future of a job that the job is done."""


class Pool:
    """Who of a pool's jobs runs.

    Attributes:
        lanes: Every job's lane, until the run it belongs to is over.
    """

    def __init__(self, workers: int) -> None:
        """Begin with no job."""
        self.lanes: list[LiveLane] = []
        self._free = workers
        self._queue: collections.deque[LiveLane] = collections.deque()
        self._lock = threading.RLock()  # a finalizer may submit while it is held

    def add(self, lane: LiveLane) -> None:
        """A job is submitted: it starts, or queues."""
        with self._lock:
            if self.lanes and self.lanes[0].run is not lane.run:
                self.lanes = [old for old in self.lanes if not old.run.ended]
            self.lanes.append(lane)
            starts = self._free > 0
            self._free -= starts
            if not starts:
                self._queue.append(lane)
        if starts:
            lane.run.waits.started(lane)

    def remove(self, lane: LiveLane, *, cut: bool) -> None:
        """A job has ended, or will never run; the first in the queue takes its place."""
        with self._lock:
            following = None
            if lane in self._queue:
                self._queue.remove(lane)
            elif self._queue:
                following = self._queue.popleft()
            else:
                self._free += 1
        if following is not None:
            following.run.waits.started(following)
        finished(lane, cut=cut)


_pools: weakref.WeakKeyDictionary[Any, Pool] = weakref.WeakKeyDictionary()


def seams() -> list[Seam]:
    """Where jobs are submitted and waited for."""
    return [
        Seam(owner=concurrent.futures.ThreadPoolExecutor, name="submit", around=_submit),
        Seam(owner=concurrent.futures.ThreadPoolExecutor, name="shutdown", around=_shutdown),
    ]


def _submit(original: Any) -> Any:
    @functools.wraps(original)
    def submit(pool: Any, fn: Job, /, *args: Any, **kwargs: Any) -> Any:
        here = spawner()
        if here is None:
            return original(pool, fn, *args, **kwargs)
        if in_finalizer():
            return original(pool, _standing(current.beside(), fn), *args, **kwargs)
        if here.lane.run.ended:
            return original(pool, _standing(here, fn), *args, **kwargs)
        lane = child_of(here, "job", name_of(fn, args))
        jobs = _pools.setdefault(pool, Pool(getattr(pool, "_max_workers", 1)))
        jobs.add(lane)
        job = _Job(here.on(lane), functools.partial(fn, *args, **kwargs), jobs)
        try:
            future = original(pool, job)
        except BaseException:
            jobs.remove(lane, cut=True)
            raise
        mark(future, lane)
        job.tells(future)
        future.add_done_callback(job.dropped)
        return future

    return submit


class _Job:
    """A submitted function, as a worker calls it."""

    def __init__(self, frame: Frame, work: Callable[[], Any], jobs: Pool) -> None:
        self._frame = frame
        self._work: Callable[[], Any] | None = work
        self._jobs = jobs
        self._tells = self._left = False

    def tells(self, future: concurrent.futures.Future[Any]) -> None:
        """Let the job count as running until everybody has been told who waits for its future.

        The function ends before. A loop that waits and looks in between would find that nothing
        can happen any more.
        """
        for name in _TELLING:
            setattr(future, name, self._telling(future, getattr(future, name)))
        self._tells = True

    def _telling(self, future: concurrent.futures.Future[Any], tell: Callable[[Any], None]) -> Any:
        def tell_all(result: Any) -> None:
            for name in _TELLING:
                vars(future).pop(name, None)  # they hold the future, which holds them
            try:
                tell(result)
            finally:
                self._leave()

        return tell_all

    def _leave(self) -> None:
        if not self._left:
            self._left = True
            self._jobs.remove(self._frame.lane, cut=False)

    def __call__(self) -> Any:
        work, self._work = self._work, None
        if work is None:
            raise RuntimeError("a job runs once")
        try:
            return _standing(self._frame, work)()
        finally:
            self._frame.lane.end()
            if not self._tells:
                self._leave()

    def dropped(self, future: concurrent.futures.Future[Any]) -> None:
        """Its future has ended; where it was cancelled in the queue, the job will never run."""
        if future.cancelled() and self._work is not None:
            self._work = None
            self._jobs.remove(self._frame.lane, cut=True)


def _standing(own: Frame, work: Job) -> Job:
    def stand_and_work(*args: Any, **kwargs: Any) -> Any:
        token = current.stand(own)
        current.stand_for(own)
        try:
            return work(*args, **kwargs)
        finally:
            current.stand_for(None)
            current.reset(token)

    return stand_and_work


def _shutdown(original: Any) -> Any:
    @functools.wraps(original)
    def shutdown(pool: Any, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002
        jobs = _pools.get(pool)
        # a loop shuts its pool down in a thread of its own, at a step that time has chosen
        if jobs is None or not wait or is_internal(1):
            original(pool, wait, cancel_futures=cancel_futures)
            return
        if not cancel_futures:
            blocks(jobs.lanes)
        try:
            original(pool, wait, cancel_futures=cancel_futures)
        finally:
            for lane in jobs.lanes:
                told(lane, scope=True)

    return shutdown
