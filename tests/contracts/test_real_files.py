"""Every real trace file is imported, and holds what an independent walk of its JSON counts."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from agenttrace.errors import AgentTraceError
from agenttrace.formats import catalog, native
from agenttrace.formats.codec import ReaderOfSeveral
from agenttrace.model.span import SpanKind
from agenttrace.model.trace import Trace
from tests.oracles.raw_traces import WALKS, Counts, counted

DATA = Path(__file__).parents[1] / "data"
FILES = sorted(
    file.relative_to(DATA).as_posix()
    for folder in WALKS
    for file in (DATA / folder).iterdir()
    if file.is_file()
)
WITHOUT_SPANS = {
    "otlp/proto-example-events.json",
    "otlp/proto-example-logs.json",
    *(name for name in FILES if name.startswith("trail-swebench/annotations/")),
}
"""What is refused, by name: logs, and notes on traces."""


def traces(name: str) -> tuple[Trace, ...]:
    """Import a file, known by its content alone."""
    data = raw(name)
    codec = catalog.codec_for(path="renamed.bin", head=data[:4096])
    return codec.read_all(data) if isinstance(codec, ReaderOfSeveral) else (codec.read(data),)


def raw(name: str) -> bytes:
    """The file, unpacked."""
    data = (DATA / name).read_bytes()
    return gzip.decompress(data) if name.endswith(".gz") else data


def held(found: tuple[Trace, ...]) -> Counts:
    """What traces hold, counted as the walk counts."""
    tokens = [trace.usage.tokens for trace in found]
    ids = [{span.id for span in trace.spans} for trace in found]
    above = [
        (span.parent in known, span.parent is not None)
        for trace, known in zip(found, ids, strict=True)
        for span in trace.spans
    ]
    return Counts(
        traces=len(found),
        spans=sum(len(trace.spans) for trace in found),
        parents=sum(there for there, _ in above),
        orphans=sum(named and not there for there, named in above),
        errors=sum(span.status.code == "ERROR" for trace in found for span in trace.spans),
        input_tokens=sum(one.input for one in tokens),
        output_tokens=sum(one.output for one in tokens),
    )


def walked(name: str) -> Counts | None:
    """What the independent walk counts."""
    folder, _, file = name.rpartition("/")
    return counted(folder, file.removesuffix(".gz"), raw(name))


@pytest.mark.parametrize("name", [name for name in FILES if name not in WITHOUT_SPANS])
def test_a_file_holds_what_an_independent_walk_counts(name: str) -> None:
    """Traces, spans, parents, orphans, errors and tokens; and a golden keeps it all."""
    found = traces(name)

    assert held(found) == walked(name)
    assert not any(trace.environment for trace in found)
    assert [native.read(native.write(trace)) for trace in found] == list(found)


@pytest.mark.parametrize("name", sorted(WITHOUT_SPANS))
def test_only_files_without_spans_are_refused(name: str) -> None:
    """Two examples of OTLP's other signals, and TRAIL's notes on its traces."""
    assert walked(name) is None
    with pytest.raises(AgentTraceError):
        traces(name)


def test_real_files_hold_calls_of_every_kind() -> None:
    """So that none of the counts above is a count of nothing."""
    kinds = {
        span.kind
        for name in FILES
        if name not in WITHOUT_SPANS
        for trace in traces(name)
        for span in trace.spans
    }

    assert kinds >= {SpanKind.LLM, SpanKind.TOOL, SpanKind.AGENT, SpanKind.RETRIEVAL}
    assert len(FILES) == 47
