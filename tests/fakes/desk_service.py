"""A service that runs an agent, recorded as in production: a process that can be killed."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from agenttrace.formats import journal
from agenttrace.model import names
from agenttrace.model.span import SpanKind

KEY = "sk-proj-" + "Z9" * 24

AGENT = """
import json
import os

import agenttrace
import openai

PROMPT = "You run the refund desk."
client = openai.OpenAI(
    base_url=os.environ.get("MODEL_URL", "http://127.0.0.1:9/v1"), api_key="TOKEN"
)


@agenttrace.tool
def look_up_order(order: str) -> dict:
    return {"order": order, "status": "paid twice", "token": "TOKEN"}


@agenttrace.run
def handle(order):
    with agenttrace.agent("desk"):
        messages = [
            {"role": "system", "content": PROMPT},
            {"role": "user", "content": f"Look at {order}."},
        ]
        while True:
            said = client.chat.completions.create(model="gpt-4o", messages=messages)
            message = said.choices[0].message
            if not message.tool_calls:
                return message.content
            messages.append(message.model_dump(exclude_none=True))
            for call in message.tool_calls:
                result = look_up_order(**json.loads(call.function.arguments))
                told = {"role": "tool", "tool_call_id": call.id, "content": json.dumps(result)}
                messages.append(told)
""".replace("TOKEN", KEY)

SERVICE = """
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import agenttrace
import desk

recorder = agenttrace.install("journals")


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        order = self.rfile.read(int(self.headers["content-length"])).decode()
        body = desk.handle(order).encode()
        recorder.flush()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


ThreadingHTTPServer.request_queue_size = 1024  # with the default 5, some of a crowd are reset
server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""


class DeskService:
    """The service as a process of its own, in a folder; ends with the block at the latest."""

    def __init__(self, folder: Path, model_url: str) -> None:
        """Start it."""
        (folder / "desk.py").write_text(AGENT, "utf-8")
        (folder / "service.py").write_text(SERVICE, "utf-8")
        self._process = subprocess.Popen(
            [sys.executable, "service.py"],
            cwd=folder,
            env={**os.environ, "MODEL_URL": model_url, "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self._port = int(self._process.stdout.readline())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    def ask(self, order: str) -> str:
        """Ask as a customer does; empty: the service died meanwhile."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            connection.request("POST", "/", body=order)
            return connection.getresponse().read().decode()
        except (OSError, http.client.HTTPException):
            return ""
        finally:
            connection.close()

    def kill(self) -> None:
        """As `kill -9` does."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


def by_order(journals: Path) -> dict[str, Path]:
    """The journals of a folder, by the order that each run is about."""
    found = {}
    for path in sorted(journals.glob("*.journal")):
        trace = journal.read(path.read_bytes(), name=path.name)
        (own,) = (span for span in trace.spans if span.kind is SpanKind.RUN)
        given = own.attributes[names.INPUT]
        assert isinstance(given, dict)
        found[str(given["order"])] = path
    return found
