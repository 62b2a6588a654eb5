"""Clocks: how a run tells the time, as protocols; only these and `determinism/` may ask for it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """The time of a run."""

    def now_ns(self) -> int:
        """Nanoseconds since the run began, real or virtual."""
        ...


class Timeline(Protocol):
    """A clock that can be slept on, until the run's time has come that far.

    In virtual time nobody really waits: time moves when nobody runs, to the earliest moment that
    somebody sleeps for. Of two who sleep until one moment, the smaller `tie_ns` goes first.
    """

    def now_ns(self) -> int:
        """Nanoseconds since the run began."""
        ...

    async def sleep_until(self, at_ns: int, tie_ns: int = 0) -> None:
        """Let the calling task sleep until a moment; one that has passed is now."""
        ...

    def sleep_until_blocking(self, at_ns: int, tie_ns: int = 0) -> None:
        """Let the calling thread sleep until a moment."""
        ...

    async def never(self, what: str) -> None:
        """Let the calling task wait for something that never comes, until it is cancelled."""
        ...

    def never_blocking(self, what: str) -> None:
        """Let the calling thread wait for something that never comes, until the run stops."""
        ...


class RealClock:
    """The machine's monotonic clock, from the moment it was made."""

    def __init__(self, begin_ns: int = 0) -> None:
        """Begin at zero; a child process where the run was when it was spawned."""
        self._zero = time.monotonic_ns() - begin_ns

    def now_ns(self) -> int:
        """Nanoseconds since the clock was made."""
        return time.monotonic_ns() - self._zero


def utc_offset_s() -> int:
    """How many seconds local time is ahead of UTC on this machine now."""
    offset = datetime.now(UTC).astimezone().utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


def wall_clock_text() -> str:
    """The wall clock, ISO 8601 in UTC: asked once, when a run begins."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
