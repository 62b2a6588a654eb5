"""The order in which answers come is part of a recording: in tasks, threads and pools."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import anyio
import anyio.to_thread
import pytest

from tests.fakes.campaign import times
from tests.fakes.scripted_door import Program, ScriptedDoor, record, replay

RECORDINGS, REPLAYS = times(2, 20), times(30, 50)


async def gathered(door: ScriptedDoor) -> list[object]:
    """Eight agents ask eight times each, all at once."""
    seen: list[object] = []

    async def agent(name: int) -> None:
        for turn in range(8):
            await door.call(name, turn)
            seen.append((name, turn))

    await asyncio.gather(*(agent(name) for name in range(8)))
    return seen


async def grouped(door: ScriptedDoor) -> list[object]:
    """What one agent asks depends on who has answered before it."""
    seen: list[object] = []

    async def agent(name: int) -> None:
        for turn in range(4):
            await door.call(name, turn)
            await door.call(name, turn, "after", len(seen))
            seen.append(name)

    async with asyncio.TaskGroup() as group:
        for name in range(5):
            group.create_task(agent(name))
    return seen


async def to_threads(door: ScriptedDoor) -> list[object]:
    """Agents live in asyncio's own threads."""
    seen: list[object] = []
    await asyncio.gather(*(asyncio.to_thread(_agent, door, seen, name) for name in range(4)))
    return seen


async def in_an_executor(door: ScriptedDoor) -> list[object]:
    """Agents live in an executor of the program's."""
    seen: list[object] = []
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(4) as pool:
        await asyncio.gather(*(loop.run_in_executor(pool, _agent, door, seen, n) for n in range(4)))
    return seen


async def in_a_small_pool(door: ScriptedDoor) -> list[object]:
    """There are more jobs than workers: those that queue are not running."""
    seen: list[object] = []
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(2) as pool:
        await asyncio.gather(*(loop.run_in_executor(pool, _agent, door, seen, n) for n in range(6)))
    return seen


async def wrapped_futures(door: ScriptedDoor) -> list[object]:
    """Jobs are submitted without the loop, and awaited in it."""
    seen: list[object] = []

    async def job(pool: ThreadPoolExecutor, name: int) -> None:
        await asyncio.wrap_future(pool.submit(_agent, door, seen, name))
        await door.call(name, "then")

    with ThreadPoolExecutor(2) as pool:
        await asyncio.gather(*(job(pool, name) for name in range(4)))
    return seen


async def in_anyio_threads(door: ScriptedDoor) -> list[object]:
    """Agents live in anyio's threads."""
    seen: list[object] = []
    async with anyio.create_task_group() as group:
        for name in range(4):
            group.start_soon(anyio.to_thread.run_sync, _agent, door, seen, name)
    return seen


async def tasks_and_threads(door: ScriptedDoor) -> list[object]:
    """Tasks and threads ask side by side."""
    seen: list[object] = []

    async def agent(name: int) -> None:
        for turn in range(3):
            await door.call(name, turn)
            seen.append((name, turn))

    threads = [asyncio.to_thread(_agent, door, seen, name) for name in range(3)]
    await asyncio.gather(*threads, *(agent(name) for name in range(3, 6)))
    return seen


def in_plain_threads(door: ScriptedDoor) -> list[object]:
    """Agents live in threads, and nobody has a loop."""
    seen: list[object] = []
    _run(*(lambda name=name: _agent(door, seen, name) for name in range(6)))
    door.call_blocking("end")
    return seen


def in_a_plain_pool(door: ScriptedDoor) -> list[object]:
    """A pool, more jobs than workers, and no loop."""
    seen: list[object] = []
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda name: _agent(door, seen, name), range(7)))
    door.call_blocking("end")
    return seen


def in_two_loops(door: ScriptedDoor) -> list[object]:
    """Two threads run a loop each."""
    seen: list[object] = []

    async def team(names: tuple[int, int]) -> None:
        async def agent(name: int) -> None:
            for turn in range(3):
                await door.call(name, turn)
                seen.append((name, turn))

        await asyncio.gather(*map(agent, names))

    _run(lambda: asyncio.run(team((0, 1))), lambda: asyncio.run(team((2, 3))))
    return seen


PROGRAMS = (
    gathered,
    grouped,
    to_threads,
    in_an_executor,
    in_a_small_pool,
    wrapped_futures,
    in_anyio_threads,
    tasks_and_threads,
    in_plain_threads,
    in_a_plain_pool,
    in_two_loops,
)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_calls_are_answered_in_the_recorded_order_every_time(program: Program) -> None:
    """Else one agent's answer reaches another's prompt in one replay and not in the next."""
    wrong = 0
    for seed in range(RECORDINGS):
        recorded, answers = record(program, seed)
        for _ in range(REPLAYS):
            replayed = replay(program, answers)
            wrong += replayed != recorded
    assert wrong == 0


def locked(door: ScriptedDoor) -> list[object]:
    """Calls are made with a lock of the program's own in hand."""
    lock = threading.Lock()
    seen: list[object] = []

    def agent(name: int) -> None:
        for turn in range(3):
            door.call_blocking(name, turn, "before")
            with lock:
                door.call_blocking(name, turn)
                seen.append((name, turn))

    _run(*(lambda name=name: agent(name) for name in range(3)))
    return seen


def evented(door: ScriptedDoor) -> list[object]:
    """One thread waits for a sign of the other's, and nobody can see that it waits."""
    sign = threading.Event()
    seen: list[object] = []

    def first() -> None:
        door.call_blocking("a")
        sign.set()
        door.call_blocking("a", "then")
        seen.append("a")

    def second() -> None:
        sign.wait()
        door.call_blocking("b")
        door.call_blocking("b", "then")
        seen.append("b")

    _run(first, second)
    return seen


@pytest.mark.parametrize("program", [locked, evented], ids=lambda program: program.__name__)
def test_waits_that_nobody_tells_of_hold_nothing_up(program: Program) -> None:
    """A thread behind a lock of the program's own would else hold time for ever.

    Who gets such a lock is not recorded, so only that every call is answered is promised.
    """
    recorded, answers = record(program, 1)
    for _ in range(10):
        assert set(replay(program, answers).order) == set(recorded.order)


def test_a_sign_that_nobody_tells_of_is_given_in_the_recorded_order_every_time_too() -> None:
    """A stalled thread lets only the earliest of the others go on."""
    recorded, answers = record(evented, 1)
    assert [replay(evented, answers) for _ in range(REPLAYS)] == [recorded] * REPLAYS


def _agent(door: ScriptedDoor, seen: list[object], name: int) -> None:
    """Ask three times, and write down when each answer has come."""
    for turn in range(3):
        door.call_blocking(name, turn)
        seen.append((name, turn))


def _run(*targets: object) -> None:
    """Run functions in a thread each, and wait for all of them."""
    threads = [threading.Thread(target=target) for target in targets]  # type: ignore[arg-type]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


async def told_late(door: ScriptedDoor) -> list[object]:
    """Whoever is told of a job's end before the loop is takes a while over it."""
    begun, over = threading.Event(), threading.Event()
    seen: list[object] = []

    def job() -> None:
        begun.wait()
        seen.append("done")

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(job)
        future.add_done_callback(lambda _: over.wait(0.05))
        begun.set()
        await asyncio.wrap_future(future)
    await door.call("end")
    return seen


def test_a_job_that_has_ended_runs_until_everybody_is_told() -> None:
    """A loop that looks in between would find that nothing can happen any more."""
    recorded, answers = record(told_late, 1)
    assert [replay(told_late, answers) for _ in range(3)] == [recorded] * 3
