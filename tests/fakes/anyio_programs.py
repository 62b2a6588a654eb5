"""A program for anyio: its task groups, its threads, and tasks that say when they have started."""

from __future__ import annotations

import anyio
from anyio.abc import TaskStatus

from tests.fakes.world import JitteryWorld


async def anyio_groups(world: JitteryWorld) -> None:
    """Two groups one after the other; a task of the second says when it has started."""

    async def worker(number: int) -> None:
        await world.call(f"before {number}")
        await anyio.to_thread.run_sync(world.call_blocking, f"thread {number}")
        await world.call(f"after {number}")

    async def service(*, task_status: TaskStatus[None]) -> None:
        await world.call("starting")
        task_status.started()
        await world.call("serving")

    async with anyio.create_task_group() as group:
        for number in range(4):
            group.start_soon(worker, number)
        await world.call("beside")
    await world.call("mid")
    async with anyio.create_task_group() as group:
        await group.start(service)
        await world.call("running")
        group.start_soon(worker, 9)
    await world.call("end")
