"""Datadog's own test agent takes what we export, and gives it back: `make backend-datadog`."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from agenttrace.formats import catalog
from agenttrace.formats.otlp import CODEC as OTLP
from agenttrace.model.trace import Trace
from agenttrace.session import exporting
from tests.fakes.backend import free_port, given, program, running

PROGRAM = program("datadog", "ddapm-test-agent")
DATA = Path(__file__).parents[1] / "data"

pytestmark = pytest.mark.skipif(
    not PROGRAM.is_file(), reason="Datadog's test agent is not installed; run: make backend-datadog"
)


class Agent(NamedTuple):
    """Where the agent listens: its own port, and that of OTLP/HTTP."""

    own: str
    otlp: str


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    """The agent, on loopback."""
    own, http, grpc = (free_port() for _ in range(3))
    ports = ("--port", own, "--otlp-http-port", http, "--otlp-grpc-port", grpc)
    folder = tmp_path_factory.mktemp("datadog")
    with running(PROGRAM, *ports, folder=folder, ports=(own, http)):
        yield Agent(f"http://127.0.0.1:{own}", f"http://127.0.0.1:{http}")


@pytest.fixture(scope="module")
def trace() -> Trace:
    """A real trace of an agent at work, with its messages."""
    return OTLP.read((DATA / "otlp" / "agentprism-smol-deep-research.json").read_bytes())


def test_version_4_of_its_interface_is_taken_and_given_back(agent: Agent, trace: Trace) -> None:
    """Ids, parents, names, durations, tokens."""
    codec = catalog.exporters()["datadog"]
    told = exporting.told(trace, codec)
    asked = urllib.request.Request(
        f"{agent.own}/v0.4/traces",
        data=codec.write_told(told),
        method="PUT",
        headers={
            "Content-Type": "application/msgpack",
            "X-Datadog-Trace-Count": "1",
            "Datadog-Meta-Lang": "python",
            "Datadog-Meta-Tracer-Version": "1",
        },
    )
    with urllib.request.urlopen(asked) as answer:
        assert answer.status == 200

    (spans,) = given(f"{agent.own}/test/traces")
    tokens = "gen_ai.usage.input_tokens"
    assert {
        (
            one["span_id"],
            one["parent_id"],
            one["resource"],
            one["duration"],
            one["metrics"].get(tokens),
        )
        for one in spans
    } == {
        (
            int(one.id, 16),
            int(one.parent or "0", 16),
            one.name,
            one.end_ns - one.start_ns,
            one.attributes.get(tokens),
        )
        for one in told
    }


@pytest.mark.parametrize("form", list(exporting.SENT))
def test_otlp_is_taken_and_given_back(agent: Agent, trace: Trace, form: str) -> None:
    """Every span, with what was asked and said, through our own reader."""
    codec = catalog.exporters()[form]
    told = exporting.told(trace, codec)
    exporting.send(told, codec, exporting.Endpoint.of(agent.otlp))

    requests = given(f"{agent.otlp}/test/session/traces")
    found = OTLP.read_all(json.dumps(requests).encode())

    (back,) = [one for one in found if one.id == told[0].trace]
    assert {it.id for it in back.spans} == {one.id for one in told}
    assert [it.question for it in back.spans] == [it.question for it in trace.spans]
    assert [it.answer for it in back.spans] == [it.answer for it in trace.spans]
    assert back.usage == trace.usage
