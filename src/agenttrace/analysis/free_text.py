"""Free text: what a trace keeps of words that people and models wrote, by field and size.

No rule finds a person's name or a complaint in words, so nobody can say that they may be committed
but a person. This counts them, so that the person knows what is asked.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agenttrace.model.message import ToolResult
from agenttrace.model.values import plain, unpack
from agenttrace.providers.reading import request_of, response_of
from agenttrace.redact.synthesis import is_free

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from agenttrace.model.message import Message
    from agenttrace.model.span import Span
    from agenttrace.model.trace import Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Free text of one sort.

    Attributes:
        field: Where it stands: `user message`, `answer`, `look_up_order.note`, …
        texts: How many different texts there are.
        characters: How many characters they have together.
        longest: How many the longest has.
    """

    field: str
    texts: int
    characters: int
    longest: int


def free_text(trace: Trace) -> tuple[Kept, ...]:
    """Count the free text of a trace, most of it first."""
    found: dict[str, set[str]] = defaultdict(set)
    for span in trace.spans:
        for field, text in _of(span):
            if is_free(text):
                found[field].add(text)
    kept = (
        Kept(
            field=field,
            texts=len(texts),
            characters=sum(map(len, texts)),
            longest=max(map(len, texts)),
        )
        for field, texts in found.items()
    )
    return tuple(sorted(kept, key=lambda one: (-one.characters, one.field)))


def _of(span: Span) -> Iterator[tuple[str, str]]:
    request, response = request_of(span), response_of(span)
    if request is not None:
        yield from _said(request.messages)
    if response is not None:
        yield from _said(response.messages, "answer")
    if request is None and span.question is not None:
        yield from _inside(plain(span.question), span.operation or span.name)
    if span.kind.value in ("tool", "retrieval") and span.answer is not None and span.answer.body:
        yield from _inside(plain(unpack(span.answer.body)), f"{span.operation} result")
    for event in span.events:
        yield from _inside(plain(dict(event.attributes)), f"event {event.name}")
    if span.task:
        yield "task", span.task


def _said(messages: Iterable[Message], field: str = "") -> Iterator[tuple[str, str]]:
    for message in messages:
        name = field or f"{message.role} message"
        if message.text:
            yield name, message.text
        for part in message.parts:
            if isinstance(part, ToolResult):
                yield from _inside(plain(part.content), "tool message")


def _inside(value: object, field: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield field, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _inside(item, f"{field}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from _inside(item, field)
