"""Spans of calls: what is known of one at the moment of its asking, whoever writes it down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenttrace.model.span import Span, SpanKind, WireKind

if TYPE_CHECKING:
    from agenttrace.model.call import Call

_REMOTE = frozenset({SpanKind.LLM, SpanKind.HTTP, SpanKind.RETRIEVAL, SpanKind.AGENT})


def span_of(call: Call, at_ns: int) -> Span:
    """Give the span of a call at the moment of its asking."""
    question = call.question
    kind = SpanKind(question.kind)
    return Span(
        id=call.span,
        parent=call.parent,
        name=question.title,
        kind=kind,
        operation=question.operation,
        wire_kind=WireKind.CLIENT if kind in _REMOTE else WireKind.INTERNAL,
        position=call.position,
        lane=call.lane,
        seq=call.seq,
        end_seq=call.seq,
        start_ns=at_ns,
        end_ns=at_ns,
        agent=call.agent,
        task=call.task,
        question=question.body,
        digest=call.digest,
        attributes=dict(question.attributes),
        site=question.site,
    )
