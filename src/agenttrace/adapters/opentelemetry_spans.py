"""OpenTelemetry's spans that a run knows: which are its own, and which report what it has."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from agenttrace.adapters.asking import is_asking
from agenttrace.adapters.plain.standing import Standing
from agenttrace.boundary import Boundary
from agenttrace.causal.agents import name_in, provisional
from agenttrace.formats import meaning
from agenttrace.model import names
from agenttrace.model.agent import Agent
from agenttrace.model.span import (
    ERROR,
    OK,
    UNSET,
    Event,
    Link,
    Scope,
    Span,
    SpanKind,
    Status,
    WireKind,
)
from agenttrace.model.values import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenttrace.causal.current import Frame
    from agenttrace.formats.meaning import Meant
    from agenttrace.model.call import Question
    from agenttrace.model.values import Value

_KEPT = "opentelemetry"
_CALLS = frozenset({SpanKind.LLM, SpanKind.HTTP, SpanKind.TOOL, SpanKind.RETRIEVAL})
_WIRE = frozenset({SpanKind.LLM, SpanKind.HTTP})
_VOLATILE = (
    "client.",
    "code.",
    "http.url",
    "net.",
    "network.",
    "peer.",
    "process.",
    "server.",
    "thread.",
    "url.full",
    "user_agent.",
)
"""How attributes begin that differ from machine to machine, or from day to day."""

_CODES = (UNSET, OK, ERROR)


def spans_of(door: object) -> Spans:
    """What a run knows of OpenTelemetry's spans."""
    if not isinstance(door, Boundary):
        return Spans()
    found: Spans | None = door.kept.get(_KEPT)
    if found is None:
        found = door.kept[_KEPT] = Spans()
        door.watches.append(found)
    return found


@dataclass(slots=True, weakref_slot=True)
class Followed:
    """One span of theirs, from its beginning to its end.

    Attributes:
        at: Where it began.
        span: Ours for it, as far as it is known.
        outer: The span of ours inside which it began.
        may_report: Whether it may turn out to be somebody's report of a call of ours.
        covers: Whether it is: the call itself was asked inside.
        holds: Whether anything else of ours stands inside it.
    """

    at: Standing
    span: Span
    outer: str | None
    may_report: bool
    covers: bool = False
    holds: bool = False

    @property
    def id(self) -> str:
        """The id of our span for it."""
        return self.span.id


class Spans:
    """Follows the spans of one run; asked before each question whose report they may be."""

    def __init__(self) -> None:
        """Know none yet."""
        self._open: weakref.WeakKeyDictionary[Any, Followed] = weakref.WeakKeyDictionary()
        self._by_id: dict[str, Followed] = {}

    def known(self, span: Any) -> Followed | None:
        """What is known of a span of theirs."""
        return self._open.get(span)

    def began(self, at: Standing, theirs: Any, outer: str | None) -> None:
        """A span was started where somebody stands, or inside another that its maker named."""
        frame = at.frame if outer is None else at.frame.inside(outer)
        wire_kind = WireKind(theirs.kind.name.lower())
        meant = meaning.of(theirs.name, _attributes(theirs.attributes), wire_kind)
        if is_asking(frame.lane) or _is_reported(meant, frame):
            return
        position, span_id = at.mint("span", theirs.name)
        now, lane = at.now_ns(), frame.lane
        scope = theirs.instrumentation_scope
        agent = frame.agent
        if meant.kind is SpanKind.AGENT:
            name = meant.agent or theirs.name
            agent = provisional(name, lane.path)
            at.note(Agent(id=agent, name=name))
        span = Span(
            id=span_id,
            parent=frame.span,
            name=theirs.name,
            kind=meant.kind,
            operation=meant.operation or theirs.name,
            wire_kind=wire_kind,
            position=position,
            lane=lane.path,
            seq=lane.seq,
            end_seq=lane.seq,
            start_ns=now,
            end_ns=now,
            agent=agent,
            task=frame.task,
            scope=Scope(name=scope.name, version="") if scope is not None else None,
        )
        may_report = meant.kind in _CALLS or wire_kind is WireKind.CLIENT
        followed = Followed(Standing(at.door, frame), span, frame.span, may_report)
        self._open[theirs] = followed
        self._by_id[span_id] = followed
        self._inside_of(frame.span, span)
        if not may_report:
            at.note(span)

    def inside(self, theirs: Any, frame: Frame) -> Frame | None:
        """The frame of code for which a span of theirs is the current one; None: it is none."""
        followed = self._open.get(theirs)
        if followed is None or frame.span == followed.id:
            return None
        return frame._replace(span=followed.id, agent=followed.span.agent)

    def ended(self, theirs: Any) -> None:
        """It has ended; what it reported of a call of ours is left out."""
        followed = self._open.pop(theirs, None)
        if followed is None or followed.at.door.run.ended:
            return
        del self._by_id[followed.id]
        if followed.covers and not followed.holds:
            return
        at = followed.at
        given = _attributes(theirs.attributes)
        meant = meaning.of(theirs.name, given, followed.span.wire_kind)
        status = theirs.status
        kind = SpanKind.INTERNAL if followed.covers else meant.kind
        at.note(
            replace(
                followed.span,
                kind=kind,
                operation=meant.operation or theirs.name,
                end_ns=max(at.now_ns(), followed.span.start_ns),
                end_seq=at.frame.lane.seq,
                status=Status(
                    code=_CODES[status.status_code.value], message=status.description or ""
                ),
                question=meant.question,
                attributes=_lasting(meant.attributes),
                events=tuple(map(_event, theirs.events)),
                links=tuple(map(self._link, theirs.links)),
                usage=meant.usage if kind is SpanKind.LLM else None,
            )
        )

    # -- as a `Watching` of the door --------------------------------------------------------------
    def asks(self, frame: Frame, question: Question) -> Frame:
        """Take the reports of a question from around it: it stands inside what they stand in."""
        parent = frame.span
        while parent is not None and (followed := self._by_id.get(parent)) is not None:
            if not followed.may_report or not _reports(followed.span, question):
                followed.holds = True
                break
            followed.covers = True
            parent = followed.outer
        return frame if parent == frame.span else frame.inside(parent)

    def leaves(self, span: str) -> None:
        """A span of the user's has ended; nothing follows from that."""

    def _inside_of(self, outer: str | None, span: Span) -> None:
        """A span stands inside another; one that may report the same call changes nothing yet."""
        followed = None if outer is None else self._by_id.get(outer)
        if followed is not None and not (followed.may_report and span.kind in _WIRE):
            followed.holds = True

    def _link(self, link: Any) -> Link:
        attributes = _attributes(link.attributes)
        relationship = str(attributes.pop(names.RELATIONSHIP, "triggered_by"))
        span_id = f"{link.context.span_id:016x}"
        trace = f"{link.context.trace_id:032x}"
        for theirs, followed in list(self._open.items()):
            if theirs.get_span_context().span_id == link.context.span_id:
                span_id, trace = followed.id, ""
        return Link(
            span=span_id, relationship=relationship, trace=trace or None, attributes=attributes
        )


def _is_reported(meant: Meant, frame: Frame) -> bool:
    """Whether what surrounds a span is the very thing that it reports: our own tool, or agent."""
    if meant.kind is SpanKind.AGENT:
        return frame.agent is not None and name_in(frame.agent) == meant.agent
    last = frame.lane.path[-1:]
    return meant.kind is SpanKind.TOOL and any(
        (step.kind, step.name) == ("tool", meant.operation) for step in last
    )


def _reports(span: Span, question: Question) -> bool:
    """Whether a span is a report of a question that is asked inside it."""
    if span.kind is SpanKind.TOOL:
        return (question.kind, question.operation) == ("tool", span.operation)
    if span.kind in _WIRE:
        return question.kind in _WIRE
    return span.kind is SpanKind.RETRIEVAL and question.kind in (*_WIRE, SpanKind.RETRIEVAL)


def _attributes(given: Mapping[str, Any] | None) -> dict[str, Value]:
    return {str(key): canonical(value) for key, value in (given or {}).items()}


def _lasting(attributes: Mapping[str, Value]) -> dict[str, Value]:
    return {key: it for key, it in attributes.items() if not key.startswith(_VOLATILE) and it != ""}


def _event(event: Any) -> Event:
    attributes = _attributes(event.attributes)
    name = "error" if event.name == "exception" else event.name
    return Event(name=name, attributes=_lasting(attributes))
