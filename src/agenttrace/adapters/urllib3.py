"""urllib3, and what stands on it: requests, botocore, and every SDK above these.

The seam is one attempt on one connection, below urllib3's own retries and redirects: each is a
question of its own, so a retry is an attempt as it is with any other client. Whoever waits for a
whole body (`requests` without `stream=True`) gets it whole, others piece by piece; live and in a
replay alike.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import io
import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from agenttrace.adapters import asking, urllib3_errors
from agenttrace.adapters.http import (
    Exchange,
    carried_on,
    head_of,
    is_stream,
    program_head,
    question_of,
    status_and_headers,
)
from agenttrace.adapters.pieces import Body, live, recorded, whole_of
from agenttrace.causal.spawn.installing import Installation
from agenttrace.causal.spawn.patching import Seam
from agenttrace.model.call import Answer, Chunk

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from types import ModuleType

    from agenttrace.boundary import Boundary, Crossing
    from agenttrace.model.values import Value
    from agenttrace.providers.provider import Provider

_streams: ContextVar[bool | None] = ContextVar("agenttrace_urllib3_streams", default=None)
"""What requests or botocore knows and urllib3 is not told: whether the body comes in pieces."""

_UNPREPARED = "_agenttrace_unprepared"
_READ_BYTES = 2**16


def installed() -> contextlib.AbstractContextManager[None]:
    """Hold the patches in place, in whichever of the modules is loaded now or later."""
    return _installation.installed()


class _Attempt:
    """One request on one connection, and how urllib3 wants its response.

    Args:
        real: The attempt that asks nobody.
        arguments: Of the attempt, by name.
    """

    def __init__(self, real: Callable[..., Any], arguments: dict[str, Any]) -> None:
        self._real, self._arguments = real, arguments
        self._pool, self._conn = arguments["self"], arguments["conn"]
        self._preload: bool = arguments["preload_content"]

    def handle(self, door: Boundary) -> Any:
        """Ask for a response."""
        crossing, provider = self._ask(door)
        if crossing.recalled is not None:
            return self._recalled(crossing, provider)
        inside = functools.partial(asking.asking, crossing)
        with asking.failing(crossing, urllib3_errors.told), inside():
            response = self._live()
            parts = None if self._is_streamed(response) else whole_of(_segments(response))
        exchange = Exchange(crossing, provider, _head(response))
        if isinstance(parts, bytes):
            exchange.whole(Answer(head=exchange.head, chunks=(Chunk(data=parts),)))
            return self._response(_program_head(exchange, response), io.BytesIO(parts), response)
        source = _segments(response) if parts is None else parts
        pieces = live(source, response.headers.get("content-type", ""), inside)
        body = Body(exchange, pieces, response.close, urllib3_errors.told)
        head = _program_head(exchange, response)
        return self._response(head, io.BufferedReader(body, _READ_BYTES), response)

    def _ask(self, door: Boundary) -> tuple[Crossing, Provider | None]:
        given = self._arguments
        given["body"] = body = _bytes_of(given["body"])
        sent = {_text(name): value for name, value in (given["headers"] or {}).items()}
        types = (_text(value) for name, value in sent.items() if name.lower() == "content-type")
        target = asking.path_of(given["url"])
        question, provider = question_of(given["method"], target, body or b"", next(types, ""))
        crossing = door.ask(question)
        if own := carried_on(crossing, sent):
            kind: Any = sys.modules["urllib3.response"].HTTPHeaderDict
            given["headers"] = kind(given["headers"])
            for name, value in own.items():
                given["headers"][name] = value
        return crossing, provider

    def _live(self) -> Any:
        if self._conn.__dict__.pop(_UNPREPARED, False):
            self._pool._prepare_proxy(self._conn)
        return self._real(**{**self._arguments, "preload_content": False})

    def _recalled(self, crossing: Crossing, provider: Provider | None) -> Any:
        recalled = crossing.recalled
        if recalled is None:
            raise AssertionError("a live crossing has no recording")
        answer = recalled.answer
        with asking.failing(crossing):
            for piece in asking.until(answer):
                crossing.door.pace.arrive_blocking(recalled, piece)
        exchange = Exchange(crossing, provider, answer.head)
        raised = functools.partial(urllib3_errors.raised, self._pool, self._conn)
        body: Any = io.BytesIO(answer.body)
        if answer.streamed and answer.head is not None:
            body = Body(exchange, recorded(exchange, raised), _nothing, urllib3_errors.told)
            body = io.BufferedReader(body, _READ_BYTES)
        else:
            exchange.whole(answer)
            if answer.failure is not None:
                raise raised(answer.failure)
        if self._arguments["response_conn"] is not None:  # no wire stands behind the response
            self._pool._put_conn(self._conn)
        return self._response(answer.head, body)

    def _is_streamed(self, response: Any) -> bool:
        if is_stream(response.headers.get("content-type", "")):
            return True
        known = _streams.get()
        wanted = not self._preload if known is None else known
        return wanted and "content-length" not in response.headers

    def _response(self, head: Value, body: Any, real: Any = None) -> Any:
        """Build what the program gets, in a replay the same."""
        status, headers = status_and_headers(head)
        kind: Any = sys.modules["urllib3.response"]
        made = kind.HTTPHeaderDict(headers)
        if real is not None:
            for cookie in real.headers.getlist("set-cookie"):
                made.add("set-cookie", cookie)
        return _handed(kind.HTTPResponse)(
            body=body,
            headers=made,
            status=status,
            version=11,
            reason=asking.reason_of(status),
            preload_content=self._preload,
            decode_content=self._arguments["decode_content"],
            original_response=None if real is None else real._original_response,
            retries=self._arguments["retries"],
            request_method=self._arguments["method"],
            request_url=self._arguments["url"],
        )


@functools.cache
def _handed(response: Any) -> Any:
    """The module's response, whose `stream` gives each piece when it comes."""

    class Handed(response):  # type: ignore[misc]
        def stream(
            self, amt: int | None = _READ_BYTES, decode_content: Any = None
        ) -> Generator[bytes]:
            while data := self.read1(amt, decode_content=decode_content):
                yield data
            if self._fp is not None:
                self._fp.close()

    return Handed


def _head(response: Any) -> Value:
    return head_of(response.status, response.headers.items())


def _program_head(exchange: Exchange, response: Any) -> Value:
    return program_head(exchange.crossing, exchange.head, response.headers.items())


def _segments(response: Any) -> Iterator[bytes]:
    if response.chunked and response.supports_chunked_reads():
        return iter(response.stream(None, decode_content=True))
    return iter(lambda: response.read1(_READ_BYTES, decode_content=True), b"")


def _bytes_of(body: Any) -> bytes | None:
    """Take a body out of whatever form it comes in."""
    if body is None or isinstance(body, bytes):
        return body
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, bytearray | memoryview):
        return bytes(body)
    if hasattr(body, "read"):
        read = body.read()
        return read.encode() if isinstance(read, str) else bytes(read)
    parts: Iterable[Any] = body
    return b"".join(part.encode() if isinstance(part, str) else bytes(part) for part in parts)


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _nothing() -> None:
    """Close a body that no wire stands behind."""


# -- the patches --------------------------------------------------------------------------------
def _pool_seams(module: ModuleType) -> list[Seam]:
    names: Any = module
    pool = names.HTTPConnectionPool
    if "preload_content" not in inspect.signature(pool._make_request).parameters:
        return []  # urllib3 1: what it sends is seen below, by http.client
    return [
        Seam(owner=pool, name="_make_request", around=_attempt),
        Seam(owner=names.HTTPSConnectionPool, name="_prepare_proxy", around=_prepare),
    ]


def _attempt(real: Any) -> Any:
    signature = inspect.signature(real)

    @functools.wraps(real)
    def _make_request(self: Any, conn: Any, method: str, url: str, **options: Any) -> Any:
        door = asking.door_for(self.host, asking.path_of(url))
        if door is None:
            if conn.__dict__.pop(_UNPREPARED, False):
                self._prepare_proxy(conn)
            return real(self, conn, method, url, **options)
        bound = signature.bind(self, conn, method, url, **options)
        bound.apply_defaults()
        return _Attempt(real, dict(bound.arguments)).handle(door)

    return _make_request


def _prepare(real: Any) -> Any:
    @functools.wraps(real)
    def _prepare_proxy(self: Any, conn: Any) -> None:
        """Leave the tunnel for the attempt, which knows whether there is to be one."""
        if _UNPREPARED in conn.__dict__ or asking.door_for(self.host, "") is None:
            real(self, conn)
        else:
            conn.__dict__[_UNPREPARED] = True

    return _prepare_proxy


def _requests_seams(module: ModuleType) -> list[Seam]:
    names: Any = module
    return [Seam(owner=names.HTTPAdapter, name="send", around=_requests_send)]


def _requests_send(real: Any) -> Any:
    @functools.wraps(real)
    def send(self: Any, request: Any, *arguments: Any, **options: Any) -> Any:
        wanted = options.get("stream", arguments[0] if arguments else False)
        with _streaming(wanted=bool(wanted)):
            return real(self, request, *arguments, **options)

    return send


def _botocore_seams(module: ModuleType) -> list[Seam]:
    names: Any = module
    return [Seam(owner=names.URLLib3Session, name="send", around=_botocore_send)]


def _botocore_send(real: Any) -> Any:
    @functools.wraps(real)
    def send(self: Any, request: Any) -> Any:
        with _streaming(wanted=bool(request.stream_output)):
            return real(self, request)

    return send


@contextlib.contextmanager
def _streaming(*, wanted: bool) -> Iterator[None]:
    token = _streams.set(wanted)
    try:
        yield
    finally:
        _streams.reset(token)


_installation = Installation(
    {
        "urllib3.connectionpool": _pool_seams,
        "requests.adapters": _requests_seams,
        "botocore.httpsession": _botocore_seams,
    }
)
