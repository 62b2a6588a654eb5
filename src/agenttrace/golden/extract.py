"""Extracts: payloads in a few words, safe to print, for outlines."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

from agenttrace.check.sides import PACKED_KINDS, spoken
from agenttrace.model.message import ToolResult
from agenttrace.model.span import SpanKind
from agenttrace.model.values import digest, plain
from agenttrace.providers import catalog

if TYPE_CHECKING:
    from agenttrace.model.span import Span
    from agenttrace.model.usage import Usage
    from agenttrace.model.values import Value
    from agenttrace.providers.provider import Provider

LONGEST = 60


def shown(text: str, longest: int = LONGEST) -> str:
    """Write a text on one line, without a character that cannot be seen; too long, it is cut."""
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    if cut.isprintable():
        return cut
    return "".join(it if it.isprintable() else _escaped(it) for it in cut)


def digest_of(full: bytes) -> str:
    """The four digits that stand for a digest."""
    return full.hex()[:4]


def value_extract(value: Value) -> str:
    """Digest and beginning of a value."""
    return f"{digest_of(digest(value))} {_beginning(value)}"


def question_extract(span: Span) -> str:
    """What was asked, in a few words; of a conversation, its last message."""
    provider, body = _language(span)
    if provider is None:
        return _beginning(span.question)
    try:
        said = provider.read_request(body).messages[-1]
    except Exception:  # noqa: BLE001 - a question that cannot be read is shown as it is
        return _beginning(body)
    results = [str(part.content) for part in said.parts if isinstance(part, ToolResult)]
    return _quoted(said.text or " ".join(results))


def answer_extract(span: Span) -> str:
    """What the world said, in a few words: what a model wrote, else the beginning of the body."""
    answer = span.answer
    if answer is None:
        return ""
    if answer.failure is not None:
        return f"{shown(answer.failure.type, 60)}: {shown(answer.failure.message)}"
    said = _written(span)
    if said:
        return _quoted(said)
    if span.kind in PACKED_KINDS:
        values = [spoken(span.kind, chunk.data) for chunk in answer.chunks]
        if values and not any(isinstance(value, bytes) for value in values):
            return _beginning(values if answer.streamed else values[0])
    body = answer.body[: 8 * LONGEST].decode("utf-8", "replace")
    return shown(body) if body or answer.head is None else _beginning(answer.head)


def tokens(usage: Usage) -> str:
    """`in 812 out 64 tok`."""
    return f"in {usage.tokens.input} out {usage.tokens.output} tok"


def money(usage: Usage) -> str:
    """`  $0.0021`; nothing where no price is known."""
    amounts = [it for it in (usage.cost_usd, usage.tool_cost_usd) if it is not None]
    return f"  ${sum(amounts, Decimal()).normalize():f}" if amounts else ""


def _written(span: Span) -> str:
    """The words of a model's answer, or the tools that it asks for, where we know its language."""
    provider, _ = _language(span)
    if provider is None or span.answer is None:
        return ""
    try:
        messages = provider.read_response(span.answer).messages
    except Exception:  # noqa: BLE001 - an answer that cannot be read is shown as it is
        return ""
    words = [message.text for message in messages if message.text]
    calls = [
        f"{call.name}({call.arguments})" for message in messages for call in message.tool_calls
    ]
    return " ".join([*words, *calls])


def _language(span: Span) -> tuple[Provider | None, Value]:
    asked = span.question
    if span.kind is not SpanKind.LLM or not isinstance(asked, dict):
        return None, None
    body = asked.get("body")
    return catalog.provider_for(
        str(asked.get("method", "")), str(asked.get("path", "")), body
    ), body


def _beginning(value: Value) -> str:
    return shown(json.dumps(plain(value), ensure_ascii=False, sort_keys=True, default=_bytes))


def _quoted(text: str) -> str:
    return f'"{shown(text)}"'


def _bytes(data: object) -> str:
    return data[:LONGEST].decode("utf-8", "replace") if isinstance(data, bytes) else str(data)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
