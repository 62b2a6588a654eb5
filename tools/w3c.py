"""W3C: the public trace-context suite, run against a service that passes causes on as we do.

The suite (github.com/w3c/trace-context, its folder `test`) is not part of this project: check it
out somewhere, and name the place.

    make w3c DIR=/path/to/trace-context
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import Request, urlopen

from agenttrace.causal.propagation import RANDOM, SAMPLED, Propagated, TraceParent, extract, inject

LEVEL = "2"
"""The level of the specification that is asked for; the suite's own default is the first."""


def onward(headers: Message[str, str] | Mapping[str, str]) -> dict[str, str]:
    """Give the headers of a request that is sent because of one with these: a span of our own."""
    came = extract(headers)
    span = os.urandom(8).hex()
    if came.parent is None:
        trace, flags = os.urandom(16).hex(), SAMPLED | RANDOM
    else:
        trace, flags = came.parent.trace, came.parent.flags
    goes = TraceParent(trace=trace, span=span, flags=flags)
    what = Propagated(parent=goes, state=came.state, baggage=came.baggage)
    return inject({"content-type": "application/json"}, what)


class Handler(BaseHTTPRequestHandler):
    """Takes `[{"url": …, "arguments": …}]`, and posts the arguments of each to its address."""

    def do_POST(self) -> None:
        """Do what is asked, one after the other."""
        wanted = json.loads(self.rfile.read(int(self.headers["content-length"])) or "null")
        for one in wanted or ():
            body = json.dumps(one.get("arguments") or []).encode()
            request = Request(one["url"], data=body, headers=onward(self.headers), method="POST")  # noqa: S310 - the harness's own address
            with urlopen(request, timeout=5) as response:  # noqa: S310 - likewise
                response.read()
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing: the suite tells what it sent, and what came."""


@contextmanager
def service() -> Iterator[str]:
    """The service, on this machine; gives its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/test"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def main(words: list[str]) -> int:
    """Run the suite of a folder; give its exit code, 2 where there is none."""
    suites = [Path(word) / "test" / "test.py" for word in words]
    if len(suites) != 1 or not suites[0].is_file():
        print("usage: make w3c DIR=FOLDER, which holds the suite's test/test.py", file=sys.stderr)
        return 2
    with service() as url:
        return subprocess.run(
            [sys.executable, "test.py", url],
            cwd=suites[0].parent,
            env={**os.environ, "SPEC_LEVEL": LEVEL, "STRICT_LEVEL": LEVEL},
            check=False,
        ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
