"""Futures: what a thread waits with, and of whose end it is told by it."""

from __future__ import annotations

import concurrent.futures
import functools
from typing import TYPE_CHECKING, Any

from agenttrace.causal.spawn.joins import blocks, is_internal, lane_of, offered, told
from agenttrace.causal.spawn.patching import Seam

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    Future = concurrent.futures.Future[Any]


def seams() -> list[Seam]:
    """Where threads wait for jobs."""
    return [
        Seam(owner=concurrent.futures.Future, name="result", around=_reading),
        Seam(owner=concurrent.futures.Future, name="exception", around=_reading),
        Seam(owner=concurrent.futures, name="wait", around=_wait, held=True),
        Seam(owner=concurrent.futures, name="as_completed", around=_as_completed, held=True),
    ]


def _reading(original: Any) -> Any:
    @functools.wraps(original)
    def read(future: Future, timeout: float | None = None) -> Any:
        lane = lane_of(future)
        if lane is None or is_internal(1):
            return original(future, timeout)
        if timeout is None or timeout > 0:
            blocks([lane])
        try:
            return original(future, timeout)
        finally:
            if future.done():
                told(lane)

    return read


def _wait(original: Any) -> Any:
    @functools.wraps(original)
    def wait(
        fs: Iterable[Future],
        timeout: float | None = None,
        return_when: str = concurrent.futures.ALL_COMPLETED,
    ) -> Any:
        futures = list(fs)
        every = timeout is None and return_when == concurrent.futures.ALL_COMPLETED
        if not every:
            offered(futures, some=True)
        if timeout is None or timeout > 0:
            first = return_when != concurrent.futures.ALL_COMPLETED
            _block(futures, first=first)
        answer = original(futures, timeout, return_when)
        if every:
            for lane in map(lane_of, futures):
                if lane is not None:
                    told(lane)
        return answer

    return wait


def _as_completed(original: Any) -> Any:
    @functools.wraps(original)
    def as_completed(fs: Iterable[Future], timeout: float | None = None) -> Iterator[Future]:
        futures = list(fs)
        offered(futures, some=timeout is not None)
        completed, left = iter(original(futures, timeout)), set(futures)
        while left:
            _block(left, first=True)
            future = next(completed)
            left.discard(future)
            yield future

    return as_completed


def _block(futures: Iterable[Future], *, first: bool) -> None:
    """Say that the caller waits, unless what it waits for has happened."""
    lanes = [lane_of(future) for future in futures]
    if not first:
        blocks(lanes)
    elif None not in lanes and not any(future.done() for future in futures):
        blocks(lanes, every=False)
