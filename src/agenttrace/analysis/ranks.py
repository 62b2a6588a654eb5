"""Ranks: how long the longest chain of causes is that leads to a step, so Lamport's clock.

What happens before something has a lower rank, whatever any clock says; so ranks put the steps of
concurrent lanes into one order that is the same in a recording and in each of its replays
("Time, Clocks, and the Ordering of Events in a Distributed System", 1978). A trace without lanes is
ordered by its clock and its links.
"""

from __future__ import annotations

import bisect
from typing import TYPE_CHECKING

from agenttrace.causal.before import Before

if TYPE_CHECKING:
    from agenttrace.model.lane import Position
    from agenttrace.model.span import Span
    from agenttrace.model.trace import Trace


class Ranks:
    """The ranks of a trace's steps, worked out at once."""

    def __init__(self, trace: Trace) -> None:
        """Work them out; a circle, which only foreign traces hold, is cut at its first step."""
        before = Before(trace)
        silent = before.silent  # what is kept or ends at a step makes no chain longer
        known, ranks = [0] * len(before.later), [0] * len(before.later)
        for moment in before.in_order():
            rank = ranks[moment] = known[moment]
            for later in before.later[moment]:
                known[later] = max(known[later], rank + (later not in silent))
        self._ranks = {
            span.id: ranks[began] for span, began in zip(trace.spans, before.begun, strict=True)
        }
        self._lanes: dict[Position, tuple[list[float], list[int]]] = {
            lane: (chain.steps, ranks[chain.first : chain.first + len(chain.steps)])
            for lane, chain in before.chains.items()
        }

    def of(self, span: Span) -> int:
        """The rank of a span's begin."""
        return self._ranks[span.id]

    def at(self, lane: Position, step: float) -> int:
        """The rank of a lane's last known step up to this one; 0 before the first."""
        steps, ranks = self._lanes.get(lane, ([], []))
        place = bisect.bisect_right(steps, step)
        return ranks[place - 1] if place else 0
