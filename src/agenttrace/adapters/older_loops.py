"""Older loops: connections of a client that has outlived its event loop.

Frameworks keep one asynchronous client for the whole process, and each test has a loop of its own.
A connection of a loop that is closed can neither be used nor closed: the client's next request
would fail with "Event loop is closed". While requests go out live, such connections are let go.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

_WAY_DOWN = ("_connection", "_network_stream", "_stream", "transport_stream", "_transport")
"""From a connection of a pool down to the transport of asyncio that it stands on."""


def let_go(transport: Any) -> None:
    """Take the connections of closed loops out of the pool of a client's transport."""
    connections = getattr(getattr(transport, "_pool", None), "_connections", None)
    if not isinstance(connections, list):
        return
    for connection in list(connections):
        wire = _wire_of(connection)
        if wire is not None and wire._loop.is_closed():
            connections.remove(connection)
            _close(wire)


def _wire_of(connection: Any) -> Any:
    """The innermost transport that knows its loop; None: there is none."""
    found, here = None, connection
    for _ in range(2 * len(_WAY_DOWN)):
        below = next((getattr(here, name, None) for name in _WAY_DOWN if hasattr(here, name)), None)
        if below is None:
            break
        here = below
        if isinstance(getattr(here, "_loop", None), asyncio.AbstractEventLoop):
            found = here
    return found


def _close(wire: Any) -> None:
    """Close what the loop would have closed; the wire then has nothing left to warn of."""
    sock, wire._sock = getattr(wire, "_sock", None), None
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.close()
