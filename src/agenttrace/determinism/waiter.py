"""Waiter: one who waits in virtual time, be it a thread, a task or a whole loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from agenttrace.determinism.stuck import Wait

ANSWER, TIMER = 0, 1
"""Of an answer and a timer that are due at one moment, the answer comes first."""


class Released(BaseException):
    """The run is over; a call that was parked in one of its threads is let go."""


class Waiter:
    """One who waits.

    Attributes:
        at_ns: When it goes on; None where only others can wake it.
        who: The names that its thread counts by; empty where another waiter stands for the thread.
        outside: Whether the world may wake it as well, so that time must not move without a look.
        over: Whether the wait has ended.
        error: What it ended in, if not well.
    """

    __slots__ = ("_key", "_waits", "_wake", "at_ns", "error", "outside", "over", "rank", "who")

    def __init__(
        self,
        who: frozenset[object],
        wake: Callable[[], None],
        waits: Callable[[], list[Wait]],
        *,
        at_ns: int | None = None,
        rank: int = ANSWER,
        tie_ns: int = 0,
        order: int = 0,
    ) -> None:
        self.who = who
        self.at_ns = at_ns
        self.rank = rank
        self.outside = False
        self.over = False
        self.error: BaseException | None = None
        self._wake = wake
        self._waits = waits
        self._key = (0 if at_ns is None else at_ns, rank, tie_ns, order)

    def __lt__(self, other: Waiter) -> bool:
        return self._key < other._key

    def wake(self) -> None:
        """Let it look again; it goes on if its wait is over."""
        self._wake()

    def waits(self) -> list[Wait]:
        """Who waits for what in it; nothing where nobody would miss it."""
        return self._waits()
