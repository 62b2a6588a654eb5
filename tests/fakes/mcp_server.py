"""A real MCP server of a weather office, as a program: over stdio, or over HTTP on a port.

It writes one line into its log for whatever it does, so a test knows whether it was asked.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.fakes import ports

SERVER = '''
import asyncio, sys
from mcp.server import MCPServer
from mcp.server.mcpserver import Context

office = MCPServer("weather", log_level="CRITICAL")

def log(line):
    with open(sys.argv[1], "a") as file:
        file.write(line + "\\n")

@office.tool()
async def weather(city: str, ctx: Context) -> str:
    """Tell the weather."""
    log(f"weather {city} {(ctx.request_context.meta or {}).get('traceparent', '')}")
    if city == "Atlantis":
        raise ValueError("it is under water")
    if city == "Nowhere":
        await asyncio.sleep(60)
    await ctx.report_progress(1, 2, "half")
    return f"21C in {city}"

@office.resource("notes://{name}")
def note(name: str) -> str:
    log(f"note {name}")
    return f"note {name}"

@office.prompt()
def greet(who: str) -> str:
    log(f"greet {who}")
    return f"Say hello to {who}"

log("started")
if __name__ == "__main__":
    if len(sys.argv) > 2:
        office.run("streamable-http", port=int(sys.argv[2]))
    else:
        office.run()
'''


NEWS = SERVER.replace(
    'log("started")',
    '''
@office.tool()
async def announce(ctx: Context) -> str:
    """Tell who listens of a change of each kind."""
    await ctx.notify_tools_changed()
    await ctx.notify_resource_updated("notes://a")
    return "told"

@office.tool()
async def burn_down() -> str:
    """Be gone in the middle of a word."""
    import os
    os._exit(1)

log("started")''',
)
"""The same office, which tells who listens what has changed."""


@dataclass(slots=True, kw_only=True)
class WeatherOffice:
    """The server's program, and what it has done.

    Attributes:
        script: The program; gone once the office is closed.
        url: Where it listens; empty: it talks over its pipes.
    """

    script: Path
    log: Path
    url: str = ""

    @property
    def lines(self) -> list[str]:
        """What it has done so far."""
        return self.log.read_text().splitlines() if self.log.exists() else []


@contextmanager
def over_pipes(folder: Path, program: str = SERVER) -> Iterator[WeatherOffice]:
    """A server that its client starts; afterwards its program is gone."""
    office = WeatherOffice(script=folder / "office.py", log=folder / "office.log")
    office.script.write_text(program)
    try:
        yield office
    finally:
        office.script.unlink()


@contextmanager
def over_http(folder: Path, program: str = SERVER) -> Iterator[WeatherOffice]:
    """A server on a port of this machine; afterwards the port is closed."""
    with ports.held() as port, over_pipes(folder, program) as office:
        office.url = f"http://127.0.0.1:{port}/mcp"
        command = [sys.executable, str(office.script), str(office.log), str(port)]
        server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            ports.wait_until_listened_at(port, server)
            yield office
        finally:
            server.terminate()
            server.wait()
