"""Races that were planted or reported are found, shrunk and named; legal programs raise no alarm.

In a campaign each legal program is run under 1,000 schedules, and each race is looked for from ten
seeds; in a check, a few of both.
"""

from __future__ import annotations

import asyncio
import importlib.resources
import statistics
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import agenttrace
from agenttrace.cli.demo_model import model
from agenttrace.formats import native
from agenttrace.testing import ModelServer
from tests.fakes import planted_races, public_races
from tests.fakes.campaign import times
from tests.fakes.rehearsals import on_stage
from tests.fakes.sessions import Desk
from tests.stories.test_refund_desk import refund_desk

SEEDS = times(1, 10)
SCHEDULES = times(20, 1_000)
TEAM_SCHEDULES = times(6, 1_000)
NAME = "test_the_refund_desk_does_what_its_golden_says.trace"
DESK = Path(__file__).parents[2] / "golden" / "tests" / "stories" / "test_refund_desk" / NAME

MEDIANS = {"lost_update": 2, "double_refund": 347, "twenty_agents": 23}
"""In how many runs the directed search of the prototype found each."""

PLANTED = (
    (planted_races.lost_update, lambda count: count == 2),
    (planted_races.double_refund, lambda refunds: refunds <= 1),
    (planted_races.twenty_agents, lambda count: count == 2),
)


@pytest.mark.parametrize(("program", "invariant"), PLANTED, ids=MEDIANS)
def test_a_planted_race_is_found_soon_and_shrunk(
    tmp_path: Path, program: Callable[[], Any], invariant: Callable[[Any], bool]
) -> None:
    """In at most twice the runs of the prototype, and down to four answers."""
    found = []
    with on_stage(tmp_path, program, invariant) as rehearsal:
        for seed in range(SEEDS):
            report = rehearsal.explored("1000 schedules", seed=seed)
            assert report.found is not None
            assert 1 <= len(report.found.trial.schedule.latency) <= 4
            found.append(report.found.nth)

    assert statistics.median(found) <= 2 * MEDIANS[program.__name__]


@pytest.mark.parametrize(
    ("program", "invariant", "lend"),
    [
        (public_races.remembering, public_races.remembers_all, ("extract_facts",)),
        (public_races.filling_a_form, public_races.in_the_order_asked, ()),
    ],
    ids=["remembering", "filling_a_form"],
)
def test_a_race_that_people_reported_is_found(
    tmp_path: Path,
    program: Callable[[], Any],
    invariant: Callable[[Any], bool],
    lend: tuple[str, ...],
) -> None:
    """Their state is plain Python, so nothing tells the search where to look."""
    with on_stage(tmp_path, program, invariant, lend=lend) as rehearsal:
        for seed in range(SEEDS):
            report = rehearsal.explored("1000 schedules", seed=seed)
            assert report.found is not None
            assert 1 <= len(report.found.trial.schedule.latency) <= 4


def test_a_legal_program_raises_no_alarm(tmp_path: Path) -> None:
    """It relies on the order in which tasks begin and on queues, and no provider changes that."""
    with on_stage(tmp_path, planted_races.first_in_first_out) as rehearsal:
        report = rehearsal.explored(f"{SCHEDULES} schedules")

    assert report.found is None
    assert (report.schedules, report.left) == (SCHEDULES, ())


def test_the_same_seed_is_the_same_search(tmp_path: Path) -> None:
    """A search that a colleague repeats finds the same schedule, after as many."""
    with on_stage(tmp_path, public_races.filling_a_form, public_races.in_the_order_asked) as it:
        twice = [it.explored("100 schedules", seed=7).found for _ in range(2)]
        others = [it.explored("100 schedules", seed=seed).found for seed in range(4)]

    assert twice[0] is not None
    assert twice[0] == twice[1]
    assert len({one.nth for one in others if one is not None}) > 1


def the_team(url: str) -> Callable[[], str]:
    """The team of `agenttrace demo`, which asks a model at an address."""
    source = importlib.resources.files("agenttrace.cli") / "demo_files" / "agent.py.txt"
    agent = ModuleType("agent")
    exec(compile(source.read_text("utf-8"), "agent.py", "exec"), vars(agent))

    def team() -> str:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("OPENAI_BASE_URL", url)
            said: str = asyncio.run(agent.team())
        return said

    return team


def test_the_team_of_the_demonstration_raises_no_alarm(tmp_path: Path) -> None:
    """Its workers send the same words at once; whoever is first, the critic finds A-17."""
    with ModelServer(model()) as server:
        team = the_team(server.url)
        desk = Desk(tmp_path / "recording")
        desk.record(team)
    golden = native.read(desk.golden.read_bytes(), name="a run")

    with on_stage(tmp_path, team, lambda verdict: "A-17" in verdict, golden=golden) as rehearsal:
        report = rehearsal.explored(f"{TEAM_SCHEDULES} schedules")

    assert (report.found, report.schedules, report.left) == (None, TEAM_SCHEDULES, ())


def test_the_refund_desk_raises_no_alarm(tmp_path: Path) -> None:
    """The project's own golden: four agents, in tasks and a thread."""
    golden = native.read(DESK.read_bytes(), name="a run")

    async def desk() -> bool:
        return await refund_desk("A-17") == "12.5 for A-17"

    with on_stage(tmp_path, desk, lambda paid: paid, golden=golden) as rehearsal:
        report = rehearsal.explored(f"{SCHEDULES} schedules")

    assert (report.found, report.schedules, report.left) == (None, SCHEDULES, ())


@agenttrace.tool
async def report_on(job: str) -> str:
    """A model that takes a while."""
    await asyncio.sleep({"a": 2.0, "b": 0.7, "c": 1.1}.get(job, 0.4))
    return f"{job} done"


async def pool() -> list[str]:
    """Two workers take five jobs from one queue; what each job came to, by job."""
    jobs: asyncio.Queue[str] = asyncio.Queue()
    told: dict[str, str] = {}

    async def work() -> None:
        while not jobs.empty():
            job = await jobs.get()
            told[job] = await report_on(job)

    for job in "abcde":
        jobs.put_nowait(job)
    await asyncio.gather(work(), work())
    return [told[job] for job in "abcde"]


def test_each_job_of_a_pool_gets_its_own_answer_in_every_order(tmp_path: Path) -> None:
    """Which worker takes it is chance; what it asks stands under the job."""
    right = [f"{job} done" for job in "abcde"]
    with on_stage(tmp_path, pool, lambda told: told == right) as rehearsal:
        report = rehearsal.explored(f"{SCHEDULES} schedules")

    assert (report.found, report.schedules, report.left) == (None, SCHEDULES, ())


async def crossed() -> None:
    """Two agents take two locks in opposite order, each asking in between: right if one is late."""
    first, second = asyncio.Lock(), asyncio.Lock()

    async def take(one: asyncio.Lock, other: asyncio.Lock, job: str) -> None:
        await report_on(job)
        async with one:
            await report_on("d")
            async with other:
                pass

    await asyncio.gather(take(first, second, "a"), take(second, first, "b"))


def test_a_deadlock_is_found_and_who_waits_on_whom_is_said(tmp_path: Path) -> None:
    """It needs no invariant: a run that cannot go on is broken."""
    with on_stage(tmp_path, crossed) as rehearsal:
        report = rehearsal.explored("300 schedules")

    assert report.found is not None
    assert report.found.trial.kind == "Deadlock"
    assert "wait for each other" in report.found.trial.message
    assert 1 <= report.found.size <= 2


async def polling() -> str:
    """An agent that polls until the other one is done, which it is soon, and else gives up."""
    done: list[str] = []

    async def worker() -> None:
        done.append(await report_on("b"))

    async def watcher() -> None:
        await report_on("c")
        while not done:  # noqa: ASYNC110 - that is what is wrong with it
            await asyncio.sleep(0)

    await asyncio.gather(worker(), watcher())
    return done[0]


def test_a_run_that_never_ends_under_some_schedule_is_ended_and_found(tmp_path: Path) -> None:
    """It polls without letting time go on; the search does not hang on it."""
    with on_stage(tmp_path, polling) as rehearsal:
        report = rehearsal.explored("300 schedules")

    assert report.found is not None
    assert report.found.trial.kind == "RunNeverEnds"
    assert report.found.size == 1
