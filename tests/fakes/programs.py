"""Programs as people write them: each has one causal structure, however long its calls take.

`RACES` are the exception, and meant so: what they do depends on who comes first.
"""

from __future__ import annotations

import asyncio
import concurrent.futures as cf
import contextlib
import contextvars
import threading
from asyncio import as_completed as held_as_completed
from asyncio import gather as held_gather
from asyncio import shield as held_shield
from collections.abc import AsyncIterator, Iterator

from tests.fakes.world import JitteryWorld, Program

# -- tasks -----------------------------------------------------------------------------------------


async def awaited_late(world: JitteryWorld) -> None:
    """Tasks that are awaited some calls after they were spawned."""
    one, two = asyncio.create_task(world.work(1)), asyncio.create_task(world.work(2))
    await world.call("own 1")
    await world.call("own 2")
    await one
    await world.call("own 3")
    await two
    await world.call("own 4")


async def gathered_late(world: JitteryWorld) -> None:
    """A gather that goes on while its caller makes calls, and is told of nothing yet."""
    parts = asyncio.gather(world.work(1), world.work(2), world.work(3))
    await world.call("own 1")
    await world.call("own 2")
    await parts
    await world.call("end")


async def rolling_window(world: JitteryWorld) -> None:
    """Never more than two workers at a time, refilled by whoever ends first."""
    live: set[asyncio.Task[int]] = set()
    todo = list(range(6))
    while todo or live:
        while todo and len(live) < 2:
            live.add(asyncio.create_task(world.work(todo.pop(0))))
        done, live = await asyncio.wait(live, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            await task
    await world.call("end")


async def throttled_spawning(world: JitteryWorld) -> None:
    """A semaphore taken by the spawner and given back by the workers."""
    places = asyncio.Semaphore(2)

    async def limited(number: int) -> None:
        try:
            await world.work(number)
        finally:
            places.release()

    tasks = []
    for number in range(6):
        await places.acquire()
        tasks.append(asyncio.create_task(limited(number)))
    await asyncio.gather(*tasks)
    await world.call("end")


async def fire_and_forget(world: JitteryWorld) -> None:
    """The set of background tasks that the documentation recommends, and a wait for the rest."""
    background: set[asyncio.Task[int]] = set()
    for number in range(3):
        task = asyncio.create_task(world.work(number))
        background.add(task)
        task.add_done_callback(background.discard)
    await world.call("own 1")
    await world.call("own 2")
    await asyncio.gather(*background)
    await world.call("end")


async def first_wins(world: JitteryWorld) -> None:
    """A hedge: the first answer counts, the others are cancelled."""
    tasks = {asyncio.create_task(world.work(number)) for number in range(4)}
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    for task in done:
        task.result()
    await world.call("end")


async def cancelled_task(world: JitteryWorld) -> None:
    """A task that is cancelled, and awaited."""

    async def slow() -> None:
        await world.call("slow")
        await asyncio.sleep(30)

    task = asyncio.create_task(slow())
    await asyncio.sleep(0)
    await world.call("own")
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await world.call("end")


async def nested_groups(world: JitteryWorld) -> None:
    """Task groups inside the tasks of a task group."""

    async def inner(number: int) -> None:
        async with asyncio.TaskGroup() as group:
            for more in range(2):
                group.create_task(world.work(10 * number + more))
        await world.call(f"after {number}")

    async with asyncio.TaskGroup() as group:
        for number in range(3):
            group.create_task(inner(number))
        await world.call("beside")
    await world.call("end")


async def heartbeat(world: JitteryWorld) -> None:
    """A task that beats until it is cancelled; how often is time."""

    async def beat() -> None:
        await world.call("hello")
        while True:  # noqa: ASYNC110 - it beats
            await asyncio.sleep(0.0005)

    task = asyncio.create_task(beat())
    for number in range(3):
        await world.call(f"own {number}")
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def heartbeat_with_calls(world: JitteryWorld) -> None:
    """Each beat is a call: how many there are is time, so they are ragged."""

    async def beat() -> None:
        while True:
            await world.call("beat")
            await asyncio.sleep(0.0003)

    task = asyncio.create_task(beat())
    for number in range(3):
        await world.call(f"own {number}")
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await world.call("end")


async def generator_fan_out(world: JitteryWorld) -> None:
    """An asynchronous generator that fans out at each step; the second one is left early."""

    async def pairs() -> AsyncIterator[int]:
        for number in range(3):
            one, two = await asyncio.gather(world.work(number), world.work(number + 10))
            yield one + two

    async for value in pairs():
        await world.call(f"got {value}")
    async with asyncio.timeout(10):
        async for _ in pairs():
            await world.call("one")
            break


async def retries(world: JitteryWorld) -> None:
    """Tries in tasks under `wait_for`, two at once, then a shielded task and a bare coroutine."""

    async def flaky(which: str, tried: int) -> int:
        await world.call(f"try {which}")
        if tried < 2:
            raise ValueError(tried)
        return tried

    async def stubborn(which: str) -> None:
        for tried in range(4):
            try:
                await asyncio.wait_for(asyncio.create_task(flaky(which, tried)), 60)
                break
            except ValueError:
                pass

    await asyncio.gather(stubborn("one"), stubborn("two"))
    await held_shield(asyncio.create_task(world.work(3)))
    await asyncio.wait_for(world.work(5), 60)
    await world.call("end")


async def gather_under_wait_for(world: JitteryWorld) -> None:
    """A gather under `wait_for`, and a shielded one: both join all parts."""
    await asyncio.wait_for(asyncio.gather(world.work(1), world.work(2)), 60)
    await world.call("mid")
    await asyncio.shield(asyncio.gather(world.work(3), world.work(4)))
    await world.call("end")


async def semaphore_in_workers(world: JitteryWorld) -> None:
    """A gather limited by a semaphore, and `as_completed` held by name."""
    places = asyncio.Semaphore(2)

    async def one(number: int) -> int:
        async with places:
            return await world.work(number)

    await held_gather(*(one(number) for number in range(6)))
    for future in held_as_completed([world.work(number) for number in range(4)]):
        await future
    await world.call("end")


async def wait_for_all(world: JitteryWorld) -> None:
    """`asyncio.wait` without a condition joins all."""
    await asyncio.wait([asyncio.create_task(world.work(number)) for number in range(4)])
    await world.call("mid")
    task = asyncio.create_task(world.work(7))
    await world.call("own")
    await task
    await world.call("end")


async def deadline(world: JitteryWorld) -> None:
    """A wait with a timeout that never fires."""
    done, _ = await asyncio.wait(
        [asyncio.create_task(world.work(number)) for number in range(3)], timeout=60
    )
    await world.call("mid")
    await asyncio.gather(*done)
    await world.call("end")


async def polling(world: JitteryWorld) -> None:
    """Tasks that are looked at now and then, before they are awaited."""
    one, two = asyncio.create_task(world.work(1)), asyncio.create_task(world.work(2))
    for _ in range(3):
        if one.done() and two.done():
            break
        await asyncio.sleep(0.001)
    await one
    await two
    await world.call("end")


async def list_of_the_done(world: JitteryWorld) -> None:
    """The program notes in which order its tasks end, and awaits them so."""
    finished: list[int] = []

    async def noted(number: int) -> None:
        await world.work(number)
        finished.append(number)

    tasks = [asyncio.create_task(noted(number)) for number in range(4)]
    while len(finished) < 4:  # noqa: ASYNC110 - people poll
        await asyncio.sleep(0.0003)
    for number in finished:
        await tasks[number]
    await world.call("end")


# -- threads and pools ---------------------------------------------------------------------------


def pool_map(world: JitteryWorld) -> None:
    """`map`, then jobs in the order in which they end; leaving the pool joins all."""
    with cf.ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda number: world.call_blocking(f"map {number}"), range(5)))
        world.call_blocking("mid")
        for future in cf.as_completed(
            [pool.submit(world.call_blocking, f"job {number}") for number in range(4)]
        ):
            future.result()
        world.call_blocking("raced")
    world.call_blocking("end")


async def mixed_threads(world: JitteryWorld) -> None:
    """A thread in a job in a task, which hands a coroutine back to the loop."""
    loop = asyncio.get_running_loop()

    def deep(number: int) -> None:
        world.call_blocking(f"deep {number}")
        thread = threading.Thread(target=world.call_blocking, args=(f"thread {number}",))
        thread.start()
        world.call_blocking(f"beside {number}")
        thread.join()
        asyncio.run_coroutine_threadsafe(world.work(number), loop).result()
        world.call_blocking(f"after {number}")

    await asyncio.gather(*(asyncio.to_thread(deep, number) for number in range(3)))
    await loop.run_in_executor(None, deep, 9)
    await world.call("end")


async def threads_in_a_group(world: JitteryWorld) -> None:
    """`to_thread` in the tasks of a group, and again from inside those threads' own loops."""

    def inner(number: int) -> None:
        world.call_blocking(f"inner {number}")
        asyncio.run(asyncio.to_thread(world.call_blocking, f"innermost {number}"))
        world.call_blocking(f"after {number}")

    async def one(number: int) -> None:
        await asyncio.to_thread(inner, number)
        await world.call(f"back {number}")

    async with asyncio.TaskGroup() as group:
        for number in range(3):
            group.create_task(one(number))
    await world.call("end")


def pool_in_a_pool(world: JitteryWorld) -> None:
    """Jobs that have a pool of their own; more jobs than workers in both."""

    def outer(number: int) -> None:
        world.call_blocking(f"outer {number}")
        with cf.ThreadPoolExecutor(2) as inner:
            futures = [
                inner.submit(world.call_blocking, f"inner {number} {more}") for more in range(3)
            ]
            cf.wait(futures)
            world.call_blocking(f"joined {number}")
        world.call_blocking(f"left {number}")

    with cf.ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(outer, number) for number in range(4)]:
            future.result()
    world.call_blocking("end")


def lazy_fan_out(world: JitteryWorld) -> None:
    """A generator submits a job whenever it is asked for the next future."""
    with cf.ThreadPoolExecutor(3) as pool:

        def futures() -> Iterator[cf.Future[str]]:
            for number in range(5):
                world.call_blocking(f"plan {number}")
                yield pool.submit(world.call_blocking, f"job {number}")

        for future in list(futures()):
            future.result()
            world.call_blocking("got one")
    world.call_blocking("end")


def copied_contexts(world: JitteryWorld) -> None:
    """Threads and jobs in a copy of their submitter's context, or in one copied long before."""
    early = [contextvars.copy_context() for _ in range(2)]

    def two_calls(which: str) -> None:
        world.call_blocking(f"{which} 1")
        world.call_blocking(f"{which} 2")

    threads = [
        threading.Thread(
            target=contextvars.copy_context().run, args=(two_calls, f"thread {number}")
        )
        for number in range(3)
    ]
    for thread in threads:
        thread.start()
    with cf.ThreadPoolExecutor(2) as pool:
        for number in range(3):
            pool.submit(contextvars.copy_context().run, two_calls, f"job {number}")
        for number, context in enumerate(early):
            pool.submit(context.run, two_calls, f"early {number}")
    for thread in threads:
        thread.join()
    world.call_blocking("end")


def runner_used_twice(world: JitteryWorld) -> None:
    """One `asyncio.Runner` for several entries: none is a lane, whatever they are called."""

    async def first() -> None:
        await asyncio.gather(world.work(1), world.work(2))
        await world.call("first")

    async def second() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(world.work(3))
            group.create_task(world.work(4))
        await world.call("second")

    with asyncio.Runner() as runner:
        runner.run(first())
        world.call_blocking("between")
        runner.run(second())
    world.call_blocking("end")


# -- the program's own races ---------------------------------------------------------------------


async def joins_in_order_of_ending(world: JitteryWorld) -> None:
    """Tasks are awaited as they end, a call after each: which knows of which is chance."""
    ended: asyncio.Queue[int] = asyncio.Queue()

    async def noted(number: int) -> None:
        await world.work(number)
        ended.put_nowait(number)

    tasks = [asyncio.create_task(noted(number)) for number in range(4)]
    for _ in range(4):
        await tasks[await ended.get()]
        await world.call("handle")


async def single_flight(world: JitteryWorld) -> None:
    """Whoever needs a value first fetches it for all: whose task fetches it is chance."""
    cache: dict[int, asyncio.Task[int]] = {}

    async def get(key: int) -> int:
        if key not in cache:
            cache[key] = asyncio.create_task(world.work(key))
        return await cache[key]

    async def user(number: int) -> None:
        await world.call(f"before {number}")
        await get(3)
        await world.call(f"after {number}")

    await asyncio.gather(*(user(number) for number in range(3)))


PROGRAMS: tuple[Program, ...] = (
    awaited_late,
    gathered_late,
    rolling_window,
    throttled_spawning,
    fire_and_forget,
    first_wins,
    cancelled_task,
    nested_groups,
    heartbeat,
    heartbeat_with_calls,
    generator_fan_out,
    retries,
    gather_under_wait_for,
    semaphore_in_workers,
    wait_for_all,
    deadline,
    polling,
    list_of_the_done,
    pool_map,
    mixed_threads,
    threads_in_a_group,
    pool_in_a_pool,
    lazy_fan_out,
    copied_contexts,
    runner_used_twice,
)
"""One structure each, on the standard library alone."""

RACES: tuple[Program, ...] = (joins_in_order_of_ending, single_flight)
"""Several structures each, on purpose."""
