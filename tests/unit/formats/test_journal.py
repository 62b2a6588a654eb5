"""The form of a journal, and the trace that it tells."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace

import msgpack
import pytest

from agenttrace.causal.position import span_id, trace_id
from agenttrace.causal.spans import span_of
from agenttrace.errors import JournalUnreadable
from agenttrace.formats import journal
from agenttrace.formats.records import Arrived, Began, Closed, Ended, Laned, Noted, Opened
from agenttrace.model.call import Answer, Call, Chunk, Question
from agenttrace.model.lane import Lane, Position, Step
from agenttrace.model.span import OK, Event, Span, SpanKind, Status
from agenttrace.model.trace import Trace
from agenttrace.model.values import digest

RUN = "tests/test_a.py::test_b"
CHAT: Position = (Step("llm", "chat", 0),)
WORKER: Position = (Step("process", "worker", 0),)
CALL = Call(
    question=Question(
        kind="llm", operation="chat", title="chat gpt-4o", body={"ask": "A-17"}, site="a.py:3"
    ),
    position=CHAT,
    lane=(),
    seq=1,
    digest=digest({"ask": "A-17"}),
    span=span_id(RUN, CHAT),
    parent=span_id(RUN, ()),
)
ROOT_SPAN = Span(id=span_id(RUN, ()), name=RUN, kind=SpanKind.RUN, operation="run")
BEGINNING = [
    Began(name=RUN, trace=trace_id(RUN)),
    Laned(lane=Lane(path=(), end="open")),
    Noted(what=ROOT_SPAN),
]


def told(*records: object) -> Trace:
    """The trace that these records tell after the beginning of a run."""
    return journal.read(b"".join(map(journal.frame, [*BEGINNING, *records])))  # type: ignore[list-item]


def test_an_answer_that_never_ended_reads_back_as_open_with_what_had_arrived() -> None:
    """Killed inside a stream: the chunks that the agent has seen are there."""
    trace = told(
        Opened(call=CALL, at_ns=5),
        Arrived(span=CALL.span, chunk=Chunk(data=b"I found", offset_ns=2)),
    )

    answer = Answer(
        chunks=(Chunk(data=b"I found", offset_ns=2),),
        streamed=True,
        end="open",
        asked_ns=5,
        ended_ns=7,
    )
    asked = replace(span_of(CALL, 5), answers=(answer,), end_ns=7)
    assert trace.complete is False
    assert trace.spans == (replace(ROOT_SPAN, end_ns=7), asked)


def test_an_answer_that_ended_has_the_chunks_that_arrived() -> None:
    """They are in the file once."""
    done = replace(span_of(CALL, 5), status=Status(code=OK), end_ns=9, question=None)
    trace = told(
        Opened(call=CALL, at_ns=5),
        Arrived(span=CALL.span, chunk=Chunk(data=b"hello", offset_ns=2)),
        Closed(span=done, answer=Answer(streamed=True, asked_ns=5, ended_ns=9), arrived=True),
        Laned(lane=Lane(path=())),
        Ended(at_ns=10),
    )

    answer = Answer(
        chunks=(Chunk(data=b"hello", offset_ns=2),), streamed=True, asked_ns=5, ended_ns=9
    )
    assert trace.complete
    assert trace.spans[1] == replace(done, question={"ask": "A-17"}, answers=(answer,))


def test_attempts_follow_one_another() -> None:
    """A 429 and what came after it are one call."""
    span = replace(span_of(CALL, 1), question=None)
    busy, fine = (
        Answer(head={"status": 429}, asked_ns=1, ended_ns=2),
        Answer(head={"status": 200}, asked_ns=3, ended_ns=4),
    )
    trace = told(
        Opened(call=CALL, at_ns=1),
        Closed(span=span, answer=busy),
        Opened(call=replace(CALL, attempt=1), at_ns=3),
        Closed(span=span, answer=fine),
    )

    assert trace.spans[1].answers == (busy, fine)


def test_a_spawned_lane_without_an_end_is_a_hole() -> None:
    """Another process began, and what it did is in a journal that is not here."""
    lane = Lane(path=WORKER, parent=(), spawn_seq=1, end="open")

    assert told(Laned(lane=lane)).lanes == (
        Lane(path=(), end="hole"),
        replace(lane, end="hole", ragged=True, spawn_seq=1),
    )


def test_events_of_several_lanes_stand_in_causal_order_not_in_that_of_the_file() -> None:
    """Threads write as they come."""
    late, early = Event(name="reflection", seq=2), Event(name="planning", seq=1)
    trace = told(
        Noted(what=late, lane=WORKER, seq=2),
        Noted(what=early, lane=(), seq=1),
        Noted(what=Status(code="TOOL_LIMIT_EXCEEDED")),
        Ended(),
    )

    assert [event.name for event in trace.spans[0].events] == ["planning", "reflection"]
    assert trace.spans[0].status == Status(code="TOOL_LIMIT_EXCEEDED")


def test_a_record_of_a_later_version_is_passed_over() -> None:
    """And so is a field that it adds."""
    packed = msgpack.packb(["dreamt", {"of": "sheep"}])
    dream = struct.pack(">II", len(packed), zlib.crc32(packed)) + packed
    packed = msgpack.packb(["ended", {"mood": "calm"}])
    ended = struct.pack(">II", len(packed), zlib.crc32(packed)) + packed
    beginning = b"".join(map(journal.frame, BEGINNING))

    assert journal.read(beginning + dream + ended) == told(Ended())


@pytest.mark.parametrize(
    ("data", "why", "offset"),
    [
        pytest.param(b"hello, world", "it does not begin like a journal", 0, id="something-else"),
        pytest.param(b"", "it does not begin like a journal", 0, id="empty"),
        pytest.param(
            journal.frame(Ended()),
            "it does not begin with the beginning of a run",
            0,
            id="no-beginning",
        ),
        pytest.param(
            journal.frame(Began(name=RUN, trace=trace_id(RUN), schema=9)),
            "it has schema 9; this version reads up to 1",
            0,
            id="newer",
        ),
    ],
)
def test_what_is_no_journal_is_an_error_that_says_why(data: bytes, why: str, offset: int) -> None:
    """The file and the byte are named."""
    with pytest.raises(JournalUnreadable) as caught:
        journal.read(data, name="a.journal")

    assert str(caught.value) == (
        f"a.journal cannot be read: {why}  [journal-unreadable]\n"
        "\n"
        f"  at byte   {offset}\n"
        "  More: agenttrace explain journal-unreadable"
    )
