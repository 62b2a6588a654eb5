"""Tasks: every task that a program spawns is a lane, minted in the program order of its spawner.

Some spawns are transparent and mint none: a loop's entry task, since its caller waits for it;
3.11's `wait_for`, which runs its coroutine in a task where later Pythons await it; and whatever the
collector spawns, which comes whenever it comes. So positions are equal on all Pythons, and `main`
may be renamed.
"""

from __future__ import annotations

import asyncio
import functools
import sys
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any

from agenttrace.causal import current
from agenttrace.causal.spawn.joins import finished, is_internal, lane_of, mark, told
from agenttrace.causal.spawn.minting import (
    asked,
    child_of,
    giving,
    in_finalizer,
    is_bridged,
    promised,
    spawner,
)
from agenttrace.causal.spawn.naming import name_of_coroutine
from agenttrace.causal.spawn.patching import Seam
from agenttrace.causal.spawn.steps import keeping

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator
    from types import CodeType

    from agenttrace.causal.current import Frame
    from agenttrace.causal.lane import LiveLane

    Entering = Callable[..., asyncio.Task[Any]]

WAIT_FOR = asyncio.wait_for.__code__
_ENTRIES = frozenset(
    {asyncio.BaseEventLoop.run_until_complete.__code__, asyncio.Runner.run.__code__}
)
_TEST_KITS = frozenset({"TestRunner._run_tests_and_fixtures"})
"""The tasks in which test kits (anyio's) run whole tests: entry tasks too, made inside a loop."""
_NEAR = 6
_add_done_callback = asyncio.Task.add_done_callback


class LaneTask(asyncio.Task[Any]):
    """A task that says who has been told of its end."""

    def __await__(self) -> Generator[Any, None, Any]:
        try:
            return (yield from super().__await__())
        finally:
            if self.done():
                self._tell()

    __iter__ = __await__

    def result(self) -> Any:
        """Give the result; whoever asks has been told, except the loop's own machinery."""
        if self.done() and not is_internal(1, but=WAIT_FOR):
            self._tell()
        return super().result()

    def exception(self) -> BaseException | None:
        """Give the exception, likewise."""
        if self.done() and not is_internal(1, but=WAIT_FOR):
            self._tell()
        return super().exception()

    def add_done_callback(self, fn: Any, /, *, context: Context | None = None) -> None:
        """Add a callback; it sees the order in which tasks end, so what it collects is a race."""
        lane = lane_of(self)
        if lane is not None and not is_internal(1):
            lane.raced = True
        super().add_done_callback(fn, context=context)

    def _tell(self) -> None:
        lane = lane_of(self)
        if lane is not None:
            told(lane)


def seams() -> list[Seam]:
    """Where tasks are made."""
    found = [
        Seam(owner=asyncio.BaseEventLoop, name="create_task", around=_create_task),
        Seam(owner=asyncio.tasks, name="Task", around=_direct_task),
        Seam(owner=asyncio, name="Task", around=_direct_task),
    ]
    if sys.version_info >= (3, 12):
        found.append(
            Seam(owner=asyncio, name="eager_task_factory", around=_eager_task_factory, held=True)
        )
    return found


def _create_task(original: Entering) -> Entering:
    @functools.wraps(original)
    def create_task(loop: asyncio.BaseEventLoop, coro: Any, **options: Any) -> asyncio.Task[Any]:
        context: Context | None = options.get("context")
        here = spawner(context)
        if here is None or here.lane.run.ended:
            return original(loop, coro, **options)
        if in_finalizer():  # nor does what it spawns: a client closes its parts at once
            with current.aside():
                return original(loop, coro, **options)
        by_chance = _closes_generator(coro)
        if by_chance or _is_transparent() or name_of_coroutine(coro) in _TEST_KITS:
            kept = coro if by_chance or context is None else keeping(here, coro)
            with giving(kept, None):
                return original(loop, kept, **options)
        lane = promised(coro) or child_of(here, "task", name_of_coroutine(coro))
        factory = loop.get_task_factory()
        if factory is None or factory in _EAGER:
            eager = {"eager_start": True} if factory is not None else {}
            return _lane_task(here.on(lane), coro, loop=loop, **{**eager, **options})
        kept = keeping(here.on(lane), coro)
        with giving(kept, lane):
            task = original(loop, kept, **options)
        _adopt(task, lane)
        return task

    return create_task


def _lane_task(
    frame: Frame, coro: Any, *, context: Context | None = None, **options: Any
) -> LaneTask:
    if context is None:
        context = copy_context()
        context.run(current.stand, frame)
    else:
        coro = keeping(frame, coro)
    task = LaneTask.__new__(LaneTask)
    mark(task, frame.lane)
    LaneTask.__init__(task, coro, context=context, **options)
    _watch(task, frame.lane)
    return task


def _watch(task: asyncio.Task[Any], lane: LiveLane) -> None:
    if task.done():
        _ended(lane, task)
    else:
        # a context of its own: one for all could not be entered by two loops at a time
        _add_done_callback(task, functools.partial(_ended, lane), context=Context())


def _ended(lane: LiveLane, task: asyncio.Task[Any]) -> None:
    """A lane is cut if its cancellation was asked for and never taken back, as `timeout()` does."""
    cut = task.cancelled() or task.cancelling() > 0
    if is_bridged(lane):
        finished(lane, cut=cut)
    else:
        lane.end(cut=cut)


def _adopt(task: Any, lane: LiveLane) -> None:
    """Take what a user's factory has made; awaits of a foreign class are not seen."""
    if lane_of(task) is lane:
        return
    lane.raced = True
    try:
        mark(task, lane)
        task.add_done_callback(functools.partial(_ended, lane), context=Context())
    except (AttributeError, TypeError):  # something that is no task at all
        return


# -- transparent spawns ------------------------------------------------------------------------
def _closes_generator(coro: object) -> bool:
    """Whether it is a generator's `aclose()`, as the collector or the end of a loop calls it."""
    if getattr(coro, "__name__", "") == "_wrap_awaitable":
        frame = getattr(coro, "cr_frame", None) or getattr(coro, "gi_frame", None)
        coro = None if frame is None else frame.f_locals.get("awaitable")
    return type(coro).__name__ == "async_generator_athrow"


def _is_transparent() -> bool:
    """Whether a loop's entry task is made, or 3.11's `wait_for` makes one of its coroutine."""
    running = asyncio._get_running_loop() is not None
    if running and sys.version_info >= (3, 12):
        return False
    meant: frozenset[CodeType] = frozenset({WAIT_FOR}) if running else _ENTRIES
    frame = sys._getframe(2)
    for _ in range(_NEAR):
        if frame.f_code in meant:
            return True
        if frame.f_back is None:
            return False
        frame = frame.f_back
    return False


# -- tasks made without a loop's help --------------------------------------------------------------
_EAGER: list[Any] = []


def _eager_task_factory(original: Any) -> Any:
    """Another factory of the same code, which frameworks know it by; it makes lanes."""

    def make(coro: Any, *, loop: asyncio.BaseEventLoop, **options: Any) -> asyncio.Task[Any]:
        here = spawner(options.get("context"))
        wish = asked.of(coro)
        lane = None if wish is None else wish.lane
        if here is None or here.lane.run.ended or (wish is not None and lane is None):
            plain: asyncio.Task[Any] = _PLAIN(coro, loop=loop, **options)
            return plain
        if lane is None:
            lane = child_of(here, "task", name_of_coroutine(coro))
        return _lane_task(here.on(lane), coro, loop=loop, **options)

    ours = asyncio.create_eager_task_factory(make)  # type: ignore[attr-defined, unused-ignore]
    _EAGER[:] = [original, ours]
    return ours


_PLAIN: Any = asyncio.Task


class _Direct(type):
    """Stands in for `asyncio.Task` where a program makes its tasks itself."""

    def __instancecheck__(cls, instance: object) -> bool:
        return (
            isinstance(instance, _PLAIN) if cls in _direct else super().__instancecheck__(instance)
        )

    def __subclasscheck__(cls, subclass: type) -> bool:
        return (
            issubclass(subclass, _PLAIN) if cls in _direct else super().__subclasscheck__(subclass)
        )

    def __call__(cls, coro: Coroutine[Any, Any, Any], **options: Any) -> Any:
        if cls not in _direct:
            return super().__call__(coro, **options)
        wish, here = asked.of(coro), spawner(options.get("context"))
        if wish is not None and wish.lane is not None:
            task = LaneTask.__new__(LaneTask)
            mark(task, wish.lane)
            LaneTask.__init__(task, coro, **options)
            _watch(task, wish.lane)
            return task
        if wish is not None or is_internal(1) or here is None or here.lane.run.ended:
            return _PLAIN(coro, **options)
        if in_finalizer():
            with current.aside():
                return _PLAIN(coro, **options)
        return _lane_task(here.on(child_of(here, "task", name_of_coroutine(coro))), coro, **options)


_direct: set[type] = set()


@functools.cache
def _direct_task(original: Any) -> Any:
    class Task(LaneTask, metaclass=_Direct):
        __doc__ = original.__doc__

    Task.__module__, Task.__qualname__ = original.__module__, original.__qualname__
    _direct.add(Task)
    return Task
