"""Ways: the four ways of waiting for an answer. They decide nothing: the door has."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic

from agenttrace.boundary.door import Boundary, Crossing, ended_by
from agenttrace.boundary.protocols import N, Packed, Shape
from agenttrace.errors import NeverAnswered, StreamReadPast
from agenttrace.model.amounts import counted
from agenttrace.model.call import Answer, Failure, Question
from agenttrace.model.failure import exception_of
from agenttrace.model.usage import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Way(Generic[N]):
    """What a crossing needs of its adapter.

    Attributes:
        question: What is asked.
        shape: How values become bytes.
        exception: How a recorded failure becomes an exception; the loaded class by default.
        failed: Is told of an exception that live code raised by itself.
        asked: Is told of the crossing, once the question was asked.
        usage: What the values that the world gave cost, one value or all of a stream; None: nobody
            knows.
    """

    question: Question
    shape: Shape[N]
    exception: Callable[[Failure], BaseException] = field(default=exception_of)
    usage: Callable[[Sequence[N]], Usage | None] = field(default=lambda _values: None)
    failed: Callable[[Boundary, BaseException], None] = field(default=lambda _door, _error: None)
    asked: Callable[[Crossing], None] = field(default=lambda _crossing: None)


def cross(door: Boundary, way: Way[N], live: Callable[[], N]) -> N:
    """Ask, and wait as synchronous code does."""
    crossing = _ask(door, way)
    if crossing.recalled is not None:
        with _leaving_open(crossing, way):
            door.pace.arrive_blocking(crossing.recalled, None)
        return _given(crossing, way)
    try:
        with crossing.inside():
            native = live()
    except BaseException as error:
        crossing.fail(error)
        _object(crossing, way, error)
        raise
    return _taken(crossing, way, native)


async def cross_async(door: Boundary, way: Way[N], live: Callable[[], Awaitable[N]]) -> N:
    """Ask, and wait as a coroutine does."""
    crossing = _ask(door, way)
    if crossing.recalled is not None:
        with _leaving_open(crossing, way):
            await door.pace.arrive(crossing.recalled, None)
        return _given(crossing, way)
    try:
        with crossing.inside():
            native = await live()
    except BaseException as error:
        crossing.fail(error)
        _object(crossing, way, error)
        raise
    return _taken(crossing, way, native)


def cross_iterator(door: Boundary, way: Way[N], live: Callable[[], Iterator[N]]) -> Iterator[N]:
    """Ask, and hand values on one by one; an early `close()` is part of the answer."""
    crossing = _ask(door, way)
    passed: list[N] = []
    if crossing.recalled is not None:
        answer = crossing.recalled.answer
        with _leaving_open(crossing, way, passed):
            for index, chunk in enumerate(answer.chunks):
                door.pace.arrive_blocking(crossing.recalled, index)
                passed.append(way.shape.unpack(Packed(data=crossing.chunk(chunk.data))))
                yield passed[-1]
            _refuse_reading_on(crossing)
            door.pace.arrive_blocking(crossing.recalled, None)
        _finish(crossing, way, passed)
        return
    source: Iterator[N] | None = None
    try:
        with crossing.inside():
            source = iter(live())
        while True:
            with crossing.inside():
                try:
                    native = next(source)
                except StopIteration:
                    break
            _pass_on(crossing, way, native)
            passed.append(native)
            yield native
    except BaseException as error:
        try:
            if source is not None and hasattr(source, "close"):
                with crossing.inside():
                    source.close()
        finally:
            _break_off(crossing, error, way, passed)
            _object(crossing, way, error)
        raise
    crossing.end_stream(usage=_cost(crossing, way, passed))


async def cross_async_iterator(
    door: Boundary, way: Way[N], live: Callable[[], AsyncIterator[N]]
) -> AsyncGenerator[N, None]:
    """The same for asynchronous generators."""
    crossing = _ask(door, way)
    passed: list[N] = []
    if crossing.recalled is not None:
        answer = crossing.recalled.answer
        with _leaving_open(crossing, way, passed):
            for index, chunk in enumerate(answer.chunks):
                await door.pace.arrive(crossing.recalled, index)
                passed.append(way.shape.unpack(Packed(data=crossing.chunk(chunk.data))))
                yield passed[-1]
            _refuse_reading_on(crossing)
            await door.pace.arrive(crossing.recalled, None)
        _finish(crossing, way, passed)
        return
    source: AsyncIterator[N] | None = None
    try:
        with crossing.inside():
            source = aiter(live())
        while True:
            with crossing.inside():
                try:
                    native = await anext(source)
                except StopAsyncIteration:
                    break
            _pass_on(crossing, way, native)
            passed.append(native)
            yield native
    except BaseException as error:
        try:
            if source is not None and hasattr(source, "aclose"):
                with crossing.inside():
                    await source.aclose()
        finally:
            _break_off(crossing, error, way, passed)
            _object(crossing, way, error)
        raise
    crossing.end_stream(usage=_cost(crossing, way, passed))


def _ask(door: Boundary, way: Way[N]) -> Crossing:
    crossing = door.ask(way.question)
    way.asked(crossing)
    return crossing


def _object(crossing: Crossing, way: Way[N], error: BaseException) -> None:
    """Let the adapter look at an exception of live code; one from calls below comes by itself."""
    if not crossing.has_stepped and not crossing.door.spares:
        way.failed(crossing.door, error)


@contextlib.contextmanager
def _leaving_open(
    crossing: Crossing, way: Way[N], passed: Sequence[N] | None = None
) -> Iterator[None]:
    """A recorded answer is on its way: who is cancelled or leaves early ends it so, here too.

    `passed` holds what of a stream has been handed on; None: it is no stream.
    """
    try:
        yield
    except BaseException as error:
        if not isinstance(error, GeneratorExit | asyncio.CancelledError):
            crossing.close(Answer(end="open"))
        elif passed is None:
            crossing.fail(error)
        else:
            _break_off(crossing, error, way, passed)
        raise


def _pass_on(crossing: Crossing, way: Way[N], native: N) -> None:
    """Write a piece of live code's down; with one that cannot be, the record of it ends."""
    try:
        data = way.shape.pack(native).data
    except Exception as error:
        if not crossing.door.forgives(error):
            raise
        crossing.end_stream(end="open")
    else:
        crossing.chunk(data)


def _cost(crossing: Crossing, way: Way[N], passed: Sequence[N]) -> Usage | None:
    """What a stream cost."""
    try:
        return way.usage(passed)
    except Exception as error:
        if not crossing.door.forgives(error):
            raise
        return None


def _break_off(crossing: Crossing, error: BaseException, way: Way[N], passed: Sequence[N]) -> None:
    ended = ended_by(error)
    end = ended.end if ended.failure is None else "cut"
    usage = _cost(crossing, way, passed) if end == "closed" else None
    crossing.end_stream(end=end, failure=ended.failure, usage=usage)


def _refuse_reading_on(crossing: Crossing) -> None:
    recalled = crossing.recalled
    if recalled is not None and recalled.answer.end == "closed":
        raise crossing.door.run.stop(read_past(crossing))


def read_past(crossing: Crossing) -> StreamReadPast:
    """The error for an agent that reads a stream on, where it left it when it was recorded."""
    call, recalled = crossing.call, crossing.recalled
    pieces = 0 if recalled is None else len(recalled.answer.chunks)
    site = f"      {call.question.site}" if call.question.site else ""
    return StreamReadPast(
        f"{call.question.title}: the stream is read past its recording",
        detail=(
            f"    golden    the agent read {counted(pieces, 'piece')}, then left the stream\n"
            f"    this run  the agent asks for piece {pieces + 1}{site}\n\n"
            "  The agent is right, and the recording is old:\n"
            f"      {crossing.door.run.again or '--agenttrace=rewrite'}\n"
            "  More: agenttrace explain stream-read-past"
        ),
        position=call.position,
    )


def never_answered(crossing: Crossing) -> NeverAnswered:
    """The error for an answer that never came when it was recorded, where no pace waits for it."""
    return NeverAnswered(
        f"{crossing.call.question.title}: the recording says that this answer never came",
        detail="  When it was recorded, the call was cancelled, or the run ended first.\n"
        "  More: agenttrace explain never-answered",
        position=crossing.call.position,
    )


def _given(crossing: Crossing, way: Way[N]) -> N:
    answer = _answer(crossing)
    if answer.end in ("cancelled", "open"):
        raise crossing.door.run.stop(never_answered(crossing))
    if answer.failure is not None:
        _finish(crossing, way, ())
    try:
        native = way.shape.unpack(Packed(head=answer.head, data=answer.body))
    except BaseException:
        crossing.close(answer)
        raise
    _finish(crossing, way, (native,))
    return native


def _finish(crossing: Crossing, way: Way[N], values: Sequence[N]) -> None:
    answer = _answer(crossing)
    failed = answer.failure
    crossing.close(
        replace(answer, chunks=crossing.passed) if answer.streamed else answer,
        usage=way.usage(values) if failed is None else None,
    )
    if failed is not None:
        raise way.exception(failed)


def _answer(crossing: Crossing) -> Answer:
    return Answer() if crossing.recalled is None else crossing.recalled.answer


def _taken(crossing: Crossing, way: Way[N], native: N) -> N:
    try:
        packed = way.shape.pack(native)
        usage = way.usage((native,))
    except BaseException as error:
        if crossing.door.forgives(error):
            crossing.close(Answer(end="open"))
            return native
        crossing.fail(error)
        raise
    crossing.complete(packed, usage=usage)
    return native
