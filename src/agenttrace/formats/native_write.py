"""Writing a golden: a trace parted into its sections.

What goes where is decided here alone. Content holds what every run of the same program repeats.
Whatever chance may cut short goes to `ragged`, times to `timing`, lines of code to `sites`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

from agenttrace.causal.position import span_id, trace_id
from agenttrace.causal.ragged import is_cut, raggedness
from agenttrace.causal.sequence import in_causal_order
from agenttrace.errors import NotCanonical
from agenttrace.formats.money import money_as_text
from agenttrace.formats.native_columns import Pools, write_table
from agenttrace.formats.schema import CONTENT, RAGGED, Table
from agenttrace.model.agent import Agent
from agenttrace.model.lane import Delivery, Lane
from agenttrace.model.names import EXCEPTION_TRACEBACK
from agenttrace.model.span import Span, is_span_id
from agenttrace.model.state import StateSnapshot

if TYPE_CHECKING:
    from agenttrace.model.call import Answer, Failure
    from agenttrace.model.lane import Join
    from agenttrace.model.span import Event
    from agenttrace.model.trace import Trace
    from agenttrace.model.usage import Usage
    from agenttrace.model.values import Value


@dataclass(slots=True)
class Part:
    """The things of a trace that go into one section."""

    spans: list[Span] = field(default_factory=list)
    lanes: list[Lane] = field(default_factory=list)
    agents: list[Agent] = field(default_factory=list)
    snapshots: list[StateSnapshot] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)


class TraceWriter:
    """Encodes one trace, section by section; `content` must come before `ragged`."""

    def __init__(self, trace: Trace) -> None:
        """Put the trace in order, and part it."""
        self._trace = in_causal_order(trace)
        self._is_ragged = raggedness(trace.lanes)
        self._content, self._ragged = self._parted()
        self._pools = Pools()
        self._rows = {span.id: row for row, span in enumerate(self._content.spans, 1)}

    def counts(self) -> dict[str, int]:
        """How much there is, for whoever does not want to read it all."""
        spans = self._trace.spans
        return {
            "spans": len(spans),
            "calls": sum(1 for span in spans if span.is_call),
            "agents": len(self._trace.agents),
            "lanes": len(self._trace.lanes),
            "ragged spans": len(self._ragged.spans),
        }

    def content(self) -> bytes:
        """The section that alone is compared."""
        trace = self._trace
        tables = self._tables(self._content, ragged=False)
        tables["trace"] = {
            "name": [trace.name],
            "id": ["" if trace.id == trace_id(trace.name) else trace.id],
            "complete": [trace.complete],
            "resource": [dict(trace.resource) or None],
        }
        return self._section(CONTENT, tables)

    def ragged(self) -> bytes:
        """The section of what chance may cut short."""
        first = len(self._content.spans) + 1
        self._rows.update((span.id, row) for row, span in enumerate(self._ragged.spans, first))
        tables = self._tables(self._ragged, ragged=True)
        joins = [
            (row, join)
            for row, lane in enumerate(self._content.lanes)
            for join in lane.joins
            if self._is_ragged(join.by)
        ]
        cut = [answer for answer in _answers(self._content.spans) if is_cut(answer)]
        arrived = [chunk for answer in cut for chunk in answer.chunks]
        tables["fates"] = {"end": [lane.end for lane in self._content.lanes if lane.ragged]}
        tables["late_joins"] = {
            "lane": [row for row, _ in joins],
            "by": [join.by for _, join in joins],
            "seq": [join.seq for _, join in joins],
        }
        tables["arrivals"] = {
            "head": [answer.head for answer in cut],
            "arrived": [len(answer.chunks) for answer in cut],
            "streamed": [answer.streamed for answer in cut],
        }
        tables["arrived"] = {"data": [chunk.data for chunk in arrived]}
        return self._section(RAGGED, tables)

    def timing(self) -> bytes:
        """The section of when."""
        whole, ragged = list(_answers(self._content.spans)), list(_answers(self._ragged.spans))
        answers = whole + ragged
        spans = self._content.spans + self._ragged.spans
        kept = [answer for answer in whole if not is_cut(answer)] + ragged
        late = [answer for answer in whole if is_cut(answer)]
        offsets = [chunk.offset_ns for answer in kept + late for chunk in answer.chunks]
        return _packed(
            {
                "started": self._trace.started,
                "environment": _plain(self._trace.environment),
                "spans": [[span.start_ns for span in spans], [span.end_ns for span in spans]],
                "answers": [[one.asked_ns for one in answers], [one.ended_ns for one in answers]],
                "chunks": offsets,
                "events": [event.at_ns for event in _events(spans)],
                "spent": [_plain(usage.time_ns) for usage in _usages(spans)],
            }
        )

    def sites(self) -> bytes:
        """The section of where in the code."""
        spans = self._content.spans + self._ragged.spans
        words: dict[str | None, int] = {}
        indices = [words.setdefault(span.site, len(words)) for span in spans]
        return _packed(
            {
                "spans": [list(words), indices],
                "span_traces": _tracebacks(span.attributes for span in spans),
                "event_traces": _tracebacks(event.attributes for event in _events(spans)),
            }
        )

    def _parted(self) -> tuple[Part, Part]:
        trace, ragged = self._trace, self._is_ragged
        whole, cut = Part(), Part()
        for span in trace.spans:
            (cut if ragged(span.lane) else whole).spans.append(span)
        for lane in trace.lanes:
            inside = lane.parent is not None and ragged(lane.path[:-1])
            (cut if inside else whole).lanes.append(lane)
        for snapshot in trace.snapshots:
            (cut if ragged(snapshot.lane) else whole).snapshots.append(snapshot)
        for delivery in trace.deliveries:
            # which message a queue gave is chance; where it matters, the calls that follow say so
            by_chance = delivery.receive[-1:] and delivery.receive[-1].kind == "receive"
            (cut if by_chance or ragged(delivery.receive) else whole).deliveries.append(delivery)
        sure = {span.agent for span in whole.spans} | {shot.agent for shot in whole.snapshots}
        chancy = {span.agent for span in cut.spans} | {shot.agent for shot in cut.snapshots}
        for agent in trace.agents:
            (cut if agent.id in chancy - sure else whole).agents.append(agent)
        return whole, cut

    def _tables(self, part: Part, *, ragged: bool) -> dict[str, Mapping[str, Sequence[Any]]]:
        spans = part.spans
        answers = list(_answers(spans))
        events = list(_events(spans))
        links = [link for span in spans for link in span.links]
        usages = list(_usages(spans))
        tokens = [item for usage in usages for item in sorted(usage.models.items())]
        joins = [self._sure_joins(lane, ragged=ragged) for lane in part.lanes]
        turns = [position for delivery in part.deliveries for position in delivery.turn]
        kept = [answer if ragged or not is_cut(answer) else None for answer in answers]
        chunks = [chunk for answer in kept if answer is not None for chunk in answer.chunks]
        of = _columns
        return {
            "spans": self._span_columns(spans),
            "answers": {
                "head": [None if answer is None else answer.head for answer in kept],
                "chunks": [0 if answer is None else len(answer.chunks) for answer in kept],
                "streamed": [answer is not None and answer.streamed for answer in kept],
                "failure": [_failure(answer.failure) for answer in answers],
                "end": [answer.end for answer in answers],
            },
            "chunks": of(chunks, "data"),
            "events": {
                **of(events, "name", "seq"),
                "attributes": [_kept(it.attributes) for it in events],
            },
            "links": {
                **of(links, "relationship", "trace", "attributes"),
                "span": [self._row(it.span, foreign=it.trace is not None) for it in links],
            },
            "usages": {
                "cost_usd": [money_as_text(usage.cost_usd) for usage in usages],
                "tool_cost_usd": [money_as_text(usage.tool_cost_usd) for usage in usages],
                "tokens": [len(usage.models) for usage in usages],
            },
            "tokens": {
                "model": [model for model, _ in tokens],
                **of(
                    [it for _, it in tokens],
                    "input",
                    "output",
                    "cache_read",
                    "cache_write",
                    "reasoning",
                ),
            },
            "lanes": {
                **of(part.lanes, "path", "spawn_seq", "raced", "ragged"),
                "parent": [lane.parent or () for lane in part.lanes],
                "joins": [len(it) for it in joins],
                "end": [it.end if ragged or not it.ragged else "complete" for it in part.lanes],
            },
            "joins": of([join for it in joins for join in it], "by", "seq"),
            "agents": of(part.agents, "id", "name", "type", "role", "version", "model"),
            "snapshots": {
                **of(part.snapshots, "agent", "position", "lane", "seq", "goal", "beliefs"),
                **of(part.snapshots, "working_memory", "perceptions", "status", "extra"),
                "span": [self._row(it.span) for it in part.snapshots],
            },
            "deliveries": {
                **of(part.deliveries, "receive", "message", "outcome", "channel", "content"),
                **of(part.deliveries, "seq", "sent", "heard"),
                "turns": [len(it.turn) for it in part.deliveries],
            },
            "turns": {"message": turns},
        }

    def _span_columns(self, spans: list[Span]) -> dict[str, Sequence[Any]]:
        name = self._trace.name
        same = (
            "name",
            "operation",
            "position",
            "lane",
            "seq",
            "end_seq",
            "agent",
            "task",
            "question",
        )
        more = ("digest", "mark", "echoed", "trace_flags", "trace_state")
        return {
            **_columns(spans, *same, *more),
            "id": [None if span.id == span_id(name, span.position) else span.id for span in spans],
            "parent": [self._row(span.parent) for span in spans],
            "kind": [str(span.kind) for span in spans],
            "wire_kind": [str(span.wire_kind) for span in spans],
            "fidelity": [{key: str(it) for key, it in span.fidelity.items()} for span in spans],
            "status_code": [span.status.code for span in spans],
            "status_message": [span.status.message for span in spans],
            "answers": [len(span.answers) for span in spans],
            "attributes": [_kept(span.attributes) for span in spans],
            "events": [len(span.events) for span in spans],
            "links": [len(span.links) for span in spans],
            "usages": [0 if span.usage is None else 1 for span in spans],
            "resource": [dict(span.resource) or None for span in spans],
            "scope": [_scope(span) for span in spans],
        }

    def _row(self, span: str | None, *, foreign: bool = False) -> int | bytes:
        if span is None:
            return 0
        row = None if foreign else self._rows.get(span)
        if row is None and not is_span_id(span):
            raise NotCanonical(f"{span!r} is no span id: 16 lowercase hex digits, not all zero")
        return bytes.fromhex(span) if row is None else row

    def _sure_joins(self, lane: Lane, *, ragged: bool) -> tuple[Join, ...]:
        if ragged:
            return lane.joins
        return tuple(join for join in lane.joins if not self._is_ragged(join.by))

    def _section(self, tables: Iterable[Table], columns: Mapping[str, Any]) -> bytes:
        written = {}
        for table in tables:
            cells = columns[table.name]
            rows = len(next(iter(cells.values())))
            if rows:
                written[table.name] = write_table(table, rows, cells, self._pools)
        return _packed(self._pools.take()) + _packed(written)


def _packed(value: object) -> bytes:
    import msgpack

    try:
        packed: bytes = msgpack.packb(value, use_bin_type=True)
    except (TypeError, ValueError, OverflowError) as problem:
        raise NotCanonical(f"the trace holds what no golden can keep: {problem}") from None
    return packed


def _columns(things: Sequence[Any], *names: str) -> dict[str, Sequence[Any]]:
    return {name: [getattr(thing, name) for thing in things] for name in names}


def _answers(spans: Iterable[Span]) -> Iterable[Answer]:
    return chain.from_iterable(span.answers for span in spans)


def _events(spans: Iterable[Span]) -> Iterable[Event]:
    return chain.from_iterable(span.events for span in spans)


def _usages(spans: Iterable[Span]) -> Iterable[Usage]:
    return (span.usage for span in spans if span.usage is not None)


def _kept(attributes: Mapping[str, Value]) -> Mapping[str, Value]:
    if EXCEPTION_TRACEBACK not in attributes:
        return attributes
    return {key: value for key, value in attributes.items() if key != EXCEPTION_TRACEBACK}


def _tracebacks(attributes: Iterable[Mapping[str, Value]]) -> list[list[Any]]:
    found = [
        (row, it[EXCEPTION_TRACEBACK])
        for row, it in enumerate(attributes)
        if EXCEPTION_TRACEBACK in it
    ]
    return [[row for row, _ in found], [text for _, text in found]]


def _failure(failure: Failure | None) -> Value:
    if failure is None:
        return None
    return {
        "type": failure.type,
        "args": list(failure.args),
        "fields": dict(failure.fields),
        "message": failure.message,
        "causes": list(failure.causes),
    }


def _scope(span: Span) -> Value:
    scope = span.scope
    if scope is None:
        return None
    return {"name": scope.name, "version": scope.version, "attributes": dict(scope.attributes)}


def _plain(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _sorted(mapping[key]) for key in sorted(mapping)}


def _sorted(value: Any) -> Any:  # noqa: ANN401 - any canonical value
    if isinstance(value, dict):
        return _plain(value)
    return [_sorted(item) for item in value] if isinstance(value, list) else value
