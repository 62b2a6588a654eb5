"""Following: which failure each failure of a run follows, on the longest row that leads to it.

One walk over the moments of the run in causal order: each hands on the best that it knows of. The
moments go by number, and what a moment knows is a number as well, so that a hundred thousand spans
take about as long as to read them.
"""

from __future__ import annotations

import bisect
import math
from collections import defaultdict
from typing import TYPE_CHECKING, cast

from agenttrace.causal.moments import graph, placed_in
from agenttrace.model.lane import Step as Place

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence

    from agenttrace.causal.moments import Moment, Step
    from agenttrace.model.lane import Lane, Position
    from agenttrace.model.trace import Trace

_ENDED = (Place("ended", "", 0),)
"""The lane of instants: what had ended by each, in a trace that has no lanes of its own."""

_NOTHING = -1
"""What a moment knows that knows of no failure."""


def followed(trace: Trace, failed: Container[str]) -> dict[str, tuple[int, str | None]]:
    """Find what each failure follows.

    Args:
        trace: The trace.
        failed: The ids of the spans that failed.

    Returns:
        By failed span, how many failures lie before it at most, and the id of the one right before
        it: of several, the one with the most before itself, then the first in the trace.
    """
    before = _moments(trace)
    places = {span.id: place for place, span in enumerate(trace.spans) if span.id in failed}
    of = [places.get(moment) if isinstance(moment, str) else None for moment in before]
    after, counts = _turned(before)
    size = len(trace.spans)
    known = [_NOTHING] * len(before)  # hops * size + how many spans stand behind the failure's
    found: dict[str, tuple[int, str | None]] = {}
    for number in _in_order(after, counts):
        led, place = known[number], of[number]
        if place is not None:
            hops, behind = divmod(led, size)
            last = None if led == _NOTHING else trace.spans[size - 1 - behind].id
            found[trace.spans[place].id] = hops + 1, last
            led = (hops + 1) * size + size - 1 - place
        for later in after[number]:
            known[later] = max(known[later], led)
    return found


def _turned(before: Mapping[Moment, Sequence[Moment]]) -> tuple[list[list[int]], list[int]]:
    """By moment, by number, those right after it; and how many come right before it."""
    numbers = {moment: number for number, moment in enumerate(before)}
    after: list[list[int]] = [[] for _ in before]
    for number, earlier in enumerate(before.values()):
        for one in earlier:
            after[numbers[one]].append(number)
    return after, list(map(len, before.values()))


def _in_order(after: Sequence[Sequence[int]], counts: Sequence[int]) -> Iterator[int]:
    """Moments after all that come before them; a circle is cut at its first moment."""
    waiting = list(counts)
    ready = [number for number, count in enumerate(waiting) if not count]
    done = bytearray(len(waiting))
    rest = iter(range(len(waiting)))
    while True:
        while ready:
            number = ready.pop()
            done[number] = True
            yield number
            for later in after[number]:
                waiting[later] -= 1
                if not waiting[later] and not done[later]:
                    ready.append(later)
        first = next((one for one in rest if not done[one]), None)
        if first is None:
            return
        ready.append(first)


def _moments(trace: Trace) -> dict[Moment, list[Moment]]:
    """The moments of a trace, each with those that come right before it.

    A begin knows of all that its lane had seen end. Here ends count as well, so the end of a span
    is told of what ended or was waited for since its lane last began something.
    """
    placed = {span.id: (at, end) for span, at, end in placed_in(trace)}
    before = graph(trace, placed)
    seen: dict[Position, list[tuple[float, Moment]]] = defaultdict(list)
    for span_id, ((lane, _), end) in placed.items() if trace.lanes else ():
        seen[lane].append((end, span_id))
    inside: dict[tuple[Position, float], list[Lane]] = defaultdict(list)
    for one in trace.lanes:
        for join in one.joins:
            seen[join.by].append((join.seq, (one.path, math.inf)))
            if one.parent == join.by:
                inside[join.by, join.seq].append(one)
    for row in seen.values():
        row.sort(key=_when)
    times = {lane: list(map(_when, row)) for lane, row in seen.items()}
    for span_id, ((lane, begun), end) in placed.items():
        ends, known = times.get(lane, []), cast("Step", before[span_id][0])[1]
        first, last = bisect.bisect_left(ends, known), bisect.bisect_left(ends, end)
        before[span_id] += [moment for _, moment in seen[lane][first:last]]
        before[span_id] += [
            (one.path, math.inf) for one in inside.get((lane, end), ()) if one.spawn_seq > begun
        ]
    if not trace.lanes:
        _tell_by_the_clock(before, placed)
    return before


def _tell_by_the_clock(
    before: dict[Moment, list[Moment]], placed: Mapping[str, tuple[Step, int]]
) -> None:
    """Put each end of a foreign trace after all that had ended at an earlier instant."""
    ended: dict[int, list[Moment]] = defaultdict(list)
    for span_id, (_, end) in placed.items():
        ended[end].append(span_id)
    known: list[Moment] = []
    for at in sorted(ended):
        for span_end in ended[at]:
            before[span_end] += known
        instant: Moment = (_ENDED, at)
        before[instant] = [*ended[at], *known]
        known = [instant]


def _when(pair: tuple[float, Moment]) -> float:
    return pair[0]
