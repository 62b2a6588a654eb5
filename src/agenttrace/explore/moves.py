"""Moves: where the order of answers can matter, and which answers turn it round.

Two accesses to one thing, one of them a write, by lanes of which none spawned the other, conflict.
Each came after an answer. Let the first one's answer come later than the second access, or the
second one's at once, and the two are turned round: one run shows which to try next.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from agenttrace.explore.trial import HELD, Trial

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenttrace.causal.accesses import Access
    from agenttrace.model.lane import Position
    from agenttrace.model.schedule import Schedule

DEEPEST = 4
"""How many answers are moved at most: nobody reads a longer schedule."""

_FACTORS = (2.0, 4.0, 8.0)
AT_ONCE = 0.0


class Moves:
    """Proposes schedules that turn conflicting accesses round, the ones nearest in time first."""

    def __init__(self, first: Trial) -> None:
        """Begin with the run as it was recorded."""
        self._seen: set[object] = set()
        self._orders: set[object] = set()
        self._queue: deque[Schedule] = deque()
        self.learn(first)

    def propose(self) -> Schedule | None:
        """Give the next schedule; None: there is nothing left to turn round."""
        return self._queue.popleft() if self._queue else None

    def learn(self, trial: Trial) -> None:
        """Look at a run that held: what conflicts there may be turned round as well.

        A run that read and wrote in an order that was seen before teaches nothing.
        """
        if trial.outcome != HELD or len(trial.schedule.latency) >= DEEPEST:
            return
        order = tuple((one.lane, one.what, one.writes) for one in trial.accesses)
        if order in self._orders:
            return
        self._orders.add(order)
        for change in _changes(trial):
            latency = {**trial.schedule.latency, **change}
            key = frozenset(latency.items())
            if len(latency) <= DEEPEST and key not in self._seen:
                self._seen.add(key)
                self._queue.append(replace(trial.schedule, latency=latency))


def conflicts(trial: Trial) -> list[tuple[Access, Access]]:
    """Accesses of a run that nothing orders, the earlier one first; the nearest in time first."""
    found = []
    by_thing: dict[str, list[Access]] = {}
    for access in trial.accesses:
        by_thing.setdefault(access.what, []).append(access)
    for accesses in by_thing.values():
        for number, second in enumerate(accesses):
            found += [
                (first, second)
                for first in accesses[:number]
                if (first.writes or second.writes) and not _related(first.lane, second.lane)
            ]
    found.sort(key=lambda pair: (pair[1].at_ns - pair[0].at_ns, pair[0].lane, pair[1].lane))
    return found


def _related(lane: Position, other: Position) -> bool:
    short = min(len(lane), len(other))
    return lane[:short] == other[:short]


def _changes(trial: Trial) -> Iterator[dict[Position, float]]:
    passages = {one.position: one for one in trial.passages}
    both: list[dict[Position, float]] = []
    for first, second in conflicts(trial):
        late: dict[Position, float] = {}
        soon: dict[Position, float] = {}
        before = passages.get(first.after) if first.after is not None else None
        if before is not None and before.due_ns is not None:
            needed = (second.at_ns - before.asked_ns) / before.base_ns
            late[before.position] = slower_than(needed)
            yield late
        if second.after is not None and second.after in passages and second.after != first.after:
            soon[second.after] = AT_ONCE
            yield soon
        if late and soon:
            both.append({**late, **soon})
    yield from both


def slower_than(needed: float) -> float:
    """A factor that a person remembers, well above what is needed."""
    for factor in _FACTORS:
        if factor > needed:
            return factor
    factor = _FACTORS[-1]
    while factor <= needed:
        factor *= 2
    return factor
