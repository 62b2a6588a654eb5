"""Across: two programs that do one task, compared by what they did, however they are built.

Each framework has tasks and threads of its own, so no causal position of one is one of another's.
What they share is what happened inside what, and when: so traces are taken as foreign ones are,
which have no lanes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agenttrace.model.trace import Trace


def without_lanes(trace: Trace) -> Trace:
    """Give a trace without its lanes, and what is told by them.

    Siblings that overlap in time are concurrent; others come one after the other, as they began.
    """
    return replace(
        trace,
        lanes=(),
        deliveries=(),
        spans=tuple(replace(span, lane=(), position=()) for span in trace.spans),
        snapshots=tuple(replace(shot, lane=(), position=()) for shot in trace.snapshots),
    )
