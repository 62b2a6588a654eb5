"""Protocols: what stands around the door, and what passes between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from agenttrace.model.call import Answer, Call, Chunk, Question
from agenttrace.model.lane import Lane, Position
from agenttrace.model.span import Span
from agenttrace.model.values import Value

if TYPE_CHECKING:
    from agenttrace.causal.lane import Frame, LiveLane
    from agenttrace.causal.sketch import Finished, Sketch
    from agenttrace.model.agent import Agent
    from agenttrace.model.lane import Delivery
    from agenttrace.model.span import Event, Link, Status
    from agenttrace.model.state import StateSnapshot
    from agenttrace.model.usage import Usage

N = TypeVar("N")


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """What the world said, as bytes: `head` before the body (status, headers), `data` the body."""

    head: Value = None
    data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """An answer that a `Source` knew.

    Attributes:
        answer: What was said.
        position: The recorded position that it came from; None for a stub or a fault.
        how: `same`, `drift`, `moved`, or one of `model.span.MARKS`.
        below: The recorded spans under the answered call, already at their place in this run.
        lanes: The lanes of those spans, likewise.
    """

    answer: Answer
    position: Position | None = None
    how: str = "same"
    below: tuple[Span, ...] = ()
    lanes: tuple[Lane, ...] = ()


class Source(Protocol):
    """May know an answer."""

    def recall(self, call: Call) -> Recall | None:
        """Give the answer to one attempt; None: "not mine".

        The next source is asked then, at the end the world. Called once an attempt, under the
        run's lock; may use the answer up.

        Raises:
            RunStopped: The recording does not answer this call.
        """
        ...


class Scribe(Protocol):
    """Writes down what passes through the door."""

    def opened(self, call: Call) -> None:
        """An attempt was asked."""
        ...

    def chunk(self, call: Call, chunk: Chunk) -> None:
        """A piece of its answer arrived."""
        ...

    def closed(
        self,
        call: Call,
        answer: Answer,
        *,
        usage: Usage | None,
        attributes: Mapping[str, Value],
        mark: str,
    ) -> None:
        """Its answer ended."""
        ...

    def noted(
        self,
        what: Span | Event | Link | StateSnapshot | Agent | Lane | Delivery | Status,
        *,
        span: str | None = None,
        lane: LiveLane | None = None,
    ) -> None:
        """Something else happened; an event, link or status in which span, and in whose lane."""
        ...


class Sketcher(Scribe, Protocol):
    """A scribe that makes the spans of the user's own work itself, when it comes to them."""

    def sketched(self, what: Sketch | Finished, lane: LiveLane) -> None:
        """A span began, or ended, in a lane."""
        ...


class Pace(Protocol):
    """Decides when an answer arrives."""

    async def arrive(self, recall: Recall, chunk: int | None) -> None:
        """Wait until a chunk, or the end of the answer when None, has arrived."""
        ...

    def arrive_blocking(self, recall: Recall, chunk: int | None) -> None:
        """The same for code that has no loop."""
        ...


class Shape(Protocol[N]):
    """How an adapter's native values become bytes and come back; one an adapter."""

    def pack(self, native: N) -> Packed:
        """Write a value down.

        Raises:
            NotRebuildable: It could not be built again from what would be written.
        """
        ...

    def unpack(self, packed: Packed) -> N:
        """Build a value, afresh each time."""
        ...


class Nobody:
    """A `Source` that knows nothing: every call goes to the world."""

    def recall(self, call: Call) -> Recall | None:
        """Know nothing."""
        return None


class Chain:
    """Asks several sources in turn; the first that knows answers."""

    def __init__(self, *sources: Source) -> None:
        """Keep the sources in the order in which they are asked."""
        self._sources = sources

    def recall(self, call: Call) -> Recall | None:
        """Ask each source until one knows."""
        for source in self._sources:
            recall = source.recall(call)
            if recall is not None:
                return recall
        return None


class Watching(Protocol):
    """Looks at whoever asks, before each question that is no further attempt of an earlier one."""

    def asks(self, frame: Frame, question: Question) -> Frame:
        """Somebody is about to ask; give the frame in which the call is to stand."""
        ...

    def leaves(self, span: str) -> None:
        """A span of the user's ends."""
        ...
