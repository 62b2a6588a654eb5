"""What every format of another system's that we read and write keeps to."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agenttrace.causal.order import Order
from agenttrace.formats import catalog, native
from agenttrace.formats.codec import Codec, ReaderOfSeveral
from agenttrace.formats.exported import told_of
from agenttrace.model.span import Span, SpanKind
from agenttrace.model.trace import Trace
from tests.fakes.campaign import times
from tests.fakes.causal_traces import Play, plays
from tests.fakes.refund_trace import refund_trace
from tests.fakes.strategies import traces
from tests.oracles import zipkin_rules
from tests.oracles.raw_traces import WALKS

DATA = Path(__file__).parents[1] / "data"
FOREIGN = [codec for codec in catalog.all_codecs() if codec.name not in catalog.OURS]
every_codec = pytest.mark.parametrize("codec", FOREIGN, ids=lambda codec: codec.name)
slow_to_draw = settings(
    max_examples=times(12, 2_000),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    deadline=None,
)


def kept(span: Span, trace: Trace, lost: frozenset[str]) -> dict[str, Any]:
    """The fields of a span that a codec says it keeps; of events, what is not their step.

    A link that names the trace in which it stands is the same as one that names none.
    """
    inner = {name.removeprefix("spans.") for name in lost if name.startswith("spans.")}
    found = {one.name: getattr(span, one.name) for one in fields(span) if one.name not in inner}
    if "events" in found:
        found["events"] = [replace(one, seq=0) for one in span.events]
    if "links" in found:
        found["links"] = [
            replace(one, trace=None) if one.trace == trace.id else one for one in span.links
        ]
    return found


def from_elsewhere(trace: Trace) -> Trace:
    """The same as if it had come from another system: no lanes, whole milliseconds, from zero."""
    spans = [
        replace(
            span,
            lane=(),
            start_ns=span.start_ns // 10**6 * 10**6 if number else 0,
            end_ns=-(-span.end_ns // 10**6) * 10**6,
            events=tuple(replace(it, at_ns=it.at_ns // 10**6 * 10**6) for it in span.events),
        )
        for number, span in enumerate(trace.spans)
    ]
    return replace(trace, spans=tuple(spans), lanes=(), snapshots=(), deliveries=())


@every_codec
@slow_to_draw
@given(trace=traces(), foreign=st.booleans())
def test_what_a_codec_says_it_keeps_it_keeps(codec: Codec, trace: Trace, foreign: bool) -> None:
    """Only what `loss` names may differ after a round trip, whatever a trace holds."""
    trace = from_elsewhere(trace) if foreign else trace
    lost = codec.loss(trace)

    again = codec.read(codec.write(trace))

    assert again.id == trace.id
    assert {span.id: kept(span, again, lost) for span in again.spans} == {
        span.id: kept(span, trace, lost) for span in trace.spans
    }


@pytest.mark.parametrize(
    ("codec", "lost"),
    [
        pytest.param(codec, {"otlp": set(), "otlp-protobuf": set()}.get(codec.name), id=codec.name)
        for codec in FOREIGN
    ],
)
@pytest.mark.parametrize(
    "name",
    [
        "otlp/agentprism-smol-deep-research.json",
        "jaeger/genaiTestTrace.json",
        "trail-swebench/72822db6e120878d916b515c2501246b.json",
        "inspect/browser.json",
        "zipkin/yelp.json",
    ],
)
def test_real_traces_come_back_with_their_calls(
    codec: Codec, lost: set[str] | None, name: str
) -> None:
    """What models and tools were asked and said, to the letter, through every format."""
    data = (DATA / name).read_bytes()
    reader = catalog.codec_for(head=data[:4096])
    trace = reader.read(data)

    again = codec.read(codec.write(trace))

    def calls(one: Trace) -> dict[str, Any]:
        return {
            it.id: (
                it.kind,
                it.operation,
                it.parent,
                it.agent,
                it.question,
                it.digest,
                None if it.answer is None else it.answer.body,
                None if it.usage is None else it.usage.models,
            )
            for it in one.spans
        }

    assert calls(again) == calls(trace)
    if lost is not None:
        assert not codec.loss(trace) & {"spans.question", "spans.answers", "spans.attributes"}


def test_the_pair_of_jaegers_own_is_translated_field_by_field() -> None:
    """Its converter's example: OTLP in, Jaeger's JSON out. Told twice there, a span is one here."""
    codecs = {codec.name: codec for codec in FOREIGN}
    trace = codecs["otlp"].read((DATA / "otlp" / "otlp2jaeger-in.json").read_bytes())
    expected = json.loads((DATA / "jaeger" / "otlp2jaeger-out.json").read_bytes())

    exported = json.loads(codecs["jaeger"].write_told(plain_told("otlp2jaeger-in.json")))

    first, second = expected["data"][0]["spans"]
    assert first == second
    expected["data"][0]["spans"] = [first]
    assert exported == expected
    assert len(trace.spans) == 1


def plain_told(name: str) -> list[Any]:
    """The spans of a file of OTLP's, as they are told, without what an export adds of ours."""
    codec: Any = catalog.codec_for("otlp")
    (document,) = [json.loads((DATA / "otlp" / name).read_bytes())]
    seen: dict[str, Any] = {one.id: one for one in codec.told(document)}
    return list(seen.values())


@slow_to_draw
@given(trace=traces())
def test_zipkin_is_written_by_the_schema_and_read_back_by_another_parser(trace: Trace) -> None:
    """The published rules, and a walk that shares no code, count and link the same spans."""
    written = json.loads(catalog.codec_for("zipkin").write(trace))  # type: ignore[attr-defined]

    assert zipkin_rules.broken(written) == []
    rows = list(WALKS["zipkin"](written))
    assert {(row.id, row.parent) for row in rows} == {
        (span.id, span.parent or "") for span in trace.spans
    }


@pytest.mark.parametrize("tick_ns", [1, 1000])
@slow_to_draw
@given(play=plays())
def test_what_happens_before_is_earlier_by_a_tick(tick_ns: int, play: Play) -> None:
    """A system that knows times alone sees the causal order, even where all was at one instant."""
    trace = play.trace()
    still = replace(trace, spans=tuple(replace(it, start_ns=0, end_ns=0) for it in trace.spans))
    for one in (trace, still):
        order = Order(one)
        told = {it.id: it for it in told_of(one, tick_ns=tick_ns)}
        for a in one.spans:
            for b in one.spans:
                if order.happens_before(a, b):
                    assert told[a.id].end_ns + tick_ns <= told[b.id].start_ns
        for span in one.spans:
            assert told[span.id].start_ns >= span.start_ns
            assert told[span.id].end_ns - told[span.id].start_ns >= span.end_ns - span.start_ns


@pytest.mark.parametrize("name", list(catalog.exporters()))
def test_a_recorded_run_is_exported_with_what_people_look_for(name: str) -> None:
    """Names, kinds, tokens under both names, and the failure, in every format."""
    codec = catalog.exporters()[name]
    data = codec.write_told(told_of(refund_trace(), tick_ns=codec.tick_ns))

    for word in (b"look_up_order", b"llm.tokens.used", b"gen_ai.usage.input_tokens", b"declined"):
        assert word in data
    assert codec.loss(refund_trace()) >= {"lanes", "spans.position"}


def test_a_golden_that_went_through_otlp_has_the_same_structure() -> None:
    """Kinds, agents, parents and links of a recorded run."""
    codec = catalog.all_codecs()[2]
    trace = refund_trace()

    again = codec.read(codec.write(trace))

    def shape(one: Trace) -> dict[str, Any]:
        return {
            it.id: (it.name, it.kind, it.parent, it.agent, it.status, it.task, it.links)
            for it in one.spans
        }

    assert shape(again) == shape(trace)
    assert {it.kind for it in again.spans} >= {SpanKind.RUN, SpanKind.LLM, SpanKind.TOOL}
    assert native.read(native.write(again)) == again


def test_every_foreign_codec_reads_several_traces() -> None:
    """Since backends export a time span, not a trace."""
    assert all(isinstance(codec, ReaderOfSeveral) for codec in FOREIGN)
    assert [codec.name for codec in FOREIGN] == ["otlp", "otlp-protobuf", "jaeger", "zipkin"]
