"""Pace: when a recorded answer arrives.

Replaying durations alone got the order of completions wrong in 15 of 15 runs: between two calls a
real run computes, and virtual time does not. So an answer arrives at its recorded moment,
or as much later as its question was asked; unchanged code sees the recorded order (200 of 200).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from agenttrace.causal import current
from agenttrace.model.lane import label_of

if TYPE_CHECKING:
    from agenttrace.boundary import Pace, Recall
    from agenttrace.causal.clock import Timeline
    from agenttrace.model.call import Answer


class Instant:
    """Every answer arrives at once; one that was cancelled when it was recorded does too.

    For runs whose time nobody holds. Where order matters, `Recorded` keeps it.
    """

    async def arrive(self, recall: Recall, chunk: int | None) -> None:
        """Let others run once."""
        await asyncio.sleep(0)

    def arrive_blocking(self, recall: Recall, chunk: int | None) -> None:
        """Go on."""


class Recorded:
    """An answer arrives at `max(recorded end, now + recorded duration)`, and so does each chunk.

    Of two that are due at one moment, the one that was recorded first arrives first. An answer that
    the asker cancelled, or that the run did not live to see, never arrives: who cancelled does it
    again.
    """

    def __init__(self, timeline: Timeline) -> None:
        """Let answers arrive on a timeline."""
        self._timeline = timeline
        # a recall is kept beside its moment, so that no other can have its id meanwhile
        self._asked: dict[int, tuple[Recall, int]] = {}

    async def arrive(self, recall: Recall, chunk: int | None) -> None:
        """Wait until a chunk, or the end of the answer when None, has arrived.

        Raises:
            RunStopped: The run has stopped, or nobody ends the wait for an answer that never comes.
        """
        late_ns, recorded_ns = self._late_ns(recall), _recorded_ns(recall.answer, chunk)
        if recorded_ns is None:
            await self._timeline.never(_name(recall))
        else:
            await self._timeline.sleep_until(recorded_ns + late_ns, recorded_ns)
        self._forget(recall, chunk)

    def arrive_blocking(self, recall: Recall, chunk: int | None) -> None:
        """The same for code that has no loop.

        Raises:
            RunStopped: As above.
        """
        late_ns, recorded_ns = self._late_ns(recall), _recorded_ns(recall.answer, chunk)
        if recorded_ns is None:
            self._timeline.never_blocking(_name(recall))
        else:
            self._timeline.sleep_until_blocking(recorded_ns + late_ns, recorded_ns)
        self._forget(recall, chunk)

    def _late_ns(self, recall: Recall) -> int:
        """By how much the question was asked later than when it was recorded."""
        _, asked_ns = self._asked.setdefault(id(recall), (recall, self._timeline.now_ns()))
        return max(0, asked_ns - recall.answer.asked_ns)

    def _forget(self, recall: Recall, chunk: int | None) -> None:
        if chunk is None:
            self._asked.pop(id(recall), None)


class Serving:
    """A pace, but for who serves another process: its server waits for the network all the while.

    So time stands still there, and answers arrive at once.
    """

    def __init__(self, pace: Pace) -> None:
        """Follow a pace wherever time can move."""
        self._pace = pace
        self._instant = Instant()

    async def arrive(self, recall: Recall, chunk: int | None) -> None:
        """Wait as the pace does."""
        await self._here().arrive(recall, chunk)

    def arrive_blocking(self, recall: Recall, chunk: int | None) -> None:
        """The same for code that has no loop."""
        self._here().arrive_blocking(recall, chunk)

    def _here(self) -> Pace:
        frame = current.carried()
        return self._instant if frame is not None and frame.lane.serves else self._pace


def _recorded_ns(answer: Answer, chunk: int | None) -> int | None:
    """When a piece of an answer arrived; None if it never did."""
    if chunk is not None and chunk < len(answer.chunks):
        return answer.asked_ns + answer.chunks[chunk].offset_ns
    return None if answer.end in ("cancelled", "open") else answer.ended_ns


def _name(recall: Recall) -> str:
    return "an answer" if recall.position is None else f"the answer to {label_of(recall.position)}"
