"""Partners: which span and lane of one trace corresponds to which of the other, and when.

The steps of two runs are counted apart: one call more, and every later number is another. So a
moment is told by what both sides have: how many things that correspond had begun before it.
"""

from __future__ import annotations

from bisect import bisect_left
from functools import cached_property
from typing import TYPE_CHECKING

from agenttrace.check.folding import Moment, When
from agenttrace.check.tree import lane_parents
from agenttrace.model.lane import label_of
from agenttrace.model.span import Span

if TYPE_CHECKING:
    from agenttrace.check.align import Alignment
    from agenttrace.model.lane import Lane, Position
    from agenttrace.model.trace import Trace
    from agenttrace.model.values import Value

_BEFORE = 0.25
"""How much earlier than a step the moment right before it is."""


class Partners:
    """What corresponds to what in two aligned traces.

    Attributes:
        golden: One of the traces.
        run: The other one.
        spans: For each span of the golden that has one, the id of its partner.
        lanes: The same for lanes, by path.
        pairs: Each such pair of spans, with the golden's place.
        steps: By lane of the golden, the moments at which something began that both sides have:
            in the golden, and in the run.
    """

    def __init__(self, golden: Trace, run: Trace, alignment: Alignment) -> None:
        """Index every pair."""
        self.golden, self.run = golden, run
        self.spans: dict[str, str] = {}
        self.lanes: dict[Position, Position] = {(): ()}
        self.pairs: list[tuple[Position, Span, Span]] = []
        self._alignment = alignment
        for left, right in alignment.everything():
            if isinstance(left.thing, Span) and isinstance(right.thing, Span):
                self.spans[left.thing.id] = right.thing.id
                self.pairs.append((left.place, left.thing, right.thing))
            elif left.thing is None and right.thing is None:
                self.lanes[left.place] = right.place
        self.steps = self._steps()
        self._golden_lanes = {there: here for here, there in self.lanes.items()}

    def golden_place(self, span_id: str | None) -> Value:
        """Where a span of the golden stands, for people."""
        return self._place(0, span_id)

    def run_place(self, span_id: str | None) -> Value:
        """Where a span of the run stands, for people."""
        return self._place(1, span_id)

    def in_golden(self, moment: Moment) -> Moment | None:
        """Give a moment of the run as one of the golden: right before what both sides have next."""
        lane = self._golden_lanes.get(moment.lane)
        if lane is None:
            return None
        mine, its = self.steps.get(lane, ([], []))
        following = bisect_left(its, moment.at)
        at = mine[following] if following < len(mine) else self._last(lane) + 2 * _BEFORE
        return Moment(lane, at - _BEFORE)

    def _last(self, lane: Position) -> float:
        """The last moment of a lane of the golden at which a span began."""
        here = When(self.golden)
        began = [here.began(span) for span in self.golden.spans]
        return max((moment.at for moment in began if moment.lane == lane), default=0)

    def _place(self, side: int, span_id: str | None) -> Value:
        place = None if span_id is None else self._places[side].get(span_id)
        return label_of(place) if place else span_id

    @cached_property
    def _places(self) -> tuple[dict[str, Position], ...]:
        places = tuple(
            {span.id: span.position for span in trace.spans} for trace in (self.golden, self.run)
        )
        for pair in self._alignment.everything():
            for known, node in zip(places, pair, strict=True):
                if isinstance(node.thing, Span):
                    known[node.thing.id] = node.place
        return places

    def _steps(self) -> dict[Position, tuple[list[float], list[float]]]:
        steps: dict[Position, tuple[list[float], list[float]]] = {
            path: ([], []) for path in self.lanes
        }
        here, there = When(self.golden), When(self.run)
        for _, left, right in self.pairs:
            lane, mine = here.began(left)
            partner, its = there.began(right)
            if self.lanes.get(lane) == partner:
                steps[lane][0].append(mine)
                steps[lane][1].append(its)
        lanes, others = _by_path(self.golden), _by_path(self.run)
        parents = lane_parents(self.golden)
        for path, twin in self.lanes.items():
            one, other = lanes.get(path), others.get(twin)
            inside = parents.get(path, ())
            if one is None or other is None or one.parent is None or inside not in steps:
                continue
            if self.lanes[inside] == other.parent:
                steps[inside][0].append(one.spawn_seq)
                steps[inside][1].append(other.spawn_seq)
        return {path: (sorted(one), sorted(other)) for path, (one, other) in steps.items()}


def _by_path(trace: Trace) -> dict[Position, Lane]:
    return {lane.path: lane for lane in trace.lanes}
