"""Backlog: what waits to be written in production, and the thread that writes it.

The agent's threads only append, and never wait: no lock is held while anything is written, and
where more comes than can be written it is dropped, by whole runs from a moment on, and counted.
"""

from __future__ import annotations

import contextlib
import os
import threading
import weakref
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from agenttrace.causal import current

BEAT_S = 0.05
"""How long at most what was said waits to be written; a kill loses no more than that."""

ENTRY_BYTES = 512
"""What an entry weighs beside the bytes that it holds."""


class Sink(Protocol):
    """Where entries go, once the writing thread has come to them."""

    def take(self, entry: Any) -> None:  # noqa: ANN401 - each sink knows its own entries
        """Take one, in the order in which they were said."""
        ...

    def settle(self) -> None:
        """Bring what was taken to the disk."""
        ...

    def overflow(self) -> None:
        """Something of it was dropped; nothing more of it comes."""
        ...


class _Entry(NamedTuple):
    sink: Sink
    what: object
    weight: int


class Backlog:
    """Entries between the agent's threads and the writing thread.

    Attributes:
        dropped: How many entries were dropped because too much waited.
        failed: Is told what went wrong of ours.
        quick: What comes by itself, of one sink and of one weight: whoever appends looks first
            whether there is room, and takes no lock.
    """

    def __init__(self, limit_bytes: int, failed: Callable[[BaseException], None]) -> None:
        """Begin to write.

        Args:
            limit_bytes: How much may wait, in bytes of what it holds.
            failed: Is told what a sink raised.
        """
        self._limit, self.failed = limit_bytes, failed
        self.dropped = 0
        self.quick: deque[object] = deque()
        self._quick_sink: Sink | None = None
        self._forked: Callable[[], None] = _nothing
        self._begin()
        self._start()
        if hasattr(os, "register_at_fork"):
            own = weakref.WeakMethod(self._after_fork)
            os.register_at_fork(after_in_child=lambda: _call(own))

    def open_quick(self, sink: Sink) -> deque[object]:
        """Let what is appended to `quick` go to a sink."""
        self._quick_sink = sink
        return self.quick

    def on_fork(self, forget: Callable[[], None]) -> None:
        """Let something be done in a forked process, before its own thread begins to write."""
        self._forked = forget

    def put(self, sink: Sink, what: object, weight: int = 0) -> bool:
        """Let something be written; False: too much waits, and it was dropped.

        Args:
            sink: Where it goes.
            what: What the sink is to take; nobody changes it any more.
            weight: How many bytes it holds.
        """
        weight += ENTRY_BYTES
        with self._lock:
            if self._closed or self._waiting + weight > self._limit:
                self.dropped += 1
                self._full[id(sink)] = sink
                return False
            self._waiting += weight
            self._entries.append(_Entry(sink, what, weight))
            urgent = self._waiting > self._limit // 2
        if urgent:
            self._bell.set()
        return True

    def flush(self, timeout_s: float) -> bool:
        """Wait until all that was put is on the disk; whether it is."""
        done = threading.Event()
        if not self.put(_Mark(done), None):
            return False
        self._bell.set()
        return done.wait(timeout_s)

    def close(self, timeout_s: float) -> bool:
        """Write what waits, and take nothing any more; whether all of it was written."""
        with self._lock:
            self._closed = True
        self._bell.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    # -- the writing thread ------------------------------------------------------------------------
    def _begin(self) -> None:
        # the collector may run a finalizer inside `put` that says something, too
        self._lock = threading.RLock()
        self._bell = threading.Event()
        self._entries: deque[_Entry] = deque()
        self._full: dict[int, Sink] = {}
        self._waiting = 0
        self._closed = False

    def _start(self) -> None:
        with current.aside():
            thread = threading.Thread(target=self._work, name="agenttrace-journal", daemon=True)
            thread.start()
        self._thread = thread

    def _after_fork(self) -> None:
        """In a forked process: what waited is the other's to write, and its thread is not here."""
        self.quick.clear()
        self._begin()
        self._forked()
        self._start()

    def _work(self) -> None:
        while True:
            self._bell.wait(BEAT_S)
            self._bell.clear()
            with self._lock:
                batch, self._entries = self._entries, deque()
                full, self._full = self._full, {}
                closing = self._closed
            self._write(self._quick())
            self._write(batch)
            for sink in full.values():
                self._guarded(sink.overflow)
            if closing and not self._entries and not self.quick:
                return

    def _quick(self) -> deque[_Entry]:
        sink, quick = self._quick_sink, self.quick
        if sink is None:
            return deque()
        return deque(_Entry(sink, quick.popleft(), 0) for _ in range(len(quick)))

    def _write(self, batch: deque[_Entry]) -> None:
        touched: dict[int, Sink] = {}
        taken, freed = 0, 0
        while batch:
            sink, what, weight = batch.popleft()
            touched[id(sink)] = sink
            self._guarded(sink.take, what)
            freed += weight
            taken += 1
            if not batch or taken == _AT_ONCE:
                with self._lock:  # the agent's threads take it too, so not for each entry
                    self._waiting -= freed
                for one in touched.values():
                    self._guarded(one.settle)
                touched, taken, freed = {}, 0, 0

    def _guarded(self, act: Callable[..., None], *words: object) -> None:
        try:
            act(*words)
        except Exception as error:  # noqa: BLE001 - the thread goes on for all the others
            self.failed(error)


_AT_ONCE = 200
"""After how many entries they are brought to the disk, however many more wait."""


class _Mark:
    """A sink that says when everything before it was written."""

    def __init__(self, done: threading.Event) -> None:
        self._done = done

    def take(self, entry: object) -> None:
        """Wait for the end of the batch."""

    def settle(self) -> None:
        """Say it."""
        self._done.set()

    def overflow(self) -> None:
        """Nobody is told."""


def _nothing() -> None:
    """Nothing is to be forgotten."""


def _call(own: weakref.WeakMethod[Callable[[], None]]) -> None:
    found = own()
    if found is not None:
        with contextlib.suppress(Exception):
            found()
