"""Paired: two programs measured in turns, in one run of one process; what is told is their ratio.

A bare time says more about the machine than about a program, and the same code differs by half from
one run to the next. So each round measures both, in turns; the ratio of the medians is what a row
prints, with the smallest and largest ratio of any round.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One claim, and what was found.

    Attributes:
        name: What was measured, against what.
        target: The largest ratio that the claim allows.
        ratios: Ours to the peer's, round by round.
    """

    name: str
    target: float
    ratios: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """The median."""
        return statistics.median(self.ratios)

    def __str__(self) -> str:
        """One line, for a person."""
        kept = "ok    " if self.ratio <= self.target else "SHORT "
        spread = f"{min(self.ratios):.3g} to {max(self.ratios):.3g}"
        return f"  {kept} {self.ratio:8.3g}x  (at most {self.target:.3g}x; {spread})  {self.name}"


def cpu_s(work: Callable[[], object]) -> float:
    """Processor seconds of this process, all its threads, for one call."""
    gc.collect()
    gc.disable()
    try:
        began = time.process_time()
        work()
        return time.process_time() - began
    finally:
        gc.enable()


def ratios(
    ours: Callable[[], object], peer: Callable[[], object], *, rounds: int = 7
) -> tuple[float, ...]:
    """Measure both in turns, after one round for nothing."""
    ours(), peer()
    found = []
    for number in range(rounds):
        if number % 2:
            second, first = cpu_s(peer), cpu_s(ours)
        else:
            first, second = cpu_s(ours), cpu_s(peer)
        found.append(first / second)
    return tuple(found)


def less(work: Callable[[], object], base: Callable[[], object]) -> Callable[[], float]:
    """Give the processor seconds that a piece of work takes more than its frame without it."""
    return lambda: max(cpu_s(work) - cpu_s(base), 1e-9)


def of_times(
    ours: Callable[[], float], peer: Callable[[], float], *, rounds: int = 7
) -> tuple[float, ...]:
    """The same for two that say themselves how long they took."""
    ours(), peer()
    return tuple(ours() / peer() for _ in range(rounds))


def told(title: str, *rows: Row) -> None:
    """Print rows."""
    print(title)
    for row in rows:
        print(row)
