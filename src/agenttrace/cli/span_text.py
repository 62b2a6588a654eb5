"""Spans as text: a tree in causal order, each with what it asked, was told, and what went on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenttrace.analysis.team import Team
from agenttrace.causal.nesting import nested
from agenttrace.check.fitting import line_of
from agenttrace.check.sides import arguments, cut, safe
from agenttrace.cli import words
from agenttrace.errors import UsageError
from agenttrace.model import amounts, names
from agenttrace.model.lane import label_of, text_of
from agenttrace.model.message import ToolResult
from agenttrace.model.span import Fidelity, SpanKind, Status, WireKind
from agenttrace.model.values import plain, unpack
from agenttrace.providers.reading import request_of, response_of

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator

    from agenttrace.model.call import Answer
    from agenttrace.model.message import Message, ModelResponse
    from agenttrace.model.span import Event, Link, Span
    from agenttrace.model.trace import Trace

_INDENT = "  "
_SAID = frozenset(
    {
        names.HTTP_METHOD,
        names.HTTP_STATUS,
        names.OPERATION,
        names.REQUEST_MODEL,
        names.RESPONSE_MODEL,
        names.TOOL_NAME,
        names.URL_PATH,
    }
)
"""Attributes that say again what other lines of a span say."""
_DEEPEST = 40
"""How many levels the page is indented; deeper ones say how deep they are."""

_LONGEST_NAME = 300
_CANDIDATES = 20
"""How many spans are shown to somebody who named none, or several."""
_CHUNKS = 3
"""How many chunks of a stream that no provider understands are shown."""


class SpanText:
    """Tells the spans of one trace; `#n` is a span's place on the page.

    Attributes:
        is_timed: Whether the trace has times.
    """

    def __init__(self, trace: Trace) -> None:
        """Put the spans in order, each under the one that it happened inside, and number them."""
        self._tree = tuple(nested(trace))
        self._numbers = {span.id: n for n, (span, _) in enumerate(self._tree, 1)}
        self.is_timed = Team(trace).is_timed

    def meant(self, words: str) -> Span:
        """The span that a person means: by its number on the page (`#4`), its id, or its name.

        Raises:
            UsageError: There is none, or there are several of that name.
        """
        found = [
            span for span, _ in self._tree if words in (f"#{self._numbers[span.id]}", span.id)
        ] or [span for span, _ in self._tree if words in (span.name, span.operation)]
        if len(found) == 1:
            return found[0]
        listed = found or [span for span, _ in self._tree if span.is_call]
        lines = [f"  {self.numbered(span)}" for span in listed[:_CANDIDATES]]
        if not found:
            lines += ["", f"  It is a number from '#1' to '#{len(self._tree)}', an id, or a name."]
        raise UsageError(
            f"{f'{len(found)} spans are' if found else 'no span is'} called {safe(repr(words))}",
            detail="\n".join(lines),
        )

    @property
    def numbers(self) -> dict[str, int]:
        """Each span's place on the page, by its id."""
        return self._numbers

    def numbered(self, span: Span) -> str:
        """A span on a line, with its number on the page."""
        return f"#{self._numbers[span.id]}  {line_of(span)}"

    @property
    def tree(self) -> tuple[tuple[Span, int], ...]:
        """Every span with its depth, as the page has them."""
        return self._tree

    def lines(self, only: Container[str] | None = None) -> list[str]:
        """Every span with its details; or only those with these ids."""
        found: list[str] = []
        for span, depth in self._tree:
            if only is not None and span.id not in only:
                continue
            indent = _INDENT * min(depth, _DEEPEST) + (f"({depth}) " if depth > _DEEPEST else "")
            found.append(f"{indent}{self._headline(span)}")
            inner = _INDENT * (min(depth, _DEEPEST) + 2)
            found.extend(f"{inner}{line}" for line in self._details(span))
        return found

    def _headline(self, span: Span) -> str:
        said = [
            f"#{self._numbers[span.id]} {span.kind.value:6} {safe(cut(span.name, _LONGEST_NAME))}"
        ]
        if span.agent is not None and span.kind is not SpanKind.AGENT:
            said.append(f"by {safe(span.agent)}")
        elif span.agent is not None and span.agent != span.name:
            said.append(f"is {safe(span.agent)}")
        if span.task is not None:
            said.append(f"task {cut(safe(span.task))}")
        if span.status != Status():
            why = f" ({cut(safe(span.status.message))})" if span.status.message else ""
            said.append(f"{safe(span.status.code)}{why}")
        if span.mark:
            said.append(f"mark {safe(span.mark)}")
        if span.echoed:
            said.append("echoed")
        if self.is_timed:
            took = amounts.duration(span.end_ns - span.start_ns)
            said.append(f"after {amounts.duration(span.start_ns)}, took {took}")
        return "  ".join(said)

    def _details(self, span: Span) -> Iterator[str]:
        if span.kind is not SpanKind.RUN:
            lane = safe(label_of(span.lane))
            yield f"at       {safe(text_of(span.position))}, {_steps(span)} of {lane}{_site(span)}"
        if span.wire_kind is not WireKind.INTERNAL:
            yield f"side     {span.wire_kind.value}"
        if span.is_call:
            yield f"asked    {_question(span)}"
        said_in = _reading(span)
        for tried, answer in enumerate(span.answers, 1):
            said = _answer(answer, said_in, timed=self.is_timed)
            yield f"{_attempt(tried, len(span.answers)):8} {said}"
        if span.usage is not None:
            yield from _usage(span)
        yield from (_event(event) for event in span.events)
        yield from (self._link(link) for link in span.links)
        known = {name: value for name, value in span.attributes.items() if name not in _SAID}
        if known:
            yield f"known    {words.pairs(known)}"
        yield from _foreign(span)
        for payload, fidelity in sorted(span.fidelity.items()):
            if fidelity is not Fidelity.PRESENT:
                yield f"payload  {safe(payload)} is {fidelity.value}"

    def _link(self, link: Link) -> str:
        number = self._numbers.get(link.span)
        whose = f"#{number}" if number is not None and link.trace is None else f"span {link.span}"
        trace = f" of trace {link.trace}" if link.trace is not None else ""
        more = f"  {words.pairs(link.attributes)}" if link.attributes else ""
        return f"link     {safe(link.relationship)} {whose}{trace}{more}"


def _steps(span: Span) -> str:
    return f"step {span.seq}" if span.end_seq <= span.seq else f"steps {span.seq} to {span.end_seq}"


def _site(span: Span) -> str:
    return f", {safe(span.site)}" if span.site else ""


def _attempt(tried: int, of: int) -> str:
    return "answer" if of == 1 else f"try {tried}/{of}"


def _question(span: Span) -> str:
    request = request_of(span)
    if request is None:
        return f"{safe(span.operation or span.name)}({safe(arguments(span.question))})"
    last = _message(request.messages[-1]) if request.messages else ""
    return f"{amounts.counted(len(request.messages), 'message')}; the last: {last}"


def _answer(answer: Answer, said_in: Callable[[Answer], str], *, timed: bool) -> str:
    said = said_in(answer)
    facts = [answer.end]
    if timed:
        facts.append(amounts.duration(answer.ended_ns - answer.asked_ns))
    status = answer.head.get("status") if isinstance(answer.head, dict) else None
    if status is not None:
        facts.insert(0, f"HTTP {words.line(status)}")
    if answer.streamed:
        facts.append(f"streamed, {amounts.counted(len(answer.chunks), 'chunk')}")
    if answer.failure is not None:
        causes = "".join(f" <- {cut(safe(cause))}" for cause in answer.failure.causes)
        facts.append(
            f"raised {safe(answer.failure.type)}: {words.line(answer.failure.message)}{causes}"
        )
    return f"{said}  ({', '.join(facts)})" if said else ", ".join(facts)


def _reading(span: Span) -> Callable[[Answer], str]:
    """How the answers of a span are read: a model's words, a tool's values, or text."""
    value = _text if span.kind is SpanKind.HTTP or span.kind is SpanKind.LLM else _packed

    def read(answer: Answer) -> str:
        response = response_of(span, answer)
        if response is not None:
            return _response(response)
        if not answer.streamed:
            return value(answer.body) if answer.chunks else ""
        told = [value(chunk.data) for chunk in answer.chunks[:_CHUNKS]]
        return ", ".join(told if len(answer.chunks) <= _CHUNKS else [*told, "…"])

    return read


def _response(response: ModelResponse) -> str:
    said = [_message(one) for one in response.messages]
    return "; ".join([*said, words.line(response.error)] if response.error else said)


def _packed(data: bytes) -> str:
    """A tool's value; bytes that are none are told as text."""
    try:
        return cut(words.line(plain(unpack(data))))
    except Exception:  # noqa: BLE001 - bytes of any kind; whatever is wrong, they are told
        return _text(data)


def _text(data: bytes) -> str:
    return words.line(data.decode("utf-8", "backslashreplace"))


def _message(message: Message) -> str:
    calls = [f"{safe(call.name)}({cut(safe(call.arguments))})" for call in message.tool_calls]
    text = words.line(message.text)
    results = [words.line(part.content) for part in message.parts if isinstance(part, ToolResult)]
    return f"[{safe(message.role)}] " + " ".join(part for part in (text, *calls, *results) if part)


def _usage(span: Span) -> Iterator[str]:
    usage = span.usage
    if usage is None:
        return
    for model, tokens in sorted(usage.models.items()):
        yield f"used     {safe(model)}: {words.tokens(tokens)}; cost {words.money(usage.cost_usd)}"
    if usage.tool_cost_usd is not None:
        yield f"used     the tool cost {words.money(usage.tool_cost_usd)}"
    for category, ns in sorted(usage.time_ns.items()):
        yield f"time     {safe(category)} {amounts.duration(ns)}"


def _event(event: Event) -> str:
    more = f"  {words.pairs(event.attributes)}" if event.attributes else ""
    return f"event    {safe(event.name)} at step {event.seq}{more}"


def _foreign(span: Span) -> Iterator[str]:
    if span.scope is not None:
        yield f"scope    {safe(span.scope.name)} {safe(span.scope.version)}".rstrip()
    if span.resource:
        yield f"from     {words.pairs(span.resource)}"
    if span.trace_flags != 1 or span.trace_state:
        yield f"w3c      flags {span.trace_flags:02x}, state {safe(span.trace_state) or 'empty'}"
