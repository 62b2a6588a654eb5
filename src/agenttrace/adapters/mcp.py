"""MCP: what a client asks a server, over whatever stands between them.

The seam is where the SDK hands a request to its wire: there it is JSON, and what comes back is.
Everything below (the server's process, its pipes, HTTP, event streams, pings of the wire) is no
part of a run: in a replay there is no server and no wire at all, and the session above works as
ever, on recorded answers. The seams are those of mcp 2; `mcp_older` has that of mcp 1.
"""

from __future__ import annotations

import contextlib
import functools
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from agenttrace import boundary
from agenttrace.adapters import mcp_older
from agenttrace.adapters.mcp_listening import seam_of_listening
from agenttrace.adapters.mcp_words import Raw, error_of, question_of, tool_failed, with_context
from agenttrace.boundary import Way, cross_async
from agenttrace.causal import current
from agenttrace.causal.spawn.installing import Installation
from agenttrace.causal.spawn.patching import Seam
from agenttrace.model.span import ERROR, Status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
    from types import ModuleType

    from agenttrace.boundary import Boundary, Crossing

DIRECT = "DirectDispatcher"
"""The wire of a server in the same process: its code is the user's; what it asks is recorded."""

_asking: ContextVar[bool] = ContextVar("agenttrace_mcp_asking", default=False)


def installed() -> contextlib.AbstractContextManager[None]:
    """Stand at the seams from here on, of an `mcp` that is loaded now or later."""
    return _installation.installed()


def _door() -> Boundary | None:
    """The door of a client's run; None outside every run, and where another door was passed."""
    door = boundary.here()
    return None if door is None or door.run.ended else door


def _goes_out(door: Boundary) -> bool:
    offline = door.run.offline
    return offline is None or "tool" not in offline


# -- the wire -------------------------------------------------------------------------------------
def _transport(more: tuple[Any, ...], real: Any) -> Any:
    """A transport's context manager: entered aside, and in a replay not at all.

    Args:
        more: What it gives beside its streams.
        real: The transport.
    """

    @functools.wraps(real)
    @contextlib.asynccontextmanager
    async def transport(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        door = _door()
        if door is None:
            async with real(*args, **kwargs) as streams:
                yield streams
        elif _goes_out(door):
            async with _aside(real(*args, **kwargs)) as streams:
                yield streams
        else:
            async with _silence() as streams:
                yield (*streams, *more)

    return transport


@contextlib.asynccontextmanager
async def _aside(manager: Any) -> AsyncIterator[Any]:
    """Enter and leave aside, and stand where one stood in between."""
    with current.aside():
        entered = await manager.__aenter__()
    try:
        yield entered
    except BaseException as error:
        with current.aside():
            if not await manager.__aexit__(type(error), error, error.__traceback__):
                raise
    else:
        with current.aside():
            await manager.__aexit__(None, None, None)


@contextlib.asynccontextmanager
async def _silence() -> AsyncIterator[Any]:
    """Streams on whose other end nobody speaks or listens."""
    from anyio import create_memory_object_stream

    with current.aside():
        speaking, read = create_memory_object_stream[Any](0)
        write, listening = create_memory_object_stream[Any](0)
    try:
        yield read, write
    finally:
        with current.aside():
            for stream in (speaking, read, write, listening):
                stream.close()


def _entered(real: Any) -> Any:
    """What tasks begin here are the wire's own."""

    @functools.wraps(real)
    async def entered(self: Any, *args: Any) -> Any:
        if _door() is None:
            return await real(self, *args)
        with current.aside():
            return await real(self, *args)

    return entered


# -- the session ----------------------------------------------------------------------------------
def _sends(real: Any) -> Any:
    """The request that is sent now is a client's: a server asks its client past every door."""

    @functools.wraps(real)
    async def sends(self: Any, *args: Any, **kwargs: Any) -> Any:
        token = _asking.set(True)
        try:
            return await real(self, *args, **kwargs)
        finally:
            _asking.reset(token)

    return sends


def _notifies(real: Any) -> Any:
    @functools.wraps(real)
    async def notifies(self: Any, *args: Any, **kwargs: Any) -> None:
        door = _door()
        if door is None:
            await real(self, *args, **kwargs)
        elif _goes_out(door):
            with current.aside():
                await real(self, *args, **kwargs)

    return notifies


def _raw_request(real: Any) -> Any:
    """A request and its result, both JSON."""

    @functools.wraps(real)
    async def send_raw_request(
        self: Any, method: str, params: Mapping[str, Any] | None = None, *args: Any, **kwargs: Any
    ) -> Any:
        door = _door() if _asking.get() else None
        if door is None:
            return await real(self, method, params, *args, **kwargs)
        below = contextlib.nullcontext if type(self).__name__ == DIRECT else current.aside

        async def live() -> Any:
            token = _asking.set(False)
            try:
                said = with_context(params, door.run.name, current.frame())
                with below():
                    return await real(self, method, said, *args, **kwargs)
            finally:
                _asking.reset(token)

        return await _asked(door, method, params, live)

    return send_raw_request


async def _asked(
    door: Boundary,
    method: str,
    params: Mapping[str, Any] | None,
    live: Callable[[], Awaitable[Any]],
) -> Any:
    """Ask at the door; give the result, as JSON."""
    asked: list[Crossing] = []
    way = Way(
        question=question_of(method, params, live=_goes_out(door)),
        shape=Raw(),
        exception=error_of,
        asked=asked.append,
    )
    result = await cross_async(door, way, live)
    if tool_failed(result):
        failed = Status(code=ERROR, message="tool_error")
        door.scribe.noted(failed, span=asked[0].call.span)
    return result


# -- the seams ------------------------------------------------------------------------------------
def _seams_of_session(module: ModuleType) -> list[Seam]:
    names: Any = module
    session = names.ClientSession
    seams = [
        Seam(owner=session, name="__aenter__", around=_entered),
        Seam(owner=session, name="__aexit__", around=_entered),
        Seam(owner=session, name="send_notification", around=_notifies),
    ]
    if not hasattr(session, "send_discover"):
        older = mcp_older.send_request(_door, _asked)
        return [*seams, Seam(owner=session, name="send_request", around=older)]
    return [
        *seams,
        Seam(owner=session, name="send_request", around=_sends),
        Seam(owner=session, name="send_discover", around=_sends),
    ]


def _seams_of_transport(names: Sequence[str], module: ModuleType) -> list[Seam]:
    """The first of these names that this release has; others lead to it."""
    name = next(name for name in names if hasattr(module, name))
    # mcp 1 gives a function that tells the session's id over HTTP; in a replay there is none
    more = (_no_session,) if hasattr(module, "GetSessionIdCallback") else ()
    return [Seam(owner=module, name=name, around=functools.partial(_transport, more), held=True)]


def _no_session() -> None:
    return None


def _seams_of_memory(module: ModuleType) -> list[Seam]:
    names: Any = module
    owner = names.InMemoryTransport
    return [Seam(owner=owner, name=name, around=_entered) for name in ("__aenter__", "__aexit__")]


def _seams_of_dispatcher(name: str, module: ModuleType) -> list[Seam]:
    return [Seam(owner=getattr(module, name), name="send_raw_request", around=_raw_request)]


def _seams_of_subscriptions(module: ModuleType) -> list[Seam]:
    return [
        seam_of_listening(module, door_here=_door_of, goes_out=_goes_out, aside=_aside),
    ]


def _door_of(session: Any) -> Boundary | None:
    """The door of who listens; what a server of the same process tells is the user's own doing."""
    return None if type(session._dispatcher).__name__ == DIRECT else _door()


_installation = Installation(
    {
        "mcp.client.subscriptions": _seams_of_subscriptions,
        "mcp.client.session": _seams_of_session,
        "mcp.client.stdio": functools.partial(_seams_of_transport, ("stdio_client",)),
        "mcp.client.streamable_http": functools.partial(
            _seams_of_transport, ("streamable_http_client", "streamablehttp_client")
        ),
        "mcp.client.sse": functools.partial(_seams_of_transport, ("sse_client",)),
        "mcp.client._memory": _seams_of_memory,
        "mcp.shared.jsonrpc_dispatcher": functools.partial(
            _seams_of_dispatcher, "JSONRPCDispatcher"
        ),
        "mcp.shared.direct_dispatcher": functools.partial(_seams_of_dispatcher, DIRECT),
    }
)
