"""One program has one causal structure, however long its calls take, on every Python."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.anyio_programs import anyio_groups
from tests.fakes.campaign import times
from tests.fakes.programs import PROGRAMS, RACES
from tests.fakes.pythons import VERSIONS, python
from tests.fakes.structures import digests
from tests.fakes.world import JitteryWorld, Program, run

RUNS = times(20, 200)
"""How often each program is run."""

ROOT = Path(__file__).resolve().parents[2]


def by_name(program: Program) -> str:
    """A program's name, for the list of tests."""
    return program.__name__


@pytest.mark.parametrize("program", [*PROGRAMS, anyio_groups], ids=by_name)
def test_a_program_has_one_causal_structure(program: Program) -> None:
    """Where each call stands, who spawned whom, who was told of whose end: latencies have no say.

    A run whose calls always end in one order proves nothing, so it is made sure that they did not.
    """
    runs = [run(program, seed) for seed in range(RUNS)]
    assert len({one.ended for one in runs}) > 1, "the latencies have reordered nothing"
    assert len({one.structure for one in runs}) == 1


@pytest.mark.parametrize("program", RACES, ids=by_name)
def test_a_programs_own_race_shows(program: Program) -> None:
    """Awaiting in order of ending, or fetching for all who come first, is decided by time.

    Hiding that would be wrong: the calls that follow do know of different things. Where only joins
    differ, the calls still stand where they stood.
    """
    runs = [run(program, seed) for seed in range(max(RUNS, 30))]
    assert len({one.structure for one in runs}) > 1
    if program.__name__ == "joins_in_order_of_ending":
        assert len({one.calls for one in runs}) == 1


def test_all_pythons_see_the_same_structure() -> None:
    """A golden that a colleague has recorded on another Python is not called changed."""
    mine = digests(3)
    assert all(len(found) == 1 for found in mine.values())
    missing = []
    for version in VERSIONS:
        interpreter = python(version)
        if interpreter is None:
            missing.append(version)
        elif interpreter != Path(sys.executable):
            assert structures_on(interpreter) == mine, version
    if missing:
        pytest.skip(
            f"not compared with Python {' and '.join(missing)}: there is none here that runs"
        )


def test_the_hash_seed_has_no_say() -> None:
    """Sets of tasks come in another order in each process."""
    for seed in ("1", "2"):
        assert structures_on(Path(sys.executable), PYTHONHASHSEED=seed) == digests(1)


def structures_on(interpreter: Path, **environment: str) -> dict[str, list[str]]:
    """The digests that another process finds."""
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    done = subprocess.run(
        [str(interpreter), "-m", "tests.fakes.structures", "3"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": path, **environment},
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


def _plain_factory(loop: asyncio.AbstractEventLoop, coro: object, **options: object) -> object:
    return asyncio.Task(coro, loop=loop, **options)


@pytest.mark.parametrize(
    "program", [one for one in PROGRAMS if asyncio.iscoroutinefunction(one)], ids=by_name
)
def test_a_task_factory_that_makes_plain_tasks_changes_nothing(program: Program) -> None:
    """Frameworks set one; the structure is that of the loop's own tasks."""
    assert run(program, 1, factory=_plain_factory).structure == run(program, 2).structure


def test_a_task_factory_that_makes_tasks_of_its_own_loses_only_joins() -> None:
    """Awaits of a foreign class are not seen: calls stand where they stood, only scopes join."""

    class OwnTask(asyncio.tasks._PyTask):
        """No task that we could know: Python's own, without C."""

    async def fan_out(world: JitteryWorld) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(world.work(1))
        await asyncio.gather(world.work(2), world.work(3))
        await world.call("end")

    own = run(fan_out, 1, factory=lambda loop, coro, **options: OwnTask(coro, loop=loop, **options))
    plain = run(fan_out, 2)
    assert own.calls == plain.calls
    assert [len(lane[2]) for lane in own.lanes] == [0, 1, 0, 0]
    assert [len(lane[2]) for lane in plain.lanes] == [0, 1, 1, 1]
