"""Programs whose agents send each other messages: pools, fan-in, an actor, topics, streams."""

from __future__ import annotations

import asyncio
import queue
import random
import threading
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio

import agenttrace

CHANCE = random.Random()
"""How long calls take; a test seeds it."""

Program = Callable[[], Any]


@agenttrace.tool
async def ask(what: str) -> str:
    """Ask something, and wait as a task does."""
    await asyncio.sleep(CHANCE.random() * 0.004 if CHANCE.random() < 0.8 else 0)
    return f"<{what}>"


@agenttrace.tool
def ask_blocking(what: str) -> str:
    """Ask something, and wait as a thread does."""
    time.sleep(CHANCE.random() * 0.002 if CHANCE.random() < 0.8 else 0)
    return f"<{what}>"


def task_pool(items: int = 6, workers: int = 3, size: int = 0, *, kind: Any = asyncio.Queue) -> Any:
    """Workers take work from one queue, each until it gets the stop sign."""
    signs, things = [STOP] * workers, list(range(items))
    ready = [*signs, *things] if issubclass(kind, asyncio.LifoQueue) else [*things, *signs]

    async def main() -> Any:
        work, done = kind(size), {}

        async def worker() -> None:
            while (item := await work.get()) is not STOP:
                done[item] = await ask(f"check {await ask(f'do {item}')}")

        tasks = [asyncio.create_task(worker()) for _ in range(workers)]
        for item in ready:
            await work.put(item)
        await asyncio.gather(*tasks)
        return sorted(done.items())

    return lambda: asyncio.run(main())


STOP = 10**6
"""A stop sign that can be compared with work, for queues that sort."""


def cancelled_pool() -> Any:
    """The pool of asyncio's documentation: workers never end by themselves, and are cancelled."""

    async def main() -> list[str]:
        work: asyncio.Queue[int] = asyncio.Queue()
        done: list[str] = []

        async def worker() -> None:
            while True:
                item = await work.get()
                done.append(await ask(f"do {item}"))
                work.task_done()

        for item in range(6):
            work.put_nowait(item)
        tasks = [asyncio.create_task(worker()) for _ in range(3)]
        await work.join()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return sorted(done)

    return asyncio.run(main())


def polling_pool() -> Any:
    """Work lies ready; each worker takes what is there until nothing is, then says goodbye."""

    async def main() -> list[str]:
        work: asyncio.Queue[int] = asyncio.Queue()
        done: list[str] = []
        for item in range(6):
            work.put_nowait(item)

        async def worker() -> None:
            while True:
                try:
                    item = work.get_nowait()
                except asyncio.QueueEmpty:
                    done.append(await ask("goodbye"))
                    return
                done.append(await ask(f"do {item}"))

        await asyncio.gather(*(worker() for _ in range(3)))
        return sorted(done)

    return asyncio.run(main())


def chained_pools() -> Any:
    """What one pool has made, another one takes."""

    async def main() -> list[str]:
        raw: asyncio.Queue[int | None] = asyncio.Queue()
        made: asyncio.Queue[str | None] = asyncio.Queue(1)
        done: list[str] = []

        async def maker() -> None:
            while (item := await raw.get()) is not None:
                await made.put(await ask(f"make {item}"))
                await made.put(await ask(f"make {item} again"))

        async def checker() -> None:
            while (item := await made.get()) is not None:
                done.append(await ask(f"check {item}"))

        makers = [asyncio.create_task(maker()) for _ in range(2)]
        checkers = [asyncio.create_task(checker()) for _ in range(2)]
        for item in (0, 1, 2, 3, None, None):
            await raw.put(item)
        await asyncio.gather(*makers)
        for _ in checkers:
            await made.put(None)
        await asyncio.gather(*checkers)
        return sorted(done)

    return asyncio.run(main())


def thread_pool(items: int = 6, workers: int = 3, size: int = 0, *, kind: Any = queue.Queue) -> Any:
    """The same pool in threads."""
    last_first = issubclass(kind, queue.LifoQueue)
    signs, things = [STOP] * workers, list(range(items))
    ready = [*signs, *things] if last_first else [*things, *signs]

    def main() -> Any:
        work, done = kind(size), {}

        def worker() -> None:
            while (item := work.get()) is not STOP:
                done[item] = ask_blocking(f"check {ask_blocking(f'do {item}')}")

        threads = [threading.Thread(target=worker) for _ in range(workers)]
        if last_first:
            for item in ready:
                work.put(item)
        for thread in threads:
            thread.start()
        if not last_first:
            for item in ready:
                work.put(item)
        for thread in threads:
            thread.join()
        return sorted(done.items())

    return main


def joined_thread_pool() -> Any:
    """Daemon workers that never end; the program waits until all work is done."""
    work: queue.Queue[int] = queue.Queue()
    done: list[str] = []

    def worker() -> None:
        while True:
            item = work.get()
            done.append(ask_blocking(f"do {item}"))
            work.task_done()

    for item in range(6):
        work.put(item)
    for _ in range(3):
        threading.Thread(target=worker, daemon=True).start()
    work.join()
    return sorted(done)


def fan_in(size: int = 1) -> Any:
    """One lane gathers what four have found, in whatever order it comes."""

    async def main() -> str:
        parts: asyncio.Queue[tuple[int, str]] = asyncio.Queue(size)

        async def part(number: int) -> None:
            await parts.put((number, await ask(f"part {number}")))

        async def whole() -> str:
            return await ask(f"sum {sorted([await parts.get() for _ in range(4)])}")

        found = await asyncio.gather(whole(), *map(part, range(4)))
        return found[0]

    return asyncio.run(main())


def actor(size: int = 0, *, more: int = 0, less: int = 0, words: str = "") -> Any:
    """An agent with a memory and two who write to it: what it is told first, chance decides."""

    async def main() -> list[str]:
        inbox: asyncio.Queue[tuple[str, str]] = asyncio.Queue(size)
        said: list[str] = []

        async def act() -> None:
            memory: list[str] = []
            for _ in range(6):
                who, message = await inbox.get()
                memory.append(message)
                said.append(await ask(f"{who} says {message}; memory {memory}"))

        async def sender(name: str) -> None:
            for number in range(3 + more - (less if name == "B" else 0)):
                await inbox.put((name, await ask(f"{name} thinks {number}{words}")))

        await asyncio.gather(act(), sender("A"), sender("B"))
        return said

    return asyncio.run(main())


def thread_actor() -> Any:
    """The same in threads, over a queue with one place."""
    inbox: queue.Queue[tuple[str, str]] = queue.Queue(1)
    said: list[str] = []

    def act() -> None:
        memory: list[str] = []
        for _ in range(6):
            who, message = inbox.get()
            memory.append(message)
            said.append(ask_blocking(f"{who} says {message}; memory {memory}"))

    def sender(name: str) -> None:
        for number in range(3):
            inbox.put((name, ask_blocking(f"{name} thinks {number}")))

    threads = [
        threading.Thread(target=act),
        *(threading.Thread(target=sender, args=(name,)) for name in "AB"),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return said


async def _until_none(inbox: asyncio.Queue[str | None]) -> AsyncIterator[str]:
    while (message := await inbox.get()) is not None:
        yield message


def topics() -> Any:
    """Two publish, and a broker hands each message to three subscribers."""

    async def main() -> list[list[str]]:
        desk: asyncio.Queue[str | None] = asyncio.Queue()
        inboxes: list[asyncio.Queue[str | None]] = [asyncio.Queue() for _ in range(3)]
        heard: list[list[str]] = [[] for _ in inboxes]

        async def publisher(name: str) -> None:
            for number in range(2):
                desk.put_nowait(await ask(f"{name} finds {number}"))

        async def broker() -> None:
            message: str | None = ""
            while message is not None:
                message = await desk.get()
                [inbox.put_nowait(message) for inbox in inboxes]

        async def subscriber(number: int) -> None:
            found = [m async for m in _until_none(inboxes[number])]
            heard[number] = [await ask(f"{number} reads {m}") for m in sorted(found)]

        async def publishers() -> None:
            await asyncio.gather(*map(publisher, "AB"))
            desk.put_nowait(None)

        await asyncio.gather(publishers(), broker(), *map(subscriber, range(3)))
        return heard

    return asyncio.run(main())


def streams(size: int = 0) -> Any:
    """Two producers and a pool of two consumers over one of anyio's streams."""

    async def main() -> list[str]:
        tx, rx = anyio.create_memory_object_stream[str](size)
        found: list[str] = []

        async def produce(name: str, into: Any) -> None:
            async with into:
                for number in range(3):
                    await into.send(await ask(f"{name}{number}"))

        async def consume(source: Any) -> None:
            async with source:
                found.extend([await ask(f"got {message}") async for message in source])

        async with anyio.create_task_group() as group:
            for _ in range(2):
                group.start_soon(consume, rx.clone())
            rx.close()
            async with tx:
                for name in "ab":
                    group.start_soon(produce, name, tx.clone())
        return sorted(found)

    return asyncio.run(main())


POOLS: dict[str, Program] = {
    "tasks": task_pool(),
    "tasks, one place": task_pool(size=1),
    "tasks, last in first out": task_pool(kind=asyncio.LifoQueue),
    "tasks, sorted": task_pool(size=2, kind=asyncio.PriorityQueue),
    "tasks, cancelled": cancelled_pool,
    "tasks, polling": polling_pool,
    "tasks, chained": chained_pools,
    "threads": thread_pool(),
    "threads, one place": thread_pool(size=1),
    "threads, last in first out": thread_pool(kind=queue.LifoQueue),
    "threads, sorted": thread_pool(size=2, kind=queue.PriorityQueue),
    "threads, joined": joined_thread_pool,
    "streams": streams,
    "streams, two places": lambda: streams(2),
}
"""Several lanes of one spawn site receive from one queue."""

SINGLE: dict[str, Program] = {"fan-in": fan_in, "topics": topics}
"""Each queue has one consumer, and what it does with the order of its messages is nothing."""

ACTORS: dict[str, Program] = {
    "actor": actor,
    "actor, one place": lambda: actor(1),
    "actor in threads": thread_actor,
}
"""One consumer whose every call depends on what it was told first: its own race."""
