"""Sources: what is read of the world past everything that a run holds; watched by the doctor alone.

The doctor replays a test in processes of its own, told by the environment what to disturb: the
order of directories, or the timing of threads. What the user's code reads there is noted beside the
timing of the trace, with the lane and the step, so that a reading before a call can be told from
one after it.
"""

from __future__ import annotations

import builtins
import contextlib
import functools
import itertools
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from agenttrace.causal import current
from agenttrace.causal.site import is_users, site, through
from agenttrace.causal.spawn.patching import Patches, Seam
from agenttrace.model.lane import text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DOCTOR = "AGENTTRACE_DOCTOR"
"""The variable by which the doctor says what to disturb; set: watch."""

NOTHING, DIRECTORY, THREADS = "nothing", "directory", "threads"

LISTING, CLOCK, GENERATOR, ADDRESS = "directory", "clock", "generator", "address"
"""What a reading is of."""

_READS = (
    (os, "listdir", LISTING),
    (os, "scandir", LISTING),
    (time, "clock_gettime", CLOCK),
    (time, "clock_gettime_ns", CLOCK),
    (os, "urandom", GENERATOR),
    (builtins, "id", ADDRESS),
)
_LATEST_S, _EARLIER_S = 0.03, 0.004
"""How late the first thread begins that is disturbed, and how much earlier each next one."""

_patches = Patches()
_notes: list[Any] = []


def disturbance() -> str:
    """What the doctor disturbs in this process; empty: it does not look."""
    return os.environ.get(DOCTOR, "")


def notes() -> list[Any]:
    """What has been read in this process's run so far: source, what, line, lane, step."""
    return _notes


def note(source: str, what: str) -> None:
    """Note that the user's code reads something that no run holds."""
    frame, place = current.carried(), site()
    if disturbance() and frame is not None and place is not None and through() is None:
        lane = frame.lane
        _notes.append([source, what, place, text_of(lane.path), lane.seq])


@contextlib.contextmanager
def watched() -> Iterator[None]:
    """While entered, and the doctor looks, readings are noted, and what it says is disturbed."""
    if not disturbance():
        yield
        return
    _notes.clear()
    seams = [
        Seam(owner=owner, name=name, around=functools.partial(_reading, source), held=True)
        for owner, name, source in _READS
    ]
    if THREADS in disturbance():
        seams.append(Seam(owner=threading.Thread, name="start", around=_late))
    before = sys.getswitchinterval()
    _patches.put(seams)
    try:
        yield
    finally:
        _patches.undo()
        sys.setswitchinterval(before)


def _reading(source: str, real: Callable[..., Any]) -> Callable[..., Any]:
    what = f"{real.__module__ or 'os'}.{real.__name__}".removeprefix("builtins.")
    reverses = source == LISTING and DIRECTORY in disturbance()

    @functools.wraps(real)
    def read(*args: Any, **kwargs: Any) -> Any:
        if source != ADDRESS or is_users(sys._getframe(1)):
            note(source, what.replace("posix.", "os."))
        found = real(*args, **kwargs)
        if not reverses:
            return found
        return found[::-1] if isinstance(found, list) else _Listing(found)

    return read


class _Listing:
    """A directory, listed from its end."""

    def __init__(self, real: Any) -> None:
        with real:
            self._entries = iter(list(real)[::-1])

    def __iter__(self) -> Any:
        return self._entries

    def __next__(self) -> Any:
        return next(self._entries)

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """It has been read already."""


def _late(real: Callable[[threading.Thread], None]) -> Callable[[threading.Thread], None]:
    """Let threads begin in another order than they were started in."""
    turns = itertools.count()
    sleep = time.sleep

    @functools.wraps(real)
    def start(self: threading.Thread) -> None:
        late_s, run = max(0.0, _LATEST_S - _EARLIER_S * (next(turns) % 8)), self.run

        @functools.wraps(run)
        def begin() -> None:
            sleep(late_s)
            run()

        if current.carried() is not None:
            self.run = begin  # type: ignore[method-assign]
        real(self)

    return start
