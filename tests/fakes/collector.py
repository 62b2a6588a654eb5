"""A collector of OTLP/HTTP that keeps what it accepted in a file, and may be killed.

python -m tests.fakes.collector PORT FILE
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.fakes import ports

ROOT = Path(__file__).parents[2]


class Kept(BaseHTTPRequestHandler):
    """Keeps a batch on disk before it says that it took it."""

    file: Path

    def do_POST(self) -> None:
        """Take a batch."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Content-Type"] == "application/json":
            ids = [
                span["spanId"]
                for group in json.loads(body)["resourceSpans"]
                for scoped in group["scopeSpans"]
                for span in scoped["spans"]
            ]
        else:
            request = ExportTraceServiceRequest.FromString(body)
            ids = [
                span.span_id.hex()
                for group in request.resource_spans
                for scoped in group.scope_spans
                for span in scoped.spans
            ]
        with self.file.open("ab") as opened:
            opened.write(json.dumps(ids).encode() + b"\n")
            opened.flush()
            os.fsync(opened.fileno())
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def drop_torn(file: Path) -> None:
    """Cut off the batch that it was writing when it was killed: it never said that it took it."""
    with file.open("r+b") as opened:
        opened.truncate(opened.read().rfind(b"\n") + 1)


class Collector:
    """The collector's process: started, killed, and started again at the same port."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._ports = contextlib.ExitStack()
        self.port = self._ports.enter_context(ports.held())
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it listens."""
        command = [sys.executable, "-m", "tests.fakes.collector", str(self.port), str(self.file)]
        self._process = subprocess.Popen(command, cwd=ROOT)
        ports.wait_until_listened_at(self.port, self._process)

    def kill(self) -> None:
        """Kill it on the spot."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()

    def close(self) -> None:
        """Kill it, and give its port back."""
        self.kill()
        self._ports.close()

    def batches(self) -> list[list[str]]:
        """The ids that it accepted, batch by batch; without one that it is just writing."""
        whole, _, _ = self.file.read_text().rpartition("\n")
        return [json.loads(line) for line in whole.splitlines()]


if __name__ == "__main__":
    Kept.file = Path(sys.argv[2])
    drop_torn(Kept.file)
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Kept).serve_forever()
