"""Merge: the journals of a run's processes, put together into one trace.

Each process writes a journal of its own, and none knows what the others do. They fit together by
what every position says, the lanes: so neither the order in which they are given nor the clocks
that they were written by mean anything. A process that was begun and left no journal is a lane that
says so: a `hole`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agenttrace.causal.places import is_served
from agenttrace.causal.position import span_id
from agenttrace.errors import JournalUnreadable, UsageError
from agenttrace.formats.journal import Draft, records
from agenttrace.formats.records import (
    Began,
    Closed,
    Counted,
    Ended,
    Laned,
    Noted,
    Opened,
    Record,
    Stopped,
    Warned,
)
from agenttrace.model.lane import Join, Lane, Position, label_of
from agenttrace.model.span import Span, SpanKind

if TYPE_CHECKING:
    from agenttrace.model.trace import Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one process told.

    Attributes:
        name: Where it was read.
        began: Its first record: which run, which lane.
        records: The others, in order.
    """

    name: str
    began: Began
    records: tuple[Record, ...]

    @property
    def ended(self) -> bool:
        """Whether the process came to its end, and was not killed."""
        return any(isinstance(record, Ended) for record in self.records)

    @property
    def stopped(self) -> Stopped | None:
        """What the process could not go on for."""
        return next((record for record in self.records if isinstance(record, Stopped)), None)

    @property
    def warned(self) -> tuple[str, ...]:
        """What a person should know of it."""
        return tuple(record.text for record in self.records if isinstance(record, Warned))

    @property
    def counted(self) -> Counted:
        """How many calls it asked; of a process that was killed, only how many."""
        found = [record for record in self.records if isinstance(record, Counted)]
        asked = sum(isinstance(record, Opened) for record in self.records)
        return found[-1] if found else Counted(asked=asked)


def part(data: bytes, *, name: str = "journal") -> Part:
    """Read one process's journal, as far as it goes.

    Raises:
        JournalUnreadable: It is none.
    """
    began, *others = records(data, name=name)
    if not isinstance(began, Began):
        raise JournalUnreadable(f"{name} cannot be read: it does not begin with a run")
    return Part(name=name, began=began, records=tuple(others))


def part_of(told: Iterable[Record], *, name: str = "the run") -> Part:
    """The part that records tell which no journal holds."""
    began, *others = told
    if not isinstance(began, Began):
        raise TypeError(name)
    return Part(name=name, began=began, records=tuple(others))


def merge(parts: Iterable[Part]) -> Trace:
    """Put the parts of one run together, whatever their order.

    Raises:
        UsageError: They are of several runs, or two are of one process.
        JournalUnreadable: They do not fit together.
    """
    parts = sorted(parts, key=lambda one: one.began.lane)
    _refuse_strangers(parts)
    first = parts[0]
    whole = first.began.lane == ()
    began = replace(first.began, lane=(), settled=False)
    draft = Draft()
    try:
        draft.add(began)
        for lane in _lanes(parts):
            draft.add(Laned(lane=lane))
        if not whole:
            own = span_id(began.name, ())
            draft.add(Noted(what=Span(id=own, name=began.name, kind=SpanKind.RUN, operation="run")))
        for record in _told(parts):
            draft.add(record)
        draft.add(Ended())
        return replace(draft.trace(), complete=whole and first.ended)
    except (KeyError, ValueError) as problem:
        names = ", ".join(one.name for one in parts)
        raise JournalUnreadable(f"{names} do not fit together: {problem}"[:300]) from None


def holes(trace: Trace) -> tuple[Lane, ...]:
    """The lanes of which nobody knows how they ended, or what they did."""
    return tuple(lane for lane in trace.lanes if lane.end == "hole")


def _refuse_strangers(parts: list[Part]) -> None:
    if not parts:
        raise UsageError("there is no journal to merge")
    traces: dict[str, list[Part]] = {}
    for one in parts:
        traces.setdefault(one.began.trace, []).append(one)
    if len(traces) > 1:
        lines = (f"  {found[0].began.name}: {_names(found)}" for found in traces.values())
        raise UsageError(
            f"these journals are of {len(traces)} runs, and one trace holds one",
            detail="\n".join((*lines, "  Merge those of each run by themselves.")),
        )
    for one, other in itertools.pairwise(parts):
        if one.began.lane == other.began.lane:
            raise UsageError(
                f"{one.name} and {other.name} are both of {label_of(one.began.lane)}",
                detail="  A process has one journal. Give the one of the run that is meant.",
            )


def _names(parts: list[Part]) -> str:
    return ", ".join(one.name for one in parts)


# -- what they say ------------------------------------------------------------------------------
def _told(parts: list[Part]) -> Iterator[Record]:
    known = {span for one in parts for span in _spans(one)}
    for one in parts:
        is_run = one.began.lane == ()
        for record in one.records:
            match record:
                case Laned() | Ended() | Stopped() | Counted() | Warned():
                    continue
                case Noted(what=Span(kind=SpanKind.RUN)) if not is_run:
                    continue  # a child's word for what it was spawned in
                case Noted(span=span) if span is not None and span not in known:
                    yield replace(record, span=None)
                case _:
                    yield record


def _spans(one: Part) -> Iterator[str]:
    for record in one.records:
        match record:
            case Opened(call=call):
                yield call.span
            case Closed(span=span):
                yield span.id
            case Noted(what=Span() as span) if span.kind is not SpanKind.RUN or not one.began.lane:
                yield span.id


# -- their lanes --------------------------------------------------------------------------------
def _lanes(parts: list[Part]) -> list[Lane]:
    """Every lane, as the process says that it belongs to; else as its spawner does."""
    said: dict[Position, list[tuple[bool, Lane]]] = {}
    for one in parts:
        last = {
            record.lane.path: record.lane for record in one.records if isinstance(record, Laned)
        }
        closed = {record.span.position for record in one.records if isinstance(record, Closed)}
        for path, lane in last.items():
            own = path == one.began.lane or is_served(path)
            if one.ended or lane.end != "open":
                fate = lane
            elif path in closed:
                fate = replace(lane, end="complete", ragged=False)
            else:
                fate = _hole(lane)
            said.setdefault(path, []).append((own, fate))
    found = {path: _combined(path, lanes) for path, lanes in said.items()}
    for path in sorted(found):
        above = found[path].parent
        if above is not None and above not in found:
            found[above] = _missing(above, found)
    found.setdefault((), Lane(path=(), end="hole"))
    return list(found.values())


def _combined(path: Position, said: list[tuple[bool, Lane]]) -> Lane:
    own = [lane for is_own, lane in said if is_own]
    others = [lane for is_own, lane in said if not is_own]
    base = (others or own)[0]
    joins: dict[Position, int] = {}
    for _, lane in said:
        for join in lane.joins:
            joins[join.by] = min(join.seq, joins.get(join.by, join.seq))
    merged = replace(base, joins=tuple(Join(by=by, seq=seq) for by, seq in sorted(joins.items())))
    if own:
        return replace(merged, end=own[0].end, ragged=own[0].ragged)
    if path and path[-1].kind == "process" and merged.end == "open":
        return _hole(merged)
    return merged


def _hole(lane: Lane) -> Lane:
    return replace(lane, end="hole", ragged=lane.path != ())


def _missing(path: Position, found: Mapping[Position, Lane]) -> Lane:
    """A lane that others stand in, and of which nobody told."""
    if path == ():
        return Lane(path=(), end="hole")
    above = next((path[:n] for n in range(len(path) - 1, 0, -1) if path[:n] in found), ())
    return Lane(path=path, parent=above, end="hole", ragged=True)
