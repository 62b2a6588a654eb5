"""Which tasks are lanes, which are transparent, and whose lane the code in them stands on."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import sys
import threading
import weakref
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from agenttrace.causal import current
from agenttrace.causal.current import Run
from agenttrace.model.lane import Step, label_of
from tests.fakes.lanes import in_run, joins, lanes, where
from tests.fakes.programs import PROGRAMS
from tests.fakes.world import Program
from tests.fakes.world import run as run_program


async def worker() -> str:
    """Say on whose lane it runs."""
    await asyncio.sleep(0)
    return where()


def test_the_entry_task_of_a_loop_is_no_lane() -> None:
    """Its caller waits for it, so `main` may be renamed."""
    seen: list[str] = []

    async def main() -> None:
        seen.append(where())

    def program() -> None:
        asyncio.run(main())
        loop = asyncio.new_event_loop()
        loop.run_until_complete(main())
        loop.close()
        with asyncio.Runner() as runner:
            runner.run(main())

    assert lanes(in_run(program)) == []
    assert seen == ["/", "/", "/"]


def test_an_entry_stands_where_its_caller_stands_however_old_its_context_is() -> None:
    """A `Runner` keeps the context in which it began; the caller may be somewhere else by then."""
    seen: list[object] = []

    async def main() -> None:
        frame = current.frame()
        seen.append(frame and frame.agent)

    with asyncio.Runner() as runner:
        runner.run(main())

        def program() -> None:
            runner.run(main())
            frame = current.frame()
            assert frame is not None
            token = current.stand(frame._replace(agent="planner"))
            runner.run(main())
            current.reset(token)

        in_run(program)
    assert seen == [None, None, "planner"]


def test_tasks_made_before_their_loop_runs_are_lanes() -> None:
    """They will run at the same time, so they must not share one."""

    def program() -> None:
        loop = asyncio.new_event_loop()
        tasks = [loop.create_task(worker()) for _ in range(2)]
        loop.run_until_complete(asyncio.wait(tasks))
        loop.close()

    assert lanes(in_run(program)) == ["worker#0", "worker#1"]


def test_wait_for_makes_no_lane() -> None:
    """3.11 runs its coroutine in a task, later Pythons do not."""
    seen: list[str] = []

    async def program() -> None:
        seen.append(await asyncio.wait_for(worker(), 5))

    assert lanes(in_run(program)) == []
    assert seen == ["/"]


def test_a_generator_closed_by_the_collector_or_the_loop_makes_no_lane() -> None:
    """Whenever that is."""

    async def numbers() -> AsyncIterator[int]:
        yield 1
        yield 2

    async def program() -> None:
        async for _ in numbers():
            break
        gc.collect()
        await asyncio.sleep(0)
        kept = numbers()
        await anext(kept)
        await asyncio.create_task(worker())
        program_keeps.append(kept)

    program_keeps: list[object] = []
    assert lanes(in_run(program)) == ["worker#0"]


def test_a_step_of_a_generator_that_somebody_spawns_is_a_lane() -> None:
    """Only closing is the collector's business."""

    async def numbers() -> AsyncIterator[int]:
        yield 1

    async def program() -> None:
        stream = numbers()
        await asyncio.create_task(anext(stream))
        await stream.aclose()

    assert lanes(in_run(program)) == ["async_generator_asend#0"]


class Parts:
    """Two parts of a client, each of which a task of its own closes."""

    def __init__(self) -> None:
        """Both are open."""
        self.closed: list[str] = []

    async def close(self, part: str) -> None:
        """Close one."""
        await asyncio.sleep(0)
        self.closed.append(part)

    async def aclose(self) -> None:
        """Close both."""
        await asyncio.gather(self.close("pool"), self.close("stream"))


def test_what_a_spawn_inside_a_finalizer_spawns_gets_no_lane_either() -> None:
    """A client that is collected closes its parts, each in a task; the collector decides when."""
    parts = Parts()

    class Client:
        def __del__(self) -> None:
            asyncio.get_running_loop().create_task(parts.aclose())

    async def program() -> None:
        client = Client()
        del client
        await asyncio.create_task(worker())
        for _ in range(5):
            await asyncio.sleep(0)

    assert lanes(in_run(program)) == ["worker#0"]
    assert sorted(parts.closed) == ["pool", "stream"]


@pytest.mark.parametrize("way", ["direct", "threadsafe", "thread", "pool"])
def test_nor_does_what_a_finalizer_hands_on(way: str) -> None:
    """To a task of its own making, to its loop for later, to a thread or a pool."""
    parts = Parts()

    def finish(pool: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        if way == "direct":
            kept.append(asyncio.Task(parts.aclose()))
        elif way == "threadsafe":
            asyncio.run_coroutine_threadsafe(parts.aclose(), loop)
        elif way == "thread":
            threading.Thread(target=asyncio.run, args=(parts.aclose(),)).start()
        else:
            pool.submit(asyncio.run, parts.aclose())

    class Client:
        pass

    async def program() -> None:
        with ThreadPoolExecutor(1) as pool:
            client = Client()
            weakref.finalize(client, finish, pool)
            del client
            await asyncio.create_task(worker())
            for _ in range(1000):
                await asyncio.sleep(0.001 * (len(parts.closed) < 2))

    kept: list[object] = []
    assert lanes(in_run(program)) == ["worker#0"]
    assert sorted(parts.closed) == ["pool", "stream"]


def test_a_spawn_inside_a_finalizer_gets_no_lane() -> None:
    """Clients of several SDKs close themselves so; the collector decides when."""

    class Client:
        def __del__(self) -> None:
            asyncio.get_running_loop().create_task(worker())
            threading.Thread(target=int).start()

    async def program() -> None:
        client = Client()
        weakref.finalize(client, lambda: asyncio.get_running_loop().create_task(worker()))
        del client
        gc.collect()
        await asyncio.create_task(worker())

    gc.collect()  # what other tests have left is none of this run's
    assert lanes(in_run(program)) == ["worker#0"]


def test_a_collector_that_runs_while_a_lane_is_minted_does_no_harm() -> None:
    """With a lock inside, it took the lane's lock twice: a deadlock."""

    class Litter:
        def __init__(self) -> None:
            self.itself = self

        def __del__(self) -> None:
            frame = current.frame()
            if frame is not None:
                frame.lane.next_position("llm", "finalizer", frame.scope)

    async def program() -> None:
        gc.set_threshold(1)
        try:
            for _ in range(200):
                Litter()
                await asyncio.gather(worker(), worker())
        finally:
            gc.set_threshold(700, 10, 10)

    gc.collect()  # what other tests have left is none of this run's
    assert len(set(lanes(in_run(program)))) == 400


def test_a_task_counts_under_its_spawners_scope() -> None:
    """An agent's tasks stand in the agent's own part of the lane."""
    scope = (Step("agent", "planner", 0),)

    async def program() -> None:
        frame = current.frame()
        assert frame is not None
        token = current.stand(frame._replace(scope=scope, agent="planner"))
        task = asyncio.create_task(worker())
        current.reset(token)
        seen.append(await task)
        seen.append(await asyncio.create_task(worker()))

    seen: list[str] = []
    assert lanes(in_run(program)) == ["planner/worker#0", "worker#0"]
    assert seen == ["planner/worker#0", "worker#0"]


def test_two_tasks_may_share_one_context() -> None:
    """Each keeps its own lane in it, step by step; what they set for each other stays."""
    shared = contextvars.ContextVar("shared", default="")

    async def member(name: str) -> list[str]:
        seen = []
        for _ in range(3):
            seen.append(where())
            await asyncio.sleep(0)
        shared.set(shared.get() + name)
        return seen

    async def program() -> None:
        context = contextvars.copy_context()
        tasks = [asyncio.create_task(member(name), context=context) for name in "ab"]
        assert await asyncio.gather(*tasks) == [["member#0"] * 3, ["member#1"] * 3]
        assert context[shared] == "ab"

    assert lanes(in_run(program)) == ["member#0", "member#1"]


def test_a_cancelled_task_is_cut_and_one_that_ignored_it_too() -> None:
    """How far it came by then is chance. A `timeout()` takes its cancellation back."""

    async def stubborn() -> None:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            return

    async def timed() -> None:
        try:
            async with asyncio.timeout(0):
                await asyncio.sleep(30)
        except TimeoutError:
            return

    async def program() -> None:
        tasks = [
            asyncio.create_task(one) for one in (asyncio.sleep(30), stubborn(), timed(), worker())
        ]
        await asyncio.sleep(0.001)
        for task in tasks[:2]:
            task.cancel()
        await asyncio.wait(tasks)

    run = in_run(program)
    assert [(label_of(lane.path), lane.cut, lane.ended) for lane in run.lanes[1:]] == [
        ("sleep#0", True, True),
        ("stubborn#0", True, True),
        ("timed#0", False, True),
        ("worker#0", False, True),
    ]


def test_a_done_callback_makes_a_race_and_only_the_scope_joins() -> None:
    """What a callback collects comes in the order of ending."""

    async def program() -> None:
        task = asyncio.create_task(worker())
        task.add_done_callback(lambda _: None)
        await task
        async with asyncio.TaskGroup() as group:
            group.create_task(worker()).add_done_callback(lambda _: None)

    assert joins(in_run(program)) == {"worker#0": {}, "worker#1": {"/": 2}}


def test_what_a_loop_does_in_its_callbacks_is_no_join() -> None:
    """A gather looks at its parts when they end, while its caller does something else."""

    async def program() -> None:
        frame = current.frame()
        assert frame is not None
        both = asyncio.gather(worker(), worker())
        for _ in range(5):
            frame.lane.step()
            await asyncio.sleep(0.001)
        await both

    assert joins(in_run(program)) == {"worker#0": {"/": 7}, "worker#1": {"/": 7}}


def test_a_gather_that_raises_joins_nobody() -> None:
    """It may have left some of its parts running."""

    async def failing() -> None:
        raise ValueError

    async def program() -> None:
        with pytest.raises(ValueError, match=r"^$"):
            await asyncio.gather(failing(), worker())

    assert joins(in_run(program)) == {"failing#0": {}, "worker#0": {}}


def test_a_task_made_directly_is_a_lane() -> None:
    """Some libraries make their tasks themselves."""
    seen: list[str] = []

    async def program() -> None:
        seen.append(await asyncio.Task(worker()))

    assert joins(in_run(program)) == {"worker#0": {"/": 1}}
    assert seen == ["worker#0"]


eager = pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks came with Python 3.12")


@eager
@pytest.mark.parametrize(
    "program",
    [one for one in PROGRAMS if asyncio.iscoroutinefunction(one)],
    ids=lambda one: one.__name__,
)
def test_eager_tasks_have_the_structure_of_others(program: Program) -> None:
    """A task that begins at once begins on its own lane."""
    eagerly = {
        run_program(program, seed, factory=asyncio.eager_task_factory).structure
        for seed in range(5)
    }
    assert eagerly == {run_program(program, 7).structure}


@eager
def test_the_eager_factory_called_by_name_makes_a_lane() -> None:
    """A framework calls it past the loop, where it finds it in `asyncio`."""
    seen: list[str] = []

    async def program() -> None:
        loop = asyncio.get_running_loop()
        seen.append(await asyncio.eager_task_factory(loop, worker()))

    assert joins(in_run(program)) == {"worker#0": {"/": 1}}
    assert seen == ["worker#0"]


def test_a_task_whose_run_has_ended_spawns_no_lanes() -> None:
    """It is detached: an ended recording is frozen."""
    ended = Run("ended")

    async def later() -> None:
        await asyncio.create_task(worker())

    async def program() -> None:
        frame = ended.frame()
        token = current.stand(frame)
        ended.ended = True
        await later()
        current.reset(token)
        await asyncio.create_task(worker())

    assert lanes(in_run(program)) == ["worker#0"]
    assert lanes(ended) == []
