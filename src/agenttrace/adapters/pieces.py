"""Pieces: a body as the program takes it, from the wire or from a recording, one for each wait.

Each step of the wire runs inside the call's own lane. Each piece is written down before it is
handed on.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from agenttrace.adapters.asking import broken
from agenttrace.adapters.http import Segments
from agenttrace.boundary import read_past

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Iterator
    from contextlib import AbstractContextManager
    from typing import TypeAlias

    from agenttrace.adapters.http import Exchange
    from agenttrace.boundary import Crossing, Recall
    from agenttrace.model.call import Failure

    Inside: TypeAlias = Callable[[], AbstractContextManager[None]]
    Raised: TypeAlias = Callable[[Failure], BaseException]


# -- from the wire ------------------------------------------------------------------------------
def live(source: Iterator[bytes], content_type: str, inside: Inside) -> Generator[bytes]:
    """Take a live body apart: `source` gives its segments as the network cuts them."""
    segments = Segments(content_type)
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


async def live_async(source: Any, content_type: str, inside: Inside) -> AsyncGenerator[bytes]:
    """The same for coroutines."""
    segments = Segments(content_type)
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
        if hasattr(source, "aclose"):
            await source.aclose()
    for piece in segments.finish():
        yield piece


def decoded(source: Iterator[bytes], coding: str) -> Iterator[bytes]:
    """Give a body as it reads."""
    return map(decoder_for(coding), source)


def decoder_for(coding: str) -> Callable[[bytes], bytes]:
    """Give what decodes the segments of a body, one by one; a body in clear is left as it is."""
    if coding not in ("gzip", "deflate"):
        return bytes
    return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress  # either says which of them it is


def whole_of(source: Iterator[bytes]) -> bytes | Iterator[bytes]:
    """Read a body to its end; one that breaks gives what came, and then its error."""
    found: list[bytes] = []
    try:
        found.extend(source)
    except Exception as error:  # noqa: BLE001 - it is raised where the program reads
        return _breaking(b"".join(found), error)
    return b"".join(found)


def _breaking(came: bytes, error: Exception) -> Iterator[bytes]:
    if came:
        yield came
    raise error


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


# -- as a file ----------------------------------------------------------------------------------
class Body(io.RawIOBase):
    """A body that synchronous code reads as a file: no read gives more than one piece.

    Args:
        exchange: Is told of each piece, and of the end; None: it is closed already.
        pieces: Gives them.
        close: Closes what stands behind it.
        told: How its errors are written down, where they hold more than can be.
        before: What is read before the body: the head of the response.
    """

    def __init__(
        self,
        exchange: Exchange | None,
        pieces: Generator[bytes],
        close: Callable[[], object],
        told: Callable[[Exception], Failure] | None = None,
        before: bytes = b"",
    ) -> None:
        """Hand nothing on yet."""
        self._exchange, self._pieces, self._close, self._told = exchange, pieces, close, told
        self._held = before
        self._over = False

    def readable(self) -> bool:
        """Say yes."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Give some of the next piece; 0 at the end."""
        view = memoryview(buffer)
        if not self._held and not self._over:
            self._held = self._next()
        size = min(len(view), len(self._held))
        view[:size], self._held = self._held[:size], self._held[size:]
        return size

    def close(self) -> None:
        """End the body here."""
        if not self.closed:
            if self._exchange is not None:
                self._exchange.ended("closed")
            self._pieces.close()
            self._close()
        super().close()

    def _next(self) -> bytes:
        exchange = self._exchange
        try:
            piece = next(self._pieces)
        except StopIteration:
            self._over = True
            if exchange is not None:
                exchange.ended("complete")
            return b""
        except BaseException as error:
            self._over = True
            if exchange is not None:
                broken(exchange, error, self._told)
            raise
        return piece if exchange is None else exchange.hand_on(piece)
