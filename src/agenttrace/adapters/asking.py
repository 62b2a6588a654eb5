"""Asking: what every transport's adapter does alike, from the request to the end of the crossing.

Transports stand on one another (requests on urllib3 on http.client). The outermost asks; what it
sends below, in the lane of its own crossing, is its own business.
"""

from __future__ import annotations

import contextlib
import http
import weakref
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from agenttrace import boundary
from agenttrace.adapters import vcr
from agenttrace.boundary import ended_by
from agenttrace.causal import current
from agenttrace.causal.site import site
from agenttrace.model import names
from agenttrace.providers import telemetry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias

    from agenttrace.adapters.http import Exchange
    from agenttrace.boundary import Boundary, Crossing
    from agenttrace.causal.lane import LiveLane
    from agenttrace.model.call import Answer, Failure
    from agenttrace.model.values import Value

    Told: TypeAlias = Callable[[Exception], Failure]

_asking_lanes: weakref.WeakSet[LiveLane] = weakref.WeakSet()
"""The lanes in which requests run live: what a transport does below is its own business."""


class TelemetryRefused(ConnectionRefusedError):
    """A library's report on itself is not sent in a replay; to the library, the network is down."""


def error_of_fault(failure: Failure, *, timeout: str, broken: str) -> str | None:
    """The name of a transport's own error for what a schedule let go wrong; None: it did not."""
    named = {"builtins.TimeoutError": timeout, "builtins.ConnectionError": broken}
    return named.get(failure.type) if names.FAULT in failure.fields else None


def door_for(host: str, path: str, *, upgrades: bool = False) -> Boundary | None:
    """Give the door for a request; None where it is not to be asked.

    That is so outside every run, below a live request, for a websocket, for telemetry, and while a
    cassette of vcrpy's is active.

    Raises:
        TelemetryRefused: It is telemetry, and the run is a replay.
        NoRun: Several runs are active and the caller belongs to none.
    """
    frame = current.frame()
    if frame is None or vcr.answers(frame.lane.run):
        return None
    if upgrades:
        frame.lane.run.bypassed.append(f"a websocket to {host}, at {site() or 'a library'}")
        return None
    if is_asking(frame.lane):
        return None
    if telemetry.is_telemetry(host, path):
        run = frame.lane.run
        if run.offline is None:
            run.reports.add(host)
            return None
        run.refused += 1
        raise TelemetryRefused(f"a replay sends no telemetry to {host}")
    return boundary.here()


def is_asking(lane: LiveLane | None) -> bool:
    """Whether what is done in a lane is a request's own business."""
    while lane is not None:
        if lane in _asking_lanes:
            return True
        lane = lane.parent
    return False


@contextlib.contextmanager
def asking(crossing: Crossing) -> Iterator[None]:
    """Stand inside the crossing for one live step; requests below are the transport's own."""
    with crossing.inside():
        frame = current.carried()
        if frame is not None:
            _asking_lanes.add(frame.lane)
        yield


@contextlib.contextmanager
def failing(crossing: Crossing, told: Told | None = None, *, head: Value = None) -> Iterator[None]:
    """Close the crossing with whatever is raised before there is a response."""
    try:
        yield
    except BaseException as error:
        crossing.close(replace(_ended(error, told), head=head))
        raise


def until(answer: Answer) -> tuple[int | None, ...]:
    """What must have arrived before the response is there.

    Of a stream, its first piece; of one that brought none, nothing: its head is all that came.
    """
    if not answer.streamed or answer.head is None:
        return (None,)
    return (0,) if answer.chunks else ()


def broken(exchange: Exchange, error: BaseException, told: Told | None = None) -> None:
    """Close a stream with what was raised while it was read."""
    answer = _ended(error, told)
    exchange.ended("cut" if answer.failure is not None else answer.end, answer.failure)


def _ended(error: BaseException, told: Told | None) -> Answer:
    answer = ended_by(error)
    if told is None or answer.failure is None or not isinstance(error, Exception):
        return answer
    return replace(answer, failure=told(error))


def path_of(target: str) -> str:
    """Path and query of a target, which names the host as well where it goes through a proxy."""
    _, found, rest = target.partition("://")
    return "/" + rest.partition("/")[2] if found and not target.startswith("/") else target


def reason_of(status: int) -> str:
    """The usual words for a status; servers choose their own, which nobody acts on."""
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return ""
