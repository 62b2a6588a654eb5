"""Tools: functions of the user's whose results are answers of the world."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from agenttrace.adapters.plain.annotated import NOT_SAID, nearby, returned
from agenttrace.adapters.plain.arguments import Arguments, Encode, Reading
from agenttrace.adapters.plain.shape import ResultShape
from agenttrace.adapters.plain.steps import (
    ASYNC_GENERATOR,
    COROUTINE,
    GENERATOR,
    Stepped,
    as_it_is,
    async_generator,
    manner,
)
from agenttrace.boundary import (
    Way,
    cross,
    cross_async,
    cross_async_iterator,
    cross_iterator,
    forgives,
    here,
)
from agenttrace.causal import current
from agenttrace.causal.site import site
from agenttrace.errors import ArgumentChanged, NotCanonical, NotRebuildable, UsageError
from agenttrace.model import names
from agenttrace.model.call import Question
from agenttrace.model.failure import can_be_raised_again
from agenttrace.model.usage import Usage

if TYPE_CHECKING:
    from agenttrace.boundary import Boundary

F = TypeVar("F", bound="Callable[..., Any]")

MARK = "__agenttrace_tool__"
"""The attribute that a tool carries, with its name."""

REFUSALS = "refusals"
"""Under this key the door keeps the refusals of a run, in the order in which they came."""

TOOLS = "tools"
"""Under this key, by operation, the shape of each tool that was asked, and whether it streams."""

_KINDS = ("tool", "retrieval")
_REFUSALS = (ArgumentChanged, NotCanonical, NotRebuildable)
_DEFINITIONS = {
    COROUTINE: ("async def", "{}"),
    GENERATOR: ("def", "Iterator[{}]"),
    ASYNC_GENERATOR: ("async def", "AsyncIterator[{}]"),
}


@overload
def tool(fn: F, /) -> F: ...
@overload
def tool(
    *,
    name: str | None = None,
    returns: object = NOT_SAID,
    encode: Encode | Mapping[str, Encode] | None = None,
    decode: Callable[[Any], Any] | None = None,
    stub: bool = False,
    live: bool = False,
    cost_usd: Decimal | float | Callable[[Any], Decimal | float] | None = None,
    kind: str = "tool",
) -> Callable[[F], F]: ...
def tool(  # noqa: PLR0913 - keyword-only arguments are read by name
    fn: F | None = None,
    /,
    *,
    name: str | None = None,
    returns: object = NOT_SAID,
    encode: Encode | Mapping[str, Encode] | None = None,
    decode: Callable[[Any], Any] | None = None,
    stub: bool = False,
    live: bool = False,
    cost_usd: Decimal | float | Callable[[Any], Decimal | float] | None = None,
    kind: str = "tool",
) -> F | Callable[[F], F]:
    """Make a function a tool: its results are recorded, and a replay gives them back.

    For functions and methods, synchronous or not, and generators of both sorts. A tool that has
    model or tool calls inside is agent code, and runs in a replay. Outside a run nothing changes.

    Args:
        fn: The function.
        name: What the tool is called; by default, as the function is.
        returns: What it returns, where the annotation does not say; of a generator, what it yields.
        encode: Writes the result as a value that a trace can hold; or a mapping by parameter
            (and `return`) of what stands for an argument in the question.
        decode: Reads such a result again.
        stub: Answer it in a replay even where calls stand inside.
        live: Run it in every replay, whatever was recorded.
        cost_usd: What one call costs, or how to tell from the result; of a generator, from the list
            of what it yielded.
        kind: `tool` or `retrieval`.

    Raises:
        UsageError: `kind` is neither.
        NotCanonical: In a run: an argument has no form that stays equal from run to run.
        NotRebuildable: In a run: the result could not be built again from what is written down.
        ArgumentChanged: In a run: the function changed one of its arguments in place.
    """
    if kind not in _KINDS:
        raise UsageError(f"tool(kind={kind!r}): a kind is `tool` or `retrieval`")
    options = _Options(
        name=name,
        returns=returns,
        encode=dict(encode)
        if isinstance(encode, Mapping)
        else {}
        if encode is None
        else {"return": encode},
        decode=decode,
        stub=stub,
        live=live,
        cost_usd=cost_usd,
        kind=kind,
    )
    if fn is None:
        return lambda fn: cast("F", _tool(fn, options))
    return cast("F", _tool(fn, options))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    name: str | None
    returns: object
    encode: Mapping[str, Encode]
    decode: Callable[[Any], Any] | None
    stub: bool
    live: bool
    cost_usd: Decimal | float | Callable[[Any], Decimal | float] | None
    kind: str


class _Tool:
    """What is known of one tool; worked out at its first call, when its names are all there."""

    def __init__(self, fn: Callable[..., Any], options: _Options) -> None:
        own = getattr(fn, "__qualname__", type(fn).__qualname__).rpartition("<locals>.")[2]
        self.fn = fn
        self.title = options.name or own.rpartition(".")[2]
        self._operation = options.name or own
        self._options = options
        self._nearby = nearby(fn)

    @functools.cached_property
    def reading(self) -> Reading:
        """What reads the arguments."""
        return Reading(self.fn, self.title, self._options.encode)

    @functools.cached_property
    def streams(self) -> bool:
        """Whether it yields its results one by one."""
        return manner(self.fn) in (GENERATOR, ASYNC_GENERATOR)

    @functools.cached_property
    def shape(self) -> ResultShape:
        """What writes and reads the results."""
        options, how = self._options, manner(self.fn)
        definition, annotation = _DEFINITIONS.get(how, ("def", "{}"))
        return ResultShape(
            title=self.title,
            wanted=returned(self.fn, self._nearby)
            if options.returns is NOT_SAID
            else options.returns,
            definition=f"{definition} {self._operation.rpartition('.')[2]}(…)",
            annotation=annotation,
            encode=options.encode.get("return"),
            decode=options.decode,
            live=options.live,
        )

    def asked(
        self, door: Boundary, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Arguments, Way[Any]]:
        """Read one call: its arguments, and what the door needs."""
        arguments = self.reading.of(args, kwargs)
        door.kept.setdefault(TOOLS, {})[self._operation] = (self.shape, self.streams)
        question = Question(
            kind=self._options.kind,
            operation=self._operation,
            title=self.title,
            body=dict(arguments.body),
            attributes={names.TOOL_NAME: self.title},
            site=site(),
            stub=self._options.stub,
            live=self._options.live,
        )
        return arguments, Way(
            question=question, shape=self.shape, usage=self._usage, failed=self._failed
        )

    def asks(
        self, door: Boundary, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Arguments, Way[Any]] | None:
        """Read one call; None: it cannot be, and the door lets the agent go on past it."""
        try:
            return self.asked(door, args, kwargs)
        except Exception as error:
            if not door.forgives(error):
                raise
            return None

    def leave(self, arguments: Arguments) -> None:
        """Look at the arguments after the call."""
        if self._options.live:
            return
        try:
            arguments.refuse_changes()
        except Exception as error:
            if not forgives(error):
                raise

    def _failed(self, door: Boundary, error: BaseException) -> None:
        if not self._options.live:
            refuse_failure(door, self.title, error)

    def _usage(self, values: Sequence[Any]) -> Usage | None:
        cost = self._options.cost_usd
        if callable(cost):
            cost = cost(list(values) if self.streams else values[0])
        return None if cost is None else Usage(tool_cost_usd=Decimal(str(cost)))


def _tool(fn: Any, options: _Options) -> Any:
    if isinstance(fn, classmethod | staticmethod):
        return type(fn)(_tool(fn.__func__, options))
    if hasattr(fn, MARK):
        return fn
    known = _Tool(fn, options)
    wrap = {COROUTINE: _coroutine, GENERATOR: _generator, ASYNC_GENERATOR: _async_generator}
    wrapped = wrap.get(manner(fn), _function)(known)
    setattr(wrapped, MARK, known.title)
    return wrapped


def _function(known: _Tool) -> Callable[..., Any]:
    fn = known.fn

    @functools.wraps(fn)
    def function(*args: Any, **kwargs: Any) -> Any:
        door = here() if current.entered else None
        if door is None:
            return fn(*args, **kwargs)
        with refusing(door):
            asked = known.asks(door, args, kwargs)
            if asked is None:
                return fn(*args, **kwargs)
            arguments, way = asked

            def live() -> Any:
                result = fn(*args, **kwargs)
                known.leave(arguments)
                return result

            return cross(door, way, live)

    return function


def _coroutine(known: _Tool) -> Callable[..., Any]:
    fn = known.fn

    @functools.wraps(fn)
    async def coroutine(*args: Any, **kwargs: Any) -> Any:
        door = here() if current.entered else None
        if door is None:
            return await fn(*args, **kwargs)
        with refusing(door):
            asked = known.asks(door, args, kwargs)
            if asked is None:
                return await fn(*args, **kwargs)
            arguments, way = asked

            async def live() -> Any:
                result = await fn(*args, **kwargs)
                known.leave(arguments)
                return result

            return await cross_async(door, way, live)

    return coroutine


def _generator(known: _Tool) -> Callable[..., Any]:
    fn = known.fn

    @functools.wraps(fn)
    def generator(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        door = here() if current.entered else None
        if door is None:
            return (yield from fn(*args, **kwargs))
        with refusing(door):
            asked = known.asks(door, args, kwargs)
            if asked is None:
                return (yield from fn(*args, **kwargs))
            arguments, way = asked
            left: list[Any] = []

            def live() -> Generator[Any, None, None]:
                left.append((yield from fn(*args, **kwargs)))
                known.leave(arguments)
                if left[0] is not None and not door.forgives(lost := _gives_back(known.title)):
                    raise lost

            yield from cross_iterator(door, way, live)
        return left[0] if left else None

    return generator


def _async_generator(known: _Tool) -> Callable[..., Any]:
    fn = known.fn

    def start(args: Any, kwargs: Any) -> Stepped:
        door = here() if current.entered else None
        if door is None:
            return as_it_is(fn(*args, **kwargs))
        with refusing(door):
            return Stepped(asked(door, args, kwargs), refusing(door), contextlib.nullcontext)

    def asked(door: Boundary, args: Any, kwargs: Any) -> AsyncGenerator[Any, Any]:
        found = known.asks(door, args, kwargs)
        if found is None:
            return cast("AsyncGenerator[Any, Any]", fn(*args, **kwargs))
        arguments, way = found

        async def live() -> AsyncGenerator[Any, None]:
            async with contextlib.aclosing(fn(*args, **kwargs)) as source:
                async for value in source:
                    yield value
            known.leave(arguments)

        return cast("AsyncGenerator[Any, Any]", cross_async_iterator(door, way, live))

    return async_generator(fn, start)


@contextlib.contextmanager
def refusing(door: Boundary) -> Iterator[None]:
    """Remember what is refused: an agent that catches it must not make a golden."""
    try:
        yield
    except _REFUSALS as error:
        _remember(door, error)
        raise


def refuse_failure(door: Boundary, title: str, error: BaseException) -> None:
    """Remember an exception of a tool's own that a replay could not raise again."""
    if isinstance(error, _REFUSALS) or not isinstance(error, Exception | SystemExit):
        return
    if not can_be_raised_again(error):
        _remember(door, _not_raised_again(title, error))


def _remember(door: Boundary, error: Exception) -> None:
    kept: list[Exception] = door.kept.setdefault(REFUSALS, [])
    if not any(error is other for other in kept):
        kept.append(error)


def _not_raised_again(title: str, error: BaseException) -> NotRebuildable:
    kind = type(error).__qualname__
    return NotRebuildable(
        f"{title}: a replay could not raise {kind} again as the same exception",
        detail=(
            f"  Its class cannot be built from its arguments, or {kind} holds more than data.\n"
            "  Catch it in the tool, and raise an exception of your own with plain arguments;\n"
            "  or let the tool run in every replay: @agenttrace.tool(live=True).\n"
            "  More: agenttrace explain not-rebuildable"
        ),
        tool=title,
    )


def _gives_back(title: str) -> NotRebuildable:
    return NotRebuildable(
        f"{title}: a replay could not give back what the generator returns after its last `yield`",
        detail=(
            "  Yield it as the last value instead.\n  More: agenttrace explain not-rebuildable"
        ),
        tool=title,
    )
