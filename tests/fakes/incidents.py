"""Incidents: what another system would have kept of runs of ours, and of real ones."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

from agenttrace.formats.catalog import codec_for
from agenttrace.model.call import Answer, Chunk
from agenttrace.model.message_values import response_body, value_of
from agenttrace.model.span import Span, SpanKind
from agenttrace.model.trace import Trace
from agenttrace.providers.reading import request_of, response_of

DATA = Path(__file__).parents[1] / "data"
TRAIL = tuple(
    next((DATA / "trail-swebench").glob(f"{name}*.json*"))
    for name in ("2102eea2", "72822db6", "f12834d0")
)
"""Three real traces; the last one ends in a model's failure."""


def read(path: Path) -> Trace:
    """A trace of another system's, read as a command reads it."""
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    return codec_for(path=path.name.removesuffix(".gz"), head=data[:4096]).read(data)


def as_kept(trace: Trace, *, without: frozenset[str] = frozenset()) -> Trace:
    """A run of ours as a backend keeps it: spans with times, messages and results, no positions.

    Args:
        trace: The run.
        without: What the backend does not keep: `questions`, `answers`, `tools` (their spans).
    """
    spans = tuple(
        _kept(span, without)
        for span in trace.spans
        if span.kind in (SpanKind.RUN, SpanKind.AGENT, SpanKind.LLM)
        or (span.kind is SpanKind.TOOL and "tools" not in without)
    )
    return replace(trace, spans=spans, lanes=(), deliveries=(), snapshots=())


def _kept(span: Span, without: frozenset[str]) -> Span:
    question, answers = span.question, span.answers
    request, response = request_of(span), response_of(span)
    if request is not None and response is not None:
        question = {
            "model": request.model,
            "messages": [value_of(message) for message in request.messages],
        }
        said = response_body(response.model, response.messages)
        answers = (Answer(chunks=(Chunk(data=said),)),)
    hides_question = "questions" in without and span.kind is SpanKind.LLM
    return replace(
        span,
        question=None if hides_question else question,
        digest=b"" if hides_question else span.digest,
        answers=() if "answers" in without and span.kind is SpanKind.TOOL else answers,
        position=(),
        lane=(),
        agent=None if span.agent is None else span.agent.partition("#")[0],
    )
