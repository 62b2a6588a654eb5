"""Settle: what a run leaves behind once it is over, without what chance or caches put into it.

Libraries start threads and tasks that do nothing of the agents': an SDK asks for the platform in a
thread, once a process. Lanes in which nothing is recorded are left out, and the steps of the others
are counted again without them, so a first recording and a second one are equal.
"""

from __future__ import annotations

import bisect
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from agenttrace.causal.agents import named
from agenttrace.causal.delivery.edges import edges, recounted
from agenttrace.causal.places import is_served
from agenttrace.causal.sequence import in_causal_order
from agenttrace.model.lane import Join

if TYPE_CHECKING:
    from agenttrace.model.lane import Lane, Position
    from agenttrace.model.trace import Trace


def settled(trace: Trace) -> Trace:
    """Give a trace in its lasting form: agents named, idle lanes left out, in causal order."""
    return in_causal_order(named(_counted_again(_without_idle_lanes(trace))))


def _without_idle_lanes(trace: Trace) -> Trace:
    busy: set[Position] = {()}
    told = [*(span.lane for span in trace.spans), *(shot.lane for shot in trace.snapshots)]
    told += [lane for lane, *_ in edges(trace)]  # who has sent, so that what it knew is passed on
    told += [lane.path for lane in trace.lanes if lane.end == "hole" or is_served(lane.path)]
    for path in told:
        while path not in busy:
            busy.add(path)
            path = path[:-1]  # noqa: PLW2901 - climbing to the run's own lane
    idle = {lane.path: lane for lane in trace.lanes if lane.path not in busy}
    kept = [lane for lane in trace.lanes if lane.path in busy]
    return replace(trace, lanes=tuple(_joined_past(lane, idle) for lane in kept))


def _joined_past(lane: Lane, idle: dict[Position, Lane]) -> Lane:
    """Who was told of a lane's end by an idle lane was told by the lane itself."""
    joins: dict[Position, int] = {}
    waiting = list(lane.joins)
    seen: set[Position] = set()
    while waiting:
        join = waiting.pop()
        between = idle.get(join.by)
        if between is None:
            joins[join.by] = min(join.seq, joins.get(join.by, join.seq))
        elif join.by not in seen:
            seen.add(join.by)
            waiting.extend(between.joins)
    joins.pop(lane.path, None)
    return replace(lane, joins=tuple(Join(by=by, seq=seq) for by, seq in sorted(joins.items())))


def _counted_again(trace: Trace) -> Trace:
    """Count the steps of each lane again: only those at which something recorded began."""
    steps: dict[Position, set[int]] = defaultdict(set)
    for span in trace.spans:
        steps[span.lane].add(span.seq)
    for shot in trace.snapshots:
        steps[shot.lane].add(shot.seq)
    for lane in trace.lanes:
        if lane.parent is not None:
            steps[lane.parent].add(lane.spawn_seq)
    counted = {path: sorted(seqs - {0}) for path, seqs in steps.items()}

    def at(path: Position, seq: int) -> int:
        return bisect.bisect_right(counted.get(path, ()), seq)

    return replace(
        trace,
        spans=tuple(
            replace(
                span,
                seq=at(span.lane, span.seq),
                end_seq=at(span.lane, span.end_seq),
                events=tuple(replace(e, seq=at(span.lane, e.seq)) for e in span.events),
            )
            for span in trace.spans
        ),
        snapshots=tuple(replace(shot, seq=at(shot.lane, shot.seq)) for shot in trace.snapshots),
        deliveries=tuple(recounted(trace, at)),
        lanes=tuple(
            lane
            if lane.parent is None
            else replace(
                lane,
                spawn_seq=at(lane.parent, lane.spawn_seq),
                joins=tuple(Join(by=j.by, seq=at(j.by, j.seq)) for j in lane.joins),
            )
            for lane in trace.lanes
        ),
    )
