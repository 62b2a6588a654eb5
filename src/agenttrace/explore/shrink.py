"""Shrink: the fewest answers that must come otherwise for a run to fail in the same way.

Delta debugging ("Simplifying and isolating failure-inducing input", 2002) over the labels of a
schedule. Labels are causal positions: with numbers of choice points, which shift when one is taken
out, 1 to 22 were left; with labels 1, 2 and 3 to 4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from agenttrace.model.schedule import Fault, Schedule

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agenttrace.model.lane import Position

Label: TypeAlias = "tuple[Position, float | Fault]"

_PLAIN = (0.0, 8.0, 2.0, 4.0, 16.0, 32.0, 64.0, 128.0)
"""The factors that a drawn one is exchanged for where one of them will do, the first first."""


def shrunk(schedule: Schedule, fails: Callable[[Schedule], bool], *, most: int = 400) -> Schedule:
    """Give the smallest part of a schedule that still fails, with the plainest factors that do.

    Args:
        schedule: One that fails.
        fails: Whether one does; asked again and again.
        most: How often it is asked at most.
    """
    asked = 0

    def still(labels: Sequence[Label]) -> bool:
        nonlocal asked
        asked += 1
        return asked <= most and fails(_schedule(labels))

    labels = _fewest(_labels(schedule), still)
    for number, (place, value) in enumerate(labels):
        if isinstance(value, Fault):
            continue
        for plain in _PLAIN:
            if plain == value:
                break
            changed = [*labels[:number], (place, plain), *labels[number + 1 :]]
            if still(changed):
                labels = changed
                break
    return _schedule(_fewest(labels, still))


def _fewest(labels: list[Label], still: Callable[[Sequence[Label]], bool]) -> list[Label]:
    """Take out as many as can be, in halves, quarters, and so on, down to single ones."""
    parts = 2
    while labels:
        size = max(1, len(labels) // parts)
        for start in range(0, len(labels), size):
            left = labels[:start] + labels[start + size :]
            if still(left):
                labels, parts = left, max(parts - 1, 2)
                break
        else:
            if size == 1:
                break
            parts = min(len(labels), parts * 2)
    return labels


def _labels(schedule: Schedule) -> list[Label]:
    latency: list[Label] = sorted(schedule.latency.items())
    return latency + sorted(schedule.faults.items(), key=lambda item: item[0])


def _schedule(labels: Sequence[Label]) -> Schedule:
    return Schedule(
        latency={place: it for place, it in labels if not isinstance(it, Fault)},
        faults={place: it for place, it in labels if isinstance(it, Fault)},
    )
