"""How fast traces come in and go out, as ratios taken in one run.

    python benchmarks/importing.py [--spans 10000] [--large]

The peers are OpenTelemetry's own: the same OTLP JSON parsed into `opentelemetry-proto` messages by
protobuf's JSON reader, and the same spans encoded by `opentelemetry-exporter-otlp-proto-common`.
`--large` reads a file of 100,000 spans in a process of its own, and says how much memory it took.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from google.protobuf import json_format
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext

from agenttrace.formats.exported import told_of
from agenttrace.formats.otlp import CODEC
from agenttrace.formats.otlp_protobuf import CODEC as PROTOBUF

if TYPE_CHECKING:
    from agenttrace.formats.told import Told

LARGE = 100_000
MB = 1 << 20


def otlp_json(spans: int, seed: int = 1) -> bytes:
    """OTLP JSON of an agent at work: model and tool calls with GenAI attributes, HTTP around."""
    chance = random.Random(seed)
    made, trace = [], f"{1:032x}"
    for number in range(spans):
        kind = ("invoke_agent", "chat", "execute_tool", "")[number % 4]
        about: dict[str, object] = {"http.route": "/desk", "thread.id": chance.randrange(99)}
        if kind:
            about |= {"gen_ai.operation.name": kind, "gen_ai.agent.name": "desk"}
        if kind == "chat":
            words = " ".join(f"word{chance.randrange(10**4)}" for _ in range(30))
            said = [{"role": "user", "parts": [{"type": "text", "content": words}]}]
            about |= {
                "gen_ai.request.model": "gpt-4o",
                "gen_ai.usage.input_tokens": 812,
                "gen_ai.usage.output_tokens": 64,
                "gen_ai.input.messages": json.dumps(said),
                "gen_ai.output.messages": json.dumps([{**said[0], "role": "assistant"}]),
            }
        elif kind == "execute_tool":
            about |= {
                "gen_ai.tool.name": "look_up_order",
                "gen_ai.tool.call.arguments": json.dumps({"order": f"A-{number}"}),
                "gen_ai.tool.call.result": json.dumps({"status": "paid twice"}),
            }
        start = 1_700_000_000_000_000_000 + number * 1000
        made.append(
            {
                "traceId": trace,
                "spanId": f"{number + 1:016x}",
                "parentSpanId": f"{number // 4 * 4 or 1:016x}" if number else "",
                "name": f"{kind} x".strip(),
                "kind": 1,
                "startTimeUnixNano": str(start),
                "endTimeUnixNano": str(start + 5000),
                "attributes": [
                    {
                        "key": key,
                        "value": {"intValue": str(it)}
                        if isinstance(it, int)
                        else {"stringValue": it},
                    }
                    for key, it in about.items()
                ],
                "status": {},
            }
        )
    resource_ = {"attributes": [{"key": "service.name", "value": {"stringValue": "desk"}}]}
    scoped = {"scope": {"name": "bench", "version": "1"}, "spans": made}
    return json.dumps({"resourceSpans": [{"resource": resource_, "scopeSpans": [scoped]}]}).encode()


def compared(ours: Callable[[], object], peer: Callable[[], object], rounds: int) -> str:
    """The ratio of two works, taken in turns: the median of the rounds, smallest and largest."""
    ratios = []
    for _ in range(rounds):
        took = []
        for work in (ours, peer):
            gc.collect()
            began = time.process_time()
            work()
            took.append(time.process_time() - began)
        ratios.append(took[0] / took[1])
    low, high = min(ratios), max(ratios)
    return f"{statistics.median(ratios):.2f} ({low:.2f} to {high:.2f})"


def importing(spans: int, rounds: int) -> None:
    """Read OTLP JSON, against protobuf's reader of the same bytes."""
    data = otlp_json(spans)

    def peer() -> object:
        return json_format.Parse(data, ExportTraceServiceRequest())

    assert len(CODEC.read(data).spans) == spans
    print(
        f"import {spans} spans of OTLP JSON, against parsing them into opentelemetry-proto: "
        f"{compared(lambda: CODEC.read(data), peer, rounds)}, aim 0.5"
    )


def exporting(spans: int, rounds: int) -> None:
    """Write OTLP protobuf, against OpenTelemetry's encoder of the same spans of its SDK."""
    trace = CODEC.read(otlp_json(spans))
    told = told_of(trace)
    theirs = [sdk_span(one) for one in told]

    def peer() -> object:
        return encode_spans(theirs).SerializeToString()

    def ours() -> object:
        return PROTOBUF.write(trace)

    assert len(PROTOBUF.read(PROTOBUF.write(trace)).spans) == spans
    print(
        f"export {spans} spans as OTLP protobuf, against opentelemetry's encoder: "
        f"{compared(ours, peer, rounds)}, aim 1.2"
    )


def sdk_span(told: Told) -> ReadableSpan:
    """The same span, as OpenTelemetry's SDK has it."""
    trace = int(told.trace, 16)
    parent = SpanContext(trace, int(told.parent, 16), is_remote=False) if told.parent else None
    return ReadableSpan(
        name=told.name,
        context=SpanContext(trace, int(told.id, 16), is_remote=False),
        parent=parent,
        attributes={key: it for key, it in told.attributes.items() if it is not None},
        start_time=told.start_ns,
        end_time=told.end_ns,
        instrumentation_scope=InstrumentationScope("bench", "1"),
    )


def large() -> None:
    """Read a file of 100,000 spans in a process of its own."""
    with tempfile.NamedTemporaryFile(suffix=".otlp.json") as file:
        file.write(otlp_json(LARGE))
        file.flush()
        size = Path(file.name).stat().st_size
        done = subprocess.run(
            [sys.executable, __file__, "--read", file.name], check=True, capture_output=True
        )
    print(
        f"import {LARGE} spans of OTLP JSON ({size / MB:.0f} MB): "
        f"{int(done.stdout) / MB:.0f} MB of memory at most, aim 1000"
    )


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--spans", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--read")
    asked = parser.parse_args()
    if asked.read:
        trace = CODEC.read(Path(asked.read).read_bytes())
        assert len(trace.spans) == LARGE
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
        return
    importing(asked.spans, asked.rounds)
    exporting(asked.spans, asked.rounds)
    if asked.large:
        large()


if __name__ == "__main__":
    main()
