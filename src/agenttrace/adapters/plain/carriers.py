"""Carriers: headers and mappings in which a trace goes on in another process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Self, TypeAlias

from agenttrace.adapters.plain.messages import Envelope
from agenttrace.adapters.plain.standing import Standing, Stay, standing
from agenttrace.causal import propagation
from agenttrace.causal.baggage import Baggage, format_baggage, parse_baggage
from agenttrace.causal.places import CARRIER, POSITION, Place, place_of
from agenttrace.causal.position import trace_id
from agenttrace.causal.propagation import (
    Header,
    Propagated,
    TraceParent,
    pairs_of,
    variable_of,
)
from agenttrace.causal.site import site
from agenttrace.model import names
from agenttrace.model.span import Event, Link

if TYPE_CHECKING:
    from email.message import Message

    from agenttrace.causal.lane import LiveLane

Readable: TypeAlias = "Mapping[str, str] | Message[str, str] | Iterable[Header] | Envelope"
"""What may say who called: headers, as a mapping or in pairs, variables, an envelope."""


def inject(
    carrier: MutableMapping[str, str] | None = None,
    *,
    baggage: Mapping[str, str] | None = None,
    environment: bool = False,
) -> MutableMapping[str, str]:
    """Write who calls into headers: `httpx.post(url, headers=agenttrace.inject())`.

    What an entered carrier (`agenttrace.extract`) sent along goes on as well.

    Args:
        carrier: What the headers are put into; a new dict by default.
        baggage: What the application sends along besides, as W3C Baggage.
        environment: Whether the carrier is the environment of a program: its variables are called
            `TRACEPARENT`, `BAGGAGE`, `AGENTTRACE_POSITION`.

    Returns:
        The carrier, with `traceparent`, `agenttrace-position`, `baggage`; outside a run as it was.

    Raises:
        ValueError: A key of the baggage is no token of HTTP.
    """
    into: MutableMapping[str, str] = {} if carrier is None else carrier
    at = standing()
    if at is None:
        return into
    span = at.frame.span or at.door.run.span
    along = parse_baggage([at.frame.baggage])
    for key, value in (baggage or {}).items():
        along = along.with_entry(key, value)
    what = Propagated(
        parent=TraceParent(trace=trace_id(at.door.run.name), span=span), baggage=along
    )
    place, _ = at.mint(CARRIER, "inject")
    lane = at.frame.lane
    said = propagation.inject(dict[str, str](), what)
    said[POSITION] = Place(at=place, lane=lane.path, seq=lane.seq).text
    for name, value in said.items():
        into[variable_of(name) if environment else name] = value
    if baggage:
        told = {names.BAGGAGE_PREFIX + key: value for key, value in baggage.items()}
        at.note(Event(name="inject", attributes=told))
    return into


def extract(carrier: Readable) -> Remote:
    """Read who called from headers; link to it, or enter it: `with agenttrace.extract(headers):`.

    What cannot be read is nothing: linking to it or entering it does nothing. Where a carrier
    names a cause that cannot be read, the run's verdict says so.

    Args:
        carrier: Headers, as a mapping or in pairs of text or bytes; an environment, WSGI's
            included; or the envelope that `agenttrace.send` gave.
    """
    said = _headers_of(carrier) if isinstance(carrier, Envelope) else list(pairs_of(carrier))
    at = standing()
    if at is not None and (flaw := propagation.unreadable(said)):
        _warn(at, flaw)
    places = propagation.read(said, POSITION)
    return Remote(propagation.extract(said), place_of(places[0] if places else ""))


class Remote:
    """Who called, in another process.

    Entered, it becomes the parent of what follows where it belongs to this run; in another process
    of the run, what follows stands in a lane of the caller's, whichever thread serves it. Where it
    belongs to another trace, the current span is linked to it. What it sent along goes on with
    every carrier that is injected inside, and nothing else does.

    Attributes:
        id: The id of its span; empty: nobody said.
        trace: The id of its trace; None: nobody said.
        place: Where it stands, in words; empty: nobody said.
        baggage: What the application sent along.
    """

    __slots__ = ("_lane", "_place", "_stay", "baggage", "id", "place", "trace")

    def __init__(self, carried: Propagated, place: Place | None = None) -> None:
        self.id = "" if carried.parent is None else carried.parent.span
        self.trace = None if carried.parent is None else carried.parent.trace
        self.place = "" if place is None else place.shown
        self._place = place
        self._stay = Stay()
        self._lane: LiveLane | None = None
        self.baggage: Baggage = carried.baggage

    def __enter__(self) -> Self:
        at = standing()
        if at is None:
            return self
        own = at.frame
        if self.id and self.trace == trace_id(at.door.run.name):
            self._lane = None if self._place is None else self._place.lane_in(at.door.run)
            own = own if self._lane is None else at.door.run.frame().on(self._lane)
            own = own.inside(self.id)
        elif self.id:
            at.note(Link(span=self.id, trace=self.trace))
        self._stay.begin(own._replace(baggage=format_baggage(self.baggage)))
        return self

    def __exit__(self, *_: object) -> None:
        self._stay.end()
        if self._lane is not None and self._place is not None:
            self._place.leave(self._lane)
            self._lane = None


def _headers_of(envelope: Envelope) -> list[Header]:
    along: list[Header] = [(propagation.BAGGAGE, envelope.baggage)]
    if not (envelope.trace or envelope.id):
        return along
    return [(propagation.TRACEPARENT, f"00-{envelope.trace}-{envelope.id}-01"), *along]


def _warn(at: Standing, flaw: str) -> None:
    """Say that what is caused here begins a trace of its own; once for each place and reason."""
    where = site()
    told = f"who called cannot be told{f' at {where}' if where else ''}: {flaw}. "
    told += "What it caused stands where it is served, as if nobody had called"
    run = at.door.run
    if told not in run.warnings:
        run.warnings.append(told)
