"""What work far from its cause would send on: the trace it is in, and what was sent along."""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import agenttrace

CHILD = """
import os, sys
from tests.fakes.onward import onward
print(os.environ.get("TRACEPARENT", "")[3:35], os.environ.get("BAGGAGE"), *onward())
"""


@agenttrace.tool
def look_up(what: str) -> str:
    """Something to record."""
    return f"found {what}"


def onward(what: str = "it") -> tuple[str, str]:
    """Do something, and say in which trace and with what a call from here would go out."""
    with agenttrace.span("work"):
        look_up(what)
        headers = agenttrace.inject()
    return str(headers.get("traceparent", ""))[3:35], str(headers.get("baggage", ""))


def take(orders: Any, answers: Any) -> None:
    """Take one message from a queue, and say what a call because of it would carry."""
    envelope, headers = orders.get()
    with agenttrace.extract(headers):
        answers.put(onward(agenttrace.receive(envelope)))


class Handler(BaseHTTPRequestHandler):
    """Serves each request where its caller stands."""

    def do_POST(self) -> None:
        """Say what a call because of this one would carry."""
        self.rfile.read(int(self.headers["content-length"]))
        with agenttrace.extract(self.headers):
            body = " ".join(onward()).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


if __name__ == "__main__":
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        sys.stdout.write(f"{server.server_port}\n")
        sys.stdout.flush()
        while len(sys.argv) > 1 and server.handle_request() is None:
            pass
