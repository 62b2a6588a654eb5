"""aiohttp: what its client sessions send, and google-genai and litellm through them.

The seam is the session's own request, above its redirects: their last response is the answer. What
the program gets is an `aiohttp.ClientResponse`, live and in a replay alike; its body is read from
the wire, or from the recording, when the program reads it.
"""

from __future__ import annotations

import contextlib
import functools
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agenttrace.adapters import aiohttp_bodies, asking, http, pieces
from agenttrace.adapters.http import Exchange
from agenttrace.causal import current
from agenttrace.causal.spawn.installing import Installation
from agenttrace.causal.spawn.patching import Seam
from agenttrace.model.call import Answer, Chunk
from agenttrace.model.failure import exception_of, failure_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from types import ModuleType

    from agenttrace.boundary import Boundary, Crossing
    from agenttrace.model.call import Failure
    from agenttrace.model.values import Value
    from agenttrace.providers.provider import Provider


def installed() -> contextlib.AbstractContextManager[None]:
    """Hold the patches in place, whether aiohttp is loaded now or later."""
    return _installation.installed()


class _Request:
    """One request of a session, and what is built for it.

    Args:
        session: The client session.
        method: `POST`, …
        url: Whole, with its query.
        options: What else the session was told.
    """

    def __init__(self, session: Any, method: str, url: Any, options: dict[str, Any]) -> None:
        self._session, self._method, self._url = session, method.upper(), url
        self._options = options
        self._raising = options.pop("raise_for_status", None)

    async def handle(self, door: Boundary, live: Callable[..., Awaitable[Any]]) -> Any:
        """Ask for a response."""
        crossing, provider = await self._ask(door)
        if crossing.recalled is not None:
            response = await self._recalled(crossing, provider)
        else:
            response = await self._live(crossing, provider, live)
        await self._raise_for_status(response)
        return response

    async def _ask(self, door: Boundary) -> tuple[Crossing, Provider | None]:
        headers = self._session._prepare_headers(self._options.get("headers"))
        content_type = headers.get("content-type", "")
        body, own_type = await aiohttp_bodies.read(self._session, self._options)
        if own_type and not content_type and self._options.get("json") is None:
            headers["content-type"] = own_type
            self._options["headers"] = headers
        question, provider = http.question_of(
            self._method, self._url.raw_path_qs, body, content_type or own_type
        )
        crossing = door.ask(question)
        if own := http.carried_on(crossing, headers):
            headers.update(own)
            self._options["headers"] = headers
        return crossing, provider

    async def _live(
        self, crossing: Crossing, provider: Provider | None, live: Callable[..., Awaitable[Any]]
    ) -> Any:
        inside = functools.partial(asking.asking, crossing)
        with asking.failing(crossing, _told), inside():
            real = await live(self._method, self._url, raise_for_status=False, **self._options)
            whole: Any = None
            content_type = real.headers.get("content-type", "")
            source = _decoded(real, self._session, self._options)
            if not http.is_stream(content_type) and _has_an_end(real, content_type):
                whole = await _read(source)
        exchange = Exchange(crossing, provider, _head(real))
        if isinstance(whole, bytes):
            exchange.whole(Answer(head=exchange.head, chunks=(Chunk(data=whole),)))
            return self._response(
                _program_head(exchange, real), aiohttp_bodies.whole(whole), None, real
            )
        parts = pieces.live_async(source if whole is None else whole, content_type, inside)
        return self._response(_program_head(exchange, real), parts, exchange, real)

    async def _recalled(self, crossing: Crossing, provider: Provider | None) -> Any:
        recalled = crossing.recalled
        if recalled is None:
            raise AssertionError("a live crossing has no recording")
        answer = recalled.answer
        with asking.failing(crossing):
            for piece in asking.until(answer):
                await crossing.door.pace.arrive(recalled, piece)
        exchange = Exchange(crossing, provider, answer.head)
        if answer.streamed and answer.head is not None:
            parts = pieces.recorded_async(exchange, self._error)
            return self._response(answer.head, parts, exchange)
        exchange.whole(answer)
        if answer.failure is not None:
            raise self._error(answer.failure)
        return self._response(answer.head, aiohttp_bodies.whole(answer.body), None)

    def _response(
        self, head: Value, parts: Any, exchange: Exchange | None, real: Any = None
    ) -> Any:
        """Build what the program gets, in a replay the same."""
        status, headers = http.status_and_headers(head)
        if real is not None:
            headers += [("set-cookie", one) for one in real.headers.getall("set-cookie", ())]
        return aiohttp_bodies.response(
            sys.modules["aiohttp"],
            session=self._session,
            method=self._method,
            url=self._url,
            status=status,
            headers=headers,
            body=aiohttp_bodies.Handing(exchange, parts, real),
        )

    async def _raise_for_status(self, response: Any) -> None:
        raising = self._raising
        if raising is None:
            raising = self._session._raise_for_status
        if callable(raising):
            await raising(response)
        elif raising:
            response.raise_for_status()

    def _error(self, failure: Failure) -> BaseException:
        """Build an error of aiohttp's again, by its name."""
        module: Any = sys.modules["aiohttp"]
        home, _, name = failure.type.rpartition(".")
        met = asking.error_of_fault(
            failure, timeout="ServerTimeoutError", broken="ClientPayloadError"
        )
        if met is not None:
            told: BaseException = getattr(module, met)(failure.message)
            return told
        kind = getattr(module, name, None) if home.split(".")[0] == "aiohttp" else None
        if isinstance(kind, type) and issubclass(kind, module.ClientConnectorError):
            return self._connector_error(module, kind, failure)
        error: Any = exception_of(failure)
        if isinstance(error, module.ClientResponseError):
            error.request_info, error.history = self._info(module), ()
        built: BaseException = error
        return built

    def _connector_error(self, module: Any, kind: Any, failure: Failure) -> BaseException:
        number, text = failure.fields.get("errno"), failure.fields.get("strerror")
        cause = OSError(text) if number is None else OSError(number, text)
        if issubclass(kind, module.ClientConnectorCertificateError):
            kind = module.ClientConnectorError
        key: Any = sys.modules["aiohttp.client_reqrep"].ConnectionKey
        known = {
            "host": self._url.host,
            "port": self._url.port,
            "is_ssl": self._url.scheme == "https",
            "ssl": True,
        }
        error: BaseException = kind(key(**{name: known.get(name) for name in key._fields}), cause)
        return error

    def _info(self, module: Any) -> Any:
        return module.RequestInfo(self._url, self._method, {}, self._url)


def _told(error: Exception) -> Failure:
    """Write an error down, without the requests and connections that aiohttp's own hold."""
    failure = failure_of(error)
    if failure.type.split(".")[0] != "aiohttp":
        return failure
    cause = getattr(error, "os_error", None)
    fields = {name: value for name, value in failure.fields.items() if _is_simple(value)}
    if cause is not None:
        fields |= {"errno": cause.errno, "strerror": cause.strerror or str(cause)}
    return replace(failure, args=tuple(filter(_is_simple, failure.args)), fields=fields, causes=())


def _is_simple(value: Value) -> bool:
    return not isinstance(value, dict | list)


def _has_an_end(real: Any, content_type: str) -> bool:
    """Whether a body is soon there as a whole; of any other, each piece is handed on at once."""
    return "content-length" in real.headers or content_type.startswith("application/json")


def _head(real: Any) -> Value:
    return http.head_of(real.status, real.headers.items())


def _program_head(exchange: Exchange, real: Any) -> Value:
    return http.program_head(exchange.crossing, exchange.head, real.headers.items())


async def _read(source: AsyncIterator[bytes]) -> bytes | AsyncIterator[bytes]:
    """Read a live body to its end; one that breaks gives what came, and then its error."""
    found: list[bytes] = []
    try:
        async for segment in source:
            found.append(segment)  # noqa: PERF401 - it may break midway
    except Exception as error:  # noqa: BLE001 - it is raised where the program reads
        return _breaking(b"".join(found), error)
    return b"".join(found)


async def _breaking(came: bytes, error: Exception) -> AsyncIterator[bytes]:
    if came:
        yield came
    raise error


async def _decoded(real: Any, session: Any, options: dict[str, Any]) -> AsyncIterator[bytes]:
    """Give the body as it reads, also where the session leaves decoding to the program."""
    told = options.get("auto_decompress")
    decodes = session._auto_decompress if told is None else told
    coded = "" if decodes else real.headers.get("content-encoding", "")
    decode = pieces.decoder_for(coded)
    async for segment in real.content.iter_any():
        yield decode(segment)


# -- the patches --------------------------------------------------------------------------------
def _seams(module: ModuleType) -> list[Seam]:
    names: Any = module
    return [Seam(owner=names.ClientSession, name="_request", around=_request)]


def _request(real: Any) -> Any:
    @functools.wraps(real)
    async def _request(self: Any, method: str, str_or_url: Any, **options: Any) -> Any:
        if current.frame() is None or self.closed:
            return await real(self, method, str_or_url, **options)
        url = self._build_url(str_or_url)
        try:
            upgrades = "upgrade" in self._prepare_headers(options.get("headers"))
            door = asking.door_for(url.host or "", url.raw_path_qs, upgrades=upgrades)
        except asking.TelemetryRefused as error:
            raise sys.modules["aiohttp"].ClientConnectionError(str(error)) from None
        if door is None or url.scheme not in ("http", "https"):
            return await real(self, method, str_or_url, **options)
        if params := options.pop("params", None):
            url = url.extend_query(params)
        request = _Request(self, method, url, options)
        return await request.handle(door, functools.partial(real, self))

    return _request


_installation = Installation({"aiohttp": _seams})
