"""Peers: what the other processes of a recorded run asked of one of them, to ask it again.

So a service replays alone: a test starts it, says what its peers said, and holds its answers
against the recorded ones; what it asks of its peers meanwhile, the golden answers.
"""

from __future__ import annotations

import contextvars
import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from agenttrace.adapters.plain.messages import Envelope
from agenttrace.causal import current
from agenttrace.causal.places import CARRIER, POSITION, Place
from agenttrace.causal.propagation import TRACEPARENT, TraceParent, format_traceparent
from agenttrace.model import names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from agenttrace.model.lane import Lane
    from agenttrace.model.span import Span
    from agenttrace.model.trace import Trace
    from agenttrace.model.values import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One recorded request to a process.

    Attributes:
        method: `POST`, …
        target: Path and query.
        body: As it was sent.
        headers: Who asks, as the process reads it with `agenttrace.extract`.
        status: With what it answered, and
        answer: what.
    """

    method: str
    target: str
    body: bytes
    headers: Mapping[str, str]
    status: int
    answer: bytes

    def send(self, url: str, *, timeout_s: float = 60) -> tuple[int, bytes]:
        """Ask it again, of a server at `http://host:port`; give the status and the answer.

        It is asked in the peer's name: for the run that the caller belongs to, it is no call.
        """
        return contextvars.Context().run(_outside, _send, url, self, timeout_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One recorded message to a process: its envelope, and the headers that it came with."""

    envelope: Envelope
    headers: Mapping[str, str]


def requests_to(trace: Trace, process: str) -> tuple[Request, ...]:
    """What was asked of a process over HTTP, in the order of the run."""
    calls = {span.position: span for span in trace.calls}
    served = [lane for lane in trace.lanes if _serves(lane, process)]
    return tuple(
        _request(trace, lane, span)
        for lane in served
        if (span := calls.get(lane.path[:-1])) is not None
    )


def messages_to(trace: Trace, process: str) -> tuple[Message, ...]:
    """What was sent to a process with headers of its own, in the order of the run."""
    return tuple(
        message
        for lane in trace.lanes
        if _serves(lane, process) and lane.path[-2].kind == CARRIER
        for message in _messages(trace, lane)
    )


def _outside(send: Callable[..., tuple[int, bytes]], *args: object) -> tuple[int, bytes]:
    runs = current.active()
    for run in runs:
        current.suspend(run)
    try:
        return send(*args)
    finally:
        for run in runs:
            current.resume(run)


def _send(url: str, request: Request, timeout_s: float) -> tuple[int, bytes]:
    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=timeout_s)
    try:
        said = {"content-type": "application/json", **request.headers}
        connection.request(request.method, request.target, request.body, said)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def _serves(lane: Lane, process: str) -> bool:
    return len(lane.path) > 1 and lane.path[-1][:2] == ("process", process)


def _request(trace: Trace, lane: Lane, call: Span) -> Request:
    asked: Any = call.question
    query, body = urlencode(asked["query"]), asked["body"]
    answer = call.answers[-1]
    head: Any = answer.head
    return Request(
        method=asked["method"],
        target=asked["path"] + (f"?{query}" if query else ""),
        body=_bytes_of(body),
        headers=_headers(trace, lane, call.id),
        status=head["status"],
        answer=answer.body,
    )


def _bytes_of(body: Value) -> bytes:
    if body is None:
        return b""
    if isinstance(body, bytes):
        return body
    return (body if isinstance(body, str) else json.dumps(body)).encode()


def _messages(trace: Trace, lane: Lane) -> Iterator[Message]:
    sent = {span.position: span for span in trace.spans}
    for delivery in trace.deliveries:
        span = None if delivery.message is None else sent.get(delivery.message)
        receive = sent.get(delivery.receive)
        if span is None or receive is None or receive.lane != lane.path:
            continue
        envelope = Envelope(
            content=span.attributes[names.MESSAGE_CONTENT],
            channel=delivery.channel,
            id=span.id,
            trace=trace.id,
            message=span.position,
        )
        yield Message(envelope=envelope, headers=_headers(trace, lane, receive.parent or span.id))


def _headers(trace: Trace, lane: Lane, span: str) -> dict[str, str]:
    place = Place(at=lane.path[:-1], lane=lane.parent or (), seq=lane.spawn_seq)
    return {
        TRACEPARENT: format_traceparent(TraceParent(trace=trace.id, span=span)),
        POSITION: place.text,
    }
