"""Ticks: times for a trace's spans that no causal order contradicts.

A replay in virtual time, and a log that holds no times, have many spans at one instant. A system
that knows nothing but times would take them for concurrent. So where one span happens before
another, the times say so, by at least one tick of the format's clock; nothing begins earlier than
it did, and nothing becomes shorter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenttrace.causal.before import Before

if TYPE_CHECKING:
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
    if not trace.lanes:
        return {span.id: (span.start_ns, span.end_ns) for span in trace.spans}
    before = Before(trace)
    told, at = [0] * len(before.later), [0] * len(before.later)
    begins, ends = set(before.begun), dict(zip(before.ended, trace.spans, strict=True))
    for began, span in zip(before.begun, trace.spans, strict=True):
        told[began] = max(told[began], _up(span.start_ns, tick_ns))
    for moment in before.in_order():
        at[moment] = told[moment]
        if moment in ends:
            span = ends[moment]
            began = before.begun[before.places[span.id]]
            lasts = _up(span.end_ns - span.start_ns, tick_ns)
            at[moment] = max(at[moment], at[began] + lasts)
        for later in before.later[moment]:
            told[later] = max(told[later], at[moment] + (tick_ns if later in begins else 0))
    return {
        span.id: (at[began], at[ended])
        for span, began, ended in zip(trace.spans, before.begun, before.ended, strict=True)
    }


def _up(ns: int, tick_ns: int) -> int:
    return -(-ns // tick_ns) * tick_ns
