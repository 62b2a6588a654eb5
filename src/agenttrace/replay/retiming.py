"""Retiming: recorded answers at other moments, as a schedule says; and a note of who asked when.

Without a word in the schedule, an answer comes when it came, or as much later as its question was
asked. After an answer that came early, its lane goes on as quickly as it did when it was recorded:
else the next answer would take as long as the first one saved, and set off timeouts that nobody
put into the schedule.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agenttrace.model.lane import Position

if TYPE_CHECKING:
    from collections.abc import Callable

    from agenttrace.boundary import Recall, Source
    from agenttrace.model.call import Answer, Call
    from agenttrace.model.trace import Trace

SHORTEST_NS = 1_000_000
"""What a factor is at least multiplied with: tools that answer in a microsecond may be slow too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One answer on its way.

    Attributes:
        position: The call.
        lane: Who asked.
        asked_ns: When, in the run's time.
        due_ns: When the answer comes; None: never.
        base_ns: What a factor of the schedule is multiplied with.
        how: How the answer was found.
    """

    position: Position
    lane: Position
    asked_ns: int
    due_ns: int | None
    base_ns: int
    how: str


class Retimed:
    """Answers as another `Source` does, when a schedule says.

    Attributes:
        passages: The answers so far, in the order in which they were asked for.
        drawn: The factors so far, by position.
    """

    def __init__(
        self,
        source: Source,
        latency: Callable[[Position, int], float | None],
        *,
        now_ns: Callable[[], int],
        typical_ns: int,
    ) -> None:
        """Stand before a source.

        Args:
            source: Who knows the answers.
            latency: The factor at a position, from what it is multiplied with, in nanoseconds;
                None: as recorded.
            now_ns: The run's time.
            typical_ns: What the answers of the recording take, by `typical_ns`.
        """
        self.passages: list[Passage] = []
        self.drawn: dict[Position, float] = {}
        self._source = source
        self._latency = latency
        self._now_ns = now_ns
        self._typical_ns = typical_ns
        self._early_ns: dict[Position, int] = {}

    def recall(self, call: Call) -> Recall | None:
        """Give the answer that the source knows, with the moments at which it comes."""
        recall = self._source.recall(call)
        if recall is None:
            return None
        now, answer = self._now_ns(), recall.answer
        takes = max(0, answer.ended_ns - answer.asked_ns)
        base = max(takes, self._typical_ns)
        due: int | None = None
        if answer.end not in ("cancelled", "open"):
            factor = self._latency(call.position, base)
            if factor is not None:
                self.drawn[call.position] = factor
                due = now + round(factor * base)
            elif recall.position != call.position:  # it was said elsewhere, at another moment
                due = now + takes
            else:
                early = self._early(call.lane)
                due = max(answer.ended_ns - early, now + takes)
            if recall.position == call.position:
                self._early_ns[call.lane] = max(0, answer.ended_ns - due)
            recall = replace(recall, answer=_moved(answer, now, due))
        self.passages.append(
            Passage(
                position=call.position,
                lane=call.lane,
                asked_ns=now,
                due_ns=due,
                base_ns=base,
                how=recall.how,
            )
        )
        return recall

    def _early(self, lane: Position) -> int:
        """By how much the last answer of a lane, or of who spawned it, came early."""
        for size in range(len(lane), -1, -1):
            early = self._early_ns.get(lane[:size])
            if early is not None:
                return early
        return 0


def typical_ns(trace: Trace) -> int:
    """What an answer of a recording takes: the median, and a millisecond at least."""
    taken = [
        answer.ended_ns - answer.asked_ns for span in trace.calls for answer in span.answers[-1:]
    ]
    return max(SHORTEST_NS, round(statistics.median(taken)) if taken else 0)


def _moved(answer: Answer, asked_ns: int, due_ns: int) -> Answer:
    """An answer that is asked for and ends at other moments; its pieces come in proportion."""
    takes, took = due_ns - asked_ns, answer.ended_ns - answer.asked_ns
    chunks = answer.chunks
    if answer.streamed:
        chunks = tuple(
            replace(chunk, offset_ns=chunk.offset_ns * takes // took if took > 0 else takes)
            for chunk in chunks
        )
    return replace(answer, asked_ns=asked_ns, ended_ns=due_ns, chunks=chunks)
