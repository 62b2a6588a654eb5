"""Recordings that are killed: what was acknowledged is there, and nothing else is believed."""

from __future__ import annotations

import os
import random
import struct
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from agenttrace.causal.position import span_id, trace_id
from agenttrace.formats import journal
from agenttrace.formats.records import Arrived, Closed, Opened
from agenttrace.model.call import Answer, Call, Chunk, Question
from agenttrace.model.lane import Lane, Step
from agenttrace.model.span import Span, SpanKind
from agenttrace.record.journal import JournalWriter
from tests.fakes.campaign import times

KILLS = times(15, 1_000)
THREADS, PIECES, LONGEST_S = 8, 3, 0.03
RUN = "tests/test_a.py::test_b"
ROOT = Path(__file__).parents[2]
ACKNOWLEDGED = struct.Struct(">BI")

WRITER = """
import sys
from tests.security.test_kills import write_for_ever

write_for_ever(sys.argv[1], int(sys.argv[2]))
"""


def call(thread: int, number: int) -> Call:
    """A thread's call of a number."""
    position = (Step("thread", "work", thread), Step("llm", "chat", number))
    return Call(
        question=Question(kind="llm", operation="chat", title="chat", body={"n": number}),
        position=position,
        lane=position[:1],
        seq=number + 1,
        digest=b"0" * 16,
        span=span_id(RUN, position),
        parent=span_id(RUN, ()),
    )


def piece(thread: int, number: int, which: int) -> Chunk:
    """What one piece of an answer says: mostly a word; now and then megabytes, to be torn in."""
    size = 4_000_000 if (thread + number) % 11 == which else 40
    return Chunk(data=f"{thread}.{number}.{which} ".encode() * (size // 8))


def write_for_ever(path: str, said: int) -> None:
    """Record streamed calls in eight threads; acknowledge each record when it is written."""
    import threading

    writer = JournalWriter(Path(path))
    root = Span(id=span_id(RUN, ()), name=RUN, kind=SpanKind.RUN)
    writer.began(root, Lane(path=()), trace=trace_id(RUN))

    def work(thread: int) -> None:
        for number in range(1_000_000):
            one = call(thread, number)
            writer.opened(one, 0)
            os.write(said, ACKNOWLEDGED.pack(thread, number * (PIECES + 2)))
            for which in range(PIECES):
                writer.chunk(one, piece(thread, number, which))
                os.write(said, ACKNOWLEDGED.pack(thread, number * (PIECES + 2) + 1 + which))
            answer = Answer(chunks=tuple(piece(thread, number, it) for it in range(PIECES)))
            span = Span(
                id=one.span,
                name="chat",
                kind=SpanKind.LLM,
                operation="chat",
                position=one.position,
                lane=one.lane,
                answers=(answer,),
            )
            writer.closed(one, span)
            os.write(said, ACKNOWLEDGED.pack(thread, number * (PIECES + 2) + PIECES + 1))

    for thread in range(THREADS):
        threading.Thread(target=work, args=(thread,)).start()


def killed(path: Path, chance: random.Random) -> dict[int, int]:
    """Let it write, kill it at a random moment; give each thread's last acknowledged record."""
    heard, said = os.pipe()
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(said)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(["src", "."])},
        pass_fds=[said],
    )
    os.close(said)
    with os.fdopen(heard, "rb") as acknowledgements:
        first = acknowledgements.read(ACKNOWLEDGED.size)
        assert first, "the writer failed"
        time.sleep(chance.random() * LONGEST_S)
        writer.kill()
        writer.wait()
        rest = first + acknowledgements.read()
    whole = len(rest) // ACKNOWLEDGED.size * ACKNOWLEDGED.size
    return dict(ACKNOWLEDGED.iter_unpack(rest[:whole]))


@pytest.mark.timeout(0)
def test_a_kill_loses_nothing_that_was_acknowledged_and_invents_nothing(tmp_path: Path) -> None:
    """Eight threads stream megabytes; whatever a `kill -9` tears, the records before it are whole.

    The last record of a thread may have been written, and not yet acknowledged.
    """
    chance, seen = random.Random(11), Counter[str]()
    for turn in range(KILLS):
        path = tmp_path / f"{turn}.journal"
        acknowledged = killed(path, chance)
        data = path.read_bytes()
        path.unlink()

        found = Counter[int]()
        for record in journal.records(data):
            match record:
                case Opened(call=one):
                    thread, number = (step.occurrence for step in one.position)
                    found[thread] += 1
                    assert one == call(thread, number)
                case Arrived(span=span, chunk=chunk):
                    thread, number, which = map(int, chunk.data.split(b" ")[0].split(b"."))
                    assert (span, chunk) == (
                        call(thread, number).span,
                        piece(thread, number, which),
                    )
                    found[thread] += 1
                case Closed(span=span_closed):
                    found[span_closed.position[0].occurrence] += 1
        for thread, last in acknowledged.items():
            assert found[thread] - (last + 1) in (0, 1), f"kill {turn}, thread {thread}"

        prefix, trace = journal.scan(data), journal.read(data)
        assert not trace.complete
        seen["inside a frame"] += bool(prefix.stopped)
        seen["in mid-stream"] += any(
            answer.end == "open" and answer.chunks for span in trace for answer in span.answers
        )
    assert seen["in mid-stream"] > 0, seen
    assert seen["inside a frame"] >= times(0, 20), seen
