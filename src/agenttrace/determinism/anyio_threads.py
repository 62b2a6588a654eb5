"""anyio threads: they take no executor's jobs, so each is counted as it enters a worker's queue.

Without this a loop that waits for `anyio.to_thread.run_sync` looked as if nothing were left that
can happen, or ran a timer that was due a hundred seconds later.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

from agenttrace.determinism.places import Ticket, working

MODULE = "anyio._backends._asyncio"
_loops = 0
_seams: list[tuple[type, str, Any]] = []


def enter() -> None:
    """A virtual-time loop has been made."""
    global _loops  # noqa: PLW0603 - how many loops of this process need the seam
    _loops += 1
    attend()


def leave() -> None:
    """It has been closed; after the last one anyio is as it was."""
    global _loops  # noqa: PLW0603 - as above
    _loops -= 1
    if _loops == 0:
        while _seams:
            owner, name, value = _seams.pop()
            setattr(owner, name, value)


def attend() -> None:
    """Enter the seam once anyio has been loaded."""
    worker = None if _seams else getattr(sys.modules.get(MODULE), "WorkerThread", None)
    if worker is not None:
        _patch(worker)


def _patch(worker: Any) -> None:
    init, report = worker.__init__, worker._report_result

    def begin(self: Any, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        heap = getattr(self.loop, "heap", None)
        if heap is None:
            return
        put = self.queue.put_nowait

        def put_nowait(item: Any) -> None:
            if item is not None:
                context, func, args, *rest = item
                self._agenttrace_ticket = ticket = Ticket(heap, func)
                heap.count(ticket)
                item = (context, partial(_run, ticket, func), args, *rest)
            put(item)

        self.queue.put_nowait = put_nowait

    def _report_result(self: Any, *args: Any) -> None:
        ticket = getattr(self, "_agenttrace_ticket", None)
        if ticket is not None:
            ticket.tell()
        report(self, *args)

    for name, value in (("__init__", begin), ("_report_result", _report_result)):
        _seams.append((worker, name, getattr(worker, name)))
        setattr(worker, name, value)


def _run(ticket: Ticket, func: Any, *args: Any) -> Any:
    ticket.begin()
    try:
        with working(ticket):
            return func(*args)
    finally:
        ticket.end()
