"""A world behind the real door: its answers take as long as chance will have it."""

from __future__ import annotations

import asyncio
import time

from agenttrace import boundary
from agenttrace.boundary import Packed, Way, cross, cross_async
from agenttrace.model.call import Question
from tests.fakes.world import LONGEST_S, JitteryWorld

SHORTEST_S = 0.0003


class Words:
    """The shape of an answer that is a word."""

    def pack(self, native: str) -> Packed:
        """Write it down."""
        return Packed(data=native.encode())

    def unpack(self, packed: Packed) -> str:
        """Read it back."""
        return packed.data.decode()


class DoorWorld(JitteryWorld):
    """Asked through the door of the run that the caller belongs to; no answer takes no time at all.

    Answers of rivals that come in one turn of the loop cannot be told apart afterwards: a replay
    lets the first one win.
    """

    def _latency_s(self) -> float:
        return SHORTEST_S + self._chance.random() * LONGEST_S

    async def call(self, what: str) -> str:
        """Ask, and wait as a coroutine does."""

        async def live() -> str:
            await asyncio.sleep(self._latency_s())
            return f"<{what}>"

        door = boundary.here()
        assert door is not None
        said = await cross_async(door, _way(what), live)
        self.ended.append(what)
        return said

    def call_blocking(self, what: str) -> str:
        """Ask, and wait as a thread does."""

        def live() -> str:
            time.sleep(self._latency_s())
            return f"<{what}>"

        door = boundary.here()
        assert door is not None
        said = cross(door, _way(what), live)
        self.ended.append(what)
        return said


def _way(what: str) -> Way[str]:
    question = Question(kind="llm", operation="model", title="model", body=what)
    return Way(question=question, shape=Words())
