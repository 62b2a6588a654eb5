"""Delivery: which message a receive gets, written down while recording and handed over in a replay.

The standard library's queues are patched while a run needs it, those between processes and anyio's
streams once they are there; their subclasses with them. Outside a run every seam only hands on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenttrace.causal.delivery import processes, streams, tasks, threads, unseen
from agenttrace.causal.delivery.book import Book
from agenttrace.causal.spawn.installing import Installation

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from agenttrace.causal.spawn.patching import Seam

__all__ = ["Book", "installed"]


def installed() -> AbstractContextManager[None]:
    """See what queues carry for as long as the block lasts; blocks may overlap and nest."""
    return _installation.installed()


def _seams() -> list[Seam]:
    return [*tasks.seams(), *threads.seams(), *unseen.seams()]


_installation = Installation(
    {streams.ANYIO: streams.seams, processes.MODULE: processes.seams}, _seams
)
