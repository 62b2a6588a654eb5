"""Everyone: what code spawns that waits for all of it in the end, though for one after another.

A wait for the first is a race: chance may cut the others short. A framework that waits so, again
and again until nobody is left, is as patient as a task group; who knows that of it says so here.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from agenttrace.causal.spawn.joins import lane_of, told
from agenttrace.causal.spawn.minting import spawner

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from agenttrace.causal.lane import LiveLane


class Everyone:
    """The lanes that some code spawns, itself; `joined` when it has waited for all of them."""

    def __init__(self, tasks: Iterable[object] = ()) -> None:
        """Begin with what tasks stand for that are spawned already."""
        self._lanes: list[LiveLane] = [
            lane for task in tasks if (lane := lane_of(task)) is not None
        ]

    @contextlib.contextmanager
    def spawned(self) -> Iterator[None]:
        """Stand around code that spawns, for one step of a generator or for all that it does."""
        here = spawner()
        if here is None:
            yield
            return
        lanes = here.lane.run.lanes
        first = len(lanes)
        try:
            yield
        finally:
            self._lanes += [lane for lane in lanes[first:] if lane.parent is here.lane]

    def joined(self) -> None:
        """Note that the caller has been told of the end of all; who was cut stays cut.

        A job's worker may not have come to say yet that it has ended; its result was there. And who
        happened to be done at once may have told so before: chance, so that does not count.
        """
        here = spawner()
        for lane in self._lanes:
            if not lane.cut:
                lane.rivals = None
                if here is not None:
                    lane.joins.pop(here.lane.path, None)
                told(lane, scope=True)


def waited_for() -> None:
    """Say in a lane, at its end, that its spawner waits for it, whatever comes first before.

    The spawner is told where it awaits the lane, and not where it happened to see it end.
    """
    here = spawner()
    if here is not None:
        here.lane.raced, here.lane.rivals = False, None
