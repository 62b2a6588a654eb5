"""Budget: how long a search goes on, and how far it is."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agenttrace.errors import UsageError
from agenttrace.model import amounts

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_SAID = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How long a search goes on: until the first limit.

    Attributes:
        seconds: Real seconds.
        schedules: Schedules.
    """

    seconds: float = float("inf")
    schedules: float = float("inf")

    @classmethod
    def of(cls, said: str | float) -> Budget:
        """Read a budget: `"10s"`, `"2m"`, `"500 schedules"`; a number is one of seconds.

        Raises:
            UsageError: It is none, or nothing could be tried in it.
        """
        if isinstance(said, int | float) and not isinstance(said, bool) and said > 0:
            return cls(seconds=said)
        found = _SAID.fullmatch(said) if isinstance(said, str) else None
        if found is not None and (number := float(found[1])) > 0:
            if found[2] in _UNITS:
                return cls(seconds=number * _UNITS[found[2]])
            if found[2] in ("schedule", "schedules"):
                return cls(schedules=number)
        raise UsageError(
            f"budget={said!r}: it is a time or a number of schedules above 0",
            detail='  "10s", "2m", "500 schedules"',
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a search is.

    Attributes:
        schedules: How many were tried.
        violations: Whether one was found, 0 or 1; then it is being shrunk.
        left: What is left of the budget, in words.
        seconds: How long it has taken.
    """

    schedules: int
    violations: int
    left: str
    seconds: float

    def __str__(self) -> str:
        """One line, for a person."""
        doing = "; making it smaller" if self.violations else ""
        return (
            f"exploring: {amounts.counted(self.schedules, 'schedule')}, "
            f"{amounts.counted(self.violations, 'violation')}, "
            f"{self.left} left{doing}"
        )
