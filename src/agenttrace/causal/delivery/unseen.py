"""Unseen: queues whose messages are not followed; using one inside a run is said in its verdict."""

from __future__ import annotations

import functools
import queue as queues
import sys
from typing import TYPE_CHECKING, Any

from agenttrace.causal import current
from agenttrace.causal.delivery.book import book_of
from agenttrace.causal.delivery.threads import MACHINERY
from agenttrace.causal.site import site
from agenttrace.causal.spawn.patching import Seam

if TYPE_CHECKING:
    from types import ModuleType

PROCESSES = "multiprocessing.queues"
"""The module of the queues between processes."""


def simple_seams() -> list[Seam]:
    """Where queues are made that are written in C, and cannot be seen through."""
    return [Seam(owner=queues, name="SimpleQueue", around=_told_of, held=True)]


@functools.cache
def _told_of(original: Any) -> Any:
    class SimpleQueue(original):  # type: ignore[misc]
        __doc__ = original.__doc__

        def __init__(self) -> None:
            super().__init__()
            name = sys._getframe(1).f_globals.get("__name__", "")
            book = book_of(current.carried())
            if book is not None and name.partition(".")[0] not in _WORKERS:
                where = site() or "a library"
                book.warn(f"which message a SimpleQueue gives is not recorded, made at {where}")

    SimpleQueue.__module__, SimpleQueue.__qualname__ = original.__module__, original.__qualname__
    return SimpleQueue


_WORKERS = MACHINERY | {"concurrent"}


def seams(module: ModuleType) -> list[Seam]:
    """Where processes receive."""
    names: Any = module
    return [
        Seam(owner=kind, name="get", around=_warned) for kind in (names.Queue, names.SimpleQueue)
    ]


def _warned(original: Any) -> Any:
    @functools.wraps(original)
    def get(queue: Any, *args: Any, **kwargs: Any) -> Any:
        where = site()
        book = book_of(current.carried())
        if book is not None and where is not None:
            kind = type(queue).__name__
            book.warn(f"which message a {kind} between processes gave is not recorded, at {where}")
        return original(queue, *args, **kwargs)

    return get
