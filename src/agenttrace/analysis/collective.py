"""Collective state: what every agent of a team knew and wanted, over a consistent cut.

At the end of a run the cut is everything that happened, which is always consistent: no message in
it was received and not sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenttrace.model.state import CollectiveState, StateSnapshot

if TYPE_CHECKING:
    from agenttrace.model.lane import Position
    from agenttrace.model.trace import Trace


def at_the_end(trace: Trace) -> CollectiveState:
    """The Collective State Vector at the end of a run.

    The latest snapshot of an agent is one that none of its others comes after, by program order,
    spawn and join. Where several are concurrent, the last one in the trace's order is taken.
    """
    latest: dict[str, StateSnapshot] = {}
    for shot in trace.snapshots:
        known = latest.get(shot.agent)
        if known is None or not _is_before(trace, shot, known):
            latest[shot.agent] = shot
    return CollectiveState(cut=_ends(trace), agents=dict(sorted(latest.items())))


def _ends(trace: Trace) -> dict[Position, int]:
    """The last known step of every lane."""
    ends: dict[Position, int] = {lane.path: 0 for lane in trace.lanes}
    for lane in trace.lanes:
        if lane.parent is not None:
            ends[lane.parent] = max(ends.get(lane.parent, 0), lane.spawn_seq)
        for join in lane.joins:
            ends[join.by] = max(ends.get(join.by, 0), join.seq)
    for lane_path, seq in [
        *((span.lane, max(span.seq, span.end_seq)) for span in trace.spans),
        *((shot.lane, shot.seq) for shot in trace.snapshots),
    ]:
        ends[lane_path] = max(ends.get(lane_path, 0), seq)
    return dict(sorted(ends.items()))


def _is_before(trace: Trace, first: StateSnapshot, second: StateSnapshot) -> bool:
    """Whether the first was taken before the second, whatever chance did."""
    if first.lane == second.lane:
        return first.seq < second.seq
    reached = {first.lane: first.seq}
    grew = True
    while grew:
        grew = False
        for lane in trace.lanes:
            spawned = (
                lane.parent is not None
                and reached.get(lane.parent, lane.spawn_seq + 1) <= lane.spawn_seq
            )
            steps = [(lane.path, 0)] if spawned else []
            if lane.path in reached:
                steps += [(join.by, join.seq + 1) for join in lane.joins]
            for path, seq in steps:
                if seq < reached.get(path, seq + 1):
                    reached[path], grew = seq, True
    return second.lane in reached and reached[second.lane] <= second.seq
