"""Recorder: the one scribe. It keeps what passes the door, and gives it as a `Trace`.

It is the same in record and in replay, so two traces differ only where the agent did.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from agenttrace.causal.delivery.settling import delivered
from agenttrace.causal.position import trace_id
from agenttrace.causal.ragged import raggedness
from agenttrace.causal.settle import settled
from agenttrace.causal.spans import span_of
from agenttrace.model.agent import Agent
from agenttrace.model.lane import Delivery, Lane, Position
from agenttrace.model.span import ERROR, OK, UNSET, Event, Link, Span, SpanKind, Status
from agenttrace.model.state import StateSnapshot
from agenttrace.model.trace import Trace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenttrace.causal.current import Run
    from agenttrace.causal.lane import LiveLane
    from agenttrace.formats.records import Noteworthy
    from agenttrace.model.call import Answer, Call, Chunk
    from agenttrace.model.usage import Usage
    from agenttrace.model.values import Value

_CLIENT_ERROR = 400
"""The first of the statuses by which a server says that something is wrong."""


class Journal(Protocol):
    """Where a recording goes while it is made, safe against a kill."""

    def began(
        self,
        run: Span,
        root: Lane,
        *,
        trace: str,
        started: str = "",
        environment: Mapping[str, Value] | None = None,
    ) -> None:
        """The run began: its own span, its own lane."""
        ...

    def opened(self, call: Call, at_ns: int) -> None:
        """An attempt was asked."""
        ...

    def chunk(self, call: Call, chunk: Chunk) -> None:
        """A piece of its answer arrived."""
        ...

    def closed(self, call: Call, span: Span) -> None:
        """Its answer ended; the span holds it, and what else is known by now."""
        ...

    def noted(
        self, what: Noteworthy, span: str | None = None, *, lane: Position = (), seq: int = 0
    ) -> None:
        """Something else happened; an event, link or status belongs to a span, or to the run."""
        ...

    def lane(self, lane: Lane) -> None:
        """A lane was spawned, or has ended."""
        ...

    def ended(self, trace: Trace) -> None:
        """The run ended."""
        ...


@dataclass(slots=True)
class _Draft:
    """What is known of a span so far; events and links with the lane and step that noted them."""

    span: Span
    events: list[tuple[Position, int, Event]] = field(default_factory=list)
    links: list[tuple[Position, int, Link]] = field(default_factory=list)
    status: Status | None = None


class Recorder:
    """Writes one run down."""

    def __init__(
        self,
        run: Run,
        *,
        journal: Journal | None = None,
        started: str = "",
        environment: Mapping[str, Value] | None = None,
    ) -> None:
        """Listen to a run; its own span begins now.

        Args:
            run: The run.
            journal: Where a recording goes meanwhile; a replay needs none.
            started: The wall clock, ISO 8601 in UTC.
            environment: What the run depends on and is not compared.
        """
        self._run = run
        self._journal = journal
        self._started = started
        self._environment = environment or {}
        self._lock = threading.RLock()
        self._drafts: dict[str, _Draft] = {}
        self._agents: dict[str, Agent] = {}
        self._snapshots: list[StateSnapshot] = []
        self._deliveries: list[Delivery] = []
        self._copied: dict[Position, Lane] = {}
        self._streaming: set[str] = set()
        run.listener = self
        now = run.clock.now_ns()
        own = Span(
            id=run.span,
            name=run.name,
            kind=SpanKind.RUN,
            operation="run",
            start_ns=now,
            end_ns=now,
        )
        self._note_span(own)
        if journal is not None:
            journal.began(
                own,
                run.root.frozen(),
                trace=trace_id(run.name),
                started=started,
                environment=environment,
            )

    # -- the Scribe's side ----------------------------------------------------------------------
    def opened(self, call: Call) -> None:
        """Begin the span of a call, or the next attempt of it."""
        now = self._run.clock.now_ns()
        with self._lock:
            if call.span not in self._drafts:
                self._drafts[call.span] = _Draft(span_of(call, now))
            if self._journal is not None:
                self._journal.opened(call, now)

    def chunk(self, call: Call, chunk: Chunk) -> None:
        """Journal a piece of an answer; the answer itself holds it in the end."""
        self._streaming.add(call.span)
        if self._journal is not None:
            self._journal.chunk(call, chunk)

    def closed(
        self,
        call: Call,
        answer: Answer,
        *,
        usage: Usage | None,
        attributes: Mapping[str, Value],
        mark: str,
    ) -> None:
        """End an attempt; the last one ends the span."""
        with self._lock:
            self._streaming.discard(call.span)
            draft = self._drafts[call.span]
            if draft.span.end_ns and self._run.ended:
                return
            draft.span = closed_span(draft.span, call, answer, usage, attributes, mark)
            if self._journal is not None:
                self._journal.closed(call, draft.span)

    def noted(
        self,
        what: Span | Event | Link | StateSnapshot | Agent | Lane | Delivery | Status,
        *,
        span: str | None = None,
        lane: LiveLane | None = None,
    ) -> None:
        """Keep something that is not a call; `span` says where an event, link or status belongs."""
        with self._lock:
            match what:
                case Span():
                    self._note_span(what)
                case Agent():
                    self._agents.setdefault(what.id, what)
                case StateSnapshot():
                    self._snapshots.append(what)
                case Delivery():
                    self._deliveries.append(what)
                case Lane():
                    self._copied[what.path] = what
                case _:
                    self._note_inside(what, span or self._run.span, lane or self._run.root)
            if self._journal is None:
                return
            if isinstance(what, Lane):
                self._journal.lane(what)
            else:
                at = lane or self._run.root
                self._journal.noted(what, span, lane=at.path, seq=at.seq)

    def forget_journal(self) -> None:
        """Write to no journal any more."""
        self._journal = None

    # -- the Listener's side --------------------------------------------------------------------
    def lane_spawned(self, lane: LiveLane) -> None:
        """Journal a lane when it is minted, so that a kill leaves a named hole."""
        if self._journal is not None:
            self._journal.lane(replace(lane.frozen(), end="open"))

    # -- what came of it ------------------------------------------------------------------------
    def trace(self, *, complete: bool = True) -> Trace:
        """Give everything written down so far, in causal order."""
        return settled(self.raw(complete=complete))

    def raw(self, *, complete: bool = True) -> Trace:
        """Give everything written down so far, as it stands in the run."""
        with self._lock:
            now = self._run.clock.now_ns()
            spans = [self._finished(draft, now) for draft in self._drafts.values()]
            lanes = {lane.path: lane.frozen() for lane in self._run.lanes}
            trace = Trace(
                id=trace_id(self._run.name),
                name=self._run.name,
                spans=tuple(spans),
                lanes=tuple({**self._copied, **lanes}.values()),
                agents=tuple(self._agents.values()),
                snapshots=tuple(self._snapshots),
                deliveries=tuple(self._deliveries),
                started=self._started,
                environment=self._environment,
                complete=complete,
            )
            # a child's journal has told everything where it stood: nothing of it can be moved
            return trace if self._run.within is not None else delivered(trace, self._run)

    def id_so_far(self, span: str) -> str:
        """The id that `raw` now gives to a span of the run: a pool's work is put under its turn."""
        with self._lock:
            place = list(self._drafts).index(span)
            return self.raw(complete=False).spans[place].id

    def streams_left_open(self) -> tuple[Span, ...]:
        """Calls of which pieces came and no end, in lanes that chance did not cut short."""
        with self._lock:
            may_be_cut = raggedness(lane.frozen() for lane in self._run.lanes)
            return tuple(
                span
                for span_id in sorted(self._streaming)
                if not may_be_cut((span := self._drafts[span_id].span).lane)
            )

    def _finished(self, draft: _Draft, now: int) -> Span:
        span = draft.span
        return replace(
            span,
            end_ns=max(now if span.kind is SpanKind.RUN else span.end_ns, span.start_ns),
            events=(
                *span.events,
                *(event for _, _, event in sorted(draft.events, key=lambda e: e[:2])),
            ),
            links=(*span.links, *(link for _, _, link in sorted(draft.links, key=lambda e: e[:2]))),
            status=draft.status if draft.status is not None else span.status,
        )

    def _note_span(self, span: Span) -> None:
        draft = self._drafts.get(span.id)
        if draft is None:
            self._drafts[span.id] = _Draft(span)
        else:
            draft.span = span

    def _note_inside(self, what: Event | Link | Status, span: str, lane: LiveLane) -> None:
        draft = self._drafts.get(span) or self._drafts[self._run.span]
        match what:
            case Event():
                draft.events.append(
                    (
                        lane.path,
                        lane.seq,
                        replace(
                            what,
                            seq=_step_in(draft.span.lane, lane),
                            at_ns=self._run.clock.now_ns(),
                        ),
                    )
                )
            case Link():
                draft.links.append((lane.path, lane.seq, what))
            case Status():
                draft.status = what


def closed_span(
    span: Span,
    call: Call,
    answer: Answer,
    usage: Usage | None,
    attributes: Mapping[str, Value],
    mark: str,
) -> Span:
    """Give the span of a call when an attempt of it has ended."""
    return replace(
        span,
        answers=(*span.answers, answer),
        end_ns=max(answer.ended_ns, span.start_ns),
        end_seq=max(span.end_seq, call.seq),
        attributes={**span.attributes, **call.question.attributes, **attributes},
        usage=usage if usage is not None else span.usage,
        mark=mark or span.mark,
        status=_status_of(answer),
    )


def _step_in(lane: Position, at: LiveLane) -> int:
    """The step of a lane at which something happened that was done in it, or in a lane below it."""
    if lane == at.path:
        return at.seq
    while at.parent is not None:
        if at.parent.path == lane:
            return at.spawn_seq
        at = at.parent
    return 0


def _status_of(answer: Answer) -> Status:
    if answer.failure is not None:
        return Status(code=ERROR, message=answer.failure.type)
    status = answer.head.get("status") if isinstance(answer.head, dict) else None
    if isinstance(status, int) and status >= _CLIENT_ERROR:
        return Status(code=ERROR, message=f"HTTP {status}")
    return (
        Status(code=OK)
        if answer.end in ("complete", "closed")
        else Status(code=UNSET, message=answer.end)
    )
