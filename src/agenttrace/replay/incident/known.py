"""Known: what a foreign trace knows of each call: who asked, what, and what was said.

A call that a tracing library told twice (a framework's span around its SDK's) is one call: the
innermost. What a tool said stands in its span, else in the next question to the model, which holds
it as a tool's message.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from agenttrace.causal.order import Order
from agenttrace.model import names
from agenttrace.model.call import Failure
from agenttrace.model.message import ModelResponse, ToolCall, ToolResult
from agenttrace.model.message_values import response_from
from agenttrace.model.span import ERROR, Span, SpanKind
from agenttrace.model.trace import Trace
from agenttrace.model.values import Value, comparable, unpack
from agenttrace.providers.reading import request_of, response_of
from agenttrace.replay.incident.asked import UNKNOWN, asked_of, json_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agenttrace.model.message import Message, ModelRequest

_CALLS = (SpanKind.LLM, SpanKind.TOOL, SpanKind.RETRIEVAL)
_AGENT_WORK = (SpanKind.LLM, SpanKind.AGENT, SpanKind.TOOL)
_CALL_ID = "gen_ai.tool.call.id"
_LOWEST_ERROR, _HIGHEST_ERROR = 400, 599


@dataclass(frozen=True, slots=True)
class Result:
    """What a tool gave back, as a value."""

    value: Value


Said: TypeAlias = ModelResponse | Result | Failure
"""What the world said: a model's words, a tool's result, or what it failed with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One call of the trace.

    Attributes:
        span: The span that tells of it; of a tool's call that only a model's messages tell of, the
            model's span that asked for it.
        number: What a person calls the span: its place on the page that `agenttrace show` prints.
        kind: `llm`, `tool` or `retrieval`.
        operation: What it is called: a tool's name.
        agent: Who asked; empty: nobody knows.
        asked: What was asked, in the form that is compared; `UNKNOWN` where the trace lacks it.
        said: What was said; None where the trace lacks it.
        told: Where what was said stands: `span`, or `messages` of the next question to a model.
        runs: Whether it is agent code: model, agent or tool calls stand below it.
        nth: Of calls of one tool that one answer asked for: how many went before it.
    """

    span: Span
    number: int
    kind: str
    operation: str
    agent: str = ""
    asked: Value = UNKNOWN
    said: Said | None = None
    told: str = "span"
    runs: bool = False
    nth: int = 0

    @property
    def label(self) -> str:
        """What a person calls it: `#4`; `#4:pay`, `#4:pay:1` where only messages tell of it."""
        if self.told_alone:
            return f"#{self.number}"
        return f"#{self.number}:{self.operation}" + (f":{self.nth}" if self.nth else "")

    @property
    def told_alone(self) -> bool:
        """Whether a span of its own tells of it."""
        return self.span.kind.value == self.kind

    @property
    def title(self) -> str:
        """What it is called, for people."""
        return self.span.name if self.told_alone else self.operation


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """The calls of a trace, in causal order.

    Attributes:
        trace: The trace.
        all: Its calls.
    """

    trace: Trace
    all: tuple[Known, ...]
    _orders: dict[str, Order] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, trace: Trace, numbers: Mapping[str, int] | None = None) -> Calls:
        """Read a trace.

        Args:
            trace: The trace; of another system's, or one of ours.
            numbers: What a person calls each span, by its id; by default its place in the trace.
        """
        named = numbers or {span.id: place for place, span in enumerate(trace.spans, 1)}
        return cls(trace=trace, all=_Reading(trace, named).calls)

    @property
    def order(self) -> Order:
        """What happened before what."""
        if "order" not in self._orders:
            self._orders["order"] = Order(self.trace)
        return self._orders["order"]

    @property
    def agents(self) -> frozenset[str]:
        """Who asked anything."""
        return frozenset(one.agent for one in self.all if one.agent)


class _Reading:
    """Reads the calls of one trace."""

    def __init__(self, trace: Trace, numbers: Mapping[str, int]) -> None:
        self._trace = trace
        self._numbers = numbers

    @property
    def calls(self) -> tuple[Known, ...]:
        """All calls, those that only messages tell of behind the one that asked for them."""
        told = [self._known(span) for span in self._trace.spans if self._is_call(span)]
        meant: dict[str, list[_Meant]] = defaultdict(list)
        for one in self._meant():
            meant[one.call.name].append(one)
        filled = [_filled(one, meant[one.operation]) for one in told]
        spanned = {one.operation for one in told if one.kind != "llm"}
        extra: dict[str, list[Known]] = defaultdict(list)
        for name, found in meant.items():
            for one in () if name in spanned else found:
                before = [it for it in extra[one.by.id] if it.operation == name]
                extra[one.by.id].append(self._from_messages(one, len(before)))
        return tuple(known for one in filled for known in (one, *extra.pop(one.span.id, ())))

    def _is_call(self, span: Span) -> bool:
        """Whether it is a call: a model's span around another one tells the same call again."""
        if span.kind not in _CALLS:
            return False
        return span.kind is not SpanKind.LLM or not (self._below[span.id] & {SpanKind.LLM})

    @cached_property
    def _below(self) -> dict[str, set[SpanKind]]:
        """The kinds of agent work that stand below each span."""
        parents = {span.id: span.parent for span in self._trace.spans}
        found: dict[str, set[SpanKind]] = {span.id: set() for span in self._trace.spans}
        for span in self._trace.spans:
            if span.kind in _AGENT_WORK:
                at = parents[span.id]
                while at in found and span.kind not in found[at]:
                    found[at].add(span.kind)
                    at = parents[at]
        return found

    def _named(self, span: Span) -> str:
        """Who asked; of several agents of one name, which a trace of ours counts, the name."""
        said = span.agent or ""
        name, ordinal, number = said.rpartition("#")
        counted = ordinal and number.isdecimal() and self._names.get(said) == name
        return name if counted else said

    @cached_property
    def _names(self) -> dict[str, str]:
        return {agent.id: agent.name for agent in self._trace.agents}

    def _known(self, span: Span) -> Known:
        is_model = span.kind is SpanKind.LLM
        return Known(
            span=span,
            number=self._numbers[span.id],
            kind=span.kind.value,
            operation=span.operation,
            agent=self._named(span),
            asked=asked_of(span.kind.value, span.question, request_of(span)),
            said=_model_said(span, self._numbers[span.id]) if is_model else _tool_said(span),
            runs=not is_model and bool(self._below[span.id]),
        )

    def _meant(self) -> Iterator[_Meant]:
        """Every tool's call that a model asked for, with the result that a later question holds."""
        asked: list[tuple[Span, ToolCall]] = []
        for span in self._trace.spans:
            if span.kind is not SpanKind.LLM or not self._is_call(span):
                continue
            request = request_of(span)
            if request is not None:
                yield from _answered(asked, request)
            response = _response(span)
            for message in () if response is None else response.messages:
                asked.extend((span, call) for call in message.tool_calls)

    def _from_messages(self, one: _Meant, nth: int) -> Known:
        return Known(
            span=one.by,
            number=self._numbers[one.by.id],
            kind="tool",
            operation=one.call.name,
            agent=self._named(one.by),
            asked=comparable(json_in(one.call.arguments)),
            said=Result(one.result.content),
            told="messages",
            nth=nth,
        )


@dataclass(slots=True)
class _Meant:
    """A tool's call as a model's messages tell of it."""

    by: Span
    call: ToolCall
    result: ToolResult
    used: bool = False


def _answered(asked: list[tuple[Span, ToolCall]], request: ModelRequest) -> Iterator[_Meant]:
    """Take out of `asked` what a question holds the results of: by id, else in order."""
    for message in _last(request):
        results = [part for part in message.parts if isinstance(part, ToolResult)]
        for result in results:
            same = [it for it in asked if it[1].id == result.id] or (
                [it for it in asked if not it[1].id] if not result.id else []
            )
            if same:
                asked.remove(same[0])
                yield _Meant(same[0][0], same[0][1], result)


def _last(request: ModelRequest) -> tuple[Message, ...]:
    """The messages behind the last one of the model's own."""
    places = [at for at, one in enumerate(request.messages) if one.tool_calls]
    return request.messages[places[-1] + 1 :] if places else ()


def _filled(one: Known, meant: list[_Meant]) -> Known:
    """A tool's call whose own span lacks the result, with what a later question holds of it."""
    if one.kind == "llm":
        return one
    call_id = one.span.attributes.get(_CALL_ID)
    for found in meant:
        same = found.call.id == call_id if call_id else False
        asked = comparable(json_in(found.call.arguments))
        if not found.used and (same or one.asked in (UNKNOWN, asked)):
            found.used = True
            filled = replace(one, asked=asked) if one.asked == UNKNOWN else one
            if one.said is None:
                filled = replace(filled, said=Result(found.result.content), told="messages")
            return filled
    return one


def _model_said(span: Span, number: int) -> Said | None:
    response = _response(span)
    if response is not None and response.error:
        return response
    if response is None or not any(message.parts for message in response.messages):
        return _failed(span, model=True)
    usage = span.usage.models if span.usage is not None else {}
    answered = span.attributes.get(names.RESPONSE_MODEL)
    identity = span.attributes.get(names.RESPONSE_ID)
    return replace(
        response,
        model=answered if isinstance(answered, str) and answered else response.model,
        id=response.id or (identity if isinstance(identity, str) else "") or f"incident-{number}",
        tokens=next(iter(usage.values()), response.tokens),
        messages=tuple(
            _ended(message, span, place, number) for place, message in enumerate(response.messages)
        ),
    )


def _response(span: Span) -> ModelResponse | None:
    """What a model said; a trace may hold it though it lacks what was asked."""
    if span.question is None and span.answer is not None:
        return response_from(span.answer.body)
    return response_of(span)


def _ended(message: Message, span: Span, place: int, number: int) -> Message:
    """A message with an id for every call that it asks for, and with how it ended."""
    said = span.attributes.get(names.FINISH_REASONS)
    told = said[place] if isinstance(said, list) and place < len(said) else None
    calls = "tool_call" if message.tool_calls else "stop"
    reason = message.finish_reason or (told if isinstance(told, str) else "") or calls
    parts = tuple(
        replace(part, id=f"call_{number}_{nth}")
        if isinstance(part, ToolCall) and not part.id
        else part
        for nth, part in enumerate(message.parts)
    )
    ended = "tool_call" if reason in ("tool_calls", "tool_use", "function_call") else reason
    return replace(message, role=message.role or "assistant", parts=parts, finish_reason=ended)


def _tool_said(span: Span) -> Said | None:
    answer = span.answer
    if answer is None:
        return _failed(span, model=False)
    if answer.failure is not None:
        return answer.failure
    return Result(unpack(answer.body))


def _failed(span: Span, *, model: bool) -> Said | None:
    """What a call failed with, by its events and attributes; None: it did not, as far as told."""
    if span.status.code != ERROR:
        return None
    told = next((event for event in span.events if event.name in ("exception", "error")), None)
    attributes = {} if told is None else told.attributes
    kind = attributes.get("exception.type") or span.attributes.get("error.type") or "Error"
    words = attributes.get("exception.message") or span.status.message or str(kind)
    status = _status(span)
    if model and status is not None:
        return ModelResponse(model="", error=str(words), extra={"status": status})
    return Failure(type=str(kind), args=(str(words),), message=str(words))


def _status(span: Span) -> int | None:
    for key in (names.HTTP_STATUS, "http.status_code", "error.type"):
        said = str(span.attributes.get(key, ""))
        if said.isdecimal() and _LOWEST_ERROR <= int(said) <= _HIGHEST_ERROR:
            return int(said)
    return None
