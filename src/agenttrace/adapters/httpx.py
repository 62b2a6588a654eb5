"""httpx and httpx2: their transports, and every other transport that their clients are given.

The current SDKs use `httpx2`, older ones and many programs `httpx`: the same API in two namespaces,
so both are patched, and a response is built by the module that the transport belongs to.

The ordinary transports are patched as classes. A custom transport is caught where the client
chooses it, unless it hands on to an ordinary one: then that one is asked, and the retries of the
custom one are seen. A `MockTransport` plays the world, so it is asked and recorded like the world.
A transport that holds an `app` (ASGI, WSGI, a test client) leads into the user's own program, which
is no world: it is left alone, and what the program asks is recorded.

Response headers reach the program as a replay will have them; only `set-cookie` is for the live
client alone, and is never written down.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from agenttrace.adapters import asking, http, httpx_streams, older_loops, pieces
from agenttrace.adapters.http import Exchange
from agenttrace.causal import current
from agenttrace.causal.spawn.installing import Installation
from agenttrace.causal.spawn.patching import Seam
from agenttrace.model.call import Answer, Chunk
from agenttrace.model.failure import exception_of

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Awaitable, Callable
    from types import ModuleType

    from agenttrace.boundary import Boundary, Crossing
    from agenttrace.model.call import Failure
    from agenttrace.model.values import Value
    from agenttrace.providers.provider import Provider

_MODULES = ("httpx", "httpx2")
_STREAM = "agenttrace.stream"


class _Dialect:
    """One of the two modules, and what is built from its classes."""

    def __init__(self, module: ModuleType) -> None:
        self._module: Any = module
        self._streams = httpx_streams.streams_of(module)

    def door(self, request: Any) -> Boundary | None:
        """The door for a request; None where it is not to be asked."""
        path = request.url.raw_path.decode("ascii", "replace")
        try:
            return asking.door_for(request.url.host, path, upgrades="upgrade" in request.headers)
        except asking.TelemetryRefused as error:
            raise self._module.ConnectError(str(error), request=request) from None

    def handle(self, door: Boundary, request: Any, live: Callable[[], Any]) -> Any:
        """Ask for a response as synchronous code does."""
        request.read()
        crossing, provider = _ask(door, request)
        if crossing.recalled is not None:
            with asking.failing(crossing):
                for piece in asking.until(crossing.recalled.answer):
                    door.pace.arrive_blocking(crossing.recalled, piece)
            exchange = Exchange(crossing, provider, crossing.recalled.answer.head)
            raised = functools.partial(self._error, request)
            parts = pieces.recorded(exchange, raised)
            body = self._streams.sync(exchange, parts, _nothing)
            return self._recalled(exchange, crossing.recalled.answer, body, raised)
        inside = functools.partial(asking.asking, crossing)
        with asking.failing(crossing), inside():
            response = live()
            whole = None if _is_streamed(request, response) else httpx_streams.read(response)
        exchange = Exchange(crossing, provider, _head(response))
        if whole is not None:
            return self._whole(exchange, whole, response)
        parts = pieces.live(response.iter_bytes(), _content_type(response), inside)
        body = self._streams.sync(exchange, parts, response.close)
        return self._response(_program_head(exchange, response), body, response)

    async def handle_async(
        self, door: Boundary, request: Any, live: Callable[[], Awaitable[Any]]
    ) -> Any:
        """Ask for a response as a coroutine does."""
        await request.aread()
        crossing, provider = _ask(door, request)
        if crossing.recalled is not None:
            with asking.failing(crossing):
                for piece in asking.until(crossing.recalled.answer):
                    await door.pace.arrive(crossing.recalled, piece)
            exchange = Exchange(crossing, provider, crossing.recalled.answer.head)
            raised = functools.partial(self._error, request)
            parts = pieces.recorded_async(exchange, raised)
            body = self._streams.asynchronous(exchange, parts, _nothing_async)
            return self._recalled(exchange, crossing.recalled.answer, body, raised)
        inside = functools.partial(asking.asking, crossing)
        with asking.failing(crossing), inside():
            response = await live()
            streamed = _is_streamed(request, response)
            whole = None if streamed else await httpx_streams.read_async(response)
        exchange = Exchange(crossing, provider, _head(response))
        if whole is not None:
            return self._whole(exchange, whole, response)
        parts = pieces.live_async(response.aiter_bytes(), _content_type(response), inside)
        body = self._streams.asynchronous(exchange, parts, response.aclose)
        return self._response(_program_head(exchange, response), body, response)

    def does_not_end_at(self, transport: Any, seen: frozenset[int] = frozenset()) -> bool:
        """Whether an ordinary transport, or an app of the user's, does a transport's work."""
        module = self._module
        if isinstance(transport, module.HTTPTransport | module.AsyncHTTPTransport):
            return True
        if hasattr(transport, "app"):
            return True
        kinds = (module.BaseTransport, module.AsyncBaseTransport)
        inner = [it for it in getattr(transport, "__dict__", {}).values() if isinstance(it, kinds)]
        seen |= {id(transport)}
        return any(id(it) not in seen and self.does_not_end_at(it, seen) for it in inner)

    def _recalled(
        self,
        exchange: Exchange,
        answer: Answer,
        body: Any,
        raised: Callable[[Failure], BaseException],
    ) -> Any:
        if answer.streamed and answer.head is not None:
            return self._response(answer.head, body)
        exchange.whole(answer)
        if answer.failure is not None:
            raise raised(answer.failure)
        return self._response(answer.head, self._streams.whole(answer.body))

    def _whole(self, exchange: Exchange, body: bytes, response: Any) -> Any:
        exchange.whole(Answer(head=exchange.head, chunks=(Chunk(data=body),)))
        head = _program_head(exchange, response)
        return self._response(head, self._streams.whole(body), response)

    def _response(self, head: Value, body: Any, response: Any = None) -> Any:
        """Build what the program gets, in a replay the same."""
        status, headers = http.status_and_headers(head)
        if response is not None:
            cookies = response.headers.get_list("set-cookie")
            headers += [("set-cookie", cookie) for cookie in cookies]
        return self._module.Response(status, headers=headers, stream=body)

    def _error(self, request: Any, failure: Failure) -> BaseException:
        """Build a transport's error again, by its name among the errors of this module."""
        home, _, name = failure.type.rpartition(".")
        met = asking.error_of_fault(failure, timeout="ReadTimeout", broken="RemoteProtocolError")
        home, name = (_MODULES[0], met) if met else (home, name)
        kind = getattr(self._module, name, None) if home.split(".")[0] in _MODULES else None
        if isinstance(kind, type) and issubclass(kind, self._module.RequestError):
            error: BaseException = kind(failure.message, request=request)
            return error
        return exception_of(failure)


class _Caught:
    """A custom transport, with the door before it."""

    def __init__(self, dialect: _Dialect, transport: Any) -> None:
        self._dialect, self._transport = dialect, transport

    def handle_request(self, request: Any) -> Any:
        """Ask at the door."""
        live = functools.partial(self._transport.handle_request, request)
        door = self._dialect.door(request)
        return live() if door is None else self._dialect.handle(door, request, live)

    async def handle_async_request(self, request: Any) -> Any:
        """Ask at the door."""
        live = functools.partial(self._transport.handle_async_request, request)
        door = self._dialect.door(request)
        return await (live() if door is None else self._dialect.handle_async(door, request, live))


def _ask(door: Boundary, request: Any) -> tuple[Crossing, Provider | None]:
    target = request.url.raw_path.decode("ascii", "replace")
    content_type = request.headers.get("content-type", "")
    question, provider = http.question_of(request.method, target, request.content, content_type)
    crossing = door.ask(question)
    request.headers.update(http.carried_on(crossing, request.headers))
    return crossing, provider


def _is_streamed(request: Any, response: Any) -> bool:
    """Whether the body is handed on in pieces.

    Streams by their type are; and where the client asked for a stream, a body of unknown length.
    """
    if http.is_stream(_content_type(response)):
        return True
    return _STREAM in request.extensions and "content-length" not in response.headers


def _content_type(response: Any) -> str:
    return str(response.headers.get("content-type", ""))


def _head(response: Any) -> Value:
    return http.head_of(response.status_code, response.headers.multi_items())


def _program_head(exchange: Exchange, response: Any) -> Value:
    return http.program_head(exchange.crossing, exchange.head, response.headers.multi_items())


def _nothing() -> None:
    """Close a body that no wire stands behind."""


async def _nothing_async() -> None:
    """The same for coroutines."""


# -- the patches --------------------------------------------------------------------------------
def installed() -> contextlib.AbstractContextManager[None]:
    """Hold the patches in place, in whichever of the two modules is loaded now or later."""
    return _installation.installed()


def _seams(module: ModuleType) -> list[Seam]:
    names: Any = module
    dialect = _Dialect(module)
    chosen = functools.partial(_choice, dialect)
    asked, asked_async = (functools.partial(it, dialect) for it in (_transport, _async_transport))
    return [
        Seam(owner=names.HTTPTransport, name="handle_request", around=asked),
        Seam(owner=names.AsyncHTTPTransport, name="handle_async_request", around=asked_async),
        Seam(owner=names.Client, name="_transport_for_url", around=chosen),
        Seam(owner=names.AsyncClient, name="_transport_for_url", around=chosen),
        Seam(owner=names.Client, name="send", around=_send),
        Seam(owner=names.AsyncClient, name="send", around=_async_send),
    ]


def _transport(dialect: _Dialect, real: Any) -> Any:
    @functools.wraps(real)
    def handle_request(self: Any, request: Any) -> Any:
        door = dialect.door(request)
        if door is None:
            return real(self, request)
        return dialect.handle(door, request, functools.partial(real, self, request))

    return handle_request


def _async_transport(dialect: _Dialect, real: Any) -> Any:
    @functools.wraps(real)
    async def handle_async_request(self: Any, request: Any) -> Any:
        door = dialect.door(request)
        if door is None:
            return await real(self, request)
        older_loops.let_go(self)
        return await dialect.handle_async(door, request, functools.partial(real, self, request))

    return handle_async_request


def _choice(dialect: _Dialect, real: Any) -> Any:
    @functools.wraps(real)
    def _transport_for_url(self: Any, url: Any) -> Any:
        transport = real(self, url)
        if current.frame() is None or dialect.does_not_end_at(transport):
            return transport
        return _Caught(dialect, transport)

    return _transport_for_url


def _send(real: Any) -> Any:
    @functools.wraps(real)
    def send(self: Any, request: Any, *args: Any, **options: Any) -> Any:
        _note_stream(request, options)
        return real(self, request, *args, **options)

    return send


def _async_send(real: Any) -> Any:
    @functools.wraps(real)
    async def send(self: Any, request: Any, *args: Any, **options: Any) -> Any:
        _note_stream(request, options)
        return await real(self, request, *args, **options)

    return send


def _note_stream(request: Any, options: dict[str, Any]) -> None:
    """Tell the transport what only the client is told: that the body is to come in pieces."""
    if options.get("stream") and current.frame() is not None:
        request.extensions = {**request.extensions, _STREAM: True}


_installation = Installation(dict.fromkeys(_MODULES, _seams))
