"""Holds: a thread's wait in virtual time that somebody else ends."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from agenttrace.determinism.stuck import message_wait
from agenttrace.determinism.who import label

if TYPE_CHECKING:
    from collections.abc import Callable

    from agenttrace.determinism.waiter import Waiter


class Held:
    """A thread's wait that somebody else ends; meanwhile the thread counts as waiting."""

    def __init__(self, heap: Any, waits_for: tuple[str, Callable[[], str], str]) -> None:
        """Prepare it; nobody waits yet."""
        self._heap = heap
        self._waits_for = waits_for
        self._bell = threading.Event()
        self._gone = False
        self._waiter: Waiter | None = None

    def wait(self, limit_ns: int | None = None) -> bool:
        """Wait, no longer than that in virtual time; whether somebody has ended it.

        Raises:
            RunStopped: The run has stopped.
            Released: The run is over.
        """
        heap = self._heap
        with heap._lock:
            if self._gone:
                return True
            heap._refuse()
            who = heap._here()
            self._waiter = waiter = heap._park(
                who,
                self._bell,
                lambda: [message_wait(label(who), self._waits_for)],
                at_ns=None if limit_ns is None else heap.now_ns + limit_ns,
            )
        heap._wait(waiter, self._bell)
        return self._gone

    def let_go(self) -> None:
        """End it: its thread runs from this moment, before it has woken."""
        with self._heap._lock:
            self._gone = True
            if self._waiter is not None and not self._waiter.over:
                self._heap._finish(self._waiter)
                self._waiter.wake()
