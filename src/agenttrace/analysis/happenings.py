"""Happenings: the events by which a team tells what it does, by time, each with who says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agenttrace.model.span import Event, Span
from agenttrace.model.values import plain

if TYPE_CHECKING:
    from agenttrace.analysis.parties import Parties
    from agenttrace.analysis.team import Team
    from agenttrace.model.lane import Position
    from agenttrace.model.values import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One event of a team.

    Attributes:
        event: The event.
        span: The span inside which it occurred.
        party: Who says it; None: no agent does.
        nth: Which event of its span it is, from 0.
        within: Within what it is known which of two of one instant was first: its lane; in a trace
            without lanes its span.
    """

    event: Event
    span: Span
    party: str | None
    nth: int
    within: "Position | str"

    @property
    def at_ns(self) -> int:
        """When it occurred, nanoseconds from the start of the run."""
        return self.event.at_ns

    def said(self, name: str) -> Value:
        """An attribute, as a person would write it; None: nobody said."""
        return plain(self.event.attributes.get(name))

    def text(self, name: str) -> str:
        """An attribute as a text; empty: nobody said."""
        said = self.said(name)
        return said if isinstance(said, str) else "" if said is None else str(said)


def happenings(team: Team, parties: Parties, *wanted: str) -> list[Happening]:
    """The events of some names, by time; those of one instant by lane, and in its order.

    What a span and one around it say at one step of their lane, the inner one has said first.
    """
    has_lanes = bool(team.trace.lanes)
    found = [
        Happening(
            event=event,
            span=span,
            party=parties.of(span),
            nth=nth,
            within=span.lane if has_lanes else span.id,
        )
        for span in team.trace.spans
        if span.events
        for nth, event in enumerate(span.events)
        if event.name in wanted
    ]
    if not has_lanes:
        return sorted(found, key=lambda one: one.at_ns)
    return sorted(
        found,
        key=lambda one: (one.at_ns, one.span.lane, one.event.seq, -one.span.seq, one.nth),
    )
