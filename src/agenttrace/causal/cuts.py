"""Cuts: the causal past of every state of a trace, each made of what its lane knew before.

What a lane knows grows at knots: a message, a link, a lane that it has waited for. So a cut is the
one at the last knot before, and the time grows with knots and states times lanes, not with their
square.
"""

from __future__ import annotations

import bisect
import math
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, TypeAlias

from agenttrace.causal.past import latest_of
from agenttrace.model.state import CollectiveState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from agenttrace.causal.past import Past
    from agenttrace.model.lane import Position
    from agenttrace.model.state import StateSnapshot
    from agenttrace.model.trace import Trace

Cut: TypeAlias = "dict[Position, float]"

Known: TypeAlias = "tuple[Position, int]"
"""What a lane knew after so many of its knots."""


class Circle(Exception):
    """Two lanes each knew what the other one knew first, as only foreign traces say."""


class Cuts:
    """The causal pasts of many steps of one trace's lanes."""

    def __init__(self, past: Past, steps: Iterable[tuple[Position, int]]) -> None:
        """Take the steps that will be asked about, each once.

        Raises:
            Circle: The trace has one; ask `past` for one cut after the other.
        """
        self._past = past
        self._knots = past.knots()
        self._keys = {lane: [key for key, *_ in knots] for lane, knots in self._knots.items()}
        self._asked = list(steps)
        self._uses = Counter(self._at(*step) for step in self._asked)
        self._order = list(self._needed())
        self._held: dict[Known, Cut] = {}

    def __iter__(self) -> Iterator[tuple[tuple[Position, int], dict[Position, int]]]:
        """Give each step with its cut: for every lane, the last step that belongs to it."""
        wanted: dict[Known, list[tuple[Position, int]]] = defaultdict(list)
        for step in self._asked:
            wanted[self._at(*step)].append(step)
        for known in self._order:
            self._held[known] = self._made(known)
            for lane, seq in wanted[known]:
                cut = self._taken(known, lane, seq)
                yield (lane, seq), self._past.whole_steps(cut)

    def _at(self, lane: Position, step: float) -> Known:
        return lane, bisect.bisect_right(self._keys.get(lane, ()), step)

    def _sources(self, known: Known) -> list[tuple[Position, float]]:
        """What a lane was told at its last knot; before the first, at its spawn."""
        lane, count = known
        if count:
            return [self._knots[lane][count - 1][1:]]
        return self._past.spawned_at(lane)

    def _needs(self, known: Known) -> list[Known]:
        lane, count = known
        before = [(lane, count - 1)] if count else []
        return before + [self._at(*source) for source in self._sources(known)]

    def _needed(self) -> Iterator[Known]:
        """All that the asked steps are made of, each after what it is made of itself."""
        seen: dict[Known, bool] = {}
        ahead = list(self._uses)
        while ahead:
            at = ahead[-1]
            if at not in seen:
                seen[at] = False
                needs = self._needs(at)
                self._uses.update(needs)
                if any(seen.get(one) is False for one in needs):
                    raise Circle
                ahead.extend(one for one in needs if one not in seen)
                continue
            if not seen[ahead.pop()]:
                seen[at] = True
                yield at

    def _made(self, known: Known) -> Cut:
        lane, count = known
        before = (lane, count - 1)
        cut = self._handed_on(before) if count else {}
        for source, step in self._sources(known):
            _merge(cut, self._taken(self._at(source, step), source, step))
        return cut

    def _handed_on(self, known: Known) -> Cut:
        """What a lane knew, to be added to: itself where nobody else asks for it."""
        self._uses[known] -= 1
        return self._held.pop(known) if not self._uses[known] else dict(self._held[known])

    def _taken(self, known: Known, lane: Position, step: float) -> Cut:
        cut = self._handed_on(known)
        cut[lane] = max(cut.get(lane, step), step)
        return cut


def _merge(cut: Cut, other: Cut) -> None:
    for lane, step in other.items():
        if cut.get(lane, -math.inf) < step:
            cut[lane] = step


class Latest:
    """The latest state of every agent inside a cut, found lane by lane in the logarithm of each."""

    def __init__(self, trace: Trace, cuts: Sequence[dict[Position, int]]) -> None:
        """Sort the states by agent and lane, once.

        Args:
            trace: The trace.
            cuts: The cut of each of its states.
        """
        self._shots = trace.snapshots
        self._cuts = cuts
        self._lanes: dict[Position, dict[str, list[tuple[int, int]]]] = {}
        for number, shot in enumerate(trace.snapshots):
            of_lane = self._lanes.setdefault(shot.lane, defaultdict(list))
            of_lane[shot.agent].append((shot.seq, number))
        for of_lane in self._lanes.values():
            for states in of_lane.values():
                states.sort()

    def of(self, cut: dict[Position, int]) -> CollectiveState:
        """The Collective State Vector over a cut."""
        found: dict[str, list[int]] = defaultdict(list)
        for lane in cut.keys() & self._lanes.keys():
            for agent, states in self._lanes[lane].items():
                inside = bisect.bisect_right(states, (cut[lane], len(self._shots)))
                if inside:
                    found[agent].append(states[inside - 1][1])
        return CollectiveState(
            cut={lane: cut[lane] for lane in sorted(cut)},
            agents={agent: self._last(found[agent]) for agent in sorted(found)},
        )

    def _last(self, numbers: list[int]) -> StateSnapshot:
        later = sorted(numbers, key=lambda number: self._shots[number].lane, reverse=True)
        return latest_of([self._shots[it] for it in later], [self._cuts[it] for it in later])
