"""Whole: what is done to a whole trace, when a run has ended: secrets numbered, and looked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agenttrace.redact import walk
from agenttrace.redact.markers import Numbering

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenttrace.model.trace import Trace
    from agenttrace.redact.redactor import Redactor


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A secret that a trace still holds; what it is, nobody says.

    Attributes:
        span: The name of the span that it is in; empty: it is in none.
        place: The name that it stands under.
        kind: Of which kind it is.
    """

    span: str
    place: str
    kind: str


def numbered(trace: Trace) -> Trace:
    """Give a trace in which secrets of a kind are told apart by their order, and not by a hash."""
    numbering = Numbering()
    for span in trace.spans:  # elsewhere stands what the agent said, which has no ordinals
        walk.in_model(span.answers, numbering.seen)
    return replace(trace, spans=walk.in_model(trace.spans, numbering.numbered))


def left_in(trace: Trace, redactor: Redactor) -> Iterator[Left]:
    """Find what a trace still holds of secrets, names of places and tests included."""
    for span in trace.spans:
        for place, kind in _looked(span, redactor):
            clean = redactor.text(span.name)
            yield Left(span=clean, place=place, kind=kind)
    for place, kind in _looked(replace(trace, spans=()), redactor):
        yield Left(span="", place=place, kind=kind)


def _looked(thing: object, redactor: Redactor) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []

    def look(text: str, name: str) -> str:
        found.extend((name, it.kind) for it in redactor.find(text, name))
        return text

    walk.in_model(thing, look, skip=frozenset())
    return found
