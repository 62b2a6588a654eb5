"""A question put to the world, and what the world answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agenttrace.errors import InvalidTrace
from agenttrace.model.lane import Position
from agenttrace.model.values import Value, digest

ENDS = ("complete", "closed", "cut", "cancelled", "open")
"""How an answer ends: whole; left early by the agent; broken off by the world; the asker was
cancelled; the run was over first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What an adapter wants to know, before it stands anywhere.

    Attributes:
        kind: `llm`, `tool`, `retrieval`, `http`, `message`, …; a span kind.
        operation: What is asked, without what may change: `chat`, `look_up_order`; never a model
            name.
        title: The span's name: `chat gpt-4o`, `look_up_order`.
        body: The canonical question, secrets already out.
        attributes: More to keep on the span: provider, model, the provider's id of a tool call.
        site: The file and line of the user's code that asks, where it is known: `refund.py:58`.
        stub: Answer it from the recording even where calls stand below it.
        live: Run it in every replay, whatever was recorded.
    """

    kind: str
    operation: str
    title: str
    body: Value
    attributes: Mapping[str, Value] = field(default_factory=dict)
    site: str | None = None
    stub: bool = False
    live: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One question, at one causal position.

    Attributes:
        question: What is asked.
        position: Where it stands; its identity from run to run.
        lane: The path of the lane that asks.
        seq: The step of that lane.
        digest: 16 bytes over the canonical question.
        attempt: 0 for the first try, then 1, 2, … for tries of the same call after a failure.
        span: The id of the call's span.
        parent: The id of the span inside which it is asked; None at the top.
        agent: Who asks; the id of an agent, or None.
        task: What the agent was asked to do, or None.
    """

    question: Question
    position: Position
    lane: Position
    seq: int
    digest: bytes
    span: str
    attempt: int = 0
    parent: str | None = None
    agent: str | None = None
    task: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """One piece of a streamed answer: an SSE event or a yielded value, never a TCP segment.

    Attributes:
        data: The piece as bytes, after content decoding.
        offset_ns: When it arrived, from the moment of asking.
    """

    data: bytes
    offset_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An exception that a call ended in, as values.

    Attributes:
        type: Its qualified class, `module.Qualname`.
        args: Its canonical arguments.
        fields: Its canonical public attributes.
        message: What `str` gave.
        causes: `module.Qualname: message` of its causes, nearest first.
    """

    type: str
    args: tuple[Value, ...] = ()
    fields: Mapping[str, Value] = field(default_factory=dict)
    message: str = ""
    causes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the world said to one attempt: bytes, never a live object.

    Attributes:
        head: What comes before the body: status and headers; None where there is none.
        chunks: The body; one chunk where it was not streamed.
        streamed: Whether it arrived in pieces that the asker saw one by one.
        failure: The exception it ended in, if it did.
        end: One of `ENDS`.
        asked_ns: When it was asked, nanoseconds from the start of the run.
        ended_ns: When it ended, likewise.
    """

    head: Value = None
    chunks: tuple[Chunk, ...] = ()
    streamed: bool = False
    failure: Failure | None = None
    end: str = "complete"
    asked_ns: int = 0
    ended_ns: int = 0

    def __post_init__(self) -> None:
        if self.end not in ENDS:
            raise InvalidTrace(
                why=f"an answer ends in one of {ENDS}, not {self.end!r}", where="answer"
            )

    @property
    def body(self) -> bytes:
        """All chunks, joined."""
        return b"".join(chunk.data for chunk in self.chunks)

    @property
    def digest(self) -> bytes:
        """16 bytes over what was said; when it was said does not count."""
        return digest(self.content)

    @property
    def content(self) -> Value:
        """What was said, as one canonical value, without times."""
        failure = self.failure
        return {
            "head": self.head,
            "chunks": [chunk.data for chunk in self.chunks],
            "streamed": self.streamed,
            "end": self.end,
            "failure": None
            if failure is None
            else [failure.type, list(failure.args), dict(failure.fields)],
        }
