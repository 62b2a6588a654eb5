"""Exports of which no real file is at hand: each made as its author's code makes it."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from agenttrace.analysis.selecting import spans_of
from agenttrace.errors import TraceUnreadable, UsageError
from agenttrace.formats import catalog
from agenttrace.formats.otlp_protobuf import CODEC as PROTOBUF
from agenttrace.model.span import SpanKind
from agenttrace.model.trace import Trace


def read(data: bytes, name: str) -> Trace:
    """Read a file that is known by its content."""
    codec = catalog.codec_for(path="renamed", head=data[:4096])
    assert codec.name == name
    return codec.read(data)


def test_an_export_of_openai_agents_is_read() -> None:
    """As `BackendSpanExporter` posts it: agents, generations, functions and handoffs."""
    trace = "trace_" + "a" * 32

    def span(own: str, parent: str | None, data: dict[str, Any], error: Any = None) -> Any:
        return {
            "object": "trace.span",
            "id": f"span_{own * 24}",
            "trace_id": trace,
            "parent_id": None if parent is None else f"span_{parent * 24}",
            "started_at": "2026-03-01T09:00:00+00:00",
            "ended_at": "2026-03-01T09:00:01+00:00",
            "span_data": data,
            "error": error,
        }

    posted = {
        "data": [
            {"object": "trace", "id": trace, "workflow_name": "Refund desk"},
            span("1", None, {"type": "agent", "name": "planner", "tools": ["pay"]}),
            span(
                "2",
                "1",
                {
                    "type": "generation",
                    "model": "gpt-4o",
                    "input": [{"role": "user", "content": "Pay A-17"}],
                    "output": [{"role": "assistant", "content": "Done."}],
                    "usage": {"input_tokens": 9, "output_tokens": 2},
                },
            ),
            span(
                "3",
                "1",
                {"type": "function", "name": "pay", "input": '{"order": "A-17"}', "output": "ok"},
                {"message": "declined", "data": None},
            ),
            span("4", "1", {"type": "handoff", "from_agent": "planner", "to_agent": "payer"}),
        ]
    }
    found = read(json.dumps(posted).encode(), "openai-agents")

    assert (found.id, len(found.spans), found.usage.tokens.total) == ("a" * 32, 4, 11)
    run = spans_of(found)
    assert run.tool("pay").once().with_args(order="A-17").triggered_by(agent="planner")
    assert {one.status.message for one in found.spans if one.status.code == "ERROR"} == {"declined"}
    assert any(one.name == "handoff planner to payer" for one in found.spans)


def test_spans_of_phoenix_are_read() -> None:
    """As its REST interface gives them: the kind and the status stand beside the attributes."""
    listed = {
        "data": [
            {
                "id": "U3Bhbjox",
                "name": "ChatCompletion",
                "context": {"trace_id": "a" * 32, "span_id": "b" * 16},
                "span_kind": "LLM",
                "parent_id": None,
                "start_time": "2026-03-01T09:00:00.5+00:00",
                "end_time": "2026-03-01T09:00:01+00:00",
                "status_code": "ERROR",
                "status_message": "rate limit",
                "attributes": {
                    "llm.model_name": "gpt-4o",
                    "llm.token_count.prompt": 7,
                    "llm.token_count.completion": 1,
                    "llm.input_messages.0.message.role": "user",
                    "llm.input_messages.0.message.content": "Hi",
                },
                "events": [{"name": "exception", "timestamp": "2026-03-01T09:00:01+00:00"}],
            }
        ],
        "next_cursor": None,
    }
    (span,) = read(json.dumps(listed).encode(), "readable-span").spans

    assert (span.kind, span.status.code, span.status.message) == (
        SpanKind.LLM,
        "ERROR",
        "rate limit",
    )
    assert span.usage is not None
    assert span.usage.tokens.total == 8
    assert isinstance(span.question, dict)
    assert span.question["model"] == "gpt-4o"


def protobuf(name: str = "x") -> bytes:
    """A request of one span."""
    data = TracesData()
    span = data.resource_spans.add().scope_spans.add().spans.add()
    span.trace_id, span.span_id, span.name = b"\xaa" * 16, b"\xbb" * 8, name
    span.attributes.add(key="n").value.int_value = 2**53 + 1
    span.start_time_unix_nano = 1_700_000_000_000_000_001
    span.end_time_unix_nano = 1_700_000_000_000_000_003
    return bytes(data.SerializeToString())


def test_protobuf_is_known_by_its_bytes_whole_or_with_lengths() -> None:
    """What OTLP/HTTP carries, and what the collector's file exporter writes."""
    (span,) = read(protobuf(), "otlp-protobuf").spans
    framed = b"".join(struct.pack(">I", len(it)) + it for it in (protobuf(), protobuf()))

    assert (span.id, span.end_ns, span.attributes) == ("b" * 16, 2, {"n": 2**53 + 1})
    assert read(framed, "otlp-protobuf").spans == (span,)


def test_protobuf_that_is_cut_or_no_otlp_is_refused_by_name() -> None:
    """Bytes of a stranger's."""
    for data in (protobuf()[:-3], struct.pack(">I", 900) + protobuf(), b"\n\x02\n\x7f"):
        with pytest.raises(TraceUnreadable, match="OTLP protobuf"):
            PROTOBUF.read(data)


def test_without_the_extra_the_way_to_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is imported until a file needs it."""
    monkeypatch.setitem(__import__("sys").modules, "opentelemetry.proto.trace.v1.trace_pb2", None)
    with pytest.raises(UsageError, match="opentelemetry-proto"):
        PROTOBUF.read(protobuf())
    with pytest.raises(UsageError, match="opentelemetry-proto"):
        PROTOBUF.write_told([])


def test_zipkin_of_version_1_is_named() -> None:
    """And the way to version 2."""
    span = {"traceId": "1", "id": "2", "name": "x", "binaryAnnotations": []}
    with pytest.raises(TraceUnreadable, match="version 1"):
        read(json.dumps([span]).encode(), "zipkin")


def test_a_server_that_shares_its_clients_id_is_its_child_and_has_its_own_children() -> None:
    """B3: one id on both sides of a call; what the server's service did stands below the server."""
    trace = {"traceId": "1" * 32}

    def span(own: str, service: str, **more: Any) -> dict[str, Any]:
        return {**trace, "id": own * 16, "localEndpoint": {"serviceName": service}, **more}

    data = [
        span("a", "web", name="call", kind="CLIENT"),
        span("a", "desk", name="serve", kind="SERVER", shared=True),
        span("b", "desk", name="look up", parentId="a" * 16),
        span("c", "web", name="render", parentId="a" * 16),
    ]
    spans = {one.name: one for one in read(json.dumps(data).encode(), "zipkin").spans}

    assert spans["serve"].parent == spans["call"].id == "a" * 16
    assert spans["look up"].parent == spans["serve"].id
    assert spans["render"].parent == spans["call"].id
