"""The appending side of a journal."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from agenttrace.causal.position import span_id, trace_id
from agenttrace.causal.spans import span_of
from agenttrace.errors import RecordingFailed
from agenttrace.formats import journal
from agenttrace.formats.records import Ended, Noted
from agenttrace.model.call import Answer, Call, Chunk, Question
from agenttrace.model.lane import Lane, Step
from agenttrace.model.span import Event, Span, SpanKind
from agenttrace.record.journal import JournalWriter

REPOSITORY = Path(__file__).parents[3]
RUN = "tests/test_a.py::test_b"
ROOT_SPAN = Span(id=span_id(RUN, ()), name=RUN, kind=SpanKind.RUN)


def call(number: int) -> Call:
    """The call of a number."""
    position = (Step("tool", "look", number),)
    question = Question(kind="tool", operation="look", title="look", body={"the number": number})
    return Call(
        question=question,
        position=position,
        lane=(),
        seq=number + 1,
        digest=b"0" * 16,
        span=span_id(RUN, position),
        parent=span_id(RUN, ()),
    )


def begun(path: Path) -> JournalWriter:
    """A journal whose run has begun."""
    writer = JournalWriter(path)
    writer.began(ROOT_SPAN, Lane(path=()), trace=trace_id(RUN), started="2026-03-01T09:00:00Z")
    return writer


def test_what_a_recorder_tells_is_the_trace_that_is_read(tmp_path: Path) -> None:
    """A streamed call, an event in it, and the end."""
    writer = begun(tmp_path / "deep" / "a.journal")
    asked = call(0)
    answer = Answer(
        chunks=(Chunk(data=b"streamed words", offset_ns=1),), streamed=True, asked_ns=2, ended_ns=9
    )
    span = replace(span_of(asked, 2), answers=(answer,), end_ns=9)
    event = Event(name="planning", seq=1)

    writer.opened(asked, 2)
    writer.chunk(asked, answer.chunks[0])
    writer.noted(event, asked.span, lane=(), seq=1)
    writer.closed(asked, span)
    live = journal.read(writer.path.read_bytes())
    writer.ended(
        replace(live, spans=(replace(ROOT_SPAN, end_ns=9), *live.spans[1:]), lanes=(Lane(path=()),))
    )
    trace = journal.read(writer.keep().read_bytes())

    assert trace.complete
    assert trace.spans == (replace(ROOT_SPAN, end_ns=9), replace(span, events=(event,)))
    assert trace.lanes == (Lane(path=()),)
    written = writer.path.read_bytes()
    assert (written.count(b"streamed words"), written.count(b"the number")) == (1, 1)


def test_threads_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    """One write a frame, to a file opened for appending, needs no lock."""
    writer = begun(tmp_path / "a.journal")

    def work(first: int) -> None:
        for number in range(first, first + 100):
            writer.append(Noted(what=span_of(call(number), number)))

    threads = [threading.Thread(target=work, args=(first,)) for first in range(0, 800, 100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(journal.read(writer.keep().read_bytes()).spans) == 801


def test_a_discarded_journal_leaves_nothing(tmp_path: Path) -> None:
    """It became a golden."""
    writer = begun(tmp_path / "a.journal")
    writer.discard()
    writer.close()

    assert list(tmp_path.iterdir()) == []


def test_a_journal_is_never_written_over(tmp_path: Path) -> None:
    """Somebody's kept recording may be all that is left of an incident."""
    kept = begun(tmp_path / "a.journal").keep().read_bytes()

    with pytest.raises(RecordingFailed, match="File exists"):
        JournalWriter(tmp_path / "a.journal")
    assert (tmp_path / "a.journal").read_bytes() == kept


@pytest.mark.parametrize("trouble", [errno.ENOSPC, errno.EIO], ids=["full", "broken"])
def test_a_disk_that_refuses_is_an_error_and_what_was_written_stays_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: int
) -> None:
    """Every write in turn is the one that fails."""
    real = os.write
    for failing in range(4):
        writes = 0

        def write(file: int, data: bytes) -> int:
            nonlocal writes
            writes += 1
            if writes > failing:  # noqa: B023 - used within the turn
                raise OSError(trouble, os.strerror(trouble))
            return real(file, data)

        path = tmp_path / f"{failing}.journal"
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", write)
            with pytest.raises(RecordingFailed) as caught:
                begun(path).append(Ended())

        assert caught.value.facts["errno"] == trouble
        prefix = journal.scan(path.read_bytes())
        assert (len(prefix.frames), prefix.stopped) == (failing, "")


def test_after_a_torn_frame_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader stops at the torn frame, so what followed would be lost without a word."""
    writer = begun(tmp_path / "a.journal")
    real = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda file, data: real(file, data[:5]))
        with pytest.raises(RecordingFailed, match=r"5 of .* bytes were written"):
            writer.append(Ended())
    with pytest.raises(RecordingFailed, match="is closed"):
        writer.append(Ended())

    prefix = journal.scan(writer.path.read_bytes())
    assert (len(prefix.frames), prefix.stopped) == (
        3,
        "the file was cut short inside a frame's head",
    )


KILLER = """
import os, signal, sys
from pathlib import Path
from agenttrace.causal.spans import span_of
from agenttrace.formats import journal
from agenttrace.formats.records import Noted
from tests.unit.record.test_journal import begun, call

def write(path, out):
    writer = begun(path)
    for number in range(1_000_000):
        writer.append(Noted(what=span_of(call(number), number)))
        os.write(out, b"x")

for turn in range(36):
    path = Path(sys.argv[1], f"{turn}.journal")
    heard, said = os.pipe()
    child = os.fork()
    if child == 0:
        write(path, said)
    os.close(said)
    acknowledged = 0
    while acknowledged < 1 + 7 * turn:
        heard_now = os.read(heard, 1)
        assert heard_now, "the writer failed"
        acknowledged += len(heard_now)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while rest := os.read(heard, 65536):
        acknowledged += len(rest)
    os.close(heard)
    trace = journal.read(path.read_bytes())
    print(len(trace.calls) - acknowledged, trace.complete)
"""


def test_a_kill_at_any_moment_loses_no_record_that_was_acknowledged(tmp_path: Path) -> None:
    """The writer acknowledges each record once written; it is killed at three dozen moments."""
    ran = subprocess.run(
        [sys.executable, "-c", KILLER, str(tmp_path)],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(["src", "."])},
        check=True,
        capture_output=True,
        text=True,
    )

    kills = ran.stdout.splitlines()
    assert len(kills) == 36
    # One record may have been written and not yet acknowledged.
    assert set(kills) <= {"0 False", "1 False"}
