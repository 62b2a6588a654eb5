"""Ragged: which part of a run chance may cut short.

A lane that was cancelled, never ended, or lost a race that others could have lost got as far as
chance let it; so did every lane below it. What happened there is compared as a prefix only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from agenttrace.model.call import Answer
    from agenttrace.model.lane import Lane, Position

CUT_ENDS = frozenset({"cancelled", "open"})
"""Ends of answers of which chance decides how much had arrived."""


def raggedness(lanes: Iterable[Lane]) -> Callable[[Position], bool]:
    """Give the question "may chance cut short what happens in the lane with this path?"."""
    roots = frozenset(lane.path for lane in lanes if lane.ragged)
    known: dict[Position, bool] = {}

    def is_ragged(path: Position) -> bool:
        found = known.get(path)
        if found is None:
            found = known[path] = any(path[:size] in roots for size in range(len(path) + 1))
        return found

    return is_ragged if roots else lambda _path: False


def is_cut(answer: Answer) -> bool:
    """Whether chance decided how much of an answer arrived before its asker went away."""
    return answer.end in CUT_ENDS
