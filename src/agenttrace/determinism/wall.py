"""Wall: the clock on the wall, held at the instant when a run was recorded, and moved by its time.

The replay of a prompt with today's date in it asks with the date of the recording, so it asks the
same. Two ways to hold the clock stand behind one protocol: freezegun, which every installation
has, and time-machine, which also reaches references that classes and default arguments hold.
"""

from __future__ import annotations

import sys
import time
import types
from typing import TYPE_CHECKING

from agenttrace.determinism.instant import TIME_MACHINE

if TYPE_CHECKING:
    from collections.abc import Callable

    from agenttrace.determinism.instant import Instant, WallClock


def wall_clock(kind: str) -> WallClock:
    """Make what holds the wall clock.

    Raises:
        UsageError: time-machine is not installed.
    """
    if kind == TIME_MACHINE:
        from agenttrace.determinism.travelling import Travelling

        return Travelling()
    from agenttrace.determinism.freezing import Freezing

    return Freezing()


class Wall:
    """The wall clock of a world: held from its first run's start, moved with virtual time.

    Attributes:
        kind: By which means it is held.
        warnings: What a person should know of it, in order.
    """

    def __init__(self, kind: str, *, ticks: bool = False) -> None:
        """Hold nothing yet.

        Args:
            kind: By which means.
            ticks: Whether it goes on by itself, as it does where time is not virtual.
        """
        self._ticks = ticks
        self.warnings: list[str] = []
        self.kind = kind
        self._clock: WallClock | None = None
        self._start: Instant | None = None
        self._zero_ns = 0

    def begin(self, start: Instant, now_ns: int) -> None:
        """Begin a run: the clock stands at its start from here on.

        Raises:
            UsageError: What is to hold it is not installed.
        """
        self._start, self._zero_ns = start, now_ns
        if self._clock is not None:
            self._clock.move(start, 0)
            return
        other = held_by_another()
        if other:
            warning = (
                f"time is held by {other} already, and is left to it: dates are not the golden's"
            )
            if warning not in self.warnings:
                self.warnings.append(warning)
            return
        clock = wall_clock(self.kind)
        clock.hold(start, ticks=self._ticks)
        self._clock = clock
        self.warnings += getattr(clock, "warnings", ())

    @property
    def is_held(self) -> bool:
        """Whether it stands."""
        return self._clock is not None

    def tell(self, at_ns: int) -> None:
        """Virtual time has moved."""
        if self._clock is not None and self._start is not None:
            self._clock.move(self._start, at_ns - self._zero_ns)

    def end(self) -> None:
        """Let real time go on."""
        clock, self._clock = self._clock, None
        if clock is not None:
            clock.release()


def held_by_another() -> str:
    """Name the library that holds the clock already; empty: none does."""
    api = sys.modules.get("freezegun.api")
    if getattr(api, "freeze_factories", None):
        return "freezegun"
    travellers = getattr(sys.modules.get("time_machine"), "coordinates_stack", None)
    if travellers:
        return "time-machine"
    now: Callable[[], float] = time.time
    if not isinstance(now, types.BuiltinFunctionType):
        return str(getattr(now, "__module__", "another library"))
    return ""
