"""Lineage: how an output came about: the prompts, decisions and tool results that led to it.

Two things make one span a step on the way to another. *Said so*: an edge that was recorded (it
stands inside, a link, a message, a model's answer that asked for this tool). *Seen in it*: what a
call gave back stands, word for word, in what a later model or tool was asked. What merely came
before is no step; that it could have had a part is what `causes_of` says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agenttrace.analysis.selecting import view_of
from agenttrace.check.fitting import line_of
from agenttrace.check.sides import cut, safe, shown
from agenttrace.check.vary import body_of
from agenttrace.model.message import ToolResult
from agenttrace.model.span import Span, SpanKind
from agenttrace.model.values import Value, plain
from agenttrace.providers.reading import request_of, response_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from agenttrace.check.view import View
    from agenttrace.model.span import Event
    from agenttrace.model.trace import Trace

SHORTEST = 4
"""How many characters a text must have for its turning up elsewhere to be no accident."""

LONGEST = 1 << 20
"""How many characters of one question are searched."""

MOST_STEPS = 500
"""How many steps a lineage has at most; the nearest to the output are kept."""

_DECISIONS = ("planning", "reflection")


@dataclass(frozen=True, slots=True, kw_only=True)
class LineageStep:
    """One span on the way to an output.

    Attributes:
        span: The span.
        why: What makes it a step, in words: `asked for`, `stands around`, …
        of: The id of the step that it led to; None for the output itself.
        prompt: Of a model call: the last thing it was told.
        decisions: What was decided inside it: planning and reflection, and the tools that a model
            asked for.
        result: What it gave back.
    """

    span: Span
    why: str
    of: str | None = None
    prompt: str = ""
    decisions: tuple[str, ...] = ()
    result: Value = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """How one output came about.

    Attributes:
        output: The span that gave it.
        steps: What led to it, in causal order; the output itself comes last.
    """

    output: Span
    steps: tuple[LineageStep, ...]

    def __str__(self) -> str:
        """Tell it as text, a step with its details after the other."""
        return "\n".join(self.lines())

    def lines(self, numbers: Mapping[str, int] | None = None) -> Iterator[str]:
        """The lines of the text.

        Args:
            numbers: What each span is called by; without them the steps are counted.
        """
        if numbers is None:
            numbers = {step.span.id: number for number, step in enumerate(self.steps, 1)}
        for step in self.steps:
            why = step.why if step.of is None else f"{step.why} #{numbers[step.of]}"
            yield f"#{numbers[step.span.id]}  {line_of(step.span)}"
            yield f"      why       {why}"
            if step.prompt:
                yield f"      prompt    {_short(step.prompt)}"
            for decision in step.decisions:
                yield f"      decided   {_short(decision)}"
            if step.result not in (None, ""):
                yield f"      result    {_short(step.result)}"


def lineage(trace: Trace, output: Span) -> Lineage:
    """Find how a span's output came about.

    Args:
        trace: The trace.
        output: The span whose answer is asked about; of one that asked nothing (an agent, the run),
            the last call inside it.

    Raises:
        KeyError: The span is not one of the trace.
    """
    view = view_of(trace)
    at = _call_of(view, view.by_id[output.id])
    texts = {one.id: _texts(view.value(one)) for one in view.spans if one.answer is not None}
    steps: dict[str, tuple[str, str | None]] = {at.id: ("the output", None)}
    ahead = [at]
    while ahead and len(steps) < MOST_STEPS:
        later = ahead.pop(0)
        for earlier, why in _led_to(view, later, texts):
            if earlier.id not in steps:
                steps[earlier.id] = (why, later.id)
                ahead.append(earlier)
    return Lineage(
        output=at,
        steps=tuple(_step(view, span, *steps[span.id]) for span in view.spans if span.id in steps),
    )


def _call_of(view: View, span: Span) -> Span:
    if span.is_call:
        return span
    inside = [one for one in view.spans if one.is_call and span in view.above(one)]
    return inside[-1] if inside else span


def _led_to(
    view: View, later: Span, texts: Mapping[str, Sequence[str]]
) -> Iterator[tuple[Span, str]]:
    for one, why in view.led_to(later):
        if one.kind is not SpanKind.RUN:
            yield one, why
    if later.question is not None:
        asked = _words(later)
        for earlier in view.spans:
            seen = any(text in asked for text in texts.get(earlier.id, ()))
            if seen and view.order.happens_before(earlier, later):
                yield earlier, "has its result in the question of"


def _words(span: Span) -> str:
    """What a call asked, its texts joined, to be searched."""
    request = request_of(span)
    if request is None:
        return "\n".join(_texts(body_of(span.question)))[:LONGEST]
    said = [message.text for message in request.messages]
    results = [
        text
        for message in request.messages
        for part in message.parts
        if isinstance(part, ToolResult)
        for text in _texts(part.content)
    ]
    return "\n".join([*said, *results])[:LONGEST]


def _texts(value: Value) -> list[str]:
    """The texts in a value that are long enough to be recognised."""
    found: list[str] = []
    ahead: list[Value] = [value]
    while ahead:
        at = ahead.pop()
        if isinstance(at, dict):
            ahead.extend(at.values())
        elif isinstance(at, list):
            ahead.extend(at)
        elif isinstance(at, str) and len(at.strip()) >= SHORTEST:
            found.append(at.strip())
    return found


def _step(view: View, span: Span, why: str, of: str | None) -> LineageStep:
    return LineageStep(
        span=span,
        why=why,
        of=of,
        prompt=_prompt(span),
        decisions=tuple(_decisions(span)),
        result=None if span.answer is None else view.value(span),
    )


def _prompt(span: Span) -> str:
    request = request_of(span)
    if request is None or not request.messages:
        return ""
    last = request.messages[-1]
    results = [shown(part.content) for part in last.parts if isinstance(part, ToolResult)]
    return f"[{last.role}] {last.text or ' '.join(results)}"


def _decisions(span: Span) -> Iterator[str]:
    yield from map(_decision, (event for event in span.events if event.name in _DECISIONS))
    said = response_of(span)
    for message in () if said is None else said.messages:
        for call in message.tool_calls:
            yield f"call {call.name}({call.arguments})"


def _decision(event: Event) -> str:
    known: Sequence[str] = [
        f"{name.rpartition('.')[2]} {shown(plain(value))}"
        for name, value in sorted(event.attributes.items())
    ]
    return f"{event.name}: {', '.join(known)}"


def _short(value: Value) -> str:
    text = value.replace("\n", "\\n") if isinstance(value, str) else shown(plain(value))
    return cut(safe(text), 100)
