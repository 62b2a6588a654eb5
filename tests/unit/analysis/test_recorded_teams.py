"""Teams that really ran, recorded and replayed: queues, envelopes, boards, topics, pools."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

import agenttrace
from agenttrace.analysis import Analysis
from agenttrace.model.trace import Trace
from tests.fakes.sessions import Desk


@agenttrace.tool
async def think(about: str) -> str:
    """Answer, after a while."""
    await asyncio.sleep(0.001)
    return f"thought about {about}"


async def worker(jobs: asyncio.Queue[str]) -> None:
    """An agent who thinks of two jobs."""
    with agenttrace.agent("worker"):
        for _ in range(2):
            await think(await jobs.get())


async def queued() -> None:
    """A planner hands two jobs to a worker through a queue, and knows of no verb."""
    jobs: asyncio.Queue[str] = asyncio.Queue()

    async with asyncio.TaskGroup() as group:
        group.create_task(worker(jobs))
        with agenttrace.agent("planner"):
            for order in ("A-1", "A-2"):
                await think(order)
                await jobs.put(order)


async def after_a_helper() -> None:
    """A boss hands over a job when a helper has thought of it, and another one when it is done."""
    jobs: asyncio.Queue[str] = asyncio.Queue()

    async with asyncio.TaskGroup() as group:
        group.create_task(worker(jobs))
        with agenttrace.agent("boss"):
            with agenttrace.agent("helper"):
                await think("A-1")
            await jobs.put("A-1")
        await jobs.put("A-2")


async def marked() -> None:
    """The same, with a verb at each end: one message is told of twice."""
    jobs: asyncio.Queue[object] = asyncio.Queue()

    async def worker() -> None:
        with agenttrace.agent("worker"):
            await think(str(agenttrace.receive(await jobs.get())))

    async with asyncio.TaskGroup() as group:
        group.create_task(worker())
        with agenttrace.agent("planner"):
            await think("A-1")
            await jobs.put(agenttrace.send("jobs", "A-1"))


async def to_and_fro() -> None:
    """Two agents who answer each other three times, at no cost of time."""
    left: asyncio.Queue[object] = asyncio.Queue()
    right: asyncio.Queue[object] = asyncio.Queue()

    async def other() -> None:
        with agenttrace.agent("b"):
            for _ in range(3):
                said = agenttrace.receive(await right.get())
                await left.put(agenttrace.send("left", f"{said}?"))

    async with asyncio.TaskGroup() as group:
        group.create_task(other())
        with agenttrace.agent("a"):
            await think("begin")
            for _ in range(3):
                await right.put(agenttrace.send("right", "yes"))
                agenttrace.receive(await left.get())


async def to_and_fro_by_hand() -> None:
    """The same two, who know of no verb."""
    left: asyncio.Queue[str] = asyncio.Queue()
    right: asyncio.Queue[str] = asyncio.Queue()

    async def other() -> None:
        with agenttrace.agent("b"):
            for _ in range(3):
                await left.put(f"{await right.get()}?")

    async with asyncio.TaskGroup() as group:
        group.create_task(other())
        with agenttrace.agent("a"):
            await think("begin")
            for _ in range(3):
                await right.put("yes")
                await left.get()


async def shared() -> None:
    """A board, a topic, and one who publishes what nobody hears."""
    board = agenttrace.blackboard("plan")
    with agenttrace.agent("a"):
        await think("a plan")
        board.write("goal", "refund")
        news = agenttrace.publish("news", "ready")
        agenttrace.publish("rumours", "late")
    with agenttrace.agent("b"):
        board.read("goal")
        agenttrace.subscribe("news").receive(news)


TEAMS = {
    "queued": (queued, {("planner", "worker", "message"): 2}),
    "after a helper": (
        after_a_helper,
        {("boss", "helper", "subagent"): 1, ("boss", "worker", "message"): 1},
    ),
    "marked": (marked, {("planner", "worker", "message"): 1}),
    "to and fro": (to_and_fro, {("a", "b", "message"): 3, ("b", "a", "message"): 3}),
    "by hand": (to_and_fro_by_hand, {("a", "b", "message"): 3, ("b", "a", "message"): 3}),
    "shared": (shared, {("a", "b", "blackboard"): 1, ("a", "b", "publish"): 1}),
}


@agenttrace.tool
def look_up(dish: str) -> str:
    """Answer at once."""
    return f"{dish} for two"


def placed_again() -> None:
    """A shop gives a task to a van that refused, and announces it anew: all in one lane.

    The award to the van follows no bid, so that only its lane tells of which announcement it is.
    """
    with agenttrace.agent("shop"):
        look_up("soup")
        for who, answer, how in (("van", "refusal", "failure"), ("bike", "bid", "done")):
            agenttrace.delegation("soup", phase="announcement")
            with agenttrace.agent(who):
                agenttrace.delegation("soup", phase=answer)
            agenttrace.delegation("soup", phase="award", to=who)
            with agenttrace.agent(who):
                with agenttrace.delegation("soup", phase="execution"):
                    pass
                agenttrace.delegation("soup", phase="report", outcome=how)


def ran(folder: Path, team: str) -> tuple[Trace, Trace]:
    """Record a team, and replay it in virtual time; both traces."""
    return twice(folder, lambda: asyncio.run(TEAMS[team][0]()))


def twice(folder: Path, program: Callable[[], None]) -> tuple[Trace, Trace]:
    """Record a program, and replay it in virtual time; both traces."""
    desk, traces = Desk(folder), []
    for run in (desk.record, desk.replay):
        run(program)
        assert desk.verdict is not None
        assert desk.verdict.trace is not None
        traces.append(desk.verdict.trace)
    recorded, replayed = traces
    return recorded, replayed


def counts(trace: Trace) -> Counter[tuple[str, str, str]]:
    """How many interactions there are of whom with whom by what."""
    return Counter((one.source, one.target, one.kind) for one in Analysis(trace).graph.interactions)


@pytest.mark.parametrize("team", [*TEAMS])
def test_a_team_talks_as_it_did_in_the_recording_and_in_its_replay(
    team: str, tmp_path: Path
) -> None:
    """Each message once, whoever tells of it."""
    recorded, replayed = ran(tmp_path, team)

    assert counts(recorded) == counts(replayed) == TEAMS[team][1]
    assert (recorded.is_virtual, replayed.is_virtual) == (False, True)


@pytest.mark.parametrize("team", ["to and fro", "by hand"])
def test_a_row_to_and_fro_is_there_in_virtual_time_too(team: str, tmp_path: Path) -> None:
    """All of it happens at one virtual instant; the order of causes is the same."""
    rows = [
        [one.source for one in row.interactions]
        for trace in ran(tmp_path, team)
        for row in Analysis(trace).graph.chatter
    ]
    assert rows == [["a", "b"] * 3] * 2


def test_what_nobody_heard_is_found(tmp_path: Path) -> None:
    """And the board's use and its completion are of what was recorded."""
    analysis = Analysis(ran(tmp_path, "shared")[0])

    assert [one.span.name for one in analysis.graph.unread] == ["publish rumours"]
    assert analysis.collaboration.utilisation == 1.0
    assert analysis.collaboration.conflicts == ()


def test_a_worker_waits_for_the_message_that_is_sent_later(tmp_path: Path) -> None:
    """From its begin to the receive, since it did nothing before; of a bare queue nobody knows."""
    lives = Analysis(ran(tmp_path / "marked", "marked")[0]).lifetimes
    queued = Analysis(ran(tmp_path / "queued", "queued")[0]).lifetimes

    split = lives["worker"].split
    assert split is not None
    assert split.waiting_ns > 900_000
    assert (lives["worker"].notes, len(queued["worker"].notes)) == ((), 1)


def test_a_task_that_is_placed_again_is_so_in_the_replay_too(tmp_path: Path) -> None:
    """All of it is at one instant there; what came before the second announcement stays so."""
    for trace in twice(tmp_path, placed_again):
        placed = Analysis(trace).delegations
        assert [(one.awarded, one.outcome) for one in placed.rounds] == [
            (("van",), "failure"),
            (("bike",), "success"),
        ]
        assert placed.success_rate == 0.5
        assert [(one.rule, one.party) for one in placed.violations] == [
            ("award-without-bid", "van")
        ]
