"""Installing: every new loop of a replay is virtual, unless the user names it; all is undone."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import anyio
import pytest

import agenttrace
from agenttrace.determinism.heap import Heap
from agenttrace.determinism.install import loop_factories, virtual_loops
from agenttrace.determinism.loop import VirtualTimeLoop
from tests.fakes.scripted_door import virtual_run

HOUR_S = 3600


async def _kind() -> type:
    """Say what kind of loop runs."""
    return type(asyncio.get_running_loop())


def test_every_new_loop_is_virtual_while_installed() -> None:
    """User code calls `asyncio.run` where it likes."""
    policy = dict(vars(asyncio.DefaultEventLoopPolicy))
    with virtual_loops():
        loop = asyncio.new_event_loop()
        with asyncio.Runner() as runner:
            kinds = [type(loop), asyncio.run(_kind()), runner.run(_kind()), anyio.run(_kind)]
        loop.close()
    assert kinds == [VirtualTimeLoop] * 4
    assert asyncio.run(_kind()) is asyncio.SelectorEventLoop
    assert dict(vars(asyncio.DefaultEventLoopPolicy)) == policy


def test_a_loop_that_the_user_names_is_left_alone() -> None:
    """The time of uvloop is made in C; a replay there is orderly, and its timers are real."""
    with virtual_loops(), asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        assert runner.run(_kind()) is asyncio.SelectorEventLoop


def test_loops_of_one_run_share_its_time() -> None:
    """A second `asyncio.run` goes on where the first one ended."""
    heap = Heap()
    with virtual_loops(heap):
        asyncio.run(asyncio.sleep(HOUR_S))
        asyncio.run(asyncio.sleep(HOUR_S))
    assert heap.now_ns == 2 * HOUR_S * 10**9


def test_a_virtual_loop_that_is_older_than_the_run_takes_part_in_it() -> None:
    """A loop of pytest-asyncio is made before the test; its own time goes on, the run's begins."""

    async def main() -> tuple[float, int]:
        with virtual_run() as run:
            await asyncio.gather(asyncio.sleep(HOUR_S), asyncio.to_thread(time.sleep, HOUR_S / 2))
            return asyncio.get_running_loop().time(), run.clock.now_ns()

    loop = VirtualTimeLoop()
    seen = []
    for _ in range(2):
        loop.run_until_complete(asyncio.sleep(HOUR_S))
        seen.append(loop.run_until_complete(main()))
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
    assert seen == [(2 * HOUR_S, HOUR_S * 10**9), (4 * HOUR_S, HOUR_S * 10**9)]


def test_a_sleep_in_the_code_of_a_run_costs_nothing() -> None:
    """An agent that backs off for an hour is replayed at once, in its thread or outside."""
    real = time.sleep
    seen: list[tuple[str, int]] = []
    with virtual_run() as run:

        def worker() -> None:
            time.sleep(HOUR_S / 2)
            seen.append(("worker", run.clock.now_ns()))

        thread = threading.Thread(target=worker)
        thread.start()
        time.sleep(HOUR_S)
        seen.append(("run", run.clock.now_ns()))
        thread.join()
    assert seen == [("worker", HOUR_S // 2 * 10**9), ("run", HOUR_S * 10**9)]
    assert time.sleep is real


def test_a_sleep_on_a_loop_moves_the_time_of_that_loop() -> None:
    """Code that blocks its loop delays its timers, as it does in reality."""
    with virtual_run():

        async def main() -> float:
            time.sleep(HOUR_S)  # noqa: ASYNC251 - the claim is about code that does it
            return asyncio.get_running_loop().time()

        assert asyncio.run(main()) == HOUR_S


def test_a_sleep_outside_the_run_is_real() -> None:
    """A library's own thread must not find time standing still."""
    with virtual_run() as run:
        context = __import__("contextvars").Context()
        context.run(time.sleep, 0.001)
        assert run.clock.now_ns() == 0


def test_pytest_asyncio_gets_one_factory_and_so_no_new_test_ids() -> None:
    """Its hook takes a mapping of names to factories."""
    (factory,) = loop_factories().values()
    loop = factory()
    loop.close()
    assert isinstance(loop, VirtualTimeLoop)


def test_tests_of_pytest_asyncio_and_of_anyio_run_in_virtual_time(tmp_path: Path) -> None:
    """Both plugins make their own loops; an hour of sleep ends at once in each."""
    (tmp_path / "conftest.py").write_text(
        textwrap.dedent("""
            import pytest
            from agenttrace.determinism.install import loop_factories, virtual_loops

            def pytest_asyncio_loop_factories(config, item):
                return loop_factories()

            @pytest.fixture(autouse=True)
            def virtual():
                with virtual_loops():
                    yield

            @pytest.fixture
            def anyio_backend(virtual):
                return "asyncio"
        """)
    )
    (tmp_path / "test_both.py").write_text(
        textwrap.dedent("""
            import asyncio, anyio, pytest

            @pytest.mark.asyncio
            async def test_asyncio():
                await asyncio.sleep(3600)
                assert asyncio.get_running_loop().time() == 3600

            @pytest.mark.anyio
            async def test_anyio():
                await anyio.sleep(3600)
                assert asyncio.get_running_loop().time() == 3600
        """)
    )
    done = _python(
        sys.executable, "-m", "pytest", "-q", "--timeout=60", str(tmp_path), cwd=tmp_path
    )
    assert "2 passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_instants_and_errors_are_the_same_on_every_python(version: str) -> None:
    """The seams of asyncio that the loop stands on are private, and change."""
    interpreter = _interpreter(version)
    done = _python(interpreter, "-X", "faulthandler", "-c", STORY)
    assert (done.stdout, done.stderr) == (
        "[(1, 100.0), (0, 300.0), ('to_thread', 300.0)]\n30.1\n2 wait for each other\n",
        "",
    )


STORY = """
import asyncio, faulthandler
faulthandler.dump_traceback_later(60, exit=True)
from agenttrace.determinism.install import virtual_loops
from agenttrace.errors import Deadlock

async def sleeps():
    loop, seen = asyncio.get_running_loop(), []
    async def sleeper(name, seconds):
        await asyncio.sleep(seconds)
        seen.append((name, loop.time()))
    await asyncio.gather(sleeper(0, 300), sleeper(1, 100))
    await asyncio.to_thread(lambda: seen.append(("to_thread", loop.time())))
    return seen

async def timeouts():
    try:
        async with asyncio.timeout(30.1):
            await asyncio.sleep(100)
    except TimeoutError:
        return asyncio.get_running_loop().time()

async def deadlock():
    await asyncio.create_task(asyncio.Event().wait())

with virtual_loops():
    print(asyncio.run(sleeps()))
    print(asyncio.run(timeouts()))
    try:
        asyncio.run(deadlock())
    except Deadlock as error:
        print(error.headline.partition(": ")[2])
faulthandler.cancel_dump_traceback_later()
"""


def _interpreter(version: str) -> str:
    """Find a Python, or skip."""
    if sys.version.startswith(f"{version}."):
        return sys.executable
    pyenv = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python"))
    uv = shutil.which("uv") or str(Path(sys.executable).parent / "uv")
    if not pyenv and Path(uv).exists():
        command = [uv, "python", "find", "--no-project", "--system", version]
        found = subprocess.run(command, capture_output=True, text=True, check=False)
        pyenv = [Path(found.stdout.strip())] if found.returncode == 0 else []
    if not pyenv:
        pytest.skip(f"Python {version} is not installed")
    return str(pyenv[-1])


def _python(
    interpreter: str, *args: str, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a Python that can import the library."""
    source = str(Path(agenttrace.__path__[0]).parent)
    environment = {"PYTHONPATH": source, "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [interpreter, *args], capture_output=True, text=True, check=False, env=environment, cwd=cwd
    )
