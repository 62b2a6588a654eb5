"""Accesses: who reads and writes what agents share, noted while a search asks for it.

Two accesses to one thing, one of them a write, by lanes that nothing orders, are where the order of
answers can matter. A search looks there first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from agenttrace.model.lane import Position


class Access(NamedTuple):
    """One access.

    Attributes:
        lane: Who did it: the path of a lane.
        after: The last call before it, in the lane or one that spawned it; None: there was none.
        what: What was read or written.
        writes: Whether it was written.
        at_ns: When, in the run's time.
    """

    lane: Position
    after: Position | None
    what: str
    writes: bool
    at_ns: int
