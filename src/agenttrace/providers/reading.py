"""Reading: what a span's model was asked and said, whatever language it speaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenttrace.model.message_values import request_from, response_from
from agenttrace.model.span import SpanKind
from agenttrace.providers.catalog import provider_for

if TYPE_CHECKING:
    from agenttrace.model.call import Answer
    from agenttrace.model.message import ModelRequest, ModelResponse
    from agenttrace.model.span import Span


def request_of(span: Span) -> ModelRequest | None:
    """What a model was asked; None: the span is no question to a model that we understand."""
    question = span.question
    if span.kind is not SpanKind.LLM or not isinstance(question, dict):
        return None
    method, path = question.get("method"), question.get("path")
    if not isinstance(method, str) or not isinstance(path, str):
        return request_from(question)
    provider = provider_for(method, path, question.get("body"))
    return None if provider is None else provider.read_request(question.get("body"), path)


def response_of(span: Span, answer: Answer | None = None) -> ModelResponse | None:
    """What a model said, in the end or in one of its answers.

    None: as `request_of`, or it said nothing.
    """
    question = span.question
    answer = span.answer if answer is None else answer
    if span.kind is not SpanKind.LLM or answer is None or not isinstance(question, dict):
        return None
    method, path = question.get("method"), question.get("path")
    if not isinstance(method, str) or not isinstance(path, str):
        return response_from(answer.body)
    provider = provider_for(method, path, question.get("body"))
    return None if provider is None else provider.read_response(answer)


class Models:
    """Understands every language in the catalog, and the messages of imported traces."""

    def words(self, span: Span) -> str | None:
        """What a model call was answered, in words; None: it is no answer that we understand."""
        said = response_of(span)
        return None if said is None else "".join(message.text for message in said.messages)

    def tools_asked(self, span: Span) -> tuple[tuple[str, str], ...]:
        """The tools that a model's answer asks for: each name, and the id of the call or empty."""
        said = response_of(span)
        if said is None:
            return ()
        return tuple((call.name, call.id) for one in said.messages for call in one.tool_calls)
