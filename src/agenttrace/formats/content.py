"""Content: values as texts in attributes, and whether what they say comes back as it was."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from agenttrace.formats import meaning
from agenttrace.model.call import Answer, Chunk
from agenttrace.model.values import Value, digest, unpack

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenttrace.model.span import Span

_LIKE_JSON = ("{", "[", '"')
_GREATEST, _SMALLEST = 2**63 - 1, -(2**63)


def text_of(value: Value) -> Value:
    """A value as GenAI attributes hold it: structures as JSON; texts that look like it, too."""
    if isinstance(value, dict | list):
        return json.dumps(value, default=repr)
    if isinstance(value, str) and value.lstrip()[:1] in _LIKE_JSON:
        return json.dumps(value)
    return value


def result_of(span: Span) -> Value:
    """What a tool said, as an attribute; None where it said nothing, or nothing that is known."""
    answer = span.answer
    if answer is None or not answer.chunks:
        return None
    return text_of(
        [_said(it.data) for it in answer.chunks] if answer.streamed else _said(answer.body)
    )


def _said(body: bytes) -> Value:
    try:
        return unpack(body)
    except Exception:  # noqa: BLE001 - bytes of another make can fail in any way
        return body.decode("utf-8", "replace")


def exact(span: Span, attributes: Mapping[str, Value]) -> bool:
    """Whether attributes say a span's question, answers and usage as they were."""
    meant = meaning.of(span.name, attributes, span.wire_kind)
    answers: tuple[Answer, ...] = ()
    if meant.answer is not None:
        chunks = (Chunk(data=meant.answer),)
        answers = (Answer(chunks=chunks, asked_ns=span.start_ns, ended_ns=span.end_ns),)
    hashed = b"" if meant.question is None else digest(meant.question)
    found = (meant.question, hashed, answers, meant.usage)
    return found == (span.question, span.digest, span.answers, span.usage)


def is_narrow(value: Value) -> bool:
    """Whether a value is of types that OTLP has: no integers past 64 bits with a sign, no tags."""
    if isinstance(value, dict):
        return all(not key.startswith("!") and is_narrow(it) for key, it in value.items())
    if isinstance(value, list):
        return all(map(is_narrow, value))
    if isinstance(value, int) and not isinstance(value, bool):
        return _SMALLEST <= value <= _GREATEST
    return True
