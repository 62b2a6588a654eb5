"""A program that has OpenTelemetry's spans alone writes journals, one a trace."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Status, StatusCode, Tracer

import agenttrace
from agenttrace.analysis.fidelity import level_of
from agenttrace.analysis.journals import Examined, examined
from agenttrace.model.span import ERROR, SpanKind
from agenttrace.record.journal import JournalWriter
from agenttrace.session.span_processor import SpanProcessor

KEY = "sk-proj-" + "Z9" * 24
TOOL = {
    "gen_ai.operation.name": "execute_tool",
    "gen_ai.tool.name": "pay",
    "gen_ai.tool.call.arguments": '{"order": "A-17"}',
    "gen_ai.tool.call.result": f"paid with {KEY}",
}


def read(folder: Path) -> list[Examined]:
    """What the journals of a folder say of themselves."""
    return [
        examined(path.read_bytes(), name=path.name) for path in sorted(folder.glob("*.journal"))
    ]


def tracer_of(processor: SpanProcessor) -> Tracer:
    """A tracer whose spans come to a processor, and to nobody else."""
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(processor)
    return provider.get_tracer("shop")


@pytest.fixture
def processor(tmp_path: Path) -> Iterator[SpanProcessor]:
    """A processor into a folder."""
    one = agenttrace.SpanProcessor(tmp_path / "journals")
    yield one
    one.shutdown()


def test_the_spans_of_a_trace_are_one_journal_without_secrets(
    processor: SpanProcessor, tmp_path: Path
) -> None:
    """What they mean is told as of any import; a key in a result is not written."""
    tracer = tracer_of(processor)
    for _ in range(3):
        with (
            tracer.start_as_current_span("invoke_agent desk"),
            tracer.start_as_current_span("execute_tool pay", attributes=TOOL) as span,
        ):
            span.set_status(Status(StatusCode.ERROR, "no money"))
    assert processor.force_flush()
    processor.shutdown()

    found = read(tmp_path / "journals")
    assert len({one.trace.id for one in found}) == 3
    for one in found:
        assert one.is_whole
        (tool,) = (span for span in one.trace.spans if span.kind is SpanKind.TOOL)
        assert tool.question == {"order": "A-17"}
        assert tool.answer is not None
        assert tool.answer.body.endswith(b"paid with <openai-key>")
        assert tool.status.code == ERROR
        assert level_of(one.trace).level == "F3"
    files = [path.read_bytes() for path in (tmp_path / "journals").glob("*.journal")]
    assert not any(KEY.encode() in data for data in files)


def test_only_what_failed_is_kept_where_that_is_wished(tmp_path: Path) -> None:
    """A span with status ERROR keeps its trace."""
    processor = agenttrace.SpanProcessor(tmp_path / "journals", sample=0, keep_failed=True)
    tracer = tracer_of(processor)
    for fails in (False, True, False):
        with tracer.start_as_current_span("work") as span:
            if fails:
                span.set_status(Status(StatusCode.ERROR))
    processor.shutdown()

    (one,) = read(tmp_path / "journals")
    assert [span.status.code for span in one.trace.spans] == [ERROR]
    assert processor.tally.begun == 3


def test_nobody_waits_and_what_was_dropped_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that does not answer drops spans; the journals that may lack some say so."""
    answers = threading.Event()
    real = JournalWriter.write

    def write(self: JournalWriter, framed: bytes) -> None:
        answers.wait(60)
        real(self, framed)

    monkeypatch.setattr(JournalWriter, "write", write)
    limits = agenttrace.Limits(waiting_bytes=20_000)
    processor = agenttrace.SpanProcessor(tmp_path / "journals", limits=limits)
    tracer = tracer_of(processor)
    with tracer.start_as_current_span("work"):
        for _ in range(100):
            with tracer.start_as_current_span("step"):
                pass
    dropped = processor.tally.dropped
    answers.set()
    processor.shutdown()

    (one,) = read(tmp_path / "journals")
    assert dropped > 0
    assert len(one.trace.spans) == 101 - dropped
    assert any("spans were dropped" in text for text in one.warnings)


FORKED = """
import os
import agenttrace
from opentelemetry.sdk.trace import TracerProvider

processor = agenttrace.SpanProcessor("journals")
provider = TracerProvider()
provider.add_span_processor(processor)
tracer = provider.get_tracer("shop")
with tracer.start_as_current_span("parent"):
    with tracer.start_as_current_span("before"):
        pass
    processor.force_flush()
    child = os.fork()
    if not child:
        with tracer.start_as_current_span("in the child"):
            pass
        processor.shutdown()
        os._exit(0)
    os.waitpid(child, 0)
    with tracer.start_as_current_span("after"):
        pass
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_program_writes_its_part_of_a_trace_into_a_journal_of_its_own(
    tmp_path: Path,
) -> None:
    """No journal has two writers, and no span is lost."""
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, "-c", FORKED], cwd=tmp_path, env=env, check=True, timeout=60)

    found = read(tmp_path / "journals")
    assert not any(one.torn for one in found)
    assert sorted(sorted(span.name for span in one.trace.spans) for one in found) == [
        ["after", "before", "parent"],
        ["in the child"],
    ]
    assert len({one.trace.id for one in found}) == 1


KILLED = """
import os, signal, sys
import agenttrace
from opentelemetry.sdk.trace import TracerProvider

processor = agenttrace.SpanProcessor("journals")
provider = TracerProvider()
provider.add_span_processor(processor)
tracer = provider.get_tracer("shop")
with tracer.start_as_current_span("work"):
    for number in range(20):
        with tracer.start_as_current_span(f"step {number}"):
            pass
    processor.force_flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_a_killed_program_leaves_the_spans_that_had_ended(tmp_path: Path) -> None:
    """Its root never ended; what is there is read, and said to be cut short."""
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", KILLED], cwd=tmp_path, env=env, timeout=60, check=False
    )

    assert done.returncode == -signal.SIGKILL
    (one,) = read(tmp_path / "journals")
    assert not one.ended
    assert {span.name for span in one.trace.spans} == {f"step {number}" for number in range(20)}
