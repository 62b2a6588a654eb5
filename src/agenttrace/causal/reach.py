"""Reach: for one span, what can have led to it and what it can have led to.

`Order` knows this of all pairs; here it is asked of one span, in time that grows with the trace.
"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

from agenttrace.causal.moments import graph, placed_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agenttrace.causal.moments import Moment
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
        placed = {one.id: (at, end) for one, at, end in placed_in(trace)}
        before = graph(trace, placed)
        after: dict[Moment, list[Moment]] = defaultdict(list)
        for moment, sooner in before.items():
            for one in sooner:
                after[one].append(moment)
        past = _walked(before, placed[span.id][0])
        future = _walked(after, span.id)
        others = placed.keys() - {span.id}
        self.earlier = frozenset(one for one in others if one in past)
        self.later = frozenset(one for one in others if placed[one][0] in future)
        lane, step = placed[span.id][0]
        self._known: dict[Position, float] = {lane: step}
        self._knows: dict[Position, float] = {lane: placed[span.id][1] + 0.5}
        for moment in past:
            if not isinstance(moment, str):
                self._known[moment[0]] = max(self._known.get(moment[0], -1), moment[1])
        for moment in future:
            if not isinstance(moment, str):
                self._knows[moment[0]] = min(self._knows.get(moment[0], math.inf), moment[1])

    def knew(self, shot: StateSnapshot) -> bool:
        """Whether a state had been kept when the span began."""
        return shot.seq <= self._known.get(shot.lane, -1)

    def told(self, shot: StateSnapshot) -> bool:
        """Whether a state was kept when the span had ended, and can have known of it."""
        return shot.seq >= self._knows.get(shot.lane, math.inf)


def _walked(ways: Mapping[Moment, Sequence[Moment]], start: Moment) -> set[Moment]:
    found: set[Moment] = set()
    ahead = [start]
    while ahead:
        at = ahead.pop()
        for one in ways.get(at, ()):
            if one not in found:
                found.add(one)
                ahead.append(one)
    return found
