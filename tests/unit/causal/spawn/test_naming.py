"""A lane is called after the function meant, whoever has wrapped it."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import functools
import threading
from collections.abc import Callable
from typing import Any

import pytest

from agenttrace.causal.spawn.naming import name_of
from tests.fakes.lanes import in_run, lanes


def meant(*_: object) -> None:
    """The function meant."""


class Agent:
    """Somebody with a method, who can be called as well."""

    def act(self) -> None:
        """Do something."""

    def __call__(self) -> None:
        """Do something else."""


def traced(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap as a tracing library does that holds the function in a closure."""

    def wrapped_func(*args: object) -> object:
        return function(*args)

    wrapped_func.__module__ = "opentelemetry.instrumentation.threading"
    return wrapped_func


def execute(context: object, function: Callable[..., Any], *args: object) -> object:
    """Call as a tracing library does that passes the function on as an argument."""
    return function(*args)


execute.__module__ = "ddtrace.contrib.internal.futures.threading"


def decorated(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap as a decorator does that says whom it wraps."""

    @functools.wraps(function)
    def wrapper(*args: object) -> object:
        return function(*args)

    return wrapper


@pytest.mark.parametrize(
    ("function", "args", "name"),
    [
        (meant, (), "meant"),
        (Agent().act, (), "Agent.act"),
        (Agent(), (), "Agent"),
        (Agent, (), "Agent"),
        (functools.partial(meant, 1), (), "meant"),
        (functools.partial(functools.partial(meant, 1), 2), (), "meant"),
        (contextvars.copy_context().run, (meant, 1), "meant"),
        (functools.partial(contextvars.copy_context().run, meant), (), "meant"),
        (functools.partial(contextvars.copy_context().run, traced(meant)), (), "meant"),
        (traced(functools.partial(meant)), (), "meant"),
        (traced(traced(meant)), (), "meant"),
        (execute, (None, meant, 1), "meant"),
        (execute, (None, traced(decorated(meant))), "meant"),
        (decorated(meant), (), "meant"),
        (contextvars.copy_context().run, (), "Context.run"),
        (len, (), "len"),
    ],
    ids=range(16),
)
def test_wrappers_are_looked_through(function: object, args: tuple[object, ...], name: str) -> None:
    """Else lanes change their names when a tracing library switches itself on in mid-process."""
    assert name_of(function, args) == name


def test_a_wrapper_around_itself_ends() -> None:
    """Looking through wrappers has an end, even where they have none."""

    def round_and_round() -> None:
        """Call nobody."""

    round_and_round.__wrapped__ = round_and_round
    assert name_of(round_and_round).endswith("round_and_round")


def test_every_kind_of_spawn_is_called_after_what_it_runs() -> None:
    """Task, job, thread, timer, and a coroutine inside one of a tracing library's."""
    module: dict[str, Any] = {"__name__": "opentelemetry.instrumentation.asyncio"}
    exec("async def trace_coroutine(coro):\n    return await coro", module)

    async def worker() -> None:
        await asyncio.sleep(0)

    async def program() -> None:
        await asyncio.create_task(worker())
        await asyncio.create_task(module["trace_coroutine"](worker()))
        await asyncio.to_thread(meant)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            pool.submit(contextvars.copy_context().run, meant)
        for thread in (threading.Thread(target=traced(meant)), threading.Timer(0, meant)):
            thread.start()
            thread.join()

    assert lanes(in_run(program)) == [
        "worker#0",
        "worker#1",
        "meant#0",
        "meant#1",
        "meant#0",
        "meant#1",
    ]
