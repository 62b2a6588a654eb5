"""Collective state: what every agent of a team knew and wanted, over a consistent cut.

At the end of a run the cut is everything that happened, which is always consistent: no message in
it was received and not sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenttrace.causal.order import state_over
from agenttrace.causal.past import Past

if TYPE_CHECKING:
    from agenttrace.model.lane import Position
    from agenttrace.model.state import CollectiveState
    from agenttrace.model.trace import Trace


def at_the_end(trace: Trace) -> CollectiveState:
    """The Collective State Vector at the end of a run.

    The latest snapshot of an agent is one that none of its others comes after in causal order.
    Where several are concurrent, the later lane's is taken.
    """
    return state_over(trace, Past(trace), _ends(trace))


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
