"""A browser reads out of a page what was put in: the second reader of the golden's format."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from agenttrace.causal.nesting import nested
from agenttrace.formats import catalog, native
from agenttrace.model.lane import Lane, Step, text_of
from agenttrace.model.span import Link, Span, SpanKind
from agenttrace.model.state import StateSnapshot
from agenttrace.model.trace import Trace
from agenttrace.providers.reading import request_of
from agenttrace.report.html.data import rows_of
from tests.fakes.campaign import times
from tests.fakes.chromium import Screen
from tests.fakes.html_pages import alone
from tests.fakes.refund_trace import refund_trace
from tests.fakes.strategies import traces

DATA = Path(__file__).parents[1] / "data"

DUMP = """
() => {
  const page = window.agenttrace;
  const told = (value) => {
    if (value === null || value === undefined) return null;
    if (typeof value === "boolean" || typeof value === "string") return value;
    if (typeof value === "bigint") return { big: String(value) };
    if (value instanceof Uint8Array) return { bytes: Array.from(value) };
    if (Array.isArray(value)) return { list: value.map(told) };
    if (value instanceof Map) return { map: [...value].map(([key, one]) => [key, told(one)]) };
    const view = new DataView(new ArrayBuffer(8));
    view.setFloat64(0, value);
    return { number: Array.from(new Uint8Array(view.buffer)) };
  };
  return page.entries.map(({ run: { side } }) => {
    const { golden } = side;
    const { spans, pools } = golden;
    return {
      name: golden.head.name(0),
      complete: golden.head.complete(0),
      order: Array.from(side.order),
      depth: Array.from(side.depth),
      spans: Array.from({ length: side.rows }, (_, row) => ({
        name: spans.name(row), kind: spans.kind(row), operation: spans.operation(row),
        wire: spans.wire_kind(row), position: pools.text(spans.position(row)),
        lane: pools.text(spans.lane(row)), seq: told(spans.seq(row)),
        code: spans.status_code(row), message: spans.status_message(row),
        agent: spans.agent(row), task: spans.task(row), question: told(spans.question(row)),
        mark: spans.mark(row), echoed: spans.echoed(row), site: golden.siteOf(row) ?? null,
        attributes: told(golden.attributesOf(row)), fidelity: told(spans.fidelity(row)),
        scope: told(spans.scope(row)), resource: told(spans.resource(row)),
        times: told(golden.timing.get("spans").map((it) => it[row])),
        events: golden.eventsOf(row).map((it) => [it.name, told(it.seq), told(it.attributes)]),
        links: golden.range("links", row).map((at) => [golden.links.relationship(at),
          golden.links.trace(at), told(golden.links.attributes(at))]),
        answers: golden.answersOf(row).map((it) => [it.end, it.streamed, told(it.head),
          told(it.chunks), it.failure ? it.failure.get("message") : null]),
        used: (golden.usageOf(row)?.models ?? []).map((it) => [it.model, told(it.input),
          told(it.output)]),
      })),
      lanes: Array.from({ length: golden.lanes.rows }, (_, at) => [
        pools.text(golden.lanes.path(at)), golden.laneEnd(at), golden.lanes.ragged(at)]),
      agents: Array.from({ length: golden.agents.rows }, (_, at) => golden.agents.id(at)),
      states: Array.from({ length: golden.snapshots.rows }, (_, at) => [
        golden.snapshots.agent(at), told(golden.snapshots.beliefs(at))]),
    };
  });
}
"""


NAMED = """
() => {
  const { side } = window.agenttrace.run;
  const { snapshots } = side.golden;
  return {
    parents: Array.from(side.parent),
    links: side.edges.into.get(0).map((it) => it.row ?? null),
    states: Array.from({ length: snapshots.rows }, (_, at) => side.rowOf(snapshots.span(at))),
  };
}
"""


def told(value: Any) -> Any:
    """A value in the form in which the browser tells it."""
    if isinstance(value, bool | str) or value is None:
        return value
    if isinstance(value, int) and abs(value) >= 2**53:
        return {"big": str(value)}
    if isinstance(value, int | float):
        return {"number": list(struct.pack(">d", value))}
    if isinstance(value, bytes):
        return {"bytes": list(value)}
    if isinstance(value, list):
        return {"list": [told(one) for one in value]}
    return {"map": [[key, told(value[key])] for key in sorted(value)]}


def in_order(value: Any) -> Any:
    """The same, keys of mappings sorted."""
    if isinstance(value, dict) and "map" in value:
        return {"map": sorted([key, in_order(one)] for key, one in value["map"])}
    if isinstance(value, dict):
        return {key: in_order(one) for key, one in value.items()}
    return [in_order(one) for one in value] if isinstance(value, list) else value


def of_span(span: Span) -> dict[str, Any]:
    """What Python knows of a span."""
    scope = span.scope
    return {
        "name": span.name,
        "kind": span.kind.value,
        "operation": span.operation,
        "wire": span.wire_kind.value,
        "position": text_of(span.position),
        "lane": text_of(span.lane),
        "seq": told(span.seq),
        "code": span.status.code,
        "message": span.status.message,
        "agent": span.agent,
        "task": span.task,
        "question": told(span.question),
        "mark": span.mark,
        "echoed": span.echoed,
        "site": span.site,
        "attributes": told(span.attributes),
        "fidelity": told({key: str(it) for key, it in span.fidelity.items()}),
        "scope": None
        if scope is None
        else told(
            {"name": scope.name, "version": scope.version, "attributes": dict(scope.attributes)}
        ),
        "resource": told(span.resource) if span.resource else None,
        "times": told([span.start_ns, span.end_ns]),
        "events": [[it.name, told(it.seq), told(it.attributes)] for it in span.events],
        "links": [[it.relationship, it.trace, told(it.attributes)] for it in span.links],
        "answers": [
            [
                it.end,
                it.streamed,
                told(it.head),
                told([chunk.data for chunk in it.chunks]),
                None if it.failure is None else it.failure.message,
            ]
            for it in span.answers
        ],
        "used": []
        if span.usage is None
        else [
            [model, told(it.input), told(it.output)]
            for model, it in sorted(span.usage.models.items())
        ],
    }


def of_trace(trace: Trace) -> dict[str, Any]:
    """What Python knows of a trace."""
    rows = rows_of(trace)
    spans = sorted(trace.spans, key=lambda span: rows[span.id])
    tree = list(nested(trace))
    depth = {rows[span.id]: deep for span, deep in tree}
    return {
        "name": trace.name,
        "complete": trace.complete,
        "order": [rows[span.id] for span, _ in tree],
        "depth": [depth[row] for row in range(len(spans))],
        "spans": [of_span(span) for span in spans],
        "lanes": [[text_of(it.path), it.end, it.ragged] for it in trace.lanes],
        "agents": [it.id for it in trace.agents],
        "states": [[it.agent, told(it.beliefs)] for it in trace.snapshots],
    }


def same_order(read: dict[str, Any]) -> dict[str, Any]:
    """What has no order of its own, in one."""
    return {
        **read,
        **{name: sorted(in_order(read[name]), key=str) for name in ("lanes", "agents", "states")},
    }


@settings(
    max_examples=times(6, 400),
    phases=[
        Phase.explicit,
        Phase.reuse,
        Phase.generate,
    ],  # a page for each step of shrinking is slow
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(drawn=st.lists(traces(), min_size=1, max_size=6))
def test_the_browser_reads_what_python_wrote(screen: Screen, drawn: list[Trace]) -> None:
    """Every cell of any trace comes out of the page as it went into the golden."""
    found = screen.open(alone(*drawn)).evaluate(DUMP)
    for read, trace in zip(found, drawn, strict=True):
        wanted = of_trace(native.read(native.write(trace)))
        assert in_order(same_order(read)) == in_order(same_order(wanted))


@pytest.mark.parametrize(
    "name",
    [
        "trail-swebench/72822db6e120878d916b515c2501246b.json",
        "genai-otel/any-agent-SMOLAGENTS_trace.json",
        "multi-agent-failures/whowhen-hand-crafted-6.json",
    ],
)
def test_the_browser_reads_real_traces(screen: Screen, name: str) -> None:
    """Traces of other systems are the same in the browser as here, conversations included."""
    path = DATA / name
    data = path.read_bytes()
    trace = catalog.codec_for(path=path, head=data[:4096]).read(data)
    page = screen.open(alone(trace))
    (read,) = page.evaluate(DUMP)
    wanted = of_trace(native.read(native.write(trace)))
    assert in_order(same_order(read)) == in_order(same_order(wanted))
    rows = rows_of(trace)
    asked = {
        rows[span.id]: [message.text for message in request.messages]
        for span in trace.spans
        if (request := request_of(span)) is not None
    }
    shown = page.evaluate(
        """() => {
          const { side } = window.agenttrace.run;
          return Array.from(side.said.keys()).filter((row) => side.request(row) !== null)
            .map((row) => [row, side.request(row).get("messages").map((message) => message
              .get("parts").filter((it) => it.get("type") === "text")
              .map((it) => it.get("content")).join(""))]);
        }"""
    )
    assert dict(map(tuple, shown)) == asked


def test_what_chance_cut_short_is_read_too(screen: Screen) -> None:
    """The chunks that had come of a cancelled answer, and how each ragged lane ended."""
    trace = refund_trace()
    (read,) = screen.open(alone(trace)).evaluate(DUMP)
    wanted = of_trace(native.read(native.write(trace)))
    assert in_order(same_order(read)) == in_order(same_order(wanted))
    assert any(lane[1] != "complete" for lane in read["lanes"])


def test_what_is_sure_may_stand_inside_what_chance_cut_short(screen: Screen) -> None:
    """Its parent, its cause and the span of a state are named by id then, and are found by it."""
    late = (Step("task", "late", 0),)
    outer = Span(id=f"{1:016x}", name="outer", kind=SpanKind.AGENT, lane=late, seq=1)
    inner = Span(
        id=f"{2:016x}",
        name="inner",
        kind=SpanKind.TOOL,
        parent=outer.id,
        seq=2,
        links=(Link(span=outer.id), Link(span=outer.id, trace="2" * 32)),
    )
    trace = Trace(
        id="1" * 32,
        name="one",
        spans=(outer, inner),
        lanes=(
            Lane(path=()),
            Lane(path=late, parent=(), spawn_seq=1, raced=True, ragged=True, end="cut"),
        ),
        snapshots=(
            StateSnapshot(agent="a", position=(), lane=(), seq=3, goal="rest", span=outer.id),
        ),
    )
    page = screen.open(alone(trace))
    page.click(".body .row >> text=inner")
    (read,) = page.evaluate(DUMP)
    rows = rows_of(trace)

    assert in_order(same_order(read)) == in_order(same_order(of_trace(trace)))
    assert read["depth"] == [1, 0]
    assert page.evaluate(NAMED) == {
        "parents": [rows[outer.id], -1],
        "links": [rows[outer.id], None],
        "states": [rows[outer.id]],
    }
