"""Ranks: how long the longest chain of causes is that leads to a step, so Lamport's clock.

What happens before something has a lower rank, whatever any clock says; so ranks put the steps of
concurrent lanes into one order that is the same in a recording and in each of its replays
("Time, Clocks, and the Ordering of Events in a Distributed System", 1978). A trace without lanes is
ordered by its clock and its links.
"""

from __future__ import annotations

import bisect
from collections import defaultdict
from typing import TYPE_CHECKING

from agenttrace.causal.moments import Moment, graph, placed_in

if TYPE_CHECKING:
    from agenttrace.model.lane import Position
    from agenttrace.model.span import Span
    from agenttrace.model.trace import Trace


class Ranks:
    """The ranks of a trace's steps, worked out at once."""

    def __init__(self, trace: Trace) -> None:
        """Work them out; a circle, which only foreign traces hold, is cut at its first step."""
        placed = {span.id: (at, end) for span, at, end in placed_in(trace)}
        self._begins = {span: at for span, (at, _) in placed.items()}
        self._known = _longest(graph(trace, placed))
        self._lanes: dict[Position, list[tuple[float, int]]] = defaultdict(list)
        for moment, rank in self._known.items():
            if isinstance(moment, tuple):
                self._lanes[moment[0]].append((moment[1], rank))
        for steps in self._lanes.values():
            steps.sort()

    def of(self, span: Span) -> int:
        """The rank of a span's begin."""
        return self._known[self._begins[span.id]]

    def at(self, lane: Position, step: float) -> int:
        """The rank of a lane's last known step up to this one; 0 before the first."""
        steps = self._lanes.get(lane, [])
        place = bisect.bisect_right(steps, (step, len(self._known)))
        return steps[place - 1][1] if place else 0


def _longest(before: dict[Moment, list[Moment]]) -> dict[Moment, int]:
    after: dict[Moment, list[Moment]] = defaultdict(list)
    for moment, earlier in before.items():
        for one in earlier:
            after[one].append(moment)
    waiting = {moment: len(earlier) for moment, earlier in before.items()}
    ranks = dict.fromkeys(before, 0)
    settled: set[Moment] = set()
    ready = [moment for moment, count in waiting.items() if count == 0]
    rest = iter(before)
    while True:
        while ready:
            moment = ready.pop()
            settled.add(moment)
            for later in after[moment]:
                waiting[later] -= 1
                if later not in settled:
                    ranks[later] = max(ranks[later], ranks[moment] + 1)
                    if waiting[later] == 0:
                        ready.append(later)
        first = next((moment for moment in rest if moment not in settled), None)
        if first is None:
            return ranks
        ready.append(first)
