"""Queues: what was put into each and taken out, how long it waited, and what overtook it."""

from __future__ import annotations

import bisect
import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import groupby, zip_longest
from typing import TYPE_CHECKING, NamedTuple

from agenttrace.model import names
from agenttrace.model.span import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from agenttrace.analysis.happenings import Happening


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One task in a queue.

    Times are nanoseconds from the start of the run; None: not recorded.

    Attributes:
        task: The task.
        queue: The queue's name; empty: nobody said.
        enqueued_ns: When it was put in.
        dequeued_ns: When it was taken out.
        put: The span that put it in.
        taken: The span that took it out.
        overtaken: How many tasks of its queue were put in later, and taken out at an earlier
            instant. Of what two lanes put in at one instant neither was later.
        is_timed: Whether its times are any; in a trace without times they are not.
    """

    task: str
    queue: str
    enqueued_ns: int | None
    dequeued_ns: int | None
    put: Span | None
    taken: Span | None
    overtaken: int = 0
    is_timed: bool = True

    @property
    def waited_ns(self) -> int | None:
        """How long it waited; None: an end is not recorded, or the clocks of both disagree."""
        if self.enqueued_ns is None or self.dequeued_ns is None or not self.is_timed:
            return None
        waited_ns = self.dequeued_ns - self.enqueued_ns
        return waited_ns if waited_ns >= 0 else None

    @property
    def is_waiting(self) -> bool:
        """Whether it was put in and never taken out."""
        return self.dequeued_ns is None

    @property
    def spans(self) -> tuple[Span, ...]:
        """The spans that tell of it."""
        return tuple(span for span in (self.put, self.taken) if span is not None)


class Depth(NamedTuple):
    """How many tasks are in a queue from an instant on, until the next."""

    at_ns: int
    depth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """One queue.

    In a replay, in which computing takes no time, much happens at one instant: then what was put in
    counts before what was taken out.

    Attributes:
        name: What it is called; empty: nobody said.
        items: What was in it, by when it was put in; what was only taken out comes last.
        depths: How many tasks were in it after each instant at which that changed. What was taken
            out and never put in, or sooner than it was put in, does not count.
        peak: The most tasks that it can have held at once; None: nothing that was put in counts.
    """

    name: str
    items: tuple[Item, ...]
    depths: tuple[Depth, ...]
    peak: int | None

    def depth_at(self, at_ns: int) -> int | None:
        """How many tasks it held after an instant; None: nothing is recorded to be put in."""
        if self.peak is None:
            return None
        place = bisect.bisect_right(self.depths, at_ns, key=lambda one: one.at_ns)
        return self.depths[place - 1].depth if place else 0

    @property
    def is_told(self) -> bool:
        """Whether anything is recorded to be put in; else nobody knows what was left in it."""
        return any(one.enqueued_ns is not None for one in self.items)

    @property
    def waiting(self) -> tuple[Item, ...]:
        """What was still in it at the end."""
        return tuple(one for one in self.items if one.is_waiting)


def queues_of(events: Sequence[Happening], *, timed: bool) -> tuple[Queue, ...]:
    """Put queues together: the nth taking out of a task belongs to its nth putting in.

    Args:
        events: The events `enqueued` and `dequeued`, by time.
        timed: Whether the trace has times.
    """
    put: dict[tuple[str, str], list[Happening]] = defaultdict(list)
    taken: dict[tuple[str, str], list[Happening]] = defaultdict(list)
    for one in events:
        key = one.text(names.QUEUE_NAME), one.text(names.QUEUE_TASK)
        (put if one.event.name == "enqueued" else taken)[key].append(one)
    place = {id(one): number for number, one in enumerate(events)}
    found: dict[str, list[tuple[Happening | None, Happening | None]]] = defaultdict(list)
    for queue, task in dict.fromkeys(
        (one.text(names.QUEUE_NAME), one.text(names.QUEUE_TASK)) for one in events
    ):
        found[queue] += zip_longest(put[queue, task], taken[queue, task])
    for pairs in found.values():
        pairs.sort(key=lambda pair: math.inf if pair[0] is None else place[id(pair[0])])
    return tuple(_queue(name, pairs, timed=timed) for name, pairs in found.items())


def _queue(
    name: str, pairs: Sequence[tuple[Happening | None, Happening | None]], *, timed: bool
) -> Queue:
    overtaken = _overtaken(pairs)
    items = tuple(
        _item(name, into, out, overtaken=count, timed=timed)
        for (into, out), count in zip(pairs, overtaken, strict=True)
    )
    depths, peak = _depths(items)
    return Queue(name=name, items=items, depths=depths, peak=peak)


def _item(
    queue: str, into: Happening | None, out: Happening | None, *, overtaken: int, timed: bool
) -> Item:
    told = into or out
    return Item(
        task="" if told is None else told.text(names.QUEUE_TASK),
        queue=queue,
        enqueued_ns=None if into is None else into.at_ns,
        dequeued_ns=None if out is None else out.at_ns,
        put=None if into is None else into.span,
        taken=None if out is None else out.span,
        overtaken=overtaken,
        is_timed=timed,
    )


def _depths(items: Iterable[Item]) -> tuple[tuple[Depth, ...], int | None]:
    """The depth after each instant, and the most there can have been."""
    put: Counter[int] = Counter()
    taken: Counter[int] = Counter()
    for one in items:
        if one.enqueued_ns is None:
            continue
        if one.dequeued_ns is not None and one.dequeued_ns < one.enqueued_ns:
            continue
        put[one.enqueued_ns] += 1
        if one.dequeued_ns is not None:
            taken[one.dequeued_ns] += 1
    depth = peak = 0
    found = []
    for at_ns in sorted(put | taken):
        peak = max(peak, depth + put[at_ns])
        depth += put[at_ns] - taken[at_ns]
        found.append(Depth(at_ns, depth))
    return tuple(found), peak if found else None


def _overtaken(pairs: Sequence[tuple[Happening | None, Happening | None]]) -> list[int]:
    """Count, for each task, those that were put in later and taken out at an earlier instant.

    From the last put in to the first, each asks how many of those before it were taken out sooner:
    n log n.

    Args:
        pairs: When each was put in and taken out, in the order in which they were put in; of one
            instant, those of one lane together.
    """
    outs = [math.inf if out is None else out.at_ns for _, out in pairs]
    counts = [0] * len(pairs)
    later = _Outs(outs)
    put = [(into, place) for place, (into, _) in enumerate(pairs) if into is not None]
    for _, at_once in groupby(reversed(put), key=lambda one: one[0].at_ns):
        passed = list(at_once)
        for _, in_lane in groupby(passed, key=lambda one: one[0].within):
            places = [place for _, place in in_lane]
            mine = _Outs([outs[place] for place in places])
            for place in places:
                counts[place] = later.before(outs[place]) + mine.before(outs[place])
                mine.add(outs[place])
        for _, place in passed:
            later.add(outs[place])
    return counts


class _Outs:
    """Instants of which it is asked how many are sooner than another.

    A tree of partial counts answers (Fenwick, "A new data structure for cumulative frequency
    tables", 1994).
    """

    def __init__(self, may_come: Iterable[float]) -> None:
        self._sorted = sorted(set(may_come))
        self._tree = [0] * (len(self._sorted) + 1)

    def add(self, out: float) -> None:
        """Count one more, unless it never comes."""
        at = bisect.bisect_left(self._sorted, out) + 1
        while at < len(self._tree) and out != math.inf:
            self._tree[at] += 1
            at += at & -at

    def before(self, out: float) -> int:
        """How many of those that were added are sooner."""
        at, found = bisect.bisect_left(self._sorted, out), 0
        while at > 0:
            found += self._tree[at]
            at -= at & -at
        return found
