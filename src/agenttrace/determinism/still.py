"""Still: is anybody of this process computing, or do all wait for each other?

A lock of the user's own is a wait that nobody tells us about. On Linux the kernel says where each
thread waits: in a futex it waits for another thread, in anything else for the world. Elsewhere only
the processor time that the process used is known, and a thread that waits for the world is taken
for one that waits for a lock.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agenttrace.determinism.waiter import Waiter

GRACE_S = 0.003
"""How long, in real seconds, after the last look at the process the next one is taken."""

PATIENCE_S = 5.0
"""How long all must be still before a wait that we cannot see through counts as a deadlock."""

LOOKS = 2
"""How many looks must find it still: a thread that was given the interpreter's lock this instant
waits in a futex too (with one look, 1 of 200 replays of threads got another order)."""

_AT_WORK = frozenset("RD")
"""What the kernel calls a thread that runs, could run, or waits for its own memory or disk."""

_TASKS = Path("/proc/self/task")


class Desk:
    """A lock that counts its visits, so that one who looks without it knows whether any came.

    Attributes:
        visits: How often it has been taken.
        quietly: The lock itself: to look, and count for nothing.
    """

    __slots__ = ("quietly", "visits")

    def __init__(self) -> None:
        self.visits = 0
        # a finalizer may come back in while it is held: with a plain lock, that is a deadlock
        self.quietly = threading.RLock()

    def __enter__(self) -> None:
        """Take it, and count."""
        self.quietly.acquire()
        self.visits += 1

    def __exit__(self, *_: object) -> None:
        """Leave it."""
        self.quietly.release()


class Stillness:
    """What one who waits has seen of the others, look by look.

    Attributes:
        looks: How many looks in a row found everything still.
    """

    __slots__ = ("_cpu_s", "_since_ns", "_visits", "looks")

    def __init__(self) -> None:
        self._cpu_s = time.process_time()
        self._since_ns = time.monotonic_ns()
        self._visits = -1
        self.looks = 0

    def is_early(self, first: Waiter | None, now_ns: int) -> bool:
        """Whether less has really passed than whoever is due first has still to wait."""
        due_ns = None if first is None else first.at_ns
        ahead_ns = PATIENCE_S * 1e9 if due_ns is None else due_ns - now_ns
        return time.monotonic_ns() - self._since_ns < ahead_ns

    def seen(self, threads: Iterable[int | None], visits: int) -> bool:
        """Whether nobody has computed of late, and these threads wait for other threads.

        Args:
            threads: The system's ids of the threads that count as running.
            visits: How often the heap has been visited; a visit between two looks voids the first.
        """
        before, self._cpu_s = self._cpu_s, _used_by_others_s()
        idle = self._cpu_s - before < GRACE_S / 4
        still = idle and not _computing() and not any(map(_in_the_world, threads))
        seen_before = self.looks if visits == self._visits else 0
        self._visits, self.looks = visits, seen_before + 1 if still else 0
        return self.looks >= LOOKS


def _used_by_others_s() -> float:
    """Processor time of all other threads; to look at hundreds of them takes a while itself."""
    return time.process_time() - time.thread_time()


def _computing() -> bool:
    me = str(threading.get_native_id())
    try:
        return any(_state(task) in _AT_WORK for task in _TASKS.iterdir() if task.name != me)
    except OSError:
        return False


def _state(task: Path) -> str:
    try:
        return (task / "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:  # it has just ended
        return ""


def _in_the_world(thread: int | None) -> bool:
    if thread is None:
        return False
    try:
        place = (_TASKS / str(thread) / "wchan").read_text()
    except OSError:
        return False
    return place not in ("", "0") and "futex" not in place
