"""A model server on this machine: speaks every language we know, says what a script tells it to.

    with ModelServer(lambda request, nth: says(f"answer {nth}")) as server:
        client = openai.OpenAI(base_url=server.url, api_key="none")

It is the world, not the agent: its threads belong to no run, and its answers are never those of a
real model. An agent recorded against it replays without it.
"""

from __future__ import annotations

import _thread
import contextlib
import http.server
import json
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol, Self

from agenttrace.errors import AgentTraceError
from agenttrace.model.message import Message, ModelRequest, ModelResponse, Text
from agenttrace.model.usage import Tokens
from agenttrace.model.values import canonical
from agenttrace.providers import catalog
from agenttrace.providers.provider import is_stream, status_in, written
from agenttrace.testing.replies import Reply, fails

if TYPE_CHECKING:
    from types import TracebackType

    from agenttrace.model.values import Value
    from agenttrace.providers.provider import Provider
    from agenttrace.testing.replies import Script


class Chance(Protocol):
    """Where random latency comes from; a `random.Random` is one."""

    def uniform(self, a: float, b: float, /) -> float:
        """Give a number between two others."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request that came.

    Attributes:
        method: `POST`, …
        path: With its query.
        headers: By lowercase name.
        body: As bytes.
        request: What was asked, where it was understood; else None.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    request: ModelRequest | None = None


class ModelServer:
    """Serves a script on 127.0.0.1, at a port of its own, from construction until `stop`."""

    def __init__(
        self,
        script: Script,
        *,
        numbered: bool = False,
        latency_s: tuple[float, float] = (0, 0),
        chance: Chance | None = None,
    ) -> None:
        """Begin to serve.

        Args:
            script: What to say.
            numbered: Whether each text ends with the answer's serial number, so that equal
                questions get different answers: `yes [3]`.
            latency_s: The shortest and the longest time that the model thinks.
            chance: Chooses between them; the shortest is taken without it.
        """
        self._script, self._numbered = script, numbered
        self._latency_s, self._chance = latency_s, chance
        self._requests: list[Received] = []
        self._served = 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._server = _Server(("127.0.0.1", 0), self._handle)
        _thread.start_new_thread(self._server.serve_forever, (0.02,))

    @property
    def url(self) -> str:
        """What OpenAI's SDK takes as its base URL; ends in `/v1`."""
        return f"{self.host}/v1"

    @property
    def host(self) -> str:
        """What SDKs take that add the whole path themselves: Anthropic's and Google's."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def requests(self) -> tuple[Received, ...]:
        """Every request that has come so far, in order."""
        with self._lock:
            return tuple(self._requests)

    @property
    def count(self) -> int:
        """How many requests have come so far."""
        return len(self.requests)

    def stop(self) -> None:
        """Serve no more; answers on their way are broken off. A second call does nothing."""
        if not self._stopping.is_set():
            self._stopping.set()
            self._server.shutdown()
            self._server.server_close()
            self._server.hang_up()

    def __enter__(self) -> Self:
        """Give the server, which serves already."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()

    def _handle(self, wire: _Wire) -> None:
        body = wire.rfile.read(int(wire.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in wire.headers.items()}
        asked = _understood(body)
        provider = (
            None
            if asked is None
            else catalog.provider_for(wire.command, wire.path.partition("?")[0], asked)
        )
        request = (
            None if provider is None else provider.read_request(asked, wire.path.partition("?")[0])
        )
        received = Received(
            method=wire.command, path=wire.path, headers=headers, body=body, request=request
        )
        with self._lock:
            self._requests.append(received)
        if provider is None or request is None:
            wire.say(404, {"content-type": "application/json"}, _unknown_path(wire))
            return
        self._answer(wire, provider, request)

    def _answer(self, wire: _Wire, provider: Provider, request: ModelRequest) -> None:
        with self._lock:
            nth, self._served = self._served, self._served + 1
            pause_s = (
                self._latency_s[0]
                if self._chance is None
                else self._chance.uniform(*self._latency_s)
            )
        reply = self._scripted(request, nth)
        self._stopping.wait(pause_s + reply.delay_s)
        response = _completed(reply.response, request, nth, numbered=self._numbered)
        if not provider.counts(request):
            response = replace(response, tokens=None)
        answer = written(provider, response, stream=request.stream)
        headers = {
            **provider.headers(stream=is_stream(answer)),
            "x-request-id": f"req-{nth}",
            **reply.headers,
        }
        pieces = [chunk.data for chunk in answer.chunks]
        if is_stream(answer):
            wire.say_pieces(
                status_in(answer),
                headers,
                pieces[: reply.cut_after],
                cut=reply.cut_after is not None,
            )
        else:
            wire.say(status_in(answer), headers, b"".join(pieces), cut=reply.cut_after is not None)

    def _scripted(self, request: ModelRequest, nth: int) -> Reply:
        try:
            said = self._script(request, nth)
        except Exception as error:  # noqa: BLE001 - a script may fail in any way; the client is told
            return fails(400, f"the script failed: {error}")
        return said if isinstance(said, Reply) else Reply(response=said)


class _Server(http.server.ThreadingHTTPServer):
    """Gives every connection a thread that no run can take for its own."""

    request_queue_size = (
        1024  # a whole team may connect at once; with the default 5, some are reset
    )

    def __init__(self, address: tuple[str, int], handle: Callable[[_Wire], None]) -> None:
        super().__init__(address, _Wire)
        self.handle_wire = handle
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the signature of the standard library
        """Begin a thread below `threading`, whose starts are patched while a run is active."""
        with self._lock:
            self._connections.add(request)
        _thread.start_new_thread(self.process_request_thread, (request, client_address))

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - as above
        """End a connection."""
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End every connection: a client that keeps one is not served by it after the end."""
        with self._lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as above
        """Say nothing: a client that left is no news."""


class _Wire(http.server.BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        """Send each chunk at once."""
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def do_POST(self) -> None:
        """Hand the request to the server."""
        self.server.handle_wire(self)

    do_GET = do_PUT = do_PATCH = do_DELETE = do_POST  # noqa: N815 - as above

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as above
        """Say nothing."""

    def say(
        self, status: int, headers: Mapping[str, str], body: bytes, *, cut: bool = False
    ) -> None:
        """Answer with a whole body, or with its first half and a broken connection."""
        self._head(status, {**headers, "content-length": str(len(body))})
        self.wfile.write(body[: len(body) // 2] if cut else body)
        if cut:
            self._hang_up()

    def say_pieces(
        self, status: int, headers: Mapping[str, str], pieces: list[bytes], *, cut: bool
    ) -> None:
        """Answer piece by piece, to the end or to a break of the connection."""
        self._head(status, {**headers, "transfer-encoding": "chunked"})
        for piece in pieces:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.wfile.flush()
        if cut:
            self._hang_up()
        else:
            self.wfile.write(b"0\r\n\r\n")

    def _head(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _hang_up(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


def _understood(body: bytes) -> Value:
    try:
        return canonical(json.loads(body))
    except (ValueError, AgentTraceError):
        return None


def _unknown_path(wire: _Wire) -> bytes:
    said = f"Invalid URL ({wire.command} {wire.path.partition('?')[0]})"
    error = {"message": said, "type": "invalid_request_error", "param": None, "code": None}
    return json.dumps({"error": error}).encode()


def _completed(
    response: ModelResponse, request: ModelRequest, nth: int, *, numbered: bool
) -> ModelResponse:
    """Fill in what a script leaves out: the model, an id, and words counted as tokens."""
    if response.error:
        return response
    if numbered:
        response = replace(
            response, messages=tuple(_with_number(one, nth) for one in response.messages)
        )
    tokens = response.tokens or Tokens(
        input=_words(request.messages), output=_words(response.messages)
    )
    return replace(
        response,
        model=response.model or request.model,
        id=response.id or f"chatcmpl-{nth}",
        tokens=tokens,
    )


def _with_number(message: Message, nth: int) -> Message:
    if not message.text:
        return message
    last = [part for part in message.parts if isinstance(part, Text)][-1]
    numbered = replace(last, content=f"{last.content} [{nth}]")
    return replace(
        message, parts=tuple(numbered if part is last else part for part in message.parts)
    )


def _words(messages: tuple[Message, ...]) -> int:
    return sum(len(one.text.split()) + 8 * len(one.tool_calls) for one in messages)
