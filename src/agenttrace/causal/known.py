"""Known: what a lane of a run that still goes on can know of the others, at one of its steps.

`past` answers the same question of a whole trace. Here nothing is settled yet: lanes are alive, and
joins are those that were seen so far, which is all that a step can have behind it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenttrace.causal.lane import LiveLane
    from agenttrace.model.lane import Position


def known_at(lane: LiveLane, step: int) -> Mapping[Position, int]:
    """Give, for each lane, the last of its steps that led to a step of this one.

    Program order, spawns and joins count; messages and links do not.
    """
    joined: dict[Position, list[tuple[int, LiveLane]]] = defaultdict(list)
    for one in tuple(lane.run.lanes):
        if one.joins:
            for by, seq in tuple(one.joins.items()):
                joined[by].append((seq, one))
    known: dict[Position, int] = {}
    ahead = [(lane, step)]
    while ahead:
        here, at = ahead.pop()
        if at <= known.get(here.path, -1):
            continue
        known[here.path] = at
        if here.parent is not None:
            ahead.append((here.parent, here.spawn_seq))
        ahead += [(other, other.seq + 1) for seq, other in joined.get(here.path, ()) if seq < at]
    return known
