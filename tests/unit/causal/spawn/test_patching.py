"""What is patched is put back exactly, unless somebody has patched on top."""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import subprocess
import sys
import threading
import types
from pathlib import Path
from typing import Any

import anyio
import pytest

from agenttrace.causal.spawn import installed
from agenttrace.causal.spawn.patching import Patches, Seam
from tests.fakes.lanes import in_run, lanes

OWNERS = (
    asyncio,
    asyncio.tasks,
    asyncio.futures,
    asyncio.BaseEventLoop,
    asyncio.TaskGroup,
    threading.Thread,
    concurrent.futures,
    concurrent.futures.ThreadPoolExecutor,
    concurrent.futures.Future,
)


def everything() -> list[tuple[str, str, int]]:
    """Every name of every patched owner, and which object it is."""
    return [
        (owner.__name__, name, id(value)) for owner in OWNERS for name, value in vars(owner).items()
    ]


def test_leaving_puts_everything_back() -> None:
    """Nothing of ours is left in the standard library, nor in the order of its names."""
    before = everything()
    with installed():
        assert everything() != before
    assert everything() == before


def test_blocks_that_overlap_are_in_place_until_the_last_one_ends() -> None:
    """Two runs in two threads may begin and end in any order."""
    before = everything()
    first, second = installed(), installed()
    first.__enter__()
    during = everything()
    second.__enter__()
    first.__exit__(None, None, None)
    assert everything() == during
    second.__exit__(None, None, None)
    assert everything() == before


def test_outside_a_run_every_seam_only_hands_on() -> None:
    """A test without the fixture must not pay, or fail, for ours."""

    async def main() -> list[str]:
        task = asyncio.create_task(asyncio.sleep(0, "task"))
        async with asyncio.TaskGroup() as group:
            grouped = group.create_task(asyncio.sleep(0, "group"))
        first = [await one for one in asyncio.as_completed([asyncio.sleep(0, "completed")])]
        done, _ = await asyncio.wait([asyncio.create_task(asyncio.sleep(0, "waited"))])
        shielded = await asyncio.shield(asyncio.sleep(0, "shielded"))
        threaded = await asyncio.to_thread(str, "thread")
        gathered = await asyncio.gather(task)
        return [
            *gathered,
            grouped.result(),
            *first,
            *(one.result() for one in done),
            shielded,
            threaded,
        ]

    with installed():
        assert asyncio.run(main()) == ["task", "group", "completed", "waited", "shielded", "thread"]
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            futures = [pool.submit(int, 1), pool.submit(int, 2)]
            assert sorted(one.result() for one in concurrent.futures.as_completed(futures)) == [
                1,
                2,
            ]
            assert concurrent.futures.wait(futures).not_done == set()


def test_a_name_that_another_module_holds_is_ours_meanwhile() -> None:
    """`from asyncio import as_completed` is how people import it, early or late."""
    holder = types.ModuleType("somebody_who_holds_names")
    holder.as_completed = original = asyncio.as_completed
    sys.modules[holder.__name__] = holder
    try:
        with installed():
            assert holder.as_completed is asyncio.as_completed is not original
            later = types.ModuleType("somebody_who_came_later")
            later.shield = asyncio.shield
            sys.modules[later.__name__] = later
        assert holder.as_completed is original
        assert later.shield is asyncio.shield
    finally:
        sys.modules.pop("somebody_who_holds_names")
        sys.modules.pop("somebody_who_came_later", None)


@pytest.fixture
def submit_as_it_was() -> Any:
    """Puts the pool's own `submit` back, whatever a test has left there."""
    original = concurrent.futures.ThreadPoolExecutor.submit
    yield original
    concurrent.futures.ThreadPoolExecutor.submit = original


def test_a_wrapper_that_came_on_top_is_neither_dropped_nor_brought_back(
    submit_as_it_was: Any,
) -> None:
    """A tracing library may instrument pools in the middle of a run, and go when it likes."""
    pool_type, calls = concurrent.futures.ThreadPoolExecutor, []
    with installed():
        ours = pool_type.submit

        @functools.wraps(ours)
        def theirs(pool: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
            calls.append(fn)
            return ours(pool, fn, *args, **kwargs)

        pool_type.submit = theirs
    assert pool_type.submit is theirs

    def program() -> None:
        with pool_type(1) as pool:
            pool.submit(int).result()

    assert lanes(in_run(program)) == ["int#0"]
    assert pool_type.submit is theirs
    assert calls == [int]

    pool_type.submit = ours
    assert lanes(in_run(program)) == ["int#0"]
    assert pool_type.submit is submit_as_it_was


def test_a_wrapper_that_was_there_before_stays_below() -> None:
    """It is called by ours, and is what we leave behind."""
    before, calls = threading.Thread.start, []

    @functools.wraps(before)
    def theirs(thread: threading.Thread) -> None:
        calls.append(thread.name)
        before(thread)

    threading.Thread.start = theirs
    try:

        def program() -> None:
            thread = threading.Thread(target=int, name="one")
            thread.start()
            thread.join()

        assert lanes(in_run(program)) == ["int#0"]
        assert threading.Thread.start is theirs
        assert calls == ["one"]
    finally:
        threading.Thread.start = before


def test_anyio_is_patched_as_soon_as_it_is_there_and_never_imported() -> None:
    """Importing it costs time that a synchronous agent would pay for nothing."""
    root = Path(__file__).resolve().parents[4]
    script = """
import sys
from tests.fakes.lanes import in_run, lanes
def program():
    assert "anyio" not in sys.modules
    import anyio
    async def worker(): await anyio.sleep(0)
    async def main():
        async with anyio.create_task_group() as group:
            group.start_soon(worker)
    anyio.run(main)
print(lanes(in_run(program)))
import anyio._backends._asyncio as backend
print(backend.TaskGroup._spawn.__module__)
print(type(backend.__spec__.loader).__name__)
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        cwd=root,
        env={"PYTHONPATH": f"{root / 'src'}:{root}"},
    )
    said = done.stdout.split("\n")
    assert said[:3] == ["['worker#0']", "anyio._backends._asyncio", "SourceFileLoader"], done.stderr


def test_a_task_is_an_asyncio_task_before_meanwhile_and_after() -> None:
    """Frameworks ask `isinstance`, whichever class the name stands for."""

    async def main() -> list[bool]:
        here = asyncio.current_task()
        direct = asyncio.Task(asyncio.sleep(0))
        spawned = asyncio.create_task(asyncio.sleep(0))
        await asyncio.wait([direct, spawned])
        return [isinstance(one, asyncio.Task) for one in (here, direct, spawned)]

    answers: list[bool] = []

    async def program() -> None:
        answers.extend(await main())

    in_run(program)
    assert answers == [True, True, True]
    assert asyncio.run(main()) == [True, True, True]
    assert anyio.run(main) == [True, True, True]


def test_a_class_made_from_the_task_type_meanwhile_works() -> None:
    """It is a class of its own, and not another name for every task."""

    async def program() -> None:
        class Named(asyncio.Task):
            pass

        named = Named(asyncio.sleep(0))
        assert type(named) is Named
        assert isinstance(named, asyncio.Task)
        assert not isinstance(asyncio.current_task(), Named)
        await named

    in_run(program)


def test_what_was_patched_before_a_seam_was_missing_is_put_back() -> None:
    """A place that is not there is an error, after which nothing of ours stays in front."""
    owner = types.SimpleNamespace(there=len)
    patches = Patches()
    seams = [
        Seam(owner=owner, name="there", around=lambda _now: max),
        Seam(owner=owner, name="missing", around=lambda _now: max),
    ]
    with pytest.raises(AttributeError, match="missing"):
        patches.put(seams)
    assert owner.there is max
    patches.undo()
    assert owner.there is len
