"""Partners: which span and lane of one trace corresponds to which of the other, and when.

The steps of two runs are counted apart: one call more, and every later number is another. So a
moment is told by what both sides have: how many things that correspond had begun before it.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from agenttrace.check.folding import Moment, When
from agenttrace.check.tree import lane_parents
from agenttrace.model.lane import label_of
from agenttrace.model.span import Span

if TYPE_CHECKING:
    from agenttrace.check.align import Alignment
    from agenttrace.check.tree import Node
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
        pairs: Each such pair of spans, with the golden's node.
        steps: By lane of the golden, the moments at which something began that both sides have:
            in the golden, and in the run.
    """

    def __init__(self, golden: Trace, run: Trace, alignment: Alignment) -> None:
        """Index every pair."""
        self.golden, self.run = golden, run
        self.spans: dict[str, str] = {}
        self.lanes: dict[Position, Position] = {(): ()}
        self.pairs: list[tuple[Node, Span, Span]] = []
        self._places = tuple({span.id: span.position for span in it.spans} for it in (golden, run))
        for left, right in alignment.everything():
            if isinstance(left.thing, Span) and isinstance(right.thing, Span):
                self.spans[left.thing.id] = right.thing.id
                self.pairs.append((left, left.thing, right.thing))
                self._places[0][left.thing.id] = left.place
                self._places[1][right.thing.id] = right.place
            elif left.thing is None and right.thing is None:
                self.lanes[left.place] = right.place
        self.steps = self._steps()
        here = When(golden)
        self._last: dict[Position, float] = {}
        for span in golden.spans:
            began = here.began(span)
            self._last[began.lane] = max(began.at, self._last.get(began.lane, 0))
        self._golden_lanes = {there: here for here, there in self.lanes.items()}

    def golden_place(self, span_id: str | None) -> Value:
        """Where a span of the golden stands, for people."""
        return _place(self._places[0], span_id)

    def run_place(self, span_id: str | None) -> Value:
        """Where a span of the run stands, for people."""
        return _place(self._places[1], span_id)

    def in_golden(self, moment: Moment) -> Moment | None:
        """Give a moment of the run as one of the golden: right before what both sides have next."""
        lane = self._golden_lanes.get(moment.lane)
        if lane is None:
            return None
        mine, its = self.steps.get(lane, ([], []))
        following = bisect_left(its, moment.at)
        at = mine[following] if following < len(mine) else self._last.get(lane, 0) + 2 * _BEFORE
        return Moment(lane, at - _BEFORE)

    def _steps(self) -> dict[Position, tuple[list[float], list[float]]]:
        steps: dict[Position, tuple[list[float], list[float]]] = {
            path: ([], []) for path in self.lanes
        }
        here, there = When(self.golden), When(self.run)
        for _, left, right in self.pairs:
            mine, its = here.began(left), there.began(right)
            if mine.lane in steps and self.lanes[mine.lane] == its.lane:
                steps[mine.lane][0].append(mine.at)
                steps[mine.lane][1].append(its.at)
        lanes, others = _by_path(self.golden), _by_path(self.run)
        parents = lane_parents(self.golden)
        for path, partner in self.lanes.items():
            lane, other = lanes.get(path), others.get(partner)
            inside = parents.get(path, ())
            if lane is None or other is None or lane.parent is None or inside not in steps:
                continue
            if self.lanes[inside] == other.parent:
                steps[inside][0].append(lane.spawn_seq)
                steps[inside][1].append(other.spawn_seq)
        return {path: (sorted(one), sorted(other)) for path, (one, other) in steps.items()}


def _by_path(trace: Trace) -> dict[Position, Lane]:
    return {lane.path: lane for lane in trace.lanes}


def _place(places: dict[str, Position], span_id: str | None) -> Value:
    if span_id is None:
        return None
    return label_of(places[span_id]) if places.get(span_id) else span_id
