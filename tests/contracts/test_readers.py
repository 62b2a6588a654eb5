"""What every format that we only read keeps to, on real files and hostile ones."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from agenttrace.analysis import Analysis
from agenttrace.analysis.objectives import hold
from agenttrace.analysis.selecting import spans_of
from agenttrace.cli import main
from agenttrace.errors import (
    AgentTraceError,
    InvalidTrace,
    NotRecorded,
    SeveralTraces,
    TraceUnreadable,
)
from agenttrace.formats import catalog, native
from agenttrace.formats.codec import Reader
from agenttrace.formats.jaeger import JaegerCodec
from agenttrace.formats.otlp import OtlpCodec
from agenttrace.formats.readable_span import ReadableSpanReader
from agenttrace.model.names import IMPORT_NOTES
from agenttrace.model.span import Link, SpanKind
from agenttrace.model.trace import Trace
from agenttrace.model.usage import Tokens, Usage
from tests.fakes.campaign import times

SCRAPS = times(60, 20_000)
"""How many scraps each format is given."""

DATA = Path(__file__).parents[1] / "data"
READERS = [one for one in catalog.all_readers() if one.name not in catalog.OURS]
every_reader = pytest.mark.parametrize("reader", READERS, ids=lambda one: one.name)

FILES = {
    "genai-otel/any-agent-LANGCHAIN_trace.json": ("readable-span", 7, 4, 2, 1387),
    "genai-otel/any-agent-OPENAI_trace.json": ("readable-span", 6, 3, 2, 1096),
    "genai-otel/any-agent-SMOLAGENTS_trace.json": ("readable-span", 7, 3, 3, 2381),
    "jaeger/es_01.json": ("jaeger", 1, 0, 0, 0),
    "jaeger/genaiTestTrace.json": ("jaeger", 57, 5, 7, 9460),
    "jaeger/otlp2jaeger-out.json": ("jaeger", 1, 0, 0, 0),
    "jaeger/testTrace.json": ("jaeger", 11, 0, 0, 0),
    "multi-agent-failures/whowhen-hand-crafted-6.json": ("messages", 8, 1, 0, 0),
    "otlp/agentprism-rag-earnings.json": ("otlp", 18, 1, 0, 648),
    "otlp/agentprism-smol-deep-research.json": ("otlp", 8, 6, 0, 25074),
    "otlp/jaeger-example_trace.json": ("otlp", 5, 0, 0, 0),
    "otlp/otlp2jaeger-in.json": ("otlp", 1, 0, 0, 0),
    "otlp/otlp2jaeger-in-error.json": ("otlp", 1, 0, 0, 0),
    "otlp/proto-example-trace.json": ("otlp", 1, 0, 0, 0),
    "swe-agent/rock.traj": ("messages", 25, 12, 12, 0),
    "tau-bench/gpt-4o-airline-013.json": ("messages", 43, 28, 14, 0),
    "tau-bench/gpt-4o-airline-113.json": ("messages", 32, 22, 9, 0),
    "trail-swebench/72822db6e120878d916b515c2501246b.json": ("readable-span", 13, 6, 0, 46770),
}
"""Real files: the format, and how many spans, model calls, tool calls and tokens they hold."""


def read(name: str) -> tuple[Trace, str]:
    """Read one of the real files, found by its first bytes alone."""
    data = (DATA / name).read_bytes()
    reader = catalog.codec_for(path="renamed.bin", head=data[:4096])
    return reader.read(data), reader.name


@pytest.mark.parametrize("name", FILES)
def test_a_real_file_is_known_by_its_first_bytes_and_read(name: str) -> None:
    """Whatever it is called, and whatever odd spelling of the format its author chose."""
    trace, form = read(name)

    kinds = [span.kind for span in trace.spans]
    counted = (len(kinds), kinds.count(SpanKind.LLM), kinds.count(SpanKind.TOOL))
    assert (form, *counted, trace.usage.tokens.total) == FILES[name]


@pytest.mark.parametrize("name", FILES)
def test_what_was_read_can_be_kept_as_a_golden_and_shown(name: str, tmp_path: Path) -> None:
    """Every value is canonical, and every line of the page is harmless."""
    trace, _ = read(name)

    assert native.read(native.write(trace)) == trace
    shown = CliRunner().invoke(main, ["show", str(DATA / name)])
    assert shown.exit_code == 0
    assert shown.output.replace("\n", "").isprintable()


@every_reader
def test_a_format_is_found_by_its_name_and_by_each_of_its_suffixes(reader: Reader) -> None:
    """What a file's name says is enough."""
    found = [catalog.codec_for(path=f"a/b{suffix}") for suffix in reader.suffixes]

    assert [catalog.codec_for(reader.name), *found] == [reader] * (1 + len(reader.suffixes))


def test_a_model_call_is_understood_whoever_wrote_it_down() -> None:
    """OpenInference's flattened messages, OpenTelemetry's parts, any-agent's short calls."""
    flat = spans_of(read("otlp/agentprism-rag-earnings.json")[0]).llm_calls[0]
    parts = spans_of(read("jaeger/genaiTestTrace.json")[0]).llm_calls
    short = spans_of(read("genai-otel/any-agent-OPENAI_trace.json")[0])

    assert flat.usage == Usage(models={"gpt-3.5-turbo": Tokens(input=629, output=19)})
    assert spans_of(read("otlp/agentprism-rag-earnings.json")[0]).llm_calls.returned(
        "Meta Platforms Inc.'s revenue in Q4 2023 was $40.1 billion."
    )
    assert parts(agent="triage-agent").at_least(1)
    assert short.tool("get_current_time").once().with_args(timezone="America/New_York")
    assert short.tool("get_current_time").triggered_by(kind="llm")
    assert short.tools.in_order("get_current_time", "write_file")


def test_a_chat_log_is_a_total_order_with_every_call_and_its_result() -> None:
    """tau-bench: what the model asked for, with what, and what the tool said."""
    run = spans_of(read("tau-bench/gpt-4o-airline-113.json")[0])

    first, then = run.tools[0], run.tools[1]
    assert run.tool(first.operation).triggered_by(kind="llm")
    assert run(id=first.id).happens_before(then)
    assert all(span.attributes["gen_ai.tool.call.id"] for span in run.tools)


def test_a_team_log_says_who_thought_what_and_told_whom() -> None:
    """Magentic-One writes it into the role: `Orchestrator (-> WebSurfer)`."""
    run = spans_of(read("multi-agent-failures/whowhen-hand-crafted-6.json")[0])

    assert [(one.kind.value, one.agent) for one in run.spans[1:4]] == [
        ("plan", "Orchestrator"),
        ("plan", "Orchestrator"),
        ("message", "Orchestrator"),
    ]
    assert run(kind="message").once()[0].attributes["message.recipient"] == "WebSurfer"


def test_a_trajectory_keeps_the_state_after_each_action() -> None:
    """SWE-agent: the open file and the folder, as snapshots."""
    trace, _ = read("swe-agent/rock.traj")

    assert len(trace.snapshots) == 12
    assert spans_of(trace).tool("decompile").at_least(1)


def test_how_long_tools_took_makes_no_clock_of_a_trajectory() -> None:
    """It does not say how long its models took, and an objective was kept because they took 0."""
    trace, _ = read("swe-agent/function_calling_replace.traj")
    analysis = Analysis(trace)

    assert trace.usage.time_ns == {"tool": 3_999_127_082}
    assert {one.end_ns for one in trace.spans} == {0}
    assert analysis.lifetimes["main"].split is None
    with pytest.raises(NotRecorded, match="the trace has no times"):
        hold([trace], "95% of llm within 1s")


def test_what_a_consumer_stands_inside_of_was_read() -> None:
    """Zipkin has no links; of nine messages three were received, and none was said to be."""
    trace, _ = read("zipkin/messaging-kafka.json")

    sent = {one.id for one in trace.spans if one.wire_kind == "producer"}
    polled = {one.parent for one in trace.spans if one.wire_kind == "consumer"}
    unread = {one.span.id for one in Analysis(trace).graph.unread}
    assert (len(sent), len(sent & polled)) == (9, 3)
    assert unread == sent - polled


def test_two_trials_of_one_task_have_one_name_and_stand_at_one_place() -> None:
    """So that they can be compared."""
    trials = [read(f"tau-bench/gpt-4o-airline-{trial}.json")[0] for trial in ("013", "113")]

    assert {(trial.id, trial.name) for trial in trials} == {(trials[0].id, "task 13")}
    assert trials[0].spans[1].position == trials[1].spans[1].position


def test_a_file_with_several_traces_asks_which_one_is_meant() -> None:
    """And names them."""
    file = DATA / "otlp" / "jaeger-otel_traces_01.json"
    first = "00000000000000010000000000000000"

    with pytest.raises(SeveralTraces, match=first):
        OtlpCodec().read(file.read_bytes())
    shown = CliRunner().invoke(main, ["show", str(file), "--trace", first])
    assert (shown.exit_code, f"trace     {first}, otlp" in shown.output) == (0, True)
    assert CliRunner().invoke(main, ["show", str(file), "--trace", "f" * 32]).exit_code == 2


def test_two_different_spans_with_one_id_are_kept_and_marked() -> None:
    """Jaeger's own fixture has them; a span that was merely told twice counts once."""
    trace = JaegerCodec().read((DATA / "jaeger" / "ui_01.json").read_bytes())

    first, second = (
        span
        for span in trace.spans
        if span.name in ("test-general-conversion", "some-operation") and not span.parent
    )
    assert (first.id, IMPORT_NOTES in first.attributes) == ("0000000000000002", False)
    assert second.attributes[IMPORT_NOTES] == [
        "its id was 0000000000000002, which another span has, too"
    ]


def test_one_bad_span_takes_no_other_with_it() -> None:
    """What can be read is read; what cannot is counted, and the first reason told."""
    spans = [
        {"traceId": "a" * 32, "spanId": "b" * 16, "name": "good"},
        {"traceId": "a" * 32, "spanId": "c" * 16, "name": "bad", "startTimeUnixNano": "soon"},
        "no span at all",
        {"traceId": "a" * 32, "spanId": "0" * 16, "name": "no id"},
    ]
    whole = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]})
    trace = OtlpCodec().read(f"{whole}\n{{cut sho".encode())

    assert [span.name for span in trace.spans] == ["good"]
    assert trace.environment["unread"] == {
        "parts": 4,
        "first": "it looks like OTLP JSON, and span 'bad': 'soon' is no whole number",
    }
    with pytest.raises(TraceUnreadable, match="none of its 1 span can be read"):
        OtlpCodec().read(otlp(spanId="0" * 16))


FOUND = {
    "jaeger": {"data": [{"spans": [{"traceID": "1", "spanID": "2", "startTime": 2**63}]}]},
    "zipkin": [{"traceId": "1", "id": "2", "name": "x", "timestamp": 5, "duration": 10**30}],
    "otlp": json.loads(
        b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "%s", '
        b'"spanId": "%s", "startTimeUnixNano": "-5"}]}]}]}' % (b"a" * 32, b"b" * 16)
    ),
}
"""Files that fuzzing found: times that no 64 bits hold, or before anybody had a clock."""


@pytest.mark.parametrize("form", FOUND)
def test_a_span_at_no_possible_time_is_not_read(form: str) -> None:
    """It came in, and no golden could hold it."""
    with pytest.raises(TraceUnreadable, match="none of its 1 span can be read") as refused:
        catalog.codec_for(form).read(json.dumps(FOUND[form]).encode())

    assert "its time is before 1970 or after 2262" in refused.value.detail


def test_odd_values_of_endpoints_and_names_are_kept_in_a_form_that_a_golden_holds() -> None:
    """Found by fuzzing: a port of thirty digits, half a character in the name of a task."""
    ported = [{"traceId": "1", "id": "2", "localEndpoint": {"serviceName": "a", "port": 10**30}}]
    said = {"task_id": "\ud800", "traj": [{"role": "assistant", "content": "Paid"}]}
    traces = [
        catalog.codec_for(form).read(json.dumps(it).encode())
        for form, it in (("zipkin", ported), ("messages", said))
    ]

    assert [native.read(native.write(trace)) for trace in traces] == traces
    assert traces[1].name == "task \\ud800"


@pytest.mark.parametrize("name", ["proto-example-logs.json", "proto-example-events.json"])
def test_logs_are_no_spans(name: str) -> None:
    """OTLP has three signals, and only one of them is a trace."""
    with pytest.raises(AgentTraceError):
        read(f"otlp/{name}")


EVERY_TYPE = {"array_value": None, "bool_value": None, "int_value": None, "string_value": "b"}


def otlp(**fields: Any) -> bytes:
    """OTLP with one span."""
    span = {"traceId": "A" * 32, "spanId": "B" * 16, "name": "x", **fields}
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(otlp(), id="uppercase hex"),
        pytest.param(otlp(traceId="qqqqqqqqqqqqqqqqqqqqqg==", spanId="u7u7u7u7u7s="), id="base64"),
        pytest.param(
            json.dumps(
                {
                    "resource_spans": [
                        {
                            "resource": None,
                            "scope_spans": [
                                {
                                    "spans": [
                                        {
                                            "trace_id": "a" * 32,
                                            "span_id": "b" * 16,
                                            "parent_span_id": None,
                                            "name": "x",
                                            "kind": "SPAN_KIND_INTERNAL",
                                            "status": {"code": "STATUS_CODE_UNSET"},
                                            "future": {"field": 1},
                                        }
                                    ]
                                }
                            ],
                        }
                    ]
                }
            ).encode(),
            id="snake case, nulls, names of enums, unknown fields",
        ),
        pytest.param(otlp() + b"\n" + otlp(), id="one request a line, told twice"),
        pytest.param(
            json.dumps(
                {
                    "data": [
                        {
                            "attributes": [{"key": "a", "value": EVERY_TYPE}],
                            "trace_id": "a" * 32,
                            "span_id": "b" * 16,
                            "parent_span_id": None,
                            "name": "x",
                            "kind": "SPAN_KIND_INTERNAL",
                            "status": {"code": 0, "message": None},
                        }
                    ],
                    "next_cursor": None,
                },
                indent=2,
            ).encode(),
            id="spans alone, a null for every other type: Phoenix's API",
        ),
        pytest.param(
            json.dumps(
                {
                    "trace": {
                        "trace_info": {"trace_id": f"tr-{'a' * 32}"},
                        "spans": [
                            {
                                "trace_id": "qqqqqqqqqqqqqqqqqqqqqg==",
                                "span_id": "u7u7u7u7u7s=",
                                "name": "x",
                                "attributes": [{"key": "a", "value": {"string_value": "b"}}],
                                "status": {},
                            }
                        ],
                    }
                }
            ).encode(),
            id="a trace around its spans: MLflow's API",
        ),
    ],
)
def test_every_spelling_of_otlp_is_the_same_span(data: bytes) -> None:
    """By the specification, and as backends write it."""
    (span,) = OtlpCodec().read(data).spans

    assert catalog.codec_for(head=data[:4096]).name == "otlp"
    assert dict(span.attributes) in ({}, {"a": "b"})
    assert (span.id, span.parent, span.name, span.status.code) == ("b" * 16, None, "x", "UNSET")
    assert OtlpCodec().read(data).id == "a" * 32


def test_values_times_and_links_of_otlp_keep_their_types() -> None:
    """64-bit numbers come as text; a link is to this trace or to another."""
    attributes = [
        {"key": "int", "value": {"intValue": "9223372036854775807"}},
        {"key": "list", "value": {"arrayValue": {"values": [{"boolValue": True}, {}]}}},
        {"key": "map", "value": {"kvlistValue": {"values": [{"key": "k", "value": {}}]}}},
        {"key": "bytes", "value": {"bytesValue": "AAE="}},
    ]
    links = [
        {"traceId": "a" * 32, "spanId": "c" * 16},
        {
            "traceId": "d" * 32,
            "spanId": "e" * 16,
            "attributes": [{"key": "relationship", "value": {"stringValue": "handoff"}}],
        },
    ]
    times = {"startTimeUnixNano": "1700000000000000001", "endTimeUnixNano": 1700000000000000003}
    trace = OtlpCodec().read(otlp(attributes=attributes, links=links, flags=257, **times))
    (span,) = trace.spans

    assert dict(span.attributes) == {
        "int": 2**63 - 1,
        "list": [True, None],
        "map": {"k": None},
        "bytes": b"\0\1",
    }
    assert span.links == (
        Link(span="c" * 16),
        Link(span="e" * 16, trace="d" * 32, relationship="handoff"),
    )
    assert (span.start_ns, span.end_ns, span.trace_flags) == (0, 2, 1)
    assert trace.started == "2023-11-14T22:13:20.000000Z"


def test_jaeger_pads_short_ids_and_reads_numbers_that_became_text() -> None:
    """A trace id of 64 bits; an int64 past what a double can say."""
    span = {
        "traceID": "1",
        "spanID": "2",
        "operationName": "x",
        "startTime": 5,
        "duration": 3,
        "tags": [
            {"key": "n", "type": "int64", "value": "9007199254740993"},
            {"key": "error", "type": "bool", "value": True},
            {"key": "otel.status_description", "value": "lost"},
        ],
        "logs": None,
        "references": [{"refType": "FOLLOWS_FROM", "traceID": "1", "spanID": "9"}],
    }
    trace = JaegerCodec().read(json.dumps({"data": [{"spans": [span]}]}).encode())
    (one,) = trace.spans

    assert (trace.id, one.id, one.end_ns) == ("1".zfill(32), "2".zfill(16), 3000)
    assert dict(one.attributes) == {"n": 9007199254740993}
    assert (one.status.code, one.status.message) == ("ERROR", "lost")
    assert one.links == (Link(span="9".zfill(16), relationship="follows_from"),)


def test_a_dump_of_the_sdk_itself_is_read() -> None:
    """`ReadableSpan.to_json()`, one after the other, as the console exporter prints them."""
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    tracer = provider.get_tracer("desk")
    with tracer.start_as_current_span("invoke_agent planner") as outer:
        outer.set_attributes({"gen_ai.operation.name": "invoke_agent"})
        with tracer.start_as_current_span("execute_tool pay") as inner:
            inner.set_attributes(
                {
                    "gen_ai.operation.name": "execute_tool",
                    "gen_ai.tool.name": "pay",
                    "gen_ai.tool.call.arguments": '{"amount": 0}',
                    "gen_ai.tool.call.result": "null",
                }
            )
    provider.shutdown()
    dump = "\n".join(span.to_json() for span in kept.get_finished_spans())

    run = spans_of(ReadableSpanReader().read(dump.encode()))

    assert run.tool("pay").once().with_args(amount=0).triggered_by(agent="invoke_agent planner")


@every_reader
@given(noise=st.binary(max_size=200))
def test_what_is_not_the_format_is_an_error_with_a_name(reader: Reader, noise: bytes) -> None:
    """A stranger's bytes never surface as a KeyError from the depths."""
    with pytest.raises(AgentTraceError):
        reader.read(noise)


scraps: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["a" * 32, "b" * 16, "0" * 16, "assistant", "tool", "CHILD_OF", "PT5S"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("resourceSpans", "scopeSpans", "spans", "resource", "scope", "attributes"),
                    *(
                        "traceId",
                        "spanId",
                        "parentSpanId",
                        "name",
                        "kind",
                        "status",
                        "events",
                        "links",
                    ),
                    *("key", "value", "intValue", "arrayValue", "values", "kvlistValue", "code"),
                    *(
                        "data",
                        "traceID",
                        "spanID",
                        "references",
                        "tags",
                        "logs",
                        "process",
                        "duration",
                    ),
                    *("context", "trace_id", "span_id", "parent", "start_time", "child_spans"),
                    *(
                        "span_name",
                        "timestamp",
                        "messages",
                        "role",
                        "content",
                        "tool_calls",
                        "traj",
                    ),
                    *("history", "trajectory", "action", "observation", "state", "function"),
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=25,
)


@every_reader
@settings(max_examples=SCRAPS)
@given(scrap=scraps)
def test_scraps_of_the_format_are_a_trace_or_an_error_with_a_name(
    reader: Reader, scrap: object
) -> None:
    """Right words in the wrong places: nulls, circles, ids of zeros, texts for numbers."""
    try:
        trace = reader.read(json.dumps(scrap).encode())
    except AgentTraceError:
        return
    assert native.read(native.write(trace)) == trace


@every_reader
@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"[" * 100_000, id="nested without end"),
        pytest.param(b'{"resourceSpans": ' * 2000 + b"1" + b"}" * 2000, id="nested too deep"),
        pytest.param(b"9" * 10_000, id="a number of ten thousand digits"),
        pytest.param(b'{"spans": [', id="cut short"),
        pytest.param(b'{"a": "\xff"}', id="not UTF-8"),
        pytest.param(b"{}", id="empty"),
        pytest.param(b"[]", id="nothing"),
        pytest.param(b"null", id="null"),
    ],
)
def test_a_hostile_file_is_refused_by_name(reader: Reader, data: bytes) -> None:
    """Quickly, and with what is wrong with it."""
    with pytest.raises(AgentTraceError):
        reader.read(data)


def test_a_chain_of_parents_as_long_as_a_file_is_read_in_its_own_time() -> None:
    """Who did a span is asked of its parents; a chain of them must not cost its square."""
    deep = 3_000
    spans = [
        {
            "traceId": "a" * 32,
            "spanId": f"{n + 1:016x}",
            "parentSpanId": f"{n:016x}",
            "name": "x",
            "startTimeUnixNano": n,
            "endTimeUnixNano": deep,
        }
        for n in range(deep)
    ]
    data = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode()
    lines = 0

    def count(frame: object, event: str, arg: object) -> None:
        nonlocal lines
        lines += event == "call"

    sys.setprofile(count)
    try:
        OtlpCodec().read(data)
    finally:
        sys.setprofile(None)
    assert lines < 100 * deep


def test_circles_are_refused_and_negative_durations_set_right() -> None:
    """What contradicts itself is an error that says where, never a hang."""
    with pytest.raises(InvalidTrace, match="its own ancestor"):
        OtlpCodec().read(otlp(parentSpanId="B" * 16))
    (span,) = OtlpCodec().read(otlp(startTimeUnixNano="5", endTimeUnixNano="3")).spans
    assert (span.end_ns, span.attributes[IMPORT_NOTES]) == (0, ["it ended 2 ns before it began"])


def test_half_a_character_in_a_name_is_written_out() -> None:
    """A lone surrogate has no bytes to be hashed or kept; found by the fuzzer."""
    trace = OtlpCodec().read(otlp(name="\ud800", traceState="\udfff"))
    (span,) = trace.spans

    assert (span.name, span.trace_state) == ("\\ud800", "\\udfff")
    assert native.read(native.write(trace)) == trace


def test_too_many_bytes_are_refused_before_they_are_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The bound is 256 MB."""
    monkeypatch.setattr("agenttrace.formats.documents.LONGEST", 10)

    with pytest.raises(TraceUnreadable, match="it has 11 bytes; at most 10 are read"):
        OtlpCodec().read(b" " * 11)
