"""Programs that pass causes on, and lose them in the ways that people lose them; each has a twin.

The twin is the same program, mended: what differs between the two is the bug.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass, field
from queue import Queue
from threading import Thread
from typing import Any

import agenttrace
from agenttrace.invariants import Incoming, Wire

Program = Callable[[Wire], Any]


@dataclass(frozen=True)
class Planted:
    """A bug: a program that has it, one that has not, and the laws by which it may be seen."""

    name: str
    buggy: Program
    fixed: Program
    laws: frozenset[str]


# -- a gateway that makes its headers by hand -----------------------------------------------------
def by_hand(wire: Wire) -> None:
    """Sends the trace on, and forgets what the application sent along."""
    for message in wire:
        with agenttrace.span("order"), agenttrace.extract(message.headers):
            cause = agenttrace.inject()["traceparent"]
            wire.send({"traceparent": cause, "accept": "*/*"}, about=message)


def as_injected(wire: Wire) -> None:
    """Sends all that is injected."""
    for message in wire:
        with agenttrace.span("order"), agenttrace.extract(message.headers):
            wire.send(agenttrace.inject({"accept": "*/*"}), about=message)


# -- a proxy that has no spans of its own, but for calls ------------------------------------------
def forwarded(wire: Wire) -> None:
    """Forwards the caller's own span id, as if the caller had sent it."""
    for message in wire:
        with agenttrace.span("proxy"), agenttrace.extract(message.headers) as caller:
            headers = dict(agenttrace.inject())
            if caller.id:
                headers["traceparent"] = f"00-{caller.trace}-{caller.id}-01"
            wire.send(headers, about=message)


def with_its_own_span(wire: Wire) -> None:
    """Goes on in the caller's trace, with a span id of its own for each request."""
    for message in wire:
        with agenttrace.span("proxy") as span, agenttrace.extract(message.headers) as caller:
            headers = dict(agenttrace.inject())
            if caller.id:
                headers["traceparent"] = f"00-{caller.trace}-{span.id}-01"
                headers["tracestate"] = _state_of(message)
            wire.send(headers, about=message)


def _state_of(message: Incoming) -> str:
    names = {name.lower(): value for name, value in message.headers.items()}
    return str(names.get("tracestate", ""))


# -- workers of a pool ----------------------------------------------------------------------------
_tenant: ContextVar[str] = ContextVar("tenant", default="")


def _worked(wire: Wire, work: Callable[[Wire, Incoming], None]) -> None:
    with ThreadPoolExecutor(1) as pool:
        for job in [pool.submit(work, wire, message) for message in wire]:
            job.result()


def _left_behind(wire: Wire, message: Incoming) -> None:
    with agenttrace.span("job"), agenttrace.extract(message.headers) as caller:
        along = {}
        if tenant := caller.baggage.get("tenant"):
            _tenant.set(tenant)  # the next job of this thread finds it
        elif _tenant.get():
            along = {"tenant": _tenant.get()}
        wire.send(agenttrace.inject(baggage=along), about=message)


def _taken_away(wire: Wire, message: Incoming) -> None:
    with agenttrace.span("job"), agenttrace.extract(message.headers) as caller:
        token = _tenant.set(caller.baggage.get("tenant") or "")
        try:
            wire.send(agenttrace.inject(), about=message)
        finally:
            _tenant.reset(token)


def leaking_pool(wire: Wire) -> None:
    """Each job sets the tenant where it knows one, and leaves it to the next job."""
    _worked(wire, _left_behind)


def clean_pool(wire: Wire) -> None:
    """Each job takes away what it set."""
    _worked(wire, _taken_away)


# -- a client that tries again --------------------------------------------------------------------
def _tried(wire: Wire, message: Incoming, again: Callable[[], Any]) -> None:
    with agenttrace.span("call"), agenttrace.extract(message.headers):
        arrived = wire.send(agenttrace.inject(), about=message)
        while not arrived:
            arrived = wire.send(again(), about=message)


def _anew() -> dict[str, str]:
    headers = dict(agenttrace.inject())
    headers["traceparent"] = f"00-{os.urandom(16).hex()}-{os.urandom(8).hex()}-01"
    return headers


def retried_anew(wire: Wire) -> None:
    """Begins a trace with each further try."""
    for message in wire:
        _tried(wire, message, _anew)


def retried(wire: Wire) -> None:
    """Every try is part of the trace."""
    for message in wire:
        _tried(wire, message, agenttrace.inject)


# -- a collector ----------------------------------------------------------------------------------
def _collected(wire: Wire, links: Callable[[list[Any]], list[Any]]) -> None:
    queue: Queue[Incoming | None] = Queue()

    def collect() -> None:
        batch = list(iter(queue.get, None))
        callers = [agenttrace.extract(message.headers) for message in batch]
        with agenttrace.span("batch"):
            for caller in links(callers):
                agenttrace.link(caller)
            wire.send(agenttrace.inject(), about=batch)

    thread = Thread(target=collect)
    thread.start()
    for message in (*wire, None):
        queue.put(message)
    thread.join()


def linked_to_the_last(wire: Wire) -> None:
    """Puts all messages into one, which follows from the last alone."""
    _collected(wire, lambda callers: callers[-1:])


def linked_to_each(wire: Wire) -> None:
    """Puts all messages into one, which follows from each."""
    _collected(wire, lambda callers: callers)


# -- a server of several tenants ------------------------------------------------------------------
@dataclass
class Server:
    """Handles its requests at once; the one that it is at is an attribute of the server."""

    wire: Wire
    request: Incoming | None = None
    rounds: list[int] = field(default_factory=list)

    async def mixed(self, message: Incoming) -> None:
        """Looks at the attribute after others have had their turn."""
        self.request = message
        await asyncio.sleep(0)
        self.send(message, self.request.headers)

    async def apart(self, message: Incoming) -> None:
        """Looks at its own."""
        self.request = message
        await asyncio.sleep(0)
        self.send(message, message.headers)

    def send(self, message: Incoming, headers: Any) -> None:
        """Serve what the headers say."""
        with agenttrace.span("serve"), agenttrace.extract(headers):
            self.wire.send(agenttrace.inject(), about=message)


async def mixed_tenants(wire: Wire) -> None:
    """The last request that came is everybody's."""
    await asyncio.gather(*map(Server(wire).mixed, wire))


async def tenants_apart(wire: Wire) -> None:
    """To each its own."""
    await asyncio.gather(*map(Server(wire).apart, wire))


PLANTED = (
    Planted("dropped baggage", by_hand, as_injected, frozenset({"baggage_intact"})),
    Planted("reused span id", forwarded, with_its_own_span, frozenset({"fresh_spans"})),
    Planted("leaked through a pool", leaking_pool, clean_pool, frozenset({"no_leaks"})),
    Planted("a retry in a new trace", retried_anew, retried, frozenset({"one_trace"})),
    Planted(
        "a link lost in fan-in", linked_to_the_last, linked_to_each, frozenset({"links_survive"})
    ),
    Planted(
        "two tenants mixed",
        mixed_tenants,
        tenants_apart,
        frozenset({"no_leaks", "one_trace", "baggage_intact"}),
    ),
)
