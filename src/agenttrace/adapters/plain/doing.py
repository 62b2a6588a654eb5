"""Doing: a span that the user's code opens and closes, with `with` or around a function."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar, cast

from agenttrace.adapters.plain.standing import Standing, Stay, known, sent_along, standing
from agenttrace.adapters.plain.steps import (
    ASYNC_GENERATOR,
    COROUTINE,
    GENERATOR,
    Stepped,
    async_generator,
    driven,
    manner,
)
from agenttrace.boundary import forgives
from agenttrace.causal import current, roots
from agenttrace.causal.agents import provisional
from agenttrace.causal.site import passage, site
from agenttrace.causal.sketch import ATOMS, Finished, Sketch
from agenttrace.errors import UsageError
from agenttrace.model import names
from agenttrace.model.failure import failure_of
from agenttrace.model.span import ERROR, OK, UNSET, Event, Link, SpanKind, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from types import TracebackType

    from agenttrace.causal.current import Frame
    from agenttrace.causal.roots import Rooted
    from agenttrace.model.agent import Agent


F = TypeVar("F", bound="Callable[..., Any]")


class Opening(NamedTuple):
    """What is known of a span before it begins; a tuple, for it is made where nothing records too.

    Attributes:
        kind: What sort of span.
        name: Its name, under which its position is counted too.
        step: The kind of step that it takes. Calls take others, so a span put around a call leaves
            the call where it stood.
        attributes: What else is known.
        agent: Who begins here; an empty id is made from the name and the place.
        task: What that agent is asked to do.
    """

    kind: SpanKind
    name: str
    step: str = "span"
    attributes: Mapping[str, object] = MappingProxyType({})
    agent: Agent | None = None
    task: str | None = None


class _Begun(NamedTuple):
    """A span that has begun: where, what stands inside it, and what is known of it by now."""

    at: Standing
    inner: Frame
    sketch: Sketch
    stay: Stay


class Doing:
    """A span in the making: a `with` block, a decorator, and a handle to `link` to.

    Attributes:
        id: The span's id; empty outside a run.
    """

    __slots__ = ("_begun", "_opening", "_root", "id")

    def __init__(self, opening: Opening) -> None:
        self.id = ""
        self._opening = opening
        self._begun: _Begun | None = None
        self._root: Rooted | None = None

    def __enter__(self) -> Self:
        if self._begun is None:
            if self._opening.agent is not None:
                self._root = roots.begin(self._opening.name)
            self.begin()
        if self._begun is not None:
            self._begun.stay.begin(self._begun.inner)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end(error)
        root, self._root = self._root, None
        if root is not None:
            root.end(error)

    def __call__(self, fn: F) -> F:
        """Do this each time that the function runs; of a generator, inside each of its steps."""
        return cast("F", _around(fn, self._opening))

    def begin(self) -> None:
        """Write the beginning down, where the caller stands."""
        try:
            at = standing()
            if at is not None:
                self._begin(at)
        except Exception as error:
            if not forgives(error):
                raise

    def _begin(self, at: Standing) -> None:
        opening, frame = self._opening, at.frame
        attributes = held(opening)
        position, self.id = at.mint(opening.step, opening.name)
        lane = frame.lane
        if opening.agent is None:
            inner = frame.inside(self.id)
        else:
            agent_id = opening.agent.id or provisional(opening.agent.name, lane.path)
            agent_id = lane.run.clean(agent_id)  # others point at it, so it is not looked at later
            at.note(replace(opening.agent, id=agent_id))
            inner = frame._replace(scope=position, span=self.id, agent=agent_id, task=opening.task)
        if frame.baggage:
            attributes.update(sent_along(frame))
        sketch = Sketch(
            self.id,
            frame.span,
            opening.name,
            opening.kind,
            position,
            lane.path,
            lane.seq,
            at.now_ns(),
            inner.agent,
            inner.task,
            attributes,
            site(),
        )
        self._begun = _Begun(at, inner, sketch, Stay())
        at.door.sketched(sketch, lane)

    def end(self, error: BaseException | None = None) -> None:
        """Write the end down, and the exception that ended it."""
        if self._begun is None:
            return
        try:
            self._end(self._begun, error)
        except Exception as problem:
            if not forgives(problem):
                raise

    def _end(self, begun: _Begun, error: BaseException | None) -> None:
        at, _, sketch, stay = begun
        for watch in tuple(at.door.watches):
            watch.leaves(sketch.id)
        stay.end()
        self._begun = None
        if isinstance(error, Exception):
            at.note(error_event(error), span=sketch.id)
        lane = at.frame.lane
        at.door.sketched(Finished(sketch, at.now_ns(), lane.seq, _status(error)), lane)

    def link(self, span: str, relationship: str) -> None:
        """Point back to another span of this trace."""
        if self._begun is not None:
            self._begun.at.note(Link(span=span, relationship=relationship), span=self.id)

    @contextlib.contextmanager
    def step(self) -> Iterator[None]:
        """Stand inside for one step of a generator."""
        if self._begun is None:
            yield
            return
        token = current.stand(self._begun.inner)
        try:
            yield
        finally:
            current.reset(token)


def held(opening: Opening) -> dict[str, object]:
    """What is known of a span, as it is held until it is written: nobody can change it any more.

    Raises:
        NotCanonical: An attribute has no form that stays equal from run to run.
    """
    given = opening.attributes
    if ATOMS.issuperset(map(type, given.values())):
        return dict(given)
    return {**known(f"{opening.kind}({opening.name!r})", given)}


_WELL = Status(code=OK)


def _status(error: BaseException | None) -> Status:
    if error is None or isinstance(error, GeneratorExit):
        return _WELL
    if isinstance(error, Exception):
        return Status(code=ERROR, message=type(error).__qualname__)
    cancelled = isinstance(error, asyncio.CancelledError)
    return Status(code=UNSET, message="cancelled" if cancelled else type(error).__qualname__)


def error_event(error: BaseException) -> Event:
    """What a trace says of an exception that left a span."""
    failure = failure_of(error)
    return Event(
        name="error",
        attributes={
            names.EXCEPTION_TYPE: failure.type,
            names.EXCEPTION_MESSAGE: failure.message,
            names.EXCEPTION_CAUSES: list(failure.causes),
            names.EXCEPTION_TRACEBACK: passage(error),
        },
    )


def bare(verb: Callable[[str], Doing], fn: F) -> F:
    """Do something around a function under its own name: a decorator without brackets.

    Raises:
        UsageError: It is no function.
    """
    if isinstance(fn, type) or not callable(fn):
        word = getattr(verb, "__name__", "")
        raise UsageError(
            f"{word}({fn!r}): it takes a name, or goes around a function",
            detail=f"  Say `@agenttrace.{word}` at the function or method that does the work.",
        )
    return verb(getattr(fn, "__name__", type(fn).__name__))(fn)


def _around(fn: Callable[..., Any], opening: Opening) -> Callable[..., Any]:
    how = manner(fn)
    if how == COROUTINE:

        @functools.wraps(fn)
        async def coroutine(*args: Any, **kwargs: Any) -> Any:
            with Doing(opening):
                return await fn(*args, **kwargs)

        return coroutine
    if how == GENERATOR:

        @functools.wraps(fn)
        def generator(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            doing = Doing(opening)
            with begun(doing):
                return (yield from driven(fn(*args, **kwargs), doing.step))

        return generator
    if how == ASYNC_GENERATOR:

        def start(args: Any, kwargs: Any) -> Stepped:
            doing = Doing(opening)
            return Stepped(fn(*args, **kwargs), begun(doing), doing.step)

        return async_generator(fn, start)

    @functools.wraps(fn)
    def function(*args: Any, **kwargs: Any) -> Any:
        with Doing(opening):
            return fn(*args, **kwargs)

    return function


@contextlib.contextmanager
def begun(doing: Doing) -> Iterator[None]:
    """Begin what is done, and end it with the block, as the block ends."""
    doing.begin()
    try:
        yield
    except BaseException as error:
        doing.end(error)
        raise
    doing.end()
