"""Runs: a piece of work in production that is recorded by itself, from where it begins."""

from __future__ import annotations

import contextlib
import functools
import inspect
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast, overload

from agenttrace.adapters.plain.steps import (
    ASYNC_GENERATOR,
    COROUTINE,
    GENERATOR,
    Stepped,
    async_generator,
    driven,
    manner,
)
from agenttrace.causal import current, roots
from agenttrace.model import names

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from agenttrace.causal.roots import Root, Rooted

F = TypeVar("F", bound="Callable[..., Any]")


@overload
def run(fn: F, /) -> F: ...
@overload
def run(name: str, /, *, traceparent: str | None = None, **about: object) -> Running: ...
def run(what: F | str, /, *, traceparent: str | None = None, **about: object) -> F | Running:
    """Say where a piece of work begins that `agenttrace.install` is to record by itself.

    As a decorator, `@agenttrace.run`, around the function that handles a request: its name and
    arguments are kept, so that `agenttrace doctor` can say how it is replayed. Or as a block,
    `with agenttrace.run("refund", order="A-17"):`. Inside another run, in a test, and where nobody
    recorded, it does nothing.

    Args:
        what: The function; or a name that does not vary from run to run.
        traceparent: Which trace the work is part of, as the header of the request says it; by
            default OpenTelemetry's current one, else none. Runs are chosen by its id.
        **about: What is to be known of the run.
    """
    if isinstance(what, str):
        return Running(what, {"traceparent": traceparent, **about})
    return cast("F", _around(what))


class Running:
    """A run of production in the making: a `with` block, or a decorator."""

    __slots__ = ("_about", "_name", "_rooted")

    def __init__(self, name: str, about: dict[str, object]) -> None:
        self._name, self._about = name, about
        self._rooted: Rooted | None = None

    def __enter__(self) -> Self:
        self._rooted = roots.begin(self._name, self._about)
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        rooted, self._rooted = self._rooted, None
        if rooted is not None:
            rooted.end(error)

    def __call__(self, fn: F) -> F:
        """Record each call of a function under this name."""
        return cast("F", _around(fn, self._name, self._about))


def _around(
    fn: Callable[..., Any], name: str = "", about: dict[str, object] | None = None
) -> Callable[..., Any]:
    own = getattr(fn, "__qualname__", type(fn).__qualname__)
    entry = f"{getattr(fn, '__module__', '')}:{own}"

    def begun(args: Any, kwargs: Any) -> Root | None:
        if roots.recording() is None:
            return None
        given = {names.ENTRY: entry, names.INPUT: _arguments(fn, args, kwargs), **(about or {})}
        return roots.opened(name or own, given)

    how = manner(fn)
    if how == GENERATOR:

        @functools.wraps(fn)
        def generator(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            root = begun(args, kwargs)
            with _ending(root):
                return (yield from driven(fn(*args, **kwargs), functools.partial(_inside, root)))

        return generator
    if how == ASYNC_GENERATOR:

        def start(args: Any, kwargs: Any) -> Stepped:
            root = begun(args, kwargs)
            inside = functools.partial(_inside, root)
            return Stepped(fn(*args, **kwargs), _ending(root), inside)

        return async_generator(fn, start)
    if how == COROUTINE:

        @functools.wraps(fn)
        async def coroutine(*args: Any, **kwargs: Any) -> Any:
            root = begun(args, kwargs)
            with _ending(root), _inside(root):
                return await fn(*args, **kwargs)

        return coroutine

    @functools.wraps(fn)
    def function(*args: Any, **kwargs: Any) -> Any:
        root = begun(args, kwargs)
        with _ending(root), _inside(root):
            return fn(*args, **kwargs)

    return function


@contextlib.contextmanager
def _inside(root: Root | None) -> Iterator[None]:
    """Stand in a root, for one step."""
    if root is None:
        yield
        return
    token = current.stand(root.frame)
    try:
        yield
    finally:
        current.reset(token)


@contextlib.contextmanager
def _ending(root: Root | None) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        if root is not None:
            root.end(error)
        raise
    if root is not None:
        root.end()


def _arguments(fn: Callable[..., Any], args: Any, kwargs: Any) -> dict[str, object]:
    """The arguments of a call by name; those that do not fit are the function's own to refuse."""
    try:
        return dict(inspect.signature(fn).bind(*args, **kwargs).arguments)
    except (TypeError, ValueError):
        return {}
