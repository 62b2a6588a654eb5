"""A golden says what the program is, not how the day went: recorded often, it is one file."""

from __future__ import annotations

import asyncio
import inspect
import shutil
import subprocess
from pathlib import Path

import pytest

from agenttrace.causal.ragged import raggedness
from agenttrace.check.diff import diff
from agenttrace.formats import native
from agenttrace.model.lane import Position
from tests.fakes.anyio_programs import anyio_groups
from tests.fakes.campaign import times
from tests.fakes.door_world import DoorWorld
from tests.fakes.programs import PROGRAMS
from tests.fakes.sessions import Desk
from tests.fakes.world import Program

RECORDINGS = times(3, 50)
"""How often each program is recorded."""
ORDERED = times(4, 200)
"""How often each recording is replayed."""

EVERY_PROGRAM = [*PROGRAMS, anyio_groups]


def by_name(program: Program) -> str:
    """A program's name, for the list of tests."""
    return program.__name__


def run(program: Program, world: DoorWorld) -> list[str]:
    """Run a program once; give its calls in the order in which they ended."""
    if inspect.iscoroutinefunction(program):
        asyncio.run(program(world))
    else:
        program(world)
    return world.ended


AT_ONCE_NS = 100_000
"""Calls whose answers came closer than this came at once: no order was recorded of them."""


def ended(desk: Desk) -> list[tuple[int, Position]]:
    """When and where the last run's calls ended, in that order; not those of rivals."""
    assert desk.verdict is not None
    trace = desk.verdict.trace
    assert trace is not None
    may_be_cut = raggedness(trace.lanes)
    calls = [span for span in trace.calls if not may_be_cut(span.lane)]
    return sorted((span.answers[-1].ended_ns, span.position) for span in calls)


def in_turns(calls: list[tuple[int, Position]]) -> dict[Position, int]:
    """Number calls in the order in which they ended; those that ended at once have one number."""
    turns: dict[Position, int] = {}
    turn, before_ns = 0, 0
    for at_ns, position in calls:
        turn += at_ns - before_ns > AT_ONCE_NS
        turns[position], before_ns = turn, at_ns
    return turns


@pytest.mark.parametrize("program", EVERY_PROGRAM, ids=by_name)
def test_recorded_often_a_program_has_one_form_of_content(program: Program, tmp_path: Path) -> None:
    """Random latencies change when things happen; the compared part of a golden holds no when."""
    contents, traces = set(), []
    for seed in range(RECORDINGS):
        desk = Desk(tmp_path / str(seed))
        desk.record(lambda seed=seed: run(program, DoorWorld(seed)))
        data = desk.golden.read_bytes()
        traces.append(native.read(data))
        contents.add(native.content_bytes(traces[-1]))

    assert len(contents) == 1
    assert [diff(traces[0], trace) for trace in traces] == RECORDINGS * [()]


@pytest.mark.parametrize("program", EVERY_PROGRAM, ids=by_name)
def test_replayed_in_virtual_time_calls_end_in_the_recorded_order(
    program: Program, tmp_path: Path
) -> None:
    """The order in which answers come leaks into later prompts, so it is part of the replay.

    Of rivals in a race, whoever comes second in the same turn of the loop may be cut in a replay.
    """
    desk = Desk(tmp_path)
    desk.record(lambda: run(program, DoorWorld(11)))
    recorded = in_turns(ended(desk))

    for seed in range(ORDERED):
        desk.replay(lambda seed=seed: run(program, DoorWorld(seed)))
        turns = [recorded[position] for _, position in ended(desk)]
        assert len(turns) == len(recorded)
        assert turns == sorted(turns)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed here")
def test_recorded_twice_git_status_is_clean(tmp_path: Path) -> None:
    """A reviewer is shown a change of behaviour, and nothing else."""

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@b", *words],
            cwd=tmp_path,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    git("init", "-q")
    for program in EVERY_PROGRAM[:6]:
        Desk(tmp_path, program.__name__).record(lambda p=program: run(p, DoorWorld(1)))
    git("add", ".")
    git("commit", "-qm", "goldens")

    for program in EVERY_PROGRAM[:6]:
        Desk(tmp_path, program.__name__).rewrite(lambda p=program: run(p, DoorWorld(2)))

    assert git("status", "--porcelain") == ""
