"""Bodies of aiohttp: requests read to their end, responses that give what is asked of them."""

from __future__ import annotations

import functools
import inspect
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agenttrace.adapters import asking
from agenttrace.adapters.http import Exchange

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_BUFFER_BYTES = 2**16


# -- of requests --------------------------------------------------------------------------------
async def read(session: Any, options: dict[str, Any]) -> tuple[bytes, str]:
    """Take a request's body out of whatever form it comes in, and what type it says it has.

    What can be read only once is left in `options` as the bytes that were read.
    """
    if options.get("json") is not None:
        text = session._json_serialize(options["json"])
        return (text if isinstance(text, bytes) else text.encode()), "application/json"
    data = options.get("data")
    if data is None or isinstance(data, bytes):
        return data or b"", ""
    if isinstance(data, str):
        return data.encode(), "text/plain; charset=utf-8"
    body, content_type = await _payload(data)
    options["data"] = body
    return body, content_type


async def _payload(data: Any) -> tuple[bytes, str]:
    aiohttp: Any = sys.modules["aiohttp"]
    try:
        payload = data() if isinstance(data, aiohttp.FormData) else aiohttp.get_payload(data, None)
    except sys.modules["aiohttp.payload"].LookupError:  # a mapping, or pairs
        payload = aiohttp.FormData(data)()
    written = _Written()
    await payload.write(written)
    return bytes(written.body), str(payload.content_type or "")


class _Written:
    """What a payload writes itself to."""

    def __init__(self) -> None:
        self.body = bytearray()

    async def write(self, data: Any) -> None:
        """Take more."""
        self.body += data

    async def write_eof(self, data: Any = b"") -> None:
        """Take the last."""
        self.body += data


# -- of responses -------------------------------------------------------------------------------
async def whole(body: bytes) -> AsyncIterator[bytes]:
    """Give a body that is there already."""
    if body:
        yield body


@dataclass(slots=True)
class Handing:
    """A response's body: gives the next piece when the program asks for it.

    Attributes:
        exchange: Is told of each piece, and of the end; None: it is closed already.
        pieces: Gives them.
        real: The live response, where there is one.
    """

    exchange: Exchange | None
    pieces: Any
    real: Any = None

    async def next(self) -> bytes | None:
        """Give the next piece; None at the end."""
        try:
            piece: bytes = await anext(self.pieces)
        except StopAsyncIteration:
            if self.exchange is not None:
                self.exchange.ended("complete")
            return None
        except BaseException as error:
            if self.exchange is not None:
                asking.broken(self.exchange, error)
            raise
        return piece if self.exchange is None else self.exchange.hand_on(piece)

    def close(self) -> None:
        """End the body here."""
        if self.exchange is not None:
            self.exchange.ended("closed")
        if self.real is not None:
            self.real.close()


def response(
    aiohttp: Any,
    *,
    session: Any,
    method: str,
    url: Any,
    status: int,
    headers: list[tuple[str, str]],
    body: Handing,
) -> Any:
    """Build a response of aiohttp's own kind."""
    return _response_class(aiohttp)(session, method, url, status, headers, body)


@functools.cache
def _response_class(aiohttp: Any) -> Any:
    multidict: Any = sys.modules["multidict"]
    base: Any = aiohttp.ClientResponse
    known = inspect.signature(base.__init__).parameters

    class Answered(base):  # type: ignore[misc]
        def __init__(
            self,
            session: Any,
            method: str,
            url: Any,
            status: int,
            headers: list[tuple[str, str]],
            body: Handing,
        ) -> None:
            pairs = multidict.CIMultiDictProxy(multidict.CIMultiDict(headers))
            none = multidict.CIMultiDictProxy(multidict.CIMultiDict())
            info = aiohttp.RequestInfo(url, method, none, url)
            given = {
                "writer": None,
                "continue100": None,
                "timer": None,
                "request_info": info,
                "traces": [],
                "loop": session._loop,
                "session": session,
                "stream_writer": _Sent(),
            }
            super().__init__(method, url, **{k: v for k, v in given.items() if k in known})
            self.status, self.reason = status, asking.reason_of(status)
            self.version = aiohttp.HttpVersion11
            self._headers = pairs
            self._raw_headers = tuple((n.encode(), v.encode()) for n, v in headers)
            self.content = _stream_class(aiohttp)(session._loop, body)
            self._closed = False
            self._handing = body
            cookies = tuple(value for name, value in headers if name == "set-cookie")
            self._raw_cookie_headers = cookies or None

        def close(self) -> None:
            self._end()
            super().close()

        def release(self) -> Any:
            self._end()
            return super().release()

        def _end(self) -> None:
            self._handing.close()

    return Answered


class _Sent:
    """The writer of a request that was sent already."""

    output_size = 0


@functools.cache
def _stream_class(aiohttp: Any) -> Any:
    protocol: Any = sys.modules["aiohttp.base_protocol"]

    class Reader(aiohttp.StreamReader):  # type: ignore[misc]
        """A reader that asks for the next piece where others wait for the wire to bring it."""

        def __init__(self, loop: Any, body: Handing) -> None:
            super().__init__(protocol.BaseProtocol(loop), _BUFFER_BYTES, loop=loop)
            self._body = body

        async def _wait(self, func_name: str) -> None:
            try:
                piece = await self._body.next()
            except Exception as error:
                self.set_exception(error)
                raise
            if piece is None:
                self.feed_eof()
            else:
                self.feed_data(piece)

    return Reader
