"""What a search over schedules costs, and how soon it finds races that were planted.

    python benchmarks/exploring.py

A schedule is measured against a plain replay of the same golden, in turns, in one world. How soon a
race is found is counted in schedules; the peer is the directed search of the prototype, in its
median runs to the first failure.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paired

sys.path.insert(0, str(Path(__file__).parents[1]))

from agenttrace.model.schedule import Schedule
from agenttrace.replay.draws import walk
from agenttrace.session import Session
from tests.fakes import planted_races
from tests.fakes.rehearsals import Rehearsal, on_stage

BOTH = 2


def both_counted(count: int) -> bool:
    """Whether both agents are counted."""
    return count == BOTH


PLANTED: tuple[tuple[Callable[[], Any], Callable[[Any], bool], int], ...] = (
    (planted_races.lost_update, both_counted, 2),
    (planted_races.double_refund, lambda refunds: refunds <= 1, 347),
    (planted_races.twenty_agents, both_counted, 23),
)
SEEDS = 5
TIMES = 5


def replaying(rehearsal: Rehearsal, program: Callable[[], Any]) -> Callable[[], None]:
    """Plain replays: read the golden, run, compare."""

    def replay() -> None:
        for _ in range(TIMES):
            session = Session(rehearsal.plan, rehearsal.world)
            with session:
                asyncio.run(program())
            if session.settle(passed=True).problems:
                raise AssertionError

    return replay


def exploring(rehearsal: Rehearsal) -> Callable[[], None]:
    """As many schedules, each with another order of all answers."""
    numbers = iter(range(10**9))

    def explore() -> None:
        for _ in range(TIMES):
            rehearsal.stage.run(Schedule(draw=walk(0, next(numbers), 1_000_000_000)))

    return explore


def rows() -> list[paired.Row]:
    """Every claim, measured."""
    found = []
    for program, invariant, median in PLANTED:
        name = program.__name__.replace("_", " ")
        with (
            tempfile.TemporaryDirectory() as folder,
            on_stage(Path(folder), program, invariant) as rehearsal,
        ):
            cost = paired.ratios(exploring(rehearsal), replaying(rehearsal, program))
            found.append(
                paired.Row(
                    name=f"one schedule of {name}, against a plain replay",
                    target=1.5,
                    ratios=cost,
                )
            )
            soon = []
            for seed in range(SEEDS):
                report = rehearsal.explored("2000 schedules", seed=seed)
                nth = float("inf") if report.found is None else report.found.nth
                soon.append(nth / median)
            found.append(
                paired.Row(
                    name=f"schedules until {name} is found, against {median} of the prototype",
                    target=2.0,
                    ratios=tuple(soon),
                )
            )
    return found


if __name__ == "__main__":
    paired.told("exploring", *rows())
