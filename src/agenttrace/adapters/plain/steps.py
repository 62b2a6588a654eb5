"""Steps: a generator of the user's, driven so that each of its steps runs inside something.

Around the whole of it would be wrong: what the consumer does between two steps is not the
generator's. `send`, `throw` and `close` reach the generator, as if nobody stood between.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
from typing import TYPE_CHECKING, Any, NamedTuple

from agenttrace.causal import current

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
    from contextlib import AbstractContextManager

FUNCTION, COROUTINE, GENERATOR, ASYNC_GENERATOR = (
    "function",
    "coroutine",
    "generator",
    "async generator",
)
"""How a function gives what it gives."""


def manner(fn: Callable[..., object]) -> str:
    """How a function gives what it gives; an object that is called is known by its `__call__`."""
    named = (
        fn
        if inspect.isroutine(fn) or isinstance(fn, functools.partial | type)
        else type(fn).__call__
    )
    if inspect.isasyncgenfunction(named):
        return ASYNC_GENERATOR
    if inspect.isgeneratorfunction(named):
        return GENERATOR
    return COROUTINE if inspect.iscoroutinefunction(named) else FUNCTION


def driven(
    source: Generator[Any, Any, Any], inside: Callable[[], AbstractContextManager[object]]
) -> Generator[Any, Any, Any]:
    """Run each step of a generator inside what `inside` gives."""
    resume: Callable[[], Any] = functools.partial(next, source)
    while True:
        with inside():
            try:
                value = resume()
            except StopIteration as stop:
                return stop.value
        try:
            sent = yield value
        except GeneratorExit:
            with inside():
                source.close()
            raise
        except BaseException as error:  # noqa: BLE001 - the generator's to answer
            resume = functools.partial(source.throw, error)
        else:
            resume = functools.partial(source.send, sent)


def async_generator(
    fn: Callable[..., Any], start: Callable[[Any, Any], Stepped]
) -> Callable[..., Any]:
    """Give a function like the asynchronous generator function `fn` that runs what `start` gives.

    (There is no `yield from` for asynchronous generators, so the loop must stand in the function.)
    """

    @functools.wraps(fn)
    async def wrapper(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        source, around, inside = start(args, kwargs)
        resume: Callable[[], Awaitable[Any]] = functools.partial(anext, source)
        with around:
            while True:
                with inside():
                    try:
                        value = await resume()
                    except StopAsyncIteration:
                        return
                try:
                    sent = yield value
                except GeneratorExit:
                    with inside():
                        await source.aclose()
                    raise
                except BaseException as error:  # noqa: BLE001 - the generator's to answer
                    resume = functools.partial(source.athrow, error)
                else:
                    resume = functools.partial(source.asend, sent)

    return wrapper


def stepped_in_a_run(
    fn: Callable[..., Any], start: Callable[[AsyncGenerator[Any, Any], Any, Any], Stepped]
) -> Callable[..., Any]:
    """As `async_generator`, of what `start` makes of the generator that `fn` gave, in a run."""

    def begin(args: Any, kwargs: Any) -> Stepped:
        source = fn(*args, **kwargs)
        return as_it_is(source) if current.frame() is None else start(source, args, kwargs)

    return async_generator(fn, begin)


def as_it_is(source: AsyncGenerator[Any, Any]) -> Stepped:
    """Give a generator nothing to run in."""
    return Stepped(source, contextlib.nullcontext(), contextlib.nullcontext)


class Stepped(NamedTuple):
    """An asynchronous generator, what its whole life runs in, and what each of its steps."""

    source: AsyncGenerator[Any, Any]
    around: AbstractContextManager[object]
    inside: Callable[[], AbstractContextManager[object]]
