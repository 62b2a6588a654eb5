"""A plain web server on this machine: counts who comes, and misbehaves where it is told to."""

from __future__ import annotations

import _thread
import contextlib
import gzip
import http.server
import json
import socket
import time
import zlib
from collections.abc import Iterator
from email.message import Message
from typing import Any, Self

from tests.fakes import ports


class PlainServer:
    """Answers at 127.0.0.1; its threads belong to no run.

    `/echo` says the body back, `/status/N` answers N, `/gzip` and `/deflate` compress, `/events`
    streams three events, `/cut` breaks off after two, `/half` in the middle of a body of known
    length, `/slow` takes five seconds, `/again` redirects to `/echo`, `/drop` never answers. `/say`
    answers with the `type`, the `headers` and the `pieces` of the item of `wanted` that it names.

    Attributes:
        came: Method and path of each request, in order.
        headers: Its headers.
        wanted: What `/say` is to say.
    """

    def __init__(self) -> None:
        """Begin to serve."""
        self.came: list[str] = []
        self.headers: list[Message] = []
        self._server = _Server(("127.0.0.1", 0), _Wire)
        self._server.came, self._server.headers = self.came, self.headers
        self._server.wanted = self.wanted = []
        _thread.start_new_thread(self._server.serve_forever, (0.02,))

    @property
    def url(self) -> str:
        """Where it is, without a path."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def count(self) -> int:
        """How many requests have come."""
        return len(self.came)

    def __enter__(self) -> Self:
        """Give the server, which serves already."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()


class _Server(http.server.ThreadingHTTPServer):
    request_queue_size = 1024
    daemon_threads = True
    came: list[str]
    headers: list[Message]
    wanted: list[dict[str, Any]]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Begin a thread below `threading`."""
        _thread.start_new_thread(self.process_request_thread, (request, client_address))

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing."""


class _Wire(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        """Send each piece at once."""
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def do_POST(self) -> None:
        """Answer."""
        body = self._body()
        self.server.came.append(f"{self.command} {self.path}")
        self.server.headers.append(self.headers)
        path = self.path.partition("?")[0].strip("/").replace("/", "_")
        name, _, rest = path.partition("_")
        if name == "status":
            said = b"" if rest == "204" else json.dumps({"status": int(rest)}).encode()
            self._say(int(rest), said)
        else:
            {
                "again": self._again,
                "cut": self._cut,
                "deflate": self._deflate,
                "drop": self._drop,
                "echo": self._echo,
                "events": self._events,
                "gzip": self._gzip,
                "half": self._half,
                "say": self._say_so,
                "slow": self._slow,
            }[name](body)

    do_GET = do_HEAD = do_POST  # noqa: N815 - the names of the standard library

    def log_message(self, *said: object) -> None:
        """Say nothing."""

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("transfer-encoding", ""):
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        found = b""
        while size := int(self.rfile.readline(), 16):
            found += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return found

    def _echo(self, body: bytes) -> None:
        self._say(200, body)

    def _gzip(self, body: bytes) -> None:
        self._say(200, gzip.compress(b'{"found": 2}'), coding="gzip")

    def _deflate(self, body: bytes) -> None:
        self._say(200, zlib.compress(b'{"found": 2}'), coding="deflate")

    def _again(self, body: bytes) -> None:
        self._say(302, b"", location="/echo")

    def _slow(self, body: bytes) -> None:
        time.sleep(2)
        self._hang_up()

    def _drop(self, body: bytes) -> None:
        self._hang_up()

    def _half(self, body: bytes) -> None:
        self._head(200, "application/json", length="100")
        self.wfile.write(b'{"half": ')
        self._hang_up()

    def _events(self, body: bytes) -> None:
        self._stream("text/event-stream", [b"data: 1\n\n", b"data: 2\n\n", b"data: 3\n\n"])

    def _say_so(self, body: bytes) -> None:
        wanted = self.server.wanted[json.loads(body)]
        pieces = [piece.encode() for piece in wanted["pieces"]]
        self._head(200, wanted["type"], encoding="chunked", more=wanted.get("headers"))
        self._send(pieces)

    def _cut(self, body: bytes) -> None:
        self._stream("text/event-stream", [b"data: 1\n\n", b"data: 2\n\n"], cut=True)

    def _stream(self, kind: str, pieces: list[bytes], *, cut: bool = False) -> None:
        self._head(200, kind, encoding="chunked")
        self._send(pieces, cut=cut)

    def _send(self, pieces: list[bytes], *, cut: bool = False) -> None:
        for piece in pieces:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.wfile.flush()
        if cut:
            self._hang_up()
        else:
            self.wfile.write(b"0\r\n\r\n")

    def _say(self, status: int, body: bytes, *, coding: str = "", location: str = "") -> None:
        more = {"retry-after": "0"} if status == 429 else {}
        more |= {"location": location} if location else {}
        more |= {"content-encoding": coding} if coding else {}
        self._head(status, "application/json", length=str(len(body)), more=more)
        if self.command != "HEAD":
            self.wfile.write(body)

    def _head(
        self,
        status: int,
        kind: str,
        *,
        length: str = "",
        encoding: str = "",
        more: dict[str, str] | None = None,
    ) -> None:
        fields = {"content-type": kind, "content-length": length, "transfer-encoding": encoding}
        self.send_response_only(status)
        for name, value in {**fields, "set-cookie": "a=b", **(more or {})}.items():
            if value:
                self.send_header(name, value)
        self.end_headers()

    def _hang_up(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def nowhere() -> Iterator[str]:
    """An address at which nobody listens, as long as the block lasts."""
    with ports.held() as port:
        yield f"http://127.0.0.1:{port}"
