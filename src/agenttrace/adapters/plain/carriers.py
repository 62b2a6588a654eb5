"""Carriers: headers and mappings in which a trace goes on in another process."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from agenttrace.adapters.plain.standing import Stay, standing
from agenttrace.causal import propagation
from agenttrace.causal.baggage import Baggage
from agenttrace.causal.places import CARRIER, POSITION, Place, place_of
from agenttrace.causal.position import trace_id
from agenttrace.causal.propagation import Propagated, TraceParent
from agenttrace.model.span import Link

if TYPE_CHECKING:
    from email.message import Message

    from agenttrace.causal.lane import LiveLane


def inject(
    carrier: MutableMapping[str, str] | None = None, *, baggage: Mapping[str, str] | None = None
) -> MutableMapping[str, str]:
    """Write who calls into headers: `httpx.post(url, headers=agenttrace.inject())`.

    Args:
        carrier: What the headers are put into; a new dict by default.
        baggage: What the application sends along, as W3C Baggage.

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
    along = Baggage()
    for key, value in (baggage or {}).items():
        along = along.with_entry(key, value)
    what = Propagated(
        parent=TraceParent(trace=trace_id(at.door.run.name), span=span), baggage=along
    )
    into.update(propagation.inject(dict[str, str](), what))
    place, _ = at.mint(CARRIER, "inject")
    lane = at.frame.lane
    into[POSITION] = Place(at=place, lane=lane.path, seq=lane.seq).text
    return into


def extract(carrier: Mapping[str, str] | Message[str, str]) -> Remote:
    """Read who called from headers; link to it, or enter it: `with agenttrace.extract(headers):`.

    What cannot be read is nothing: linking to it or entering it does nothing.
    """
    place = next((value for name, value in carrier.items() if name.lower() == POSITION), "")
    return Remote(propagation.extract(carrier), place_of(place))


class Remote:
    """Who called, in another process.

    Entered, it becomes the parent of what follows where it belongs to this run; in another process
    of the run, what follows stands in a lane of the caller's, whichever thread serves it. Where it
    belongs to another trace, the current span is linked to it.

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
        self.baggage = carried.baggage

    def __enter__(self) -> Self:
        at = standing()
        if at is None or not self.id:
            return self
        if self.trace == trace_id(at.door.run.name):
            self._lane = None if self._place is None else self._place.lane_in(at.door.run)
            own = at.frame if self._lane is None else at.door.run.frame().on(self._lane)
            self._stay.begin(replace(own, span=self.id))
        else:
            at.note(Link(span=self.id, trace=self.trace))
        return self

    def __exit__(self, *_: object) -> None:
        self._stay.end()
        if self._lane is not None and self._place is not None:
            self._place.leave(self._lane)
            self._lane = None
