"""Replayer: the `Source` that answers from a recording."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agenttrace.boundary import Recall
from agenttrace.causal.position import span_id
from agenttrace.check.vary import NOTHING_VARIES, Vary
from agenttrace.model.call import Answer, Call
from agenttrace.model.lane import Position
from agenttrace.replay.divergence import Asked, diverged
from agenttrace.replay.matching import STRICT, Answered, PastTheEnd, Recording, Unanswered, decide

if TYPE_CHECKING:
    from agenttrace.errors import RunStopped
    from agenttrace.model.lane import Join, Lane
    from agenttrace.model.span import Span
    from agenttrace.replay.divergence import Retelling

EVERYTHING = frozenset({"llm", "tool", "http", "retrieval", "message"})
"""The kinds of call that are answered from the recording by default: all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A call that was answered otherwise than by its own recording: `moved` or `lent`."""

    how: str
    position: Position
    title: str
    recorded: Position


class Replayer:
    """Answers calls from one recording.

    Attributes:
        recording: What it answers from.
        notes: What lenient matching served otherwise than recorded.
    """

    def __init__(
        self,
        recording: Recording,
        *,
        retelling: Retelling,
        match: str = STRICT,
        stub: frozenset[str] = EVERYTHING,
        vary: Vary = NOTHING_VARIES,
    ) -> None:
        """Answer the kinds of call in `stub`; others run live. `retelling` words a divergence."""
        self.recording = recording
        self.notes: list[Note] = []
        self._retelling = retelling
        self._match = match
        self._stub = stub
        self._vary = vary
        self._taken: set[Position] = set()
        self._asked: set[Position] = set()
        self._using: dict[Position, Span] = {}
        self._running: set[Position] = set()
        self._served: list[Position] = []
        self._sent = 0

    def recall(self, call: Call) -> Recall | None:
        """Give the recorded answer to one attempt; None where agent code or a live kind is to run.

        Raises:
            ReplayDiverged: The recording does not answer this call.
        """
        self._asked.add(call.position)
        if call.attempt and call.position in self._running:
            return None
        if call.attempt and call.position in self._using:
            return self._retry(call, self._using[call.position])
        decision = decide(self.recording, self._taken, call, self._match, self._vary)
        answered_live = call.question.kind not in self._stub and not call.question.stub
        match decision:
            case PastTheEnd():
                return Recall(answer=Answer(end="open"), how="same")
            case Unanswered():
                if answered_live:
                    self._running.add(call.position)
                    self._sent += 1
                    return None
                raise self._diverge(decision, call)
            case Answered():
                return self._serve(decision, call, live=answered_live)

    def pass_over(self, call: Call) -> None:
        """Take a call as asked that somebody else answers, and what was recorded below it."""
        self._asked.add(call.position)
        self._taken.update(inner.position for inner in self.recording.inside.get(call.position, ()))

    def unused(self) -> tuple[Span, ...]:
        """Recorded calls that nobody asked for; chance may leave out ragged ones."""
        return tuple(
            span
            for position, span in self.recording.by_position.items()
            if position not in self._taken
            and position not in self._asked
            and not self.recording.is_ragged(span.lane)
        )

    def _serve(self, decision: Answered, call: Call, *, live: bool) -> Recall | None:
        span = decision.span
        if decision.consumes:
            self._taken.add(span.position)
        if decision.how != "same":
            self.notes.append(
                Note(
                    how=decision.how,
                    position=call.position,
                    title=call.question.title,
                    recorded=span.position,
                )
            )
        if live or (span.position in self.recording.composite and not call.question.stub):
            self._running.add(call.position)
            self._sent += live
            return None
        self._using[call.position] = span
        self._served.append(span.position)
        below = self.recording.inside.get(span.position, ())
        self._taken.update(inner.position for inner in below)
        moved = _Moved(self._retelling.run, span, call, below)
        return Recall(
            answer=span.answers[0] if span.answers else Answer(end="open"),
            position=span.position,
            how=span.mark or decision.how,
            below=tuple(moved.span(inner) for inner in below),
            lanes=tuple(map(moved.lane, self.recording.lanes_inside.get(span.position, ()))),
        )

    def _retry(self, call: Call, span: Span) -> Recall:
        if call.attempt < len(span.answers):
            return Recall(answer=span.answers[call.attempt], position=span.position)
        raise self._diverge(Unanswered(why="attempt", golden=span), call)

    def _diverge(self, decision: Unanswered, call: Call) -> RunStopped:
        asked = Asked(
            call=call,
            decision=decision,
            answered=len(self._served),
            sent=self._sent,
            never_entered=self._never_entered(call) if decision.why == "extra" else (),
            recording=self.recording,
        )
        return diverged(asked, self._retelling)

    def _never_entered(self, call: Call) -> tuple[Position, ...]:
        """Recorded lanes in which nothing was asked yet, other than the call's own."""
        entered = {position[:size] for position in self._asked for size in range(len(position))}
        calls = {span.lane for span in self.recording.by_position.values()}
        return tuple(sorted(lane for lane in calls if lane not in entered and lane != call.lane))


class Refusing:
    """A `Source` that stops the run at its first call: there is nothing to answer from."""

    def __init__(self, error: RunStopped) -> None:
        """Stop with this error."""
        self._error = error

    def recall(self, call: Call) -> Recall | None:
        """Refuse.

        Raises:
            RunStopped: Always.
        """
        raise self._error


class _Moved:
    """Puts recorded spans and lanes below an answered call at their place in this run."""

    def __init__(self, run: str, answered: Span, call: Call, below: tuple[Span, ...]) -> None:
        """Move what stands below a recorded call to where this run asked it."""
        self._old = answered.position
        self._call = call
        self._ids = {answered.id: call.span} | {
            span.id: span_id(run, self._at(span.position)) for span in below
        }

    def span(self, span: Span) -> Span:
        return replace(
            span,
            id=self._ids[span.id],
            parent=None if span.parent is None else self._ids.get(span.parent, span.parent),
            position=self._at(span.position),
            lane=self._at(span.lane),
            links=tuple(
                replace(link, span=self._ids.get(link.span, link.span)) for link in span.links
            ),
            echoed=True,
        )

    def lane(self, lane: Lane) -> Lane:
        if lane.parent is None:
            return lane
        parent = self._at(lane.parent)
        return replace(
            lane,
            path=self._at(lane.path),
            parent=parent,
            spawn_seq=self._seq(parent, lane.spawn_seq),
            joins=tuple(self._join(join) for join in lane.joins),
        )

    def _join(self, join: Join) -> Join:
        by = self._at(join.by)
        return replace(join, by=by, seq=self._seq(by, join.seq))

    def _seq(self, lane: Position, seq: int) -> int:
        """Steps of the asking lane are counted as this run counts them."""
        return self._call.seq if lane == self._call.lane else seq

    def _at(self, position: Position) -> Position:
        if position[: len(self._old)] == self._old:
            return self._call.position + position[len(self._old) :]
        return position
