"""Folding: which differences follow from which, by what happened before what.

A difference is a consequence of another one if it can have known of it: if it stands later in the
same lane, in a lane that was spawned or told later, or at a span that a message or link led to.
What is left are the causes; each is told with its values, and its consequences are counted.

Two moments of a span count: what was asked differs at its beginning, what came of it at its end.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from agenttrace.causal.delivery.edges import edges

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agenttrace.model.lane import Position
    from agenttrace.model.span import Span
    from agenttrace.model.trace import Trace

MOST_CAUSES = 200
"""How many causes are followed; beyond that, every further difference is told as one."""

END = 0.5
"""The end of a span is so much later than its last step."""

Cone: TypeAlias = "dict[Position, float]"
"""By lane, the moment from which on everything is later than a given one."""


class Moment(NamedTuple):
    """A lane, and a moment of it in steps; of a foreign trace, no lane, and nanoseconds."""

    lane: Position
    at: float


class Later:
    """What comes after a moment of a trace."""

    def __init__(self, trace: Trace) -> None:
        """Index what leads from lane to lane."""
        self._has_lanes = bool(trace.lanes)
        self._after: defaultdict[Position, list[tuple[float, Position, float]]]
        self._after = defaultdict(list)
        for lane in trace.lanes:
            if lane.parent is not None:
                self._after[lane.parent].append((lane.spawn_seq, lane.path, -1))
            for join in lane.joins:
                self._after[lane.path].append((math.inf, join.by, join.seq + END / 2))
        self._add_links(trace)
        self._add_messages(trace)
        for leads in self._after.values():
            leads.sort()

    def _add_links(self, trace: Trace) -> None:
        spans = {span.id: span for span in trace.spans}
        for span in trace.spans:
            for link in span.links:
                source = spans.get(link.span) if link.trace is None else None
                if source is not None:
                    self._after[source.lane].append((source.seq, span.lane, span.seq - END))

    def _add_messages(self, trace: Trace) -> None:
        at = {span.position: span for span in trace.spans if span.position}
        for one in trace.deliveries:
            sent = None if one.message is None else at.get(one.message)
            receive = at.get(one.receive)
            if sent is not None and receive is not None:
                self._after[sent.lane].append((sent.seq, receive.lane, receive.seq - END))
        for edge in edges(trace):
            self._after[edge.sender].append((edge.sent, edge.receiver, edge.seq))

    def cone(self, moment: Moment) -> Cone:
        """Everything later than a moment."""
        known: Cone = {}
        ahead = [moment]
        while ahead:
            lane, at = ahead.pop()
            if at >= known.get(lane, math.inf):
                continue
            known[lane] = at
            leads = self._after[lane] if self._has_lanes else ()
            start = bisect_left(leads, (at,)) if leads else 0
            ahead.extend(Moment(*lead[1:]) for lead in leads[start:])
        return known


class When:
    """When the spans of a trace began and ended, in steps of their lanes.

    A foreign trace has one lane, and its clock; where it has no times either, the order in which
    its spans stand.
    """

    def __init__(self, trace: Trace) -> None:
        """Take a trace."""
        self._has_lanes = bool(trace.lanes)
        self._timed = any(span.start_ns or span.end_ns for span in trace.spans)
        self._rows: dict[str, int] = {}
        self._ends: dict[str, int] = {}
        if not self._has_lanes and not self._timed:
            self._rows = {span.id: row for row, span in enumerate(trace.spans)}
            self._ends = dict(self._rows)
            parents = {span.id: span.parent for span in trace.spans}
            for span in trace.spans:
                row, at = self._rows[span.id], span.parent
                while at is not None and at in self._ends and self._ends[at] < row:
                    self._ends[at] = row
                    at = parents[at]

    def began(self, span: Span) -> Moment:
        """Its first moment."""
        if self._has_lanes:
            return Moment(span.lane, span.seq)
        return Moment((), span.start_ns if self._timed else self._rows[span.id])

    def ended(self, span: Span) -> Moment:
        """Its last one."""
        if self._has_lanes:
            return Moment(span.lane, max(span.seq, span.end_seq) + END)
        return Moment((), span.end_ns if self._timed else self._ends[span.id] + END)


def causes(moments: Sequence[Moment | None], later: Later) -> list[list[int]]:
    """Say for each of several differences from which ones it follows.

    Args:
        moments: When each came to be; None: it has no place in the order.
        later: What comes after what.

    Returns:
        For each, the causes that it can have known of, by index; empty: it is a cause itself.
    """
    cones: dict[int, Cone] = {}

    def covers(cause: int, moment: Moment) -> bool:
        return moment.at >= cones[cause].get(moment.lane, math.inf)

    for index, moment in enumerate(moments):
        if moment is None or any(covers(cause, moment) for cause in cones):
            continue
        if len(cones) < MOST_CAUSES:
            cones[index] = later.cone(moment)
            for earlier in [*cones]:
                known = moments[earlier]
                if earlier != index and known is not None and covers(index, known):
                    del cones[earlier]
    return [
        []
        if moment is None or index in cones
        else [cause for cause in cones if covers(cause, moment)]
        for index, moment in enumerate(moments)
    ]
