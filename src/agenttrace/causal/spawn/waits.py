"""Waits: what a coroutine waits with, and of whose end it is told by it.

`gather` that does not raise, `wait` for all, and a future that stands for a job or a shielded task
join. What tells of the first first (`wait` for one, `as_completed`) makes its lanes raced.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
from typing import TYPE_CHECKING, Any

from agenttrace.causal.spawn.joins import is_internal, lane_of, offered, tell
from agenttrace.causal.spawn.patching import Seam
from agenttrace.causal.spawn.tasks import WAIT_FOR

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable


class LaneFuture(asyncio.Future[Any]):
    """A future that stands for another one, which ends a lane or several."""

    agenttrace_stands_for: object = None

    def __await__(self) -> Generator[Any, None, Any]:
        try:
            return (yield from super().__await__())
        finally:
            if self.done():
                self.agenttrace_tell()

    __iter__ = __await__

    def result(self) -> Any:
        """Give the result; whoever asks has been told, except the loop's own machinery."""
        if self.done() and not is_internal(1, but=WAIT_FOR):
            self.agenttrace_tell()
        return super().result()

    def agenttrace_tell(self) -> None:
        """Tell of the lanes of the future it stands for."""
        tell(self.agenttrace_stands_for)


def seams() -> list[Seam]:
    """Where waits begin."""
    return [
        Seam(owner=asyncio.tasks, name="_GatheringFuture", around=_gathering),
        Seam(owner=asyncio.tasks, name="_wait", around=_wait),
        Seam(owner=asyncio, name="as_completed", around=_as_completed, held=True),
        Seam(owner=asyncio, name="shield", around=_shield, held=True),
        Seam(owner=asyncio, name="wrap_future", around=_wrap_future, held=True),
    ]


def standing_for(
    original: object, source: asyncio.Future[Any] | concurrent.futures.Future[Any]
) -> LaneFuture:
    """A future that ends as `source` does, and tells of the lanes of `original`."""
    loop = source.get_loop() if isinstance(source, asyncio.Future) else asyncio.get_running_loop()
    future = LaneFuture(loop=loop)
    future.agenttrace_stands_for = original
    asyncio.futures._chain_future(source, future)  # type: ignore[attr-defined]
    return future


@functools.cache
def _gathering(original: Any) -> Any:
    class Gathering(original):  # type: ignore[misc]
        """Joins its children when it has not raised; when it has, some may still be running."""

        def __await__(self) -> Generator[Any, None, Any]:
            result = yield from super().__await__()
            self.agenttrace_tell()
            return result

        __iter__ = __await__

        def result(self) -> Any:
            result = super().result()
            if not is_internal(1, but=WAIT_FOR):
                self.agenttrace_tell()
            return result

        def agenttrace_tell(self) -> None:
            if self.done() and not self.cancelled() and self.exception() is None:
                for child in self._children:
                    tell(child)

    return Gathering


def _wait(original: Any) -> Any:
    async def _wait(fs: Iterable[Any], timeout: float | None, return_when: str, loop: Any) -> Any:  # noqa: ASYNC109 - its signature
        futures = set(fs)
        every = return_when == asyncio.ALL_COMPLETED and timeout is None
        if not every:
            offered(futures, some=True)
        answer = await original(futures, timeout, return_when, loop)
        if every:
            for future in futures:
                tell(future)
        return answer

    return _wait


def _as_completed(original: Any) -> Any:
    @functools.wraps(original)
    def as_completed(fs: Any, *, timeout: float | None = None) -> Any:
        if asyncio._get_running_loop() is None or asyncio.iscoroutine(fs) or asyncio.isfuture(fs):
            return original(fs, timeout=timeout)
        futures = [
            asyncio.ensure_future(one) for one in fs
        ]  # the arguments' order; it makes a set of them
        offered(futures, some=timeout is not None)
        return original(futures, timeout=timeout)

    return as_completed


def _shield(original: Any) -> Any:
    @functools.wraps(original)
    def shield(arg: Any) -> Any:
        inner = asyncio.ensure_future(arg)
        outer = original(inner)
        stands = lane_of(inner) is not None or hasattr(inner, "agenttrace_tell")
        return standing_for(inner, outer) if stands and outer is not inner else outer

    return shield


def _wrap_future(original: Callable[..., Any]) -> Any:
    @functools.wraps(original)
    def wrap_future(future: Any, *, loop: Any = None) -> Any:
        if not isinstance(future, concurrent.futures.Future) or lane_of(future) is None:
            return original(future, loop=loop)
        wrapped = LaneFuture(loop=loop if loop is not None else asyncio.get_running_loop())
        wrapped.agenttrace_stands_for = future
        asyncio.futures._chain_future(future, wrapped)  # type: ignore[attr-defined]
        return wrapped

    return wrap_future
