"""Budget: how long a run may go on in virtual time, where hours cost nothing and hang a session."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agenttrace.determinism.stuck import endless

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agenttrace.determinism.stuck import Wait
    from agenttrace.errors import RunNeverEnds

LIMIT_STEPS = 500_000
LIMIT_VIRTUAL_S = 30 * 86_400.0
"""What a test's replay may take, unless it says otherwise; a loop by itself may go on."""


@dataclass(slots=True)
class Budget:
    """What a run may take, and what it has taken.

    Attributes:
        limit_steps: How many moves of virtual time and rounds of event loops it may take.
        limit_ns: How much virtual time, in nanoseconds.
        steps: How many it has taken.
        zero_ns: When the run began.
        last: Gives what it did last, for people.
    """

    limit_steps: float = math.inf
    limit_ns: float = math.inf
    steps: int = 0
    zero_ns: int = 0
    last: Callable[[], Sequence[str]] = field(default=tuple)

    def begin(self, now_ns: int) -> None:
        """Begin a run."""
        self.steps, self.zero_ns = 0, now_ns

    def is_spent(self, now_ns: int) -> bool:
        """Whether the run has gone on for too long."""
        return self.steps > self.limit_steps or now_ns - self.zero_ns > self.limit_ns

    def error(self, now_ns: int, waits: Iterable[Wait]) -> RunNeverEnds:
        """Say so."""
        return endless(self.steps, now_ns - self.zero_ns, waits, self.last())
