"""Following: which failure each failure of a run follows, on the longest row that leads to it.

One walk over the moments of the run in causal order: each hands on the best that it knows of, which
is a number.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from agenttrace.causal.before import Before

if TYPE_CHECKING:
    from collections.abc import Collection

    from agenttrace.model.trace import Trace

_NOTHING = -1
"""What a moment knows that knows of no failure."""


def followed(trace: Trace, failed: Collection[str]) -> dict[str, tuple[int, str | None]]:
    """Find what each failure follows.

    Args:
        trace: The trace.
        failed: The ids of the spans that failed.

    Returns:
        By failed span, how many failures lie before it at most, and the id of the one right before
        it: of several, the one with the most before itself, then the first in the trace.
    """
    before = Before(trace)
    if trace.lanes:
        for end, ended in before.joined_inside():
            before.later[end].append(ended)
    else:
        _tell_by_the_clock(before)
    size = len(trace.spans)
    failures = {before.ended[before.places[one]]: before.places[one] for one in failed}
    # what a moment knows: hops * size + how many spans stand behind the failure's
    known = [_NOTHING] * len(before.later)
    found: dict[str, tuple[int, str | None]] = {}
    for moment in before.in_order():
        led = known[moment]
        if moment in failures:
            place = failures[moment]
            hops, behind = divmod(led, size)
            last = None if led == _NOTHING else trace.spans[size - 1 - behind].id
            found[trace.spans[place].id] = hops + 1, last
            led = (hops + 1) * size + size - 1 - place
        if led != _NOTHING:
            for later in before.later[moment]:
                known[later] = max(known[later], led)
    return found


def _tell_by_the_clock(before: Before) -> None:
    """Put each end of a foreign trace after all that had ended at an earlier instant."""
    at: dict[float, list[int]] = defaultdict(list)
    for end, ended in zip(before.ends, before.ended, strict=True):
        at[end].append(ended)
    known: list[int] = []
    for end in sorted(at):
        instant = len(before.later)
        before.later.append([])
        for one in known:
            before.later[one] += [*at[end], instant]
        for ended in at[end]:
            before.later[ended].append(instant)
        known = [instant]
