"""Door: decides who answers a call, and writes down what passes. It never waits."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from agenttrace.causal import current, loops
from agenttrace.causal.position import span_id
from agenttrace.errors import RunEnded, RunStopped
from agenttrace.model.call import Answer, Call, Chunk, Failure, Question
from agenttrace.model.failure import failure_of
from agenttrace.model.span import MARKS
from agenttrace.model.values import digest

if TYPE_CHECKING:
    from agenttrace.boundary.protocols import Pace, Packed, Recall, Scribe, Source, Watching
    from agenttrace.causal.current import Frame, Run
    from agenttrace.causal.lane import LiveLane
    from agenttrace.causal.sketch import Finished, Sketch
    from agenttrace.model.lane import Position
    from agenttrace.model.usage import Usage
    from agenttrace.model.values import Value

RETRYABLE_STATUS = frozenset({408, 409, 429})
"""With every 5xx, the statuses after which the same question is another attempt of one call."""

SERVER_ERROR = 500
"""The first of the statuses by which a server says that the fault is its own."""

WIRE_KINDS = frozenset({"llm", "http", "retrieval"})
"""The kinds of question that clients try again by themselves; a tool called again is a new call."""


@dataclass(slots=True)
class Counts:
    """How many calls a run asked, and who answered them."""

    asked: int = 0
    answered: int = 0
    echoed: int = 0
    live: int = 0


class Boundary:
    """The door of one run.

    Attributes:
        run: The run.
        source: Who may know answers.
        scribe: Who writes down.
        pace: Who decides when answers arrive.
        counts: How many calls were asked, and who answered them.
        kept: What an adapter remembers for as long as the run lasts, under a key of its own.
        watches: Who looks at the asker before each question.
        spares: Whether the agent is to notice nothing of the door, as in production.
    """

    spares = False

    def __init__(self, run: Run, *, source: Source, scribe: Scribe, pace: Pace) -> None:
        """Stand between a run and the world."""
        self.run = run
        self.source = source
        self.scribe = scribe
        self.pace = pace
        self.counts = Counts()
        self.kept: dict[str, Any] = {}
        self.watches: list[Watching] = []
        self._lock = threading.RLock()
        run.door = self

    def ask(self, question: Question) -> Crossing:
        """Put a question at the caller's place; decide who answers, and wait for nothing.

        Secrets go out of it first, so that it is the same question in every run.

        Raises:
            RunStopped: The run has stopped, or stops here because the recording does not answer.
            RunEnded: The run is over.
        """
        frame = current.frame() or self.run.frame()
        question = self.run.clean(question)
        self._refuse_late(question)
        if current.carried() is None and threading.get_ident() != self.run.home:
            self.run.adopted.append(f"{question.title} at {question.site or 'a library'}")
        loops.warn_here()
        call = self._call(question, frame)
        frame.lane.last_call = (call, None)
        with self._lock:
            self.counts.asked += 1
            self.scribe.opened(call)
            try:
                recalled = None if question.live else self.source.recall(call)
            except RunStopped as error:
                self._abandon(call)
                raise self.run.stop(error) from None
            if recalled is None:
                self.counts.live += 1
            else:
                self.counts.answered += 1
        return self._crossing(frame, call, recalled)

    def sketched(self, what: Sketch | Finished, lane: LiveLane) -> None:
        """Write down that a span begins, or ends, in a lane."""
        made = what.made()
        self.scribe.noted(made, span=made.parent, lane=lane)

    def forgives(self, error: BaseException) -> bool:
        """Whether the agent goes on though something could not be written down."""
        return False

    def _crossing(self, frame: Frame, call: Call, recalled: Recall | None) -> Crossing:
        return Crossing(self, frame, call, recalled)

    def _refuse_late(self, question: Question) -> None:
        if self.run.stopped is not None:
            raise self.run.stopped
        if self.run.guard is not None:
            raise self.run.stop(self.run.guard)
        if self.run.ended:
            self.run.refused += 1
            raise RunEnded(
                f"{question.title} was asked after the run {self.run.name} had ended",
                detail=_late(question),
            )

    def _call(self, question: Question, frame: Frame) -> Call:
        lane, body = frame.lane, digest(question.body)
        last = _last_try(lane, question, body)
        if last is not None:
            return replace(last, question=question, attempt=last.attempt + 1)
        for watch in tuple(self.watches):
            frame = watch.asks(frame, question)
        position = mint(frame, question.kind, question.operation)
        return Call(
            question=question,
            position=position,
            lane=lane.place,
            seq=lane.seq,
            digest=body,
            span=span_id(self.run.name, position),
            parent=frame.span,
            agent=frame.agent,
            task=frame.task,
        )

    def _abandon(self, call: Call) -> None:
        now = self.run.clock.now_ns()
        self.scribe.closed(
            call, Answer(end="open", asked_ns=now, ended_ns=now), usage=None, attributes={}, mark=""
        )


class Crossing:
    """One passage through the door: everything about it that does not wait."""

    def __init__(self, door: Boundary, frame: Frame, call: Call, recalled: Recall | None) -> None:
        """Made by `Boundary.ask`."""
        self.door = door
        self.call = call
        self.recalled = recalled
        self._frame = frame
        self._asked_ns = door.run.clock.now_ns()
        self._chunks: list[Chunk] = []
        self._lane: LiveLane | None = None
        self._closed = False

    @property
    def passed(self) -> tuple[Chunk, ...]:
        """The pieces that were handed on so far, with the moments of this run."""
        return tuple(self._chunks)

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """Stand in the call's own lane, for one step of live code.

        Never around the whole of a generator: the consumer's calls would become the tool's
        children.
        """
        if self._lane is None:
            self._lane = self._lane_of_earlier_attempt() or self._frame.lane.inside(
                self.call.position
            )
            self._lane.outside = self._goes_out()
        token = current.stand(self._frame.on(self._lane).inside(self.call.span))
        try:
            yield
        finally:
            current.reset(token)

    def _goes_out(self) -> bool:
        """Whether the live code may reach the world; in a replay, agent code may not."""
        offline, question = self.door.run.offline, self.call.question
        answered = offline is not None and question.kind in offline
        return not answered or question.live or question.kind in WIRE_KINDS

    def _lane_of_earlier_attempt(self) -> LiveLane | None:
        """One call has one lane: positions inside a later attempt are counted on, not again."""
        if not self.call.attempt:
            return None
        earlier = (lane for lane in self.door.run.lanes if lane.path == self.call.position)
        lane = next(earlier, None)
        if lane is not None:
            lane.ended = False
            lane.joins.pop(self._frame.lane.path, None)
        return lane

    @property
    def has_stepped(self) -> bool:
        """Whether the call's live code has done anything that has a place of its own."""
        return self._lane is not None and self._lane.seq > 0

    def chunk(self, data: bytes) -> bytes:
        """Write a piece of the answer down, then hand it on."""
        chunk = Chunk(data=data, offset_ns=self.door.run.clock.now_ns() - self._asked_ns)
        self._chunks.append(chunk)
        self.door.scribe.chunk(self.call, chunk)
        return data

    def close(
        self,
        answer: Answer,
        *,
        usage: Usage | None = None,
        attributes: Mapping[str, Value] | None = None,
    ) -> None:
        """Write the end of the answer down; a second call changes nothing."""
        if self._closed:
            return
        self._closed = True
        lane, recalled = self._frame.lane, self.recalled
        if self._lane is not None:
            self._lane.end(cut=answer.end == "cancelled")
            if answer.end != "cancelled":
                self._lane.joined_by(lane)
        answer = replace(
            answer,
            asked_ns=self._asked_ns,
            ended_ns=max(self._asked_ns, self.door.run.clock.now_ns()),
        )
        lane.last_call = (self.call, answer)
        how = "" if recalled is None else recalled.how
        self.door.scribe.closed(
            self.call,
            answer,
            usage=usage,
            attributes=attributes or {},
            mark=how if how in MARKS else "",
        )
        if recalled is not None and answer.end not in ("cancelled", "open"):
            self._echo(recalled)

    def complete(
        self,
        packed: Packed,
        *,
        usage: Usage | None = None,
        attributes: Mapping[str, Value] | None = None,
    ) -> None:
        """Close with a whole answer."""
        self.close(
            Answer(head=packed.head, chunks=(Chunk(data=packed.data),)),
            usage=usage,
            attributes=attributes,
        )

    def end_stream(
        self,
        head: Value = None,
        *,
        end: str = "complete",
        failure: Failure | None = None,
        usage: Usage | None = None,
        attributes: Mapping[str, Value] | None = None,
    ) -> None:
        """Close with the chunks that have passed."""
        answer = Answer(head=head, chunks=self.passed, streamed=True, end=end, failure=failure)
        self.close(answer, usage=usage, attributes=attributes)

    def fail(self, error: BaseException) -> None:
        """Close with the exception that the live code raised; a stop of the run leaves it open."""
        self.close(ended_by(error))

    def _echo(self, recalled: Recall) -> None:
        for lane in recalled.lanes:
            self.door.scribe.noted(lane)
        for span in recalled.below:
            self.door.scribe.noted(span)
        self.door.counts.echoed += sum(span.is_call for span in recalled.below)


def ended_by(error: BaseException) -> Answer:
    """The answer that an exception in live code makes."""
    if isinstance(error, asyncio.CancelledError):
        return Answer(end="cancelled")
    if isinstance(error, GeneratorExit):
        return Answer(end="closed", streamed=True)
    if isinstance(error, Exception):
        try:
            return Answer(failure=failure_of(error))
        except Exception as problem:
            if not forgives(problem):
                raise
    return Answer(end="open")


def mint(frame: Frame, kind: str, name: str) -> Position:
    """Take one step of the caller's lane; give the position of the next thing of a kind and name.

    Under a turn, positions are counted for the whole run: whichever lane takes the turn, they are
    the same.
    """
    lane, name = frame.lane, frame.lane.run.clean(name)
    if frame.scope and any(step.kind == "turn" for step in frame.scope):
        lane.step()
        return lane.run.root.next_position(kind, name, frame.scope)
    return lane.mint(kind, name, frame.scope)


def here() -> Boundary | None:
    """The door of the run that the caller belongs to; None outside every run.

    Raises:
        NoRun: Several runs are active and the caller belongs to none.
    """
    frame = current.frame()
    if frame is None:
        return None
    door = frame.lane.run.door
    return door if isinstance(door, Boundary) else None


def forgives(error: BaseException) -> bool:
    """Whether the door of the caller's run forgives an error of ours."""
    frame = current.carried()
    door = None if frame is None else frame.lane.run.door
    return isinstance(door, Boundary) and door.forgives(error)


def _last_try(lane: LiveLane, question: Question, body: bytes) -> Call | None:
    if lane.last_call is None:
        return None
    call, answer = lane.last_call
    asked = call.question
    same = (asked.kind, asked.operation, call.digest) == (question.kind, question.operation, body)
    over_the_wire = question.kind in WIRE_KINDS
    return call if same and over_the_wire and answer is not None and is_retryable(answer) else None


def is_retryable(answer: Answer) -> bool:
    """Whether the same question after this answer is another attempt of one call."""
    head = answer.head
    status = head.get("status") if isinstance(head, dict) else None
    refused = isinstance(status, int) and (status in RETRYABLE_STATUS or status >= SERVER_ERROR)
    return refused or answer.failure is not None


def _late(question: Question) -> str:
    where = f"  asked at  {question.site}\n" if question.site else ""
    return (
        f"{where}  It was refused, and nothing was sent. "
        "Wait for the thread or task inside the run."
    )
