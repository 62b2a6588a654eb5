"""Content: what of a span, or of an agent's state, counts when two runs are compared.

Times, sites, ids and tracebacks never do. What a person said may vary is made equal first. Links
count by what they point to, which is looked up only when all pairs are known (`references`).
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from agenttrace.causal.ragged import CUT_ENDS, is_cut
from agenttrace.check.vary import NOTHING_VARIES, STATE, Vary
from agenttrace.model.names import EXCEPTION_TRACEBACK
from agenttrace.model.span import Span, SpanKind
from agenttrace.model.values import digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agenttrace.model.call import Answer
    from agenttrace.model.state import StateSnapshot
    from agenttrace.model.trace import Trace
    from agenttrace.model.usage import Usage
    from agenttrace.model.values import Value

INPUT: Mapping[SpanKind, str] = {SpanKind.LLM: "llm_input"}
OUTPUT: Mapping[SpanKind, str] = {SpanKind.LLM: "llm_output"}
"""The classes of what models are asked and say; of all else it is a tool's."""


class Change(NamedTuple):
    """What differs between two spans or states that stand for one another.

    Attributes:
        kind: One of `model.difference.CLASSES`.
        title: What it is about, where that is more than the span's name.
        golden: The golden's value.
        run: The run's value.
        what: In a word.
    """

    kind: str
    title: str
    golden: Value
    run: Value
    what: str = "changed"


class Contents:
    """What counts of the spans and states of one trace."""

    def __init__(self, trace: Trace, vary: Vary = NOTHING_VARIES) -> None:
        """Take a trace, and what may vary in it."""
        self._spans = {span.id: span for span in trace.spans}
        self._vary = vary
        self._varies = bool(vary.paths or vary.matchers)

    def of_span(self, span: Span) -> bytes:
        """16 bytes over all that counts; equal ones need no further look."""
        content: list[object] = [
            span.kind,
            span.wire_kind,
            span.operation,
            "" if span.kind is SpanKind.RUN else span.name,
            span.agent,
            span.task,
            self._question(span),
            [self._answer(span, answer) for answer in span.answers],
            span.mark,
            span.status.code,
            span.status.message,
            _kept(span.attributes),
        ]
        if span.events:
            content.append(events_of(span))
        if span.usage is not None:
            content.append(usage_of(span.usage))
        return _hashed(content)

    def of_links(self, span: Span) -> bytes:
        """The same for its links, by what they point to; empty where it has none."""
        return _hashed(sorted(map(repr, self._links(span)))) if span.links else b""

    def of_state(self, shot: StateSnapshot) -> bytes:
        """The same for a state."""
        state: Value = state_of(shot)
        if self._varies and self._vary.names(STATE):
            state = self._vary.blanked(STATE, state)
        return _hashed([shot.agent, state])

    def _question(self, span: Span) -> bytes:
        if self._varies and self._vary.names(span.operation):
            return digest(self._vary.blanked(span.operation, span.question))
        if span.digest or span.question is None:
            return span.digest
        return digest(span.question)

    def _answer(self, span: Span, answer: Answer) -> object:
        if answer.end in CUT_ENDS:
            return answer.end
        if not self._varies and answer.failure is None:
            pieces = [chunk.data for chunk in answer.chunks]
            return [answer.head, pieces, answer.streamed, answer.end]
        content = answer.content
        if self._varies and self._vary.names_result(span.operation):
            content = self._vary.blanked_answer(span.operation, content)
        return content

    def _links(self, span: Span) -> Iterator[object]:
        for link in span.links:
            target = self._spans.get(link.span) if link.trace is None else None
            token = link.span if target is None else (target.name, target.digest.hex())
            yield link.relationship, link.trace, sorted(link.attributes.items()), token


def changes(golden: Span, run: Span, vary: Vary, *, cut: bool = False) -> Iterator[Change]:
    """List what differs between two spans, links apart, the gravest first.

    Args:
        golden: The golden's.
        run: This run's.
        vary: What may differ.
        cut: Whether chance may have cut the spans short; then only how they began counts.
    """
    if (golden.kind, golden.operation) != (run.kind, run.operation):
        sorts: list[Value] = [golden.kind.value, golden.operation]
        yield Change("structure", golden.name, sorts, [run.kind.value, run.operation])
        return
    asked = golden.digest == run.digest if golden.digest or run.digest else False
    if not asked and not vary.agree(golden.operation, golden.question, run.question):
        yield Change(
            INPUT.get(golden.kind, "tool_args"), golden.name, golden.question, run.question
        )
    if run.mark != golden.mark:
        kind = OUTPUT.get(golden.kind, "tool_result")
        yield Change(kind, golden.name, golden.mark, run.mark, run.mark or "changed")
    if golden.kind is not SpanKind.RUN:  # a run may be renamed with its test
        yield from _change("metadata", golden.name, golden.name, run.name)
    yield from _change("metadata", golden.name, [golden.agent, golden.task], [run.agent, run.task])
    if not cut:
        yield from _answer_changes(golden, run, vary)
        yield from _field_changes(golden, run)


def state_changes(golden: StateSnapshot, run: StateSnapshot, vary: Vary) -> Iterator[Change]:
    """Say what differs between two states, as wholes; what may vary is one thing in both."""
    left: Value = state_of(golden)
    right: Value = state_of(run)
    if vary.names(STATE):
        left, right = vary.both_blanked(STATE, left, right)
    if digest(left) != digest(right):
        yield Change("state", f"state of {golden.agent or 'the run'}", left, right)


def _answer_changes(golden: Span, run: Span, vary: Vary) -> Iterator[Change]:
    left, right = golden.answer, run.answer
    if left is None and right is None:
        return
    kind = OUTPUT.get(golden.kind, "tool_result")
    if left is None or right is None:
        sides = [None if answer is None else answer.content for answer in (left, right)]
        yield Change(kind, golden.name, sides[0], sides[1])
        return
    if is_cut(left):
        return
    if len(golden.answers) != len(run.answers):
        title = f"{golden.name}: attempts"
        yield Change("status", title, len(golden.answers), len(run.answers))
    else:
        for tried, (one, other) in enumerate(
            zip(golden.answers[:-1], run.answers[:-1], strict=True), 1
        ):
            if one.digest != other.digest:
                title = f"{golden.name}: attempt {tried}"
                yield Change("status", title, one.content, other.content)
    if left.digest != right.digest and not vary.answers_agree(
        golden.operation, left.content, right.content
    ):
        yield Change(kind, golden.name, left.content, right.content)


def _field_changes(golden: Span, run: Span) -> Iterator[Change]:
    name = golden.name
    yield from _change("metadata", name, golden.wire_kind.value, run.wire_kind.value)
    yield from _change("metadata", name, _kept(golden.attributes), _kept(run.attributes))
    yield from _change(
        "status",
        name,
        [golden.status.code, golden.status.message],
        [run.status.code, run.status.message],
    )
    yield from _change("event", name, events_of(golden), events_of(run))
    used = [None if span.usage is None else usage_of(span.usage) for span in (golden, run)]
    yield from _change("cost", f"{name}: usage", *used)


def _change(kind: str, title: str, left: Value, right: Value) -> Iterator[Change]:
    if not same(left, right):
        yield Change(kind, title, left, right)


def same(left: Value, right: Value) -> bool:
    """Whether two values are one; a truth value is no number."""
    if left == right and type(left) is type(right) and not isinstance(left, dict | list):
        return True
    return left == right and digest(left) == digest(right)


def state_of(shot: StateSnapshot) -> dict[str, Value]:
    """What counts of a state, by key: what the agent wants, believes, works with, was told."""
    words = {
        "goal": shot.goal,
        "beliefs": shot.beliefs,
        "working_memory": shot.working_memory,
        "perceptions": shot.perceptions,
        "status": shot.status or None,
    }
    said = {name: value for name, value in words.items() if value is not None}
    return {
        **said,
        **{
            f"extra.{key}" if key in words else key: value
            for key, value in sorted(shot.extra.items())
        },
    }


def usage_of(usage: Usage) -> Value:
    """What was used, without the time that it took."""
    return {
        "cost_usd": None if usage.cost_usd is None else f"{usage.cost_usd.normalize():f}",
        "tool_cost_usd": (
            None if usage.tool_cost_usd is None else f"{usage.tool_cost_usd.normalize():f}"
        ),
        "tokens": {
            model: {
                "input": tokens.input,
                "output": tokens.output,
                "cache_read": tokens.cache_read,
                "cache_write": tokens.cache_write,
                "reasoning": tokens.reasoning,
            }
            for model, tokens in sorted(usage.models.items())
        },
    }


def events_of(span: Span) -> Value:
    """The events of a span, without the tracebacks of its errors."""
    return [[event.name, _kept(event.attributes)] for event in span.events]


def summary(span: Span) -> Value:
    """What is said of a span that only one of two traces has."""
    return {
        "kind": span.kind.value,
        "name": span.name,
        "agent": span.agent,
        "question": span.question,
    }


def _kept(attributes: Mapping[str, Value]) -> dict[str, Value]:
    if EXCEPTION_TRACEBACK not in attributes:
        return dict(sorted(attributes.items()))
    return {key: attributes[key] for key in sorted(attributes) if key != EXCEPTION_TRACEBACK}


def _hashed(content: object) -> bytes:
    import msgpack

    try:
        packed = msgpack.packb(content, use_bin_type=True, unicode_errors="surrogatepass")
    except (TypeError, ValueError, OverflowError):  # a value that is not canonical
        packed = repr(content).encode("utf-8", "backslashreplace")
    return sha256(packed).digest()[:16]
