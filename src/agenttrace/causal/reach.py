"""Reach: for one span, what can have led to it and what it can have led to.

`Order` knows this of all pairs; here it is asked of one span, in time that grows with the trace.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from agenttrace.causal.before import Before, reached

if TYPE_CHECKING:
    from agenttrace.model.lane import Position
    from agenttrace.model.span import Span
    from agenttrace.model.state import StateSnapshot
    from agenttrace.model.trace import Trace


class Reach:
    """What came before one span, and what after it.

    In a circle, which only foreign traces hold, everything comes before everything.

    Attributes:
        earlier: The ids of the spans that had ended when it began.
        later: The ids of the spans that began when it had ended.
    """

    def __init__(self, trace: Trace, span: Span) -> None:
        """Walk both ways.

        Raises:
            KeyError: The span is not one of the trace.
        """
        before = Before(trace)
        at = before.places[span.id]
        past = reached(before.earlier(), before.begun[at])
        future = reached(before.later, before.ended[at])
        others = [(one, place) for one, place in before.places.items() if place != at]
        self.earlier = frozenset(one for one, place in others if before.ended[place] in past)
        self.later = frozenset(one for one, place in others if before.begun[place] in future)
        lane, step = before.steps[before.begun[at]]
        self._known: dict[Position, float] = {lane: step}
        self._knows: dict[Position, float] = {lane: before.ends[at] + 0.5}
        for number, (lane, step) in enumerate(before.steps):
            if number in past:
                self._known[lane] = max(self._known.get(lane, -1), step)
            if number in future:
                self._knows[lane] = min(self._knows.get(lane, math.inf), step)

    def knew(self, shot: StateSnapshot) -> bool:
        """Whether a state had been kept when the span began."""
        return shot.seq <= self._known.get(shot.lane, -1)

    def told(self, shot: StateSnapshot) -> bool:
        """Whether a state was kept when the span had ended, and can have known of it."""
        return shot.seq >= self._knows.get(shot.lane, math.inf)
