"""Phoenix takes what we export, and its API gives it back: `make backend-phoenix`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agenttrace.formats import catalog
from agenttrace.formats.otlp import CODEC as OTLP
from agenttrace.model.trace import Trace
from tests.fakes.backend import exported, free_port, given, program, running, until
from tests.fakes.refund_trace import refund_trace

PYTHON = program("phoenix", "python")
SERVER = Path(__file__).parent / "phoenix_on_loopback.py"
REAL = Path(__file__).parents[1] / "data" / "otlp" / "agentprism-smol-deep-research.json"

pytestmark = [
    pytest.mark.skipif(
        not PYTHON.is_file(), reason="Phoenix is not installed; run: make backend-phoenix"
    ),
    pytest.mark.timeout(600),
]


@pytest.fixture(scope="module")
def phoenix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Phoenix on loopback, with a database of its own."""
    folder, port = tmp_path_factory.mktemp("phoenix"), free_port()
    settings = {
        "PHOENIX_WORKING_DIR": str(folder),
        "PHOENIX_HOST": "127.0.0.1",
        "PHOENIX_PORT": str(port),
        "PHOENIX_TELEMETRY_ENABLED": "false",
    }
    with running(PYTHON, SERVER, folder=folder, ports=(port,), settings=settings):
        yield f"http://127.0.0.1:{port}"


def traces() -> dict[str, Trace]:
    """A real trace with its messages, and a recorded run with tools, a failure and a handoff."""
    return {"real": OTLP.read(REAL.read_bytes()), "recorded": refund_trace()}


def rows(phoenix: str, form: str, sent: Trace) -> Any:
    """Everything that it has of a trace, as soon as it has all spans."""
    url = f"{phoenix}/v1/projects/default/{form}?limit=1000&trace_id={sent.id}"
    found = until(lambda: given(url) or {"data": []}, lambda it: len(it["data"]) >= len(sent.spans))
    assert len(found["data"]) == len(sent.spans)
    return found


@pytest.mark.parametrize("name", list(traces()))
def test_phoenix_has_every_span_under_its_parent_with_its_tokens(
    phoenix: str, name: str, tmp_path: Path
) -> None:
    """As its API tells it, without any reader of ours: names, times, failures and usage."""
    sent = exported(traces()[name], tmp_path / "golden.trace", phoenix)

    found = rows(phoenix, "spans", sent)["data"]

    assert {
        one["context"]["span_id"]: (
            one["parent_id"],
            one["name"],
            one["status_code"],
            one["attributes"].get("llm.token_count.prompt"),
            one["attributes"].get("llm.token_count.completion"),
        )
        for one in found
    } == {
        span.id: (
            span.parent,
            span.name,
            span.status.code,
            None if span.usage is None else span.usage.tokens.input,
            None if span.usage is None else span.usage.tokens.output,
        )
        for span in sent.spans
    }
    assert {one["context"]["trace_id"] for one in found} == {sent.id}


@pytest.mark.parametrize("name", list(traces()))
def test_what_phoenix_gives_is_imported_with_what_was_asked_and_said(
    phoenix: str, name: str, tmp_path: Path
) -> None:
    """Its OTLP, known by its first bytes: kinds, agents, questions, answers, usage, events."""
    sent = exported(traces()[name], tmp_path / "golden.trace", phoenix)

    data = json.dumps(rows(phoenix, "spans/otlpv1", sent)).encode()
    back = catalog.codec_for(path="spans", head=data[:4096]).read(data)

    assert told(back) == told(sent)
    assert back.usage == sent.usage


def told(trace: Trace) -> dict[str, Any]:
    """What is to come back: all but times, which it keeps in microseconds, kinds and links."""
    return {
        span.id: (
            span.parent,
            span.name,
            span.kind,
            span.agent,
            span.operation,
            span.task,
            span.status,
            span.question,
            None if span.answer is None else span.answer.body,
            span.usage,
            [(event.name, event.attributes) for event in span.events],
        )
        for span in trace.spans
    }
