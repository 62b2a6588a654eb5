"""Instant: where a run's wall clock begins, and what it takes to hold one."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Protocol

from agenttrace.errors import UsageError

FREEZEGUN, TIME_MACHINE, REAL = "freezegun", "time-machine", "real"
"""By which means the wall clock is held; `real`: not at all."""

CLOCKS = (FREEZEGUN, TIME_MACHINE, REAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Instant:
    """Where a run's wall clock begins.

    Attributes:
        at: The instant, in UTC.
        offset: How far local time was ahead of UTC where the run was recorded.
    """

    at: dt.datetime
    offset: dt.timedelta = dt.timedelta()

    @classmethod
    def of(cls, started: str, offset_s: object) -> Instant | None:
        """Read what a golden says of its start; None where it says nothing that can be read."""
        try:
            at = dt.datetime.fromisoformat(started)
        except ValueError:
            return None
        if at.tzinfo is None:
            return None
        seconds = offset_s if isinstance(offset_s, int) and abs(offset_s) < 86_400 else 0  # noqa: PLR2004 - a day
        return cls(at=at.astimezone(dt.UTC), offset=dt.timedelta(seconds=seconds))


class WallClock(Protocol):
    """A way to hold the wall clock. Held twice, it is an error of ours; let go twice, nothing."""

    def hold(self, start: Instant, *, ticks: bool = False) -> None:
        """Let the clock stand at an instant, or go on from it as time does.

        A start that fails leaves real time behind.
        """
        ...

    def move(self, start: Instant, ns: int) -> None:
        """Let it stand that many nanoseconds after an instant; quick."""
        ...

    def release(self) -> None:
        """Let real time go on."""
        ...


def absent(package: str, extra: str) -> UsageError:
    """The error for a clock whose library is not there."""
    return UsageError(
        f"clock={package!r}, and {package} is not installed",
        detail=f"  Install it:\n      pip install 'pytest-agenttrace[{extra}]'",
    )
