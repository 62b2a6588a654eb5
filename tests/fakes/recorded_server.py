"""A server on this machine that gives the recorded answers of a cassette, one after the other."""

from __future__ import annotations

import _thread
import gzip
import http.server
import json
from collections.abc import Sequence
from typing import Any, Self

from agenttrace.model.values import canonical
from tests.fakes.cassettes import Interaction

SEGMENT = 997  # bytes; cuts events anywhere, as a network does


class RecordedServer:
    """Says what the real service said, in the order in which it said it.

    Attributes:
        bodies: The requests that came, as canonical JSON values.
    """

    def __init__(self, said: Sequence[Interaction]) -> None:
        """Begin to serve."""
        self.bodies: list[Any] = []
        self._said = said
        self._server = _Server(("127.0.0.1", 0), self)
        _thread.start_new_thread(self._server.serve_forever, (0.02,))

    @property
    def url(self) -> str:
        """Where it is, without a path."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def next(self) -> int:
        """The number of the interaction that comes next."""
        return len(self.bodies)

    def stop(self) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        """Give the server, which serves already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    def answer(self, wire: http.server.BaseHTTPRequestHandler) -> None:
        """Take a request, and say what was said to the one that came at its place."""
        body = wire.rfile.read(int(wire.headers.get("content-length") or 0))
        said = self._said[len(self.bodies)]
        self.bodies.append(canonical(json.loads(body)) if body else None)
        head: Any = said.answer.head
        wire.send_response_only(head["status"])
        for name, value in head["headers"]:
            wire.send_header(name, value)
        data = said.answer.body
        if said.zipped:
            data = gzip.compress(data)
            wire.send_header("content-encoding", "gzip")
        if not said.answer.streamed:
            wire.send_header("content-length", str(len(data)))
            wire.end_headers()
            wire.wfile.write(data)
            return
        wire.send_header("transfer-encoding", "chunked")
        wire.end_headers()
        for start in range(0, len(data), SEGMENT):
            piece = data[start : start + SEGMENT]
            wire.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            wire.wfile.flush()
        wire.wfile.write(b"0\r\n\r\n")


class _Server(http.server.ThreadingHTTPServer):
    def __init__(self, address: tuple[str, int], owner: RecordedServer) -> None:
        super().__init__(address, _Wire)
        self.owner = owner

    def process_request(self, request: Any, client_address: Any) -> None:
        """Begin a thread below `threading`, so that no run takes it for its own."""
        _thread.start_new_thread(self.process_request_thread, (request, client_address))

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that left is no news."""


class _Wire(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        """Answer."""
        self.server.owner.answer(self)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in the library
        """Say nothing."""
