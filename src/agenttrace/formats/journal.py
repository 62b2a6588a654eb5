"""Journal: the form of the file that a run is recorded into, and how it becomes a trace.

A journal is frames, `u32 length | u32 crc32 | msgpack`, big-endian, one a record. It is only ever
appended to, so a kill at any byte leaves whole frames and at most one torn one: what was written
before is read, and says where it stops.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agenttrace.causal.sequence import in_causal_order
from agenttrace.causal.settle import settled
from agenttrace.causal.spans import span_of
from agenttrace.errors import JournalUnreadable, NotCanonical
from agenttrace.formats import foreign, readable_span
from agenttrace.formats.native_payload import unpacked
from agenttrace.formats.records import (
    RECORDS,
    Arrived,
    Began,
    Closed,
    Ended,
    Laned,
    Noted,
    Noteworthy,
    Opened,
    Record,
    Reported,
    from_plain,
    in_msgpack,
)
from agenttrace.model.agent import Agent
from agenttrace.model.call import Answer, Chunk
from agenttrace.model.lane import Delivery, Lane
from agenttrace.model.span import Event, Link, Span, SpanKind, Status
from agenttrace.model.state import StateSnapshot
from agenttrace.model.trace import Trace

if TYPE_CHECKING:
    from agenttrace.formats.documents import Unread
    from agenttrace.formats.told import Told
    from agenttrace.model.lane import Position

SCHEMA = 1
LONGEST_FRAME = 1 << 28
_SIZES = struct.Struct(">II")
_FIRST = b"\x92\xa5began"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefix:
    """The part of a journal that is whole.

    Attributes:
        frames: The msgpack of each record.
        end: How many bytes that is.
        stopped: Why it ends there; empty: there is no more.
    """

    frames: tuple[bytes, ...]
    end: int
    stopped: str = ""


def frame(record: Record) -> bytes:
    """Encode one record.

    Raises:
        NotCanonical: It holds what msgpack cannot.
    """
    try:
        said = in_msgpack(record)
    except (TypeError, ValueError, OverflowError) as problem:
        raise NotCanonical(f"a record holds what no journal can keep: {problem}") from None
    return _SIZES.pack(len(said), zlib.crc32(said)) + said


def scan(data: bytes) -> Prefix:
    """Find the whole frames at the beginning."""
    found: list[bytes] = []
    at, stopped = 0, ""
    while at < len(data):
        if len(data) - at < _SIZES.size:
            stopped = "the file was cut short inside a frame's head"
            break
        length, crc = _SIZES.unpack_from(data, at)
        packed = data[at + _SIZES.size : at + _SIZES.size + length]
        if length > LONGEST_FRAME:
            stopped = f"a frame would have {length} bytes"
        elif len(packed) < length:
            stopped = "the file was cut short inside a frame"
        elif zlib.crc32(packed) != crc:
            stopped = "a frame was changed after it was written"
        if stopped:
            break
        found.append(packed)
        at += _SIZES.size + length
    return Prefix(frames=tuple(found), end=at, stopped=stopped)


def records(data: bytes, *, name: str = "journal") -> Iterator[Record]:
    """Decode the records of the whole frames; those of an unknown sort are passed over.

    Raises:
        JournalUnreadable: It does not begin as a journal, or a whole frame holds no record.
    """
    at = 0
    for packed in scan(data).frames:
        record = _record(packed, name, at)
        if at == 0 and not isinstance(record, Began):
            raise _unreadable(name, "it does not begin with the beginning of a run", at)
        at += _SIZES.size + len(packed)
        if record is not None:
            yield record
    if at == 0:
        raise _unreadable(name, "it does not begin like a journal", at)


def read(data: bytes, *, name: str = "journal") -> Trace:
    """Put together what a journal tells, as far as it goes.

    A span whose answer never ended reads back with an `open` one; in a journal without an end, a
    lane that never ended is a `hole`.

    Raises:
        JournalUnreadable: It is no journal.
    """
    draft = Draft()
    try:
        for record in records(data, name=name):
            draft.add(record)
        return draft.trace()
    except JournalUnreadable:
        raise
    except Exception as problem:  # noqa: BLE001 - every way in which a stranger's bytes can be wrong
        why = f"its records do not fit together ({type(problem).__name__}: {problem})"[:200]
        raise _unreadable(name, why, 0) from None


def write(trace: Trace) -> bytes:
    """Write the journal of a trace that is already there."""
    return b"".join(map(frame, retold(in_causal_order(trace))))


class Draft:
    """A trace in the making, one record after the other."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._began: Began | None = None
        self._ended = False
        self._last_ns = 0
        self._spans: dict[str, Span] = {}
        self._open: dict[str, list[Chunk]] = {}
        self._asked: dict[str, int] = {}
        self._lanes: dict[Position, Lane] = {}
        self._agents: dict[str, Agent] = {}
        self._snapshots: list[StateSnapshot] = []
        self._deliveries: list[Delivery] = []
        self._inside: list[Noted] = []
        self._reported: list[Told | Unread] = []

    def add(self, record: Record) -> None:
        """Take in what a record says."""
        match record:
            case Began():
                self._began = record
            case Laned(lane=lane):
                self._lanes[lane.path] = lane
            case Opened(call=call, at_ns=at_ns):
                self._last_ns = max(self._last_ns, at_ns)
                self._spans.setdefault(call.span, span_of(call, at_ns))
                self._open[call.span] = []
                self._asked[call.span] = at_ns
            case Arrived(span=span, chunk=chunk):
                self._open[span].append(chunk)
                self._last_ns = max(self._last_ns, self._asked[span] + chunk.offset_ns)
            case Closed():
                self._close(record)
            case Noted():
                self._note(record)
            case Ended(at_ns=at_ns):
                self._ended = True
                self._last_ns = max(self._last_ns, at_ns)
            case Reported(span=span):
                self._reported.append(readable_span.told_of(span))

    def trace(self) -> Trace:
        """Give what there is, in causal order."""
        began = self._began
        if began is None:
            raise ValueError("no run began")
        if self._reported:
            (trace,) = foreign.traces_of(self._reported, "a journal of a span processor")
            return replace(trace, complete=self._ended)
        trace = Trace(
            id=began.trace,
            name=began.name,
            spans=tuple(self._with_what_was_noted_inside()),
            lanes=tuple(map(self._fate, self._lanes.values())),
            agents=tuple(self._agents.values()),
            snapshots=tuple(self._snapshots),
            deliveries=tuple(self._deliveries),
            started=began.started,
            environment=began.environment,
            complete=self._ended,
            resource=began.resource,
        )
        return in_causal_order(trace) if began.settled else settled(trace)

    @property
    def _is_part(self) -> bool:
        return self._began is not None and self._began.lane != ()

    def _close(self, record: Closed) -> None:
        before = self._spans[record.span.id]
        arrived = tuple(self._open.pop(record.span.id, ()))
        answer = replace(record.answer, chunks=arrived) if record.arrived else record.answer
        self._last_ns = max(self._last_ns, answer.ended_ns)
        self._spans[record.span.id] = replace(
            record.span,
            question=before.question,
            answers=(*before.answers, answer),
        )

    def _note(self, record: Noted) -> None:
        match record.what:
            case Span():
                self._spans[record.what.id] = record.what
            case Agent():
                self._agents[record.what.id] = record.what
            case StateSnapshot():
                self._snapshots.append(record.what)
            case Delivery():
                self._deliveries.append(record.what)
            case _:
                self._inside.append(record)

    def _with_what_was_noted_inside(self) -> Iterator[Span]:
        spans = {key: self._as_it_stands(span) for key, span in self._spans.items()}
        run = next((key for key, span in spans.items() if span.kind is SpanKind.RUN), None)
        for record in sorted(self._inside, key=lambda it: (it.lane, it.seq)):
            key = run if record.span is None else record.span
            if key not in spans and self._is_part:
                key = run  # it belongs to a span that another process has
            span = spans.get(key)  # type: ignore[arg-type]
            if span is None:
                raise ValueError(f"something belongs to the span {key}, which never was")
            match record.what:
                case Event():
                    event = replace(record.what, seq=record.seq or record.what.seq)
                    span = replace(span, events=(*span.events, event))
                case Link():
                    span = replace(span, links=(*span.links, record.what))
                case Status():
                    span = replace(span, status=record.what)
            spans[span.id] = span
        return iter(spans.values())

    def _as_it_stands(self, span: Span) -> Span:
        chunks = self._open.get(span.id)
        if chunks is not None:
            answer = Answer(
                chunks=tuple(chunks),
                streamed=bool(chunks),
                end="open",
                asked_ns=self._asked[span.id],
                ended_ns=max(self._last_ns, self._asked[span.id]),
            )
            return replace(
                span, answers=(*span.answers, answer), end_ns=max(span.end_ns, answer.ended_ns)
            )
        if span.kind is SpanKind.RUN and not self._ended:
            return replace(span, end_ns=max(span.end_ns, self._last_ns))
        return span

    def _fate(self, lane: Lane) -> Lane:
        if self._ended or lane.end != "open":
            return lane
        return replace(lane, end="hole", ragged=lane.path != ())


class Journal:
    """The codec of journals; it keeps everything that had happened."""

    name = "journal"
    suffixes = (".journal",)

    def reads(self, head: bytes) -> bool:
        """Whether the bytes begin a journal."""
        return head[_SIZES.size :].startswith(_FIRST)

    def read(self, data: bytes) -> Trace:
        """Decode a journal, as `read` does."""
        return read(data)

    def write(self, trace: Trace) -> bytes:
        """Encode a trace, as `write` does."""
        return write(trace)

    def loss(self, trace: Trace) -> frozenset[str]:
        """Of a run that never ended, a lane that was open is a hole."""
        open_lanes = not trace.complete and any(lane.end == "open" for lane in trace.lanes)
        return frozenset({"lanes"}) if open_lanes else frozenset()


CODEC = Journal()


def retold(trace: Trace, *, settled: bool = True) -> Iterable[Record]:
    """Tell a trace that is already there as the records of a journal."""
    yield Began(
        name=trace.name,
        trace=trace.id,
        started=trace.started,
        environment=trace.environment,
        resource=trace.resource,
        settled=settled,
    )
    for lane in trace.lanes:
        yield Laned(lane=lane)
    things: tuple[Noteworthy, ...] = (*trace.agents, *trace.spans)
    for what in (*things, *trace.snapshots, *trace.deliveries):
        yield Noted(what=what)
    if trace.complete:
        yield Ended()


def _record(packed: bytes, name: str, at: int) -> Record | None:
    try:
        tagged = unpacked(packed)
        kind = RECORDS.get(tagged[0])
        record = None if kind is None else from_plain(kind, tagged[1])
    except Exception as problem:  # noqa: BLE001 - every way in which a stranger's bytes can be wrong
        raise _unreadable(name, f"a frame holds no record ({problem})"[:200], at) from None
    if isinstance(record, Began) and record.schema > SCHEMA:
        raise _unreadable(
            name, f"it has schema {record.schema}; this version reads up to {SCHEMA}", at
        )
    return record


def _unreadable(name: str, why: str, offset: int) -> JournalUnreadable:
    detail = f"  at byte   {offset}\n  More: agenttrace explain journal-unreadable"
    return JournalUnreadable(
        f"{name} cannot be read: {why}", detail=detail, file=name, offset=offset
    )
