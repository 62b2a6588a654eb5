"""A2A: agents that talk to agents elsewhere, and agents that are talked to.

A client's transport is the seam, whichever it is: JSON-RPC, REST or gRPC. What is asked there is
an agent's turn, of the agent that the card names, linked to what asked; in a replay that agent need
not be there. An agent in the same process (a client whose transport holds its `app`) is the user's
own program, and runs.

Of a server, each message that it handles is a turn of its agent. The seams are those of a2a-sdk 1.
"""

from __future__ import annotations

import contextlib
import functools
import sys
from typing import TYPE_CHECKING, Any

from agenttrace import boundary
from agenttrace.adapters.a2a_words import (
    STREAMED,
    UNARY,
    WORDS,
    Messages,
    question_of,
    with_context,
)
from agenttrace.adapters.plain.agents import agent
from agenttrace.adapters.plain.carriers import extract
from agenttrace.adapters.plain.notes import link
from agenttrace.adapters.plain.standing import standing
from agenttrace.boundary import Way, cross_async, cross_async_iterator
from agenttrace.causal import current
from agenttrace.causal.spawn.installing import Installation
from agenttrace.causal.spawn.patching import Seam
from agenttrace.model.agent import Agent
from agenttrace.model.span import Link

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from types import ModuleType

    from agenttrace.boundary import Boundary, Crossing

REMOTE = "a2a"
"""The type of the agents that are asked over A2A."""

HANDOFF = "handoff"
"""How an agent's turn is linked to what asked for it."""


def installed() -> contextlib.AbstractContextManager[None]:
    """Stand at the seams from here on, of an SDK that is loaded now or later."""
    return _installation.installed()


# -- who asks -------------------------------------------------------------------------------------
def _door(transport: Any) -> Boundary | None:
    """The door of the caller's run; None outside every run, and for an agent in this process."""
    client = getattr(transport, "httpx_client", None)
    if hasattr(getattr(client, "_transport", None), "app"):
        return None
    door = boundary.here()
    return None if door is None or door.run.ended else door


class _Asking:
    """One call to an agent elsewhere: whose turn it is, and who is linked to it."""

    def __init__(self, door: Boundary, transport: Any, method: str, request: Any) -> None:
        card = getattr(transport, "agent_card", None)
        self._door = door
        self._name = str(getattr(card, "name", "") or "remote agent")
        self._version = str(getattr(card, "version", "") or "")
        self._asker = current.frame()
        offline = door.run.offline
        live = offline is not None and "tool" not in offline
        self.way: Way[Any] = Way(
            question=question_of(method, request, self._name, live=live),
            shape=Messages(),
            asked=self._link,
        )

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """The other agent acts here."""
        asker = self._asker
        if asker is None:
            yield
            return
        self._door.scribe.noted(
            Agent(id=self._name, name=self._name, type=REMOTE, version=self._version)
        )
        token = current.stand(asker._replace(agent=self._name))
        try:
            yield
        finally:
            current.reset(token)

    def _link(self, crossing: Crossing) -> None:
        """Link the call to what asked."""
        asker = self._asker
        if asker is not None and asker.span is not None:
            back = Link(span=asker.span, relationship=HANDOFF)
            self._door.scribe.noted(back, span=crossing.call.span, lane=asker.lane)


def _unary(method: str, real: Any) -> Any:
    @functools.wraps(real)
    async def call(self: Any, request: Any, *, context: Any = None) -> Any:
        door = _door(self)
        if door is None:
            return await real(self, request, context=context)
        asking = _Asking(door, self, method, request)

        async def live() -> Any:
            said = with_context(context, door.run.name, current.frame())
            with current.aside():
                return await real(self, request, context=said)

        with asking.turn():
            return await cross_async(door, asking.way, live)

    return call


def _streamed(method: str, real: Any) -> Any:
    @functools.wraps(real)
    async def call(self: Any, request: Any, *, context: Any = None) -> AsyncIterator[Any]:
        door = _door(self)
        if door is None:
            async for event in real(self, request, context=context):
                yield event
            return
        asking = _Asking(door, self, method, request)

        def live() -> AsyncIterator[Any]:
            said = with_context(context, door.run.name, current.frame())
            return _stepwise(real(self, request, context=said))

        events: Any = cross_async_iterator(door, asking.way, live)
        try:
            while True:
                with asking.turn():
                    try:
                        event = await anext(events)
                    except StopAsyncIteration:
                        return
                yield event
        finally:
            with asking.turn():
                await events.aclose()

    return call


async def _stepwise(events: Any) -> AsyncIterator[Any]:
    """Take each event aside, and stand where one stood in between."""
    try:
        while True:
            with current.aside():
                try:
                    event = await anext(events)
                except StopAsyncIteration:
                    return
            yield event
    finally:
        with current.aside():
            await events.aclose()


# -- who is asked ---------------------------------------------------------------------------------
def _serving(handler: Any, context: Any) -> tuple[Any, Any]:
    """The caller, as far as it says who it is, and the turn of the agent that is asked."""
    card = getattr(handler, "_agent_card", None)
    state = getattr(context, "state", None) or {}
    headers = state.get("headers") if hasattr(state, "get") else None
    name = str(getattr(card, "name", "") or "agent")
    version = str(getattr(card, "version", "") or "")
    return extract(headers or {}), agent(name, type=REMOTE, version=version)


def _is_served() -> bool:
    """Whether a server's code belongs to a run by itself; one older than the run is the world."""
    return current.carried() is not None and standing() is not None


def _handles(real: Any) -> Any:
    @functools.wraps(real)
    async def on_message_send(self: Any, params: Any, context: Any = None, *more: Any) -> Any:
        if not _is_served():
            return await real(self, params, context, *more)
        caller, turn = _serving(self, context)
        with turn:
            link(caller, HANDOFF)
            return await real(self, params, context, *more)

    return on_message_send


def _handles_stream(real: Any) -> Any:
    @functools.wraps(real)
    async def on_message_send_stream(
        self: Any, params: Any, context: Any = None, *more: Any
    ) -> AsyncIterator[Any]:
        if not _is_served():
            async for event in real(self, params, context, *more):
                yield event
            return
        caller, turn = _serving(self, context)

        async def events() -> AsyncIterator[Any]:
            link(caller, HANDOFF)
            async for event in real(self, params, context, *more):
                yield event

        async for event in turn(events)():
            yield event

    return on_message_send_stream


# -- the seams ------------------------------------------------------------------------------------
def _seams_of_transport(name: str, module: ModuleType) -> list[Seam]:
    if WORDS not in sys.modules:
        return []  # an SDK before 1.0: its requests are recorded as HTTP
    owner = getattr(module, name)
    made: list[tuple[str, Callable[[Any], Any]]] = [
        *((it, functools.partial(_unary, said)) for it, said in UNARY.items()),
        *((it, functools.partial(_streamed, said)) for it, said in STREAMED.items()),
    ]
    return [Seam(owner=owner, name=it, around=around) for it, around in made if hasattr(owner, it)]


def _seams_of_handler(name: str, module: ModuleType) -> list[Seam]:
    owner = getattr(module, name)
    return [
        Seam(owner=owner, name="on_message_send", around=_handles),
        Seam(owner=owner, name="on_message_send_stream", around=_handles_stream),
    ]


_TRANSPORTS = {"jsonrpc": "JsonRpcTransport", "rest": "RestTransport", "grpc": "GrpcTransport"}
_HANDLERS = {
    "default_request_handler": "LegacyRequestHandler",
    "default_request_handler_v2": "DefaultRequestHandlerV2",
}

_installation = Installation(
    {
        **{
            f"a2a.client.transports.{module}": functools.partial(_seams_of_transport, name)
            for module, name in _TRANSPORTS.items()
        },
        **{
            f"a2a.server.request_handlers.{module}": functools.partial(_seams_of_handler, name)
            for module, name in _HANDLERS.items()
        },
    }
)
