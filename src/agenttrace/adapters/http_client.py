"""http.client: the standard library's client, and `urllib.request` on it.

A request is whole when its body has been sent; then it is asked. The program gets an ordinary
`http.client.HTTPResponse`, live and in a replay alike, which reads from what was recorded. What a
request fails with is raised where it was raised when it was recorded: while the request was sent,
or while the response was awaited.
"""

from __future__ import annotations

import functools
import io
import sys
from typing import TYPE_CHECKING, Any

from agenttrace.adapters import asking
from agenttrace.adapters.http import (
    Exchange,
    carried_on,
    head_of,
    is_stream,
    program_head,
    question_of,
    status_and_headers,
)
from agenttrace.adapters.pieces import Body, decoded, live, recorded, whole_of
from agenttrace.causal.spawn.installing import Installation
from agenttrace.causal.spawn.patching import Seam
from agenttrace.model.call import Answer, Chunk
from agenttrace.model.failure import exception_of

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Callable, Generator
    from types import ModuleType

    from agenttrace.boundary import Boundary, Crossing
    from agenttrace.model.values import Value
    from agenttrace.providers.provider import Provider

_OPEN = "_agenttrace_request"
_SENT: Value = {"sent": True}
"""The head of an answer that failed when the request had been sent."""

_READ_BYTES = 2**16


def installed() -> contextlib.AbstractContextManager[None]:
    """Hold the patches in place, whether http.client is loaded now or later."""
    return _installation.installed()


class _Request:
    """One request on one connection, from its head to its response.

    Args:
        connection: Whose it is.
        door: Where it is asked.
        head: Request line and headers, as they would be sent.
    """

    def __init__(self, connection: Any, door: Boundary, head: list[bytes]) -> None:
        self._connection, self._door, self._head = connection, door, head
        self._sent = bytearray()
        self._crossing: Crossing | None = None
        self._provider: Provider | None = None
        fields = (line.partition(b":") for line in head[1:])
        self._fields = {name.strip().lower(): value.strip() for name, _, value in fields}

    @property
    def awaits_body(self) -> bool:
        """Whether the body is still to be sent, after the headers."""
        length = self._fields.get(b"content-length", b"0")
        return length != b"0" or b"transfer-encoding" in self._fields

    def take(self, data: Any) -> None:
        """Take some of the body."""
        for part in (data,) if isinstance(data, bytes | bytearray | memoryview) else _parts(data):
            self._sent += part.encode("latin-1") if isinstance(part, str) else part

    def ask(self, send: Callable[[list[bytes], bytes], object]) -> None:
        """Ask, now that it is whole; live, send its head and its body."""
        method, target, *_ = self._head[0].decode("latin-1").split(" ")
        content_type = self._fields.get(b"content-type", b"").decode("latin-1")
        path = asking.path_of(target)
        question, self._provider = question_of(method, path, bytes(self._sent), content_type)
        self._crossing = crossing = self._door.ask(question)
        recalled = crossing.recalled
        if recalled is None:
            with asking.failing(crossing), asking.asking(crossing):
                send(self._carried_on(crossing), bytes(self._sent))
            return
        with asking.failing(crossing):
            for piece in asking.until(recalled.answer):
                self._door.pace.arrive_blocking(recalled, piece)
        if recalled.answer.failure is not None and recalled.answer.head is None:
            self._fail(crossing, recalled.answer)

    def _carried_on(self, crossing: Crossing) -> list[bytes]:
        """Give the head as it is sent."""
        own = carried_on(crossing, (name.decode("latin-1") for name in self._fields))
        names = tuple(f"{name}:".encode() for name in own)
        left = [line for line in self._head if not line.lower().startswith(names)]
        return [*left, *(f"{name}: {value}".encode("latin-1") for name, value in own.items())]

    def response(self, real: Callable[[], Any]) -> Any:
        """Give the response."""
        crossing = self._crossing
        if crossing is None:
            raise AssertionError("a response before its request")
        if crossing.recalled is not None:
            return self._recalled(crossing, crossing.recalled.answer)
        inside = functools.partial(asking.asking, crossing)
        with asking.failing(crossing, head=_SENT), inside():
            response = real()
            content_type = response.headers.get("content-type", "")
            source: Any = decoded(_segments(response), response.headers.get("content-encoding", ""))
            has_end = response.length is not None or content_type.startswith("application/json")
            if has_end and not is_stream(content_type):
                source = whole_of(source)
        head = head_of(response.status, response.headers.items())
        exchange = Exchange(crossing, self._provider, head)
        cookies = response.headers.get_all("set-cookie") or ()
        whole = program_head(crossing, head, response.headers.items())
        if isinstance(source, bytes):
            exchange.whole(Answer(head=head, chunks=(Chunk(data=source),)))
            body = _once(source)
            return self._made(exchange, body, response.close, cookies, over=True, head=whole)
        pieces = live(source, content_type, inside)
        return self._made(exchange, pieces, response.close, cookies, head=whole)

    def _recalled(self, crossing: Crossing, answer: Answer) -> Any:
        connection = self._connection
        connection._HTTPConnection__state = "Idle"  # as after a response that says `close`
        if answer.failure is not None and not answer.streamed:
            self._fail(crossing, answer)
        exchange = Exchange(crossing, self._provider, answer.head)
        if answer.streamed:
            return self._made(exchange, recorded(exchange, exception_of), _nothing)
        exchange.whole(answer)
        return self._made(exchange, _once(answer.body), _nothing, over=True)

    def _made(
        self,
        exchange: Exchange,
        pieces: Generator[bytes],
        close: Callable[[], object],
        cookies: Any = (),
        *,
        over: bool = False,
        head: Value = None,
    ) -> Any:
        """Build what the program gets, in a replay the same."""
        status, headers = status_and_headers(exchange.head if head is None else head)
        headers += [("set-cookie", one) for one in cookies]
        lines = [f"HTTP/1.1 {status} {asking.reason_of(status)}"]
        lines += [f"{name}: {value}" for name, value in headers]
        before = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        body = Body(None if over else exchange, pieces, close, before=before)
        connection = self._connection
        response = connection.response_class(_Wire(body), method=connection._method)
        response.begin()
        return response

    def _fail(self, crossing: Crossing, answer: Answer) -> None:
        crossing.close(answer)
        if answer.failure is not None:
            raise exception_of(answer.failure)


class _Wire:
    """What a response takes for a socket."""

    def __init__(self, body: io.RawIOBase) -> None:
        self._body = body

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Give the file that the response reads."""
        return io.BufferedReader(self._body, _READ_BYTES)


def _segments(response: Any) -> Generator[bytes]:
    """Read a live response; one that ends too early is an error, as in a read of the whole."""
    while segment := response.read1(_READ_BYTES):
        yield segment
    if response.length:
        raise sys.modules["http.client"].IncompleteRead(b"", response.length)


def _once(body: bytes) -> Generator[bytes]:
    if body:
        yield body


def _parts(data: Any) -> Any:
    if hasattr(data, "read"):
        return iter(lambda: data.read(_READ_BYTES), data.read(0))
    return data


def _nothing() -> None:
    """Close a body that no wire stands behind."""


# -- the patches --------------------------------------------------------------------------------
def _seams(module: ModuleType) -> list[Seam]:
    names: Any = module
    connection = names.HTTPConnection
    return [
        Seam(owner=connection, name="_send_output", around=_send_output),
        Seam(owner=connection, name="getresponse", around=_getresponse),
        Seam(owner=connection, name="send", around=_send),
    ]


def _send_output(real: Any) -> Any:
    @functools.wraps(real)
    def _send_output(self: Any, message_body: Any = None, **options: Any) -> None:
        self.__dict__.pop(_OPEN, None)
        host = getattr(self, "_tunnel_host", None) or self.host
        target = self._buffer[0].decode("latin-1").split(" ")[1]
        door = asking.door_for(host, asking.path_of(target), upgrades=_upgrades(self._buffer))
        if door is None:
            real(self, message_body, **options)
            return
        request = _Request(self, door, list(self._buffer))
        if message_body is None and request.awaits_body:
            self.__dict__[_OPEN] = request  # `send` brings the body, `getresponse` asks
            return
        if message_body is not None:
            request.take(message_body)

        def send(head: list[bytes], body: bytes) -> None:
            self._buffer[:] = head
            real(self, body or None, **options)

        request.ask(send)
        del self._buffer[:]
        self.__dict__[_OPEN] = request

    return _send_output


def _send(real: Any) -> Any:
    @functools.wraps(real)
    def send(self: Any, data: Any) -> None:
        request: _Request | None = self.__dict__.get(_OPEN)
        if request is None or not self._buffer:
            real(self, data)
        else:
            request.take(data)

    return send


def _getresponse(real: Any) -> Any:
    @functools.wraps(real)
    def getresponse(self: Any) -> Any:
        request: _Request | None = self.__dict__.get(_OPEN)
        if request is None:
            return real(self)
        if self._buffer:
            del self._buffer[:]
            request.ask(lambda head, body: self.send(b"\r\n".join([*head, b"", body])))
        self.__dict__.pop(_OPEN, None)
        return request.response(functools.partial(real, self))

    return getresponse


def _upgrades(lines: list[bytes]) -> bool:
    return any(line.lower().startswith(b"upgrade:") for line in lines)


_installation = Installation({"http.client": _seams})
