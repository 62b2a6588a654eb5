"""MLflow takes what we export, and its API gives it back: `make backend-mlflow`."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agenttrace.formats import catalog
from agenttrace.formats.otlp import CODEC as OTLP
from agenttrace.model.trace import Trace
from agenttrace.model.values import canonical, unpack
from tests.fakes.backend import exported, free_port, given, program, running, until
from tests.fakes.refund_trace import refund_trace

MLFLOW = program("mlflow", "mlflow")
REAL = Path(__file__).parents[1] / "data" / "otlp" / "agentprism-smol-deep-research.json"
EXPERIMENT = ("--header", "x-mlflow-experiment-id=0")
CODES = {"STATUS_CODE_OK": "OK", "STATUS_CODE_ERROR": "ERROR"}

pytestmark = [
    pytest.mark.skipif(
        not MLFLOW.is_file(), reason="MLflow is not installed; run: make backend-mlflow"
    ),
    pytest.mark.timeout(600),
]


@pytest.fixture(scope="module")
def mlflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """MLflow's server on loopback, with a database of its own."""
    folder, port = tmp_path_factory.mktemp("mlflow"), free_port()
    where = ("--host", "127.0.0.1", "--port", port, "--workers", 1)
    kept = (
        *("--backend-store-uri", f"sqlite:///{folder}/mlflow.db"),
        *("--default-artifact-root", folder / "artifacts"),
    )
    settings = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    with running(MLFLOW, "server", *where, *kept, folder=folder, ports=(port,), settings=settings):
        yield f"http://127.0.0.1:{port}"


def traces() -> dict[str, Trace]:
    """A real trace with its messages, and a recorded run with tools, a failure and a handoff."""
    return {"real": OTLP.read(REAL.read_bytes()), "recorded": refund_trace()}


def answer(mlflow: str, sent: Trace) -> Any:
    """What it has of a trace, as soon as it has all spans."""
    url = f"{mlflow}/api/3.0/mlflow/traces/get?trace_id=tr-{sent.id}"
    found = until(
        lambda: given(url), lambda it: it and len(it["trace"]["spans"]) >= len(sent.spans)
    )
    assert len(found["trace"]["spans"]) == len(sent.spans)
    return found


@pytest.mark.parametrize("name", list(traces()))
def test_mlflow_has_every_span_under_its_parent_with_its_times(
    mlflow: str, name: str, tmp_path: Path
) -> None:
    """As its API tells it, without any reader of ours; and the tokens that it counts itself."""
    sent = exported(traces()[name], tmp_path / "golden.trace", mlflow, *EXPERIMENT)

    found = answer(mlflow, sent)["trace"]

    began = min(one["start_time_unix_nano"] for one in found["spans"])
    assert {
        plain(one["span_id"]): (
            plain(one.get("parent_span_id") or ""),
            one["name"],
            one["start_time_unix_nano"] - began,
            one["end_time_unix_nano"] - began,
            CODES.get(one["status"].get("code", ""), "UNSET"),
        )
        for one in found["spans"]
    } == {
        span.id: (span.parent or "", span.name, span.start_ns, span.end_ns, span.status.code)
        for span in sent.spans
    }
    counted = json.loads(found["trace_info"]["trace_metadata"]["mlflow.trace.tokenUsage"])
    tokens = sent.usage.tokens
    assert (counted["input_tokens"], counted["output_tokens"]) == (tokens.input, tokens.output)


def plain(written: str) -> str:
    """An id as hex digits."""
    return base64.b64decode(written).hex()


@pytest.mark.parametrize("name", list(traces()))
def test_what_mlflow_gives_is_imported_with_what_was_asked_and_said(
    mlflow: str, name: str, tmp_path: Path
) -> None:
    """Known by its first bytes: kinds, agents, questions, answers, usage, events and links."""
    sent = exported(traces()[name], tmp_path / "golden.trace", mlflow, *EXPERIMENT)

    data = json.dumps(answer(mlflow, sent)).encode()
    back = catalog.codec_for(path="trace", head=data[:4096]).read(data)

    assert told(back) == told(sent)
    assert back.usage == sent.usage


def told(trace: Trace) -> dict[str, Any]:
    """What is to come back: all but the kinds of remote calls."""
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
            None if span.answer is None else said(span.answer.body),
            span.usage,
            [(event.name, event.at_ns, event.attributes) for event in span.events],
            span.links,
        )
        for span in trace.spans
    }


def said(body: bytes) -> Any:
    """What was said; MLflow writes JSON that stands in a text as JSON."""
    try:
        return canonical(json.loads(body))
    except ValueError:
        inner = unpack(body)
    try:
        return canonical(json.loads(inner)) if isinstance(inner, str) else inner
    except ValueError:
        return inner
