"""A program on a stage: recorded in virtual time, then explored, as the plugin does it.

Virtual recordings have the times that a program says, to the nanosecond, and take none.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from agenttrace.determinism.install import virtual_loops
from agenttrace.explore.budget import Budget
from agenttrace.explore.engine import search
from agenttrace.explore.report import Report
from agenttrace.explore.trial import Stage, Trial
from agenttrace.formats import native
from agenttrace.model.trace import Trace
from agenttrace.session import REWRITE, Plan, Session, World, load_golden


class LoopClock:
    """The time of the loop that runs, from zero."""

    def now_ns(self) -> int:
        """Nanoseconds since the loop was made; 0 where none runs."""
        loop = asyncio._get_running_loop()
        return 0 if loop is None else round(loop.time() * 1_000_000_000)


def a_plan(folder: Path, name: str = "a run", shown: str = "a.trace", **words: Any) -> Plan:
    """The plan of a run whose golden lies in a folder."""
    return Plan(
        name=name, golden=folder / shown, shown=shown, journal=folder / "a.journal", **words
    )


def recorded(
    folder: Path, program: Callable[[], Any], name: str = "a run", shown: str = "a.trace"
) -> Trace:
    """Record a program in virtual time; give its trace, which is kept in the folder."""
    plan = a_plan(folder, name, shown, mode=REWRITE)
    with World(live=True) as world, virtual_loops():
        session = Session(plan, world)
        session.run.clock = LoopClock()
        with session:
            asyncio.run(program())
        assert session.settle(passed=True).problems == ()
    golden = load_golden(plan)
    assert golden is not None
    return golden


class Rehearsal:
    """A program that was recorded, in a world in which it can be explored."""

    def __init__(self, world: World, plan: Plan, stage: Stage) -> None:
        """Made by `on_stage`."""
        self.world = world
        self.plan = plan
        self.stage = stage

    def first(self) -> Trial:
        """Run it as it was recorded."""
        session = Session(self.plan, self.world)
        with session:
            judge = self.stage.begin(session)
        trial = judge()
        assert trial is not None
        return trial

    def explored(
        self, budget: str = "1000 schedules", *, faults: Sequence[str] = (), seed: int = 0
    ) -> Report:
        """Search it."""
        return search(self.stage, self.first(), budget=Budget.of(budget), faults=faults, seed=seed)


@contextlib.contextmanager
def on_stage(
    folder: Path,
    program: Callable[[], Any],
    invariant: Callable[..., object] | None = None,
    *,
    golden: Trace | None = None,
    **words: Any,
) -> Iterator[Rehearsal]:
    """Record a program, unless there is a golden, and hold the world for its rehearsals."""
    if golden is None:
        golden = recorded(folder, program)
    else:
        (folder / "a.trace").write_bytes(native.write(golden))
    plan = a_plan(folder, golden.name)
    with World(live=False) as world:
        stage = Stage(plan, world, program, golden=golden, invariant=invariant, **words)
        yield Rehearsal(world, plan, stage)
