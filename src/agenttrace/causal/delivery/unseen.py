"""Unseen: queues whose messages are not followed; using one inside a run is said in its verdict."""

from __future__ import annotations

import functools
import queue as queues
import sys
from typing import Any

from agenttrace.causal import current
from agenttrace.causal.delivery.book import book_of
from agenttrace.causal.delivery.threads import MACHINERY
from agenttrace.causal.site import site
from agenttrace.causal.spawn.patching import Seam


def seams() -> list[Seam]:
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
