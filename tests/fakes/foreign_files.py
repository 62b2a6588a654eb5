"""A small file of each format of other systems, as its author wrote it."""

from __future__ import annotations

import json
from pathlib import Path

from agenttrace.formats import catalog

DATA = Path(__file__).parents[1] / "data"
OPENAI_AGENTS = {
    "data": [
        {"object": "trace", "id": "trace_" + "a" * 32, "workflow_name": "desk"},
        *(
            {
                "object": "trace.span",
                "id": f"span_{number:024x}",
                "trace_id": "trace_" + "a" * 32,
                "parent_id": f"span_{number // 2:024x}" if number else None,
                "started_at": "2026-03-01T09:00:00+00:00",
                "ended_at": "2026-03-01T09:00:01+00:00",
                "span_data": {
                    "type": ("agent", "generation", "function", "handoff")[number % 4],
                    "name": "pay",
                    "input": [{"role": "user", "content": "Pay"}],
                    "output": [{"role": "assistant", "content": "Done."}],
                    "usage": {"input_tokens": 9, "output_tokens": 2},
                },
                "error": None,
            }
            for number in range(6)
        ),
    ]
}


PHOENIX = {
    "data": [
        {
            "attributes": [
                {"key": key, "value": {"array_value": None, "int_value": None, "string_value": it}}
                for key, it in (
                    ("openinference.span.kind", ("CHAIN", "LLM", "TOOL")[number % 3]),
                    ("input.value", '[{"role": "user", "content": "Pay"}]'),
                    ("output.value", "Done."),
                )
            ],
            "trace_id": "a" * 32,
            "span_id": f"{number + 1:016x}",
            "parent_span_id": f"{number // 2 + 1:016x}" if number else None,
            "start_time_unix_nano": 10**18 + number,
            "end_time_unix_nano": 10**18 + number + 5,
            "status": {"code": 1, "message": None},
            "events": None,
        }
        for number in range(6)
    ],
    "next_cursor": None,
}
"""What Phoenix's API gives as OTLP: spans with nothing around them."""


def example(form: str) -> bytes:
    """A small file of a format, as its author wrote it."""
    files = {
        "otlp": "otlp/jaeger-otel_traces_01.json",
        "jaeger": "jaeger/ui_01.json",
        "zipkin": "zipkin/yelp.json",
        "inspect": "inspect/parallel_spans.json",
        "readable-span": "genai-otel/any-agent-OPENAI_trace.json",
        "messages": "tau-bench/gpt-4o-airline-194.json",
    }
    if form in files:
        return (DATA / files[form]).read_bytes()
    if form == "otlp of a backend":
        return json.dumps(PHOENIX).encode()
    if form == "openai-agents":
        return json.dumps(OPENAI_AGENTS).encode()
    if form == "langfuse":
        whole = json.loads((DATA / "langfuse" / "langfuse-1.json").read_bytes())
        return json.dumps(
            {"trace": {"id": "a"}, "observations": whole["observations"][:3]}
        ).encode()
    otlp = catalog.codec_for("otlp").read((DATA / "otlp" / "proto-example-trace.json").read_bytes())
    written: bytes = catalog.codec_for("otlp-protobuf").write(otlp)  # type: ignore[attr-defined]
    return written
