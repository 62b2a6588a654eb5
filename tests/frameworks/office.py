"""Office: an MCP server that has the tool `look_up_order`, as a program; any release of `mcp`.

    python office.py LOG [PORT]

It writes one line into its log for whatever it does, so a test knows whether it was asked.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.fakes import ports
from tests.frameworks.scenes import Office

PROGRAM = '''
import sys

try:
    from mcp.server import MCPServer as Server
except ImportError:
    from mcp.server.fastmcp import FastMCP as Server

listens = {"port": int(sys.argv[2])} if len(sys.argv) > 2 else {}
older = Server.__name__ == "FastMCP"
office = Server("orders", log_level="CRITICAL", **(listens if older else {}))

def log(line):
    with open(sys.argv[1], "a") as file:
        file.write(line + "\\n")

@office.tool()
def look_up_order(order: str) -> str:
    """Look an order up."""
    log(order)
    return "paid twice"

log("started")
if listens:
    office.run("streamable-http", **({} if older else listens))
else:
    office.run()
'''


@contextlib.contextmanager
def opened(folder: Path, *, port: bool) -> Iterator[Office]:
    """A server on a port, or one that its client starts; afterwards it is gone, program and all."""
    folder.mkdir()
    program, log = folder / "office.py", folder.with_suffix(".log")
    program.write_text(PROGRAM, "utf-8")
    words = (sys.executable, str(program), str(log))
    try:
        if port:
            with _listening(words) as url:
                yield Office(command=words, log=log, url=url)
        else:
            yield Office(command=words, log=log)
    finally:
        shutil.rmtree(folder)


@contextlib.contextmanager
def _listening(words: tuple[str, ...]) -> Iterator[str]:
    with ports.held() as port:
        server = subprocess.Popen([*words, str(port)], stderr=subprocess.DEVNULL)
        try:
            ports.wait_until_listened_at(port, server)
            yield f"http://127.0.0.1:{port}/mcp"
        finally:
            server.terminate()
            server.wait()
