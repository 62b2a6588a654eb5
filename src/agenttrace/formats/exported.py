"""Exported: a trace as other systems tell it; the way back from `foreign`.

Every span becomes a `Told`: times since the epoch, one kind of attributes. What a call asked and
said stands under OpenTelemetry's GenAI names, and what those have no name for (the kind, the
operation, the task) under ours, so that a trace that comes back is understood as it was.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Container
from typing import TYPE_CHECKING, Protocol

from agenttrace.causal.ticks import times
from agenttrace.formats.content import exact, result_of, text_of
from agenttrace.formats.told import Occurred, Told
from agenttrace.model import message_values, names
from agenttrace.model.lane import text_of as text_of_lane
from agenttrace.model.span import Span, SpanKind, Status

if TYPE_CHECKING:
    from agenttrace.model.message import Message, ModelRequest, ModelResponse
    from agenttrace.model.trace import Trace
    from agenttrace.model.values import Value

_NS_A_S = 1_000_000_000
_OPERATIONS = {
    SpanKind.LLM: "chat",
    SpanKind.TOOL: "execute_tool",
    SpanKind.AGENT: "invoke_agent",
    SpanKind.RETRIEVAL: "retrieval",
    SpanKind.PLAN: "plan",
    SpanKind.RUN: "invoke_workflow",
}
_KNOWN = ("UNSET", "OK", "ERROR")
FOREIGN_LOSS = frozenset(
    {
        "agents",
        "complete",
        "deliveries",
        "environment",
        "lanes",
        "name",
        "resource",
        "snapshots",
        "started",
        "spans.echoed",
        "spans.end_seq",
        "spans.fidelity",
        "spans.lane",
        "spans.mark",
        "spans.position",
        "spans.seq",
        "spans.site",
    }
)
"""What no format of spans has a place for."""


class Reading(Protocol):
    """Understands the question and the answer of a model call, whatever language it speaks."""

    def request_of(self, span: Span) -> ModelRequest | None:
        """What a model was asked; None: it is no question that is understood."""
        ...

    def response_of(self, span: Span) -> ModelResponse | None:
        """What a model said; None likewise."""
        ...


class OfImports:
    """Understands model calls of imported traces, and no others."""

    def request_of(self, span: Span) -> ModelRequest | None:
        """What a model was asked."""
        asked = span.question
        return message_values.request_from(asked) if isinstance(asked, dict) else None

    def response_of(self, span: Span) -> ModelResponse | None:
        """What a model said."""
        said = span.answer
        return None if said is None else message_values.response_from(said.body)


def told_of(
    trace: Trace, *, tick_ns: int = 1, began_ns: int | None = None, reading: Reading | None = None
) -> tuple[Told, ...]:
    """Tell every span of a trace.

    Args:
        trace: The trace.
        tick_ns: The least step of the format's clock; causally ordered spans are so far apart.
        began_ns: When the run began, nanoseconds since the epoch; by default as the trace says.
        reading: Who understands model calls; by default only those of imported traces are.
    """
    began = epoch_ns(trace) if began_ns is None else began_ns
    at = times(trace, tick_ns)
    understands: Reading = OfImports() if reading is None else reading
    return tuple(_told(span, trace, began, at[span.id], understands) for span in trace.spans)


def epoch_ns(trace: Trace) -> int:
    """When a trace began, nanoseconds since the epoch; 0: nobody knows."""
    try:
        moment = dt.datetime.fromisoformat(trace.started)
        moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=dt.UTC)
        return int(moment.timestamp()) * _NS_A_S + moment.microsecond * 1_000
    except (ValueError, OverflowError):
        return 0


def loss(
    trace: Trace,
    carries: Callable[[Value], bool],
    taken: Container[str] = (),
    tick_ns: int = 1,
) -> frozenset[str]:
    """Name what a format of spans does not carry of a trace.

    Args:
        trace: The trace.
        carries: Whether the format carries an attribute's value as it is.
        taken: Names of attributes that mean something else in the format.
        tick_ns: The least step of its clock.
    """
    found = set(FOREIGN_LOSS)
    times_ns = [ns for span in trace.spans for ns in (span.start_ns, span.end_ns)]
    times_ns += [event.at_ns for span in trace.spans for event in span.events]
    moved = bool(trace.lanes) or min(times_ns, default=0) != 0
    if moved or any(ns % tick_ns for ns in times_ns):
        found |= {"spans.start_ns", "spans.end_ns", "spans.events", "spans.answers"}
    if any(span.resource for span in trace.spans) or trace.resource:
        found.add("spans.resource")
    reading = OfImports()
    for span in trace.spans:
        if not _is_exact(span, reading):
            found |= {"spans.question", "spans.digest", "spans.answers", "spans.usage"}
        attributes = span.attributes
        if not all(map(carries, attributes.values())) or any(key in taken for key in attributes):
            found.add("spans.attributes")
        if not all(carries(it) for event in span.events for it in event.attributes.values()):
            found.add("spans.events")
        if not all(carries(it) for link in span.links for it in link.attributes.values()):
            found.add("spans.links")
        if span.scope is not None and not all(map(carries, span.scope.attributes.values())):
            found.add("spans.scope")
    return frozenset(found)


def _told(span: Span, trace: Trace, began: int, at: tuple[int, int], reading: Reading) -> Told:
    start, end = at
    moved = start - span.start_ns
    return Told(
        trace=trace.id,
        id=span.id,
        parent=span.parent or "",
        name=span.name,
        wire_kind=span.wire_kind,
        start_ns=began + start,
        end_ns=began + end,
        status=_status(span),
        attributes=_attributes(span, reading),
        events=tuple(
            Occurred(name=it.name, at_ns=began + it.at_ns + moved, attributes=it.attributes)
            for it in span.events
        ),
        links=tuple(
            (trace.id if it.trace is None else it.trace, it.span, it.relationship, it.attributes)
            for it in span.links
        ),
        resource=span.resource or trace.resource,
        scope=span.scope,
        trace_flags=span.trace_flags,
        trace_state=span.trace_state,
    )


def _status(span: Span) -> Status:
    code = span.status.code
    return span.status if code in _KNOWN else Status(code="ERROR", message=span.status.message)


def _attributes(span: Span, reading: Reading) -> dict[str, Value]:
    """Everything that is known of a span, under names that other systems read."""
    ours: dict[str, Value] = {
        names.KIND: span.kind.value,
        names.SPAN_OPERATION: span.operation,
        names.OPERATION: _OPERATIONS.get(span.kind),
        names.TASK_NAME: span.task,
        names.STATUS_CODE: None if span.status.code in _KNOWN else span.status.code,
        names.MARK: span.mark or None,
        names.LANE: text_of_lane(span.lane) if span.lane else None,
        **_who(span),
        **_usage(span),
        **_content(span, reading),
    }
    added = {key: value for key, value in ours.items() if value is not None}
    had: list[Value] = [key for key in added if key in span.attributes]
    kept: dict[str, Value] = {names.KEPT: had} if had else {}
    return {**added, **span.attributes, **kept}


def _who(span: Span) -> dict[str, Value]:
    agent = span.agent
    return {names.AGENT_ID: agent, "gen_ai.agent.name": agent if span.kind == "agent" else None}


def _usage(span: Span) -> dict[str, Value]:
    used = span.usage
    if used is None or not used.models:
        return {}
    tokens = used.tokens
    counts: dict[str, Value] = {
        names.INPUT_TOKENS: tokens.input,
        names.OUTPUT_TOKENS: tokens.output,
        names.CACHE_READ_TOKENS: tokens.cache_read or None,
        names.CACHE_WRITE_TOKENS: tokens.cache_write or None,
        names.REASONING_TOKENS: tokens.reasoning or None,
        names.TOKENS_USED: tokens.total,
        names.RESPONSE_MODEL: next(iter(used.models)),
    }
    return counts if used.cost_usd is None else {**counts, names.COST: float(used.cost_usd)}


def _content(span: Span, reading: Reading) -> dict[str, Value]:
    if span.kind is SpanKind.LLM:
        return _model(span, reading)
    if span.kind is SpanKind.TOOL:
        return {
            names.TOOL_NAME: span.operation,
            names.TOOL_ARGUMENTS: None if span.question is None else text_of(span.question),
            names.TOOL_RESULT: result_of(span),
        }
    if span.kind is SpanKind.RETRIEVAL and isinstance(span.question, dict):
        query = span.question.get("query")
        return {"gen_ai.retrieval.query.text": text_of(query), names.TOOL_RESULT: result_of(span)}
    return {}


def _model(span: Span, reading: Reading) -> dict[str, Value]:
    try:
        request, response = reading.request_of(span), reading.response_of(span)
    except Exception:  # noqa: BLE001 - a body that cannot be read is not told
        return {}
    found: dict[str, Value] = {}
    if request is not None:
        found[names.REQUEST_MODEL] = request.model or None
        found[names.INPUT_MESSAGES] = _messages(request.messages)
        if request.tools:
            found[names.TOOL_DEFINITIONS] = text_of(list(request.tools))
        if request.parameters:
            found["llm.invocation_parameters"] = text_of(dict(request.parameters))
    if response is not None:
        found[names.RESPONSE_ID] = response.id or None
        if response.messages:
            found[names.OUTPUT_MESSAGES] = _messages(response.messages)
            reasons: list[Value] = [it.finish_reason for it in response.messages]
            found[names.FINISH_REASONS] = reasons if any(reasons) else None
    return found


def _messages(messages: tuple[Message, ...]) -> str:
    return json.dumps([message_values.value_of(one) for one in messages], default=repr)


def _is_exact(span: Span, reading: Reading) -> bool:
    """Whether a call's question, answer and usage come back as they are."""
    return exact(span, _attributes(span, reading))
