"""Bodies of httpx responses: handed on piece by piece, from the wire or from a recording.

The pieces come from a generator, one for each way of waiting; what hands them on is an iterator and
not a generator, so that nothing is left for the collector to close.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agenttrace.adapters.http import Segments
from agenttrace.boundary import ended_by, read_past

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        AsyncIterator,
        Awaitable,
        Generator,
        Iterator,
    )
    from contextlib import AbstractContextManager
    from types import ModuleType
    from typing import TypeAlias

    from agenttrace.adapters.http import Exchange
    from agenttrace.boundary import Crossing, Recall
    from agenttrace.model.call import Failure

    Inside: TypeAlias = Callable[[], AbstractContextManager[None]]
    Raised: TypeAlias = Callable[[Failure], BaseException]


@dataclass(frozen=True, slots=True, kw_only=True)
class Streams:
    """The kinds of body of one module.

    Attributes:
        whole: A body that is there already, for both ways of waiting.
        sync: One that is handed on to synchronous code.
        asynchronous: One that is handed on to coroutines.
    """

    whole: Callable[[bytes], Any]
    sync: Callable[..., Any]
    asynchronous: Callable[..., Any]


def streams_of(module: ModuleType) -> Streams:
    """Make the kinds of body that a module's responses accept."""
    names: Any = module
    sync, asynchronous = names.SyncByteStream, names.AsyncByteStream
    return Streams(
        whole=type("Whole", (_Whole, sync, asynchronous), {}),
        sync=type("Handed", (_Handed, sync), {}),
        asynchronous=type("HandedAsync", (_HandedAsync, asynchronous), {}),
    )


class _Whole:
    """A body in one piece."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        yield self._body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body


class _Handed:
    """A body that is read piece by piece."""

    def __init__(
        self, exchange: Exchange, pieces: Generator[bytes], close: Callable[[], None]
    ) -> None:
        self._exchange, self._pieces, self._close = exchange, pieces, close

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            piece = next(self._pieces)
        except StopIteration:
            self._exchange.ended("complete")
            raise
        except BaseException as error:
            _broken(self._exchange, error)
            raise
        return self._exchange.hand_on(piece)

    def close(self) -> None:
        """End the body here."""
        self._exchange.ended("closed")
        self._pieces.close()
        self._close()


class _HandedAsync:
    """The same for coroutines."""

    def __init__(
        self,
        exchange: Exchange,
        pieces: AsyncGenerator[bytes],
        close: Callable[[], Awaitable[None]],
    ) -> None:
        self._exchange, self._pieces, self._close = exchange, pieces, close

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            piece = await anext(self._pieces)
        except StopAsyncIteration:
            self._exchange.ended("complete")
            raise
        except BaseException as error:
            _broken(self._exchange, error)
            raise
        return self._exchange.hand_on(piece)

    async def aclose(self) -> None:
        """End the body here."""
        self._exchange.ended("closed")
        await self._pieces.aclose()
        await self._close()


def _broken(exchange: Exchange, error: BaseException) -> None:
    answer = ended_by(error)
    exchange.ended("cut" if answer.failure is not None else answer.end, answer.failure)


# -- from the wire ------------------------------------------------------------------------------
def read(response: Any) -> bytes:
    """Read a live response to its end; a failure leaves no connection open."""
    try:
        body: bytes = response.read()
    except BaseException:
        response.close()
        raise
    return body


async def read_async(response: Any) -> bytes:
    """The same for coroutines."""
    try:
        body: bytes = await response.aread()
    except BaseException:
        await response.aclose()
        raise
    return body


def live(response: Any, inside: Inside) -> Generator[bytes]:
    """Take a live response apart; each step of the wire runs inside the call's own lane."""
    segments = Segments(response.headers.get("content-type", ""))
    source = response.iter_bytes()
    try:
        while True:
            with inside():
                segment = next(source, None)
            if segment is None:
                break
            yield from segments.feed(segment)
    except Exception:
        yield from segments.finish()
        raise
    yield from segments.finish()


async def live_async(response: Any, inside: Inside) -> AsyncGenerator[bytes]:
    """The same for coroutines."""
    segments = Segments(response.headers.get("content-type", ""))
    source = response.aiter_bytes()
    try:
        while True:
            with inside():
                segment = await anext(source, None)
            if segment is None:
                break
            for piece in segments.feed(segment):
                yield piece
    except Exception:
        for piece in segments.finish():
            yield piece
        raise
    finally:
        await source.aclose()
    for piece in segments.finish():
        yield piece


# -- from a recording ---------------------------------------------------------------------------
def recorded(exchange: Exchange, raised: Raised) -> Generator[bytes]:
    """Give the recorded pieces when their time comes, then end as the recording did."""
    crossing, recalled = _of(exchange)
    for index, chunk in enumerate(recalled.answer.chunks):
        crossing.door.pace.arrive_blocking(recalled, index)
        yield chunk.data
    _refuse_reading_on(crossing, recalled)
    crossing.door.pace.arrive_blocking(recalled, None)
    _end_as_recorded(exchange, recalled, raised)


async def recorded_async(exchange: Exchange, raised: Raised) -> AsyncGenerator[bytes]:
    """The same for coroutines."""
    crossing, recalled = _of(exchange)
    for index, chunk in enumerate(recalled.answer.chunks):
        await crossing.door.pace.arrive(recalled, index)
        yield chunk.data
    _refuse_reading_on(crossing, recalled)
    await crossing.door.pace.arrive(recalled, None)
    _end_as_recorded(exchange, recalled, raised)


def _of(exchange: Exchange) -> tuple[Crossing, Recall]:
    recalled = exchange.crossing.recalled
    if recalled is None:
        raise AssertionError("a live crossing has no recording")
    return exchange.crossing, recalled


def _refuse_reading_on(crossing: Crossing, recalled: Recall) -> None:
    if recalled.answer.end == "closed":
        raise crossing.door.run.stop(read_past(crossing))


def _end_as_recorded(exchange: Exchange, recalled: Recall, raised: Raised) -> None:
    failure = recalled.answer.failure
    if failure is not None:
        exchange.ended(recalled.answer.end, failure)
        raise raised(failure)
