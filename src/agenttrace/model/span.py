"""Spans: the things that happened, with their events, links and how well they are known."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from agenttrace.errors import InvalidSpan
from agenttrace.model.call import Answer
from agenttrace.model.lane import Position
from agenttrace.model.usage import Usage
from agenttrace.model.values import Value


class SpanKind(enum.StrEnum):
    """What sort of thing happened."""

    RUN = "run"
    AGENT = "agent"
    LLM = "llm"
    TOOL = "tool"
    RETRIEVAL = "retrieval"
    MESSAGE = "message"
    ORCHESTRATION = "orchestration"
    PLAN = "plan"
    HTTP = "http"
    INTERNAL = "internal"


class WireKind(enum.StrEnum):
    """OpenTelemetry's SpanKind."""

    INTERNAL = "internal"
    CLIENT = "client"
    SERVER = "server"
    PRODUCER = "producer"
    CONSUMER = "consumer"


class Fidelity(enum.StrEnum):
    """How well a payload is known."""

    PRESENT = "present"
    REDACTED = "redacted"
    TRUNCATED = "truncated"
    SAMPLED_OUT = "sampled-out"
    ABSENT = "absent"


EVENT_NAMES = ("planning", "tool_call", "reflection", "state_change", "error")
"""The names of events that we know; a user may use any other."""

MARKS = ("lent", "stub", "fault", "override")
"""What an answer is that the world did not give to its question: another call's; the test's; a
fault that was put in; a person's, in a replay of an incident."""

OK, ERROR, UNSET = "OK", "ERROR", "UNSET"
"""The codes of `Status` that everybody knows; the set is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How a span ended.

    Attributes:
        code: `UNSET` (nobody said), `OK`, `ERROR`, `TOOL_LIMIT_EXCEEDED`, or the user's own.
        message: In words, where there are any.
    """

    code: str = UNSET
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that occurred inside a span.

    Attributes:
        name: One of `EVENT_NAMES`, or the user's own.
        at_ns: When, nanoseconds from the start of the run.
        attributes: What is known of it.
        seq: The step of the span's lane at which it occurred.
    """

    name: str
    at_ns: int = 0
    attributes: Mapping[str, Value] = field(default_factory=dict)
    seq: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A causal edge, not parent and child: the linked span came first and had a part in this one.

    Attributes:
        span: The span that it points back to, 16 hex digits.
        relationship: `triggered_by`, `handoff`, `message`, `publish`, `blackboard`, `stigmergy`,
            `retry_of`, `awarded_by`, or the user's own.
        trace: The trace of that span, 32 hex digits; None: this one.
        attributes: What is known of the edge.
    """

    span: str
    relationship: str = "triggered_by"
    trace: str | None = None
    attributes: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What made a foreign span: OpenTelemetry's instrumentation scope."""

    name: str
    version: str = ""
    attributes: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One thing that happened during a run: a model call, a tool call, an agent's turn.

    A span is a value: equal fields make equal spans, and none changes once made.

    Attributes:
        id: This span, within its trace; 8 bytes as 16 lowercase hex digits.
        parent: The span it happened inside; None for a root.
        name: What happened, in words that do not vary from run to run: `chat gpt-4o`, never the
            prompt.
        kind: What sort of thing it was.
        operation: The name that its position is counted under: `chat`; never a model name.
        wire_kind: Which side of a remote call it was.
        position: Where it stands; empty for the run itself, and for foreign spans that have none.
        lane: The lane that it happened in.
        seq: The step of that lane at which it began.
        end_seq: The last step of that lane before it ended.
        start_ns: When it began, nanoseconds from the start of the run.
        end_ns: When it ended, likewise; equal to `start_ns` is allowed.
        status: How it ended; `UNSET` means that nobody said.
        agent: The id of the agent that did it.
        task: What the agent was asked to do.
        question: What was asked of the world, canonical; None where nothing was.
        digest: 16 bytes over the question; empty where nothing was asked.
        answers: What the world said, one an attempt, the last one counts; empty where nothing was
            asked.
        attributes: What else is known.
        events: What occurred inside, in order.
        links: What came first and had a part in it.
        usage: What it used; only `llm` and `tool` spans carry any of their own.
        mark: Set when the pair of question and answer is not one that the world gave: one of
            `MARKS`.
        echoed: Copied from the recording because it stands below an answer that was given from it.
        site: The file and line of the user's code, for people; never compared.
        fidelity: How well each payload is known, by payload (`question`, `answer`); unnamed ones
            are present.
        resource: Of a foreign span: what produced it.
        scope: Of a foreign span: the library that made it.
        trace_flags: W3C trace flags.
        trace_state: W3C tracestate, as it was.

    Raises:
        InvalidSpan: It ends before it began, or an id is not 16 lowercase hex digits or is all
            zeros.
    """

    id: str
    name: str
    kind: SpanKind
    parent: str | None = None
    operation: str = ""
    wire_kind: WireKind = WireKind.INTERNAL
    position: Position = ()
    lane: Position = ()
    seq: int = 0
    end_seq: int = 0
    start_ns: int = 0
    end_ns: int = 0
    status: Status = Status()
    agent: str | None = None
    task: str | None = None
    question: Value = None
    digest: bytes = b""
    answers: tuple[Answer, ...] = ()
    attributes: Mapping[str, Value] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    links: tuple[Link, ...] = ()
    usage: Usage | None = None
    mark: str = ""
    echoed: bool = False
    site: str | None = None
    fidelity: Mapping[str, Fidelity] = field(default_factory=dict)
    resource: Mapping[str, Value] = field(default_factory=dict)
    scope: Scope | None = None
    trace_flags: int = 1
    trace_state: str = ""

    def __post_init__(self) -> None:
        for name in (self.id,) if self.parent is None else (self.id, self.parent):
            if _SPAN_ID.fullmatch(name) is None:
                raise InvalidSpan(
                    why="a span id is 16 lowercase hex digits, not all zero", where=name
                )
        if self.end_ns < self.start_ns:
            raise InvalidSpan(
                why=f"it ends {self.start_ns - self.end_ns} ns before it began",
                where=f"{self.name} {self.id}",
            )

    @property
    def answer(self) -> Answer | None:
        """What the last attempt was answered; None where nothing was asked."""
        return self.answers[-1] if self.answers else None

    @property
    def is_call(self) -> bool:
        """Whether it put a question to the world."""
        return self.digest != b""

    def is_whole(self, payload: str) -> bool:
        """Whether a payload (`question`, `answer`) is as it was: not cut, hidden or left out."""
        return self.fidelity.get(payload, Fidelity.PRESENT) is Fidelity.PRESENT


_SPAN_ID = re.compile(r"(?!0{16})[0-9a-f]{16}")
_TRACE_ID = re.compile(r"(?!0{32})[0-9a-f]{32}")


def is_span_id(text: str) -> bool:
    """Whether a text is 16 lowercase hex digits, not all zero (W3C Trace Context, 3.2.2.4)."""
    return _SPAN_ID.fullmatch(text) is not None


def is_trace_id(text: str) -> bool:
    """Whether a text is 32 lowercase hex digits, not all zero (W3C Trace Context, 3.2.2.3)."""
    return _TRACE_ID.fullmatch(text) is not None
