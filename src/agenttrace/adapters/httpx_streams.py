"""Bodies of httpx responses: handed on piece by piece, from the wire or from a recording.

The pieces come from a generator, one for each way of waiting; what hands them on is an iterator and
not a generator, so that nothing is left for the collector to close.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agenttrace.adapters.asking import broken

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        AsyncIterator,
        Awaitable,
        Generator,
        Iterator,
    )
    from types import ModuleType

    from agenttrace.adapters.http import Exchange


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
            broken(self._exchange, error)
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
            broken(self._exchange, error)
            raise
        return self._exchange.hand_on(piece)

    async def aclose(self) -> None:
        """End the body here."""
        self._exchange.ended("closed")
        await self._pieces.aclose()
        await self._close()


# -- whole, from the wire -----------------------------------------------------------------------
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
