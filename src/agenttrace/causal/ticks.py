"""Ticks: times for a trace's spans that no causal order contradicts.

A replay in virtual time, and a log that holds no times, have many spans at one instant. A system
that knows nothing but times would take them for concurrent. So where one span happens before
another, the times say so, by at least one tick of the format's clock; nothing begins earlier than
it did, and nothing becomes shorter.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from agenttrace.causal.moments import graph, placed_in

if TYPE_CHECKING:
    from agenttrace.causal.moments import Moment
    from agenttrace.model.trace import Trace


def times(trace: Trace, tick_ns: int = 1) -> dict[str, tuple[int, int]]:
    """When each span begins and ends, nanoseconds from the start of the run.

    The times of a foreign trace, which has no lanes, are its own, and stay.

    Args:
        trace: The trace.
        tick_ns: The least step of the clock that is written.

    Returns:
        Begin and end by span, both multiples of a tick where the trace has lanes.
    """
    own = {span.id: (span.start_ns, span.end_ns) for span in trace.spans}
    if not trace.lanes:
        return own
    placed = {span.id: (at, end) for span, at, end in placed_in(trace)}
    at: dict[Moment, int] = {}
    for span in trace.spans:
        began = placed[span.id][0]
        at[began] = max(at.get(began, 0), _up(span.start_ns, tick_ns))
    lasts = {span.id: _up(span.end_ns - span.start_ns, tick_ns) for span in trace.spans}
    begins: set[Moment] = {moment for moment, _ in placed.values()}
    before = graph(trace, placed)
    for moment in _in_order(before):
        earlier = [at.get(one, 0) for one in before[moment]]
        if isinstance(moment, str) and moment in placed:
            earlier.append(at[placed[moment][0]] + lasts[moment])
        latest = max(earlier, default=0)
        step = tick_ns if moment in begins and earlier else 0
        at[moment] = max(at.get(moment, 0), latest + step)
    return {span: (at[placed[span][0]], at.get(span, own[span][1])) for span in own}


def _up(ns: int, tick_ns: int) -> int:
    return -(-ns // tick_ns) * tick_ns


def _in_order(before: dict[Moment, list[Moment]]) -> list[Moment]:
    """Moments, each after all that come before it; of a circle, as they come."""
    after: dict[Moment, list[Moment]] = defaultdict(list)
    waiting: dict[Moment, int] = {}
    for moment, earlier in before.items():
        waiting[moment] = sum(one in before for one in earlier)
        for one in earlier:
            after[one].append(moment)
    found = [moment for moment, count in waiting.items() if count == 0]
    for moment in found:
        for later in after[moment]:
            waiting[later] -= 1
            if waiting[later] == 0:
                found.append(later)
    return [*found, *(moment for moment, count in waiting.items() if count > 0)]
