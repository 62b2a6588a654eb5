"""OpenTelemetry in the same process: its spans are the run's, and nothing is told twice."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from opentelemetry import context as otel_context
from opentelemetry import trace as otel
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor
from opentelemetry.sdk.trace import Tracer, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

import agenttrace
from agenttrace.formats import native
from agenttrace.model.span import Span, SpanKind
from agenttrace.model.trace import Trace
from agenttrace.testing.model_server import ModelServer
from agenttrace.testing.replies import says
from tests.fakes.sessions import Desk


class Telemetry:
    """A provider that no other test sees, and what it exports.

    Attributes:
        provider: The provider.
        tracer: What spans are made with.
    """

    def __init__(self) -> None:
        self._exported = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self._exported))
        self.tracer = self.provider.get_tracer("mine")

    def exported(self) -> dict[str, Any]:
        """What was exported since it was last asked, by name."""
        spans = {span.name: span for span in self._exported.get_finished_spans()}
        self._exported.clear()
        return spans


@pytest.fixture
def telemetry() -> Telemetry:
    """A provider of the test's own."""
    return Telemetry()


@pytest.fixture(scope="module")
def model() -> Iterator[ModelServer]:
    """A model that answers `ok`."""
    with ModelServer(lambda _request, _nth: says("ok")) as server:
        yield server


def recorded(desk: Desk) -> Trace:
    """The golden."""
    return native.read(desk.golden.read_bytes())


def both(folder: Path, program: Callable[[], Any]) -> Trace:
    """Record a program and replay it, which compares; give the golden."""
    desk = Desk(folder)
    said = desk.record(program)
    assert desk.replay(program) == said
    return recorded(desk)


def tree(trace: Trace) -> dict[str, str]:
    """Inside what each span stands, by name."""
    spans = {span.id: span.name for span in trace.spans}
    return {span.name: "" if span.parent is None else spans[span.parent] for span in trace.spans}


def named(trace: Trace, name: str) -> Span:
    """The only span of a name."""
    (span,) = (span for span in trace.spans if span.name == name)
    return span


@agenttrace.tool
def look_up(order: str) -> str:
    """Find an order."""
    return f"{order} paid"


def ask(model: ModelServer, **more: Any) -> str:
    """Ask the model with OpenAI's SDK."""
    with openai.OpenAI(base_url=model.url, api_key="k", max_retries=0) as client:
        said: Any = client.chat.completions.create(
            model="gpt-4o", messages=[{"role": "user", "content": "hi"}], **more
        )
        if more:
            return "".join(it.choices[0].delta.content or "" for it in said if it.choices)
        return str(said.choices[0].message.content)


def test_their_spans_and_ours_stand_inside_one_another(
    telemetry: Telemetry, tmp_path: Path
) -> None:
    """In either direction, as the program nests them; theirs name ours as parents, too."""
    tracer = telemetry.tracer

    def program() -> None:
        with tracer.start_as_current_span("request"), agenttrace.agent("planner"):
            look_up("first")
            with tracer.start_as_current_span("rank", attributes={"offers": 3}) as span:
                span.add_event("ranked", {"best": "A"})
                look_up("second")
            with tracer.start_as_current_span("after"):
                pass

    trace = both(tmp_path, program)
    theirs = telemetry.exported()
    calls = {str(span.question): span for span in trace.calls}

    assert tree(trace) | {"look_up": ""} == {
        "a run": "",
        "request": "a run",
        "planner": "request",
        "rank": "planner",
        "after": "planner",
        "look_up": "",
    }
    assert calls["{'order': 'first'}"].parent == named(trace, "planner").id
    assert calls["{'order': 'second'}"].parent == named(trace, "rank").id
    assert named(trace, "rank").attributes == {"offers": 3}
    assert [event.name for event in named(trace, "rank").events] == ["ranked"]
    planner = int(named(trace, "planner").id, 16)
    assert theirs["rank"].parent.span_id == theirs["after"].parent.span_id == planner
    assert theirs["rank"].context.trace_id == theirs["request"].context.trace_id


def test_spans_follow_into_tasks_and_threads(telemetry: Telemetry, tmp_path: Path) -> None:
    """Each worker's call stands inside its own span, whichever thread it runs in."""
    tracer = telemetry.tracer

    async def worker(name: str) -> None:
        with tracer.start_as_current_span(f"work {name}"):
            await asyncio.to_thread(look_up, name)

    async def team() -> None:
        with tracer.start_as_current_span("team"):
            await asyncio.gather(*(worker(name) for name in "abc"))

    trace = both(tmp_path, lambda: asyncio.run(team()))

    names = {span.id: span.name for span in trace.spans}
    assert {str(it.question): names[it.parent or ""] for it in trace.calls} == {
        f"{{'order': '{name}'}}": f"work {name}" for name in "abc"
    }
    assert {tree(trace)[f"work {name}"] for name in "abc"} == {"team"}


def test_a_parent_that_is_named_is_the_parent(telemetry: Telemetry, tmp_path: Path) -> None:
    """By a context that is handed over; a link to an earlier span points to ours for it."""
    tracer = telemetry.tracer

    def program() -> None:
        first = tracer.start_span("first")
        with agenttrace.agent("planner"):
            look_up("A-1")
            inside = otel.set_span_in_context(first)
            second = tracer.start_span(
                "second", inside, links=[otel.Link(first.get_span_context())]
            )
            second.end()
        first.end()

    trace = both(tmp_path, program)

    assert tree(trace)["second"] == "first"
    (link,) = named(trace, "second").links
    assert (link.span, link.trace) == (named(trace, "first").id, None)


def test_an_error_is_kept_as_any_other(telemetry: Telemetry, tmp_path: Path) -> None:
    """Its class, what it said, and how the span ended."""

    def program() -> None:
        look_up("A-1")
        with pytest.raises(ValueError, match="no"), telemetry.tracer.start_as_current_span("bad"):
            raise ValueError("no")

    span = named(both(tmp_path, program), "bad")

    assert (span.status.code, span.status.message) == ("ERROR", "ValueError: no")
    assert [event.name for event in span.events] == ["error"]
    assert span.events[0].attributes["exception.type"] == "ValueError"


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_a_models_call_that_is_reported_as_well_counts_once(
    telemetry: Telemetry, model: ModelServer, tmp_path: Path, streamed: bool
) -> None:
    """OpenTelemetry's own instrumentation tells of the call that we record: one span, one usage."""
    more = {"stream": True, "stream_options": {"include_usage": True}} if streamed else {}

    def program() -> str:
        with telemetry.tracer.start_as_current_span("turn"):
            return ask(model, **more)

    plain = both(tmp_path / "plain", program)
    telemetry.exported()
    instrumentor = OpenAIInstrumentor()
    instrumentor.instrument(tracer_provider=telemetry.provider)
    try:
        trace = both(tmp_path / "reported", program)
    finally:
        instrumentor.uninstrument()

    assert "chat gpt-4o" in telemetry.exported()
    assert [(it.name, it.kind) for it in trace.spans] == [(it.name, it.kind) for it in plain.spans]
    assert tree(trace)["chat gpt-4o"] == "turn"
    assert trace.usage == plain.usage
    assert trace.usage.tokens.total > 0


@pytest.mark.parametrize("first", [True, False], ids=["before the run", "inside it"])
def test_a_request_that_is_reported_as_well_counts_once(
    telemetry: Telemetry, model: ModelServer, tmp_path: Path, first: bool
) -> None:
    """The instrumentation of the client stands above our seam, or below it."""
    instrumentor = HTTPXClientInstrumentor()

    def requests() -> None:
        ask(model)
        with httpx2.Client(base_url=model.url) as client:
            client.get("/nothing")

    def program() -> None:
        if first:
            requests()
            return
        instrumentor.instrument(tracer_provider=telemetry.provider)
        try:
            requests()
        finally:
            instrumentor.uninstrument()

    if first:
        instrumentor.instrument(tracer_provider=telemetry.provider)
    try:
        trace = both(tmp_path, program)
    finally:
        if first:
            instrumentor.uninstrument()

    assert [span.kind for span in trace.spans] == [SpanKind.RUN, SpanKind.LLM, SpanKind.HTTP]
    assert trace.usage.tokens.total > 0


def test_a_model_that_only_they_know_of_counts(telemetry: Telemetry, tmp_path: Path) -> None:
    """One inside the process, say: nothing of ours was asked, and what they report is all."""
    said = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "tiny",
        "gen_ai.usage.input_tokens": 7,
        "gen_ai.usage.output_tokens": 2,
        "server.port": 4711,
    }

    def program() -> None:
        look_up("A-1")
        with telemetry.tracer.start_as_current_span("chat tiny", attributes=said):
            pass

    trace = both(tmp_path, program)

    assert (named(trace, "chat tiny").kind, trace.usage.tokens.total) == (SpanKind.LLM, 9)
    assert "server.port" not in named(trace, "chat tiny").attributes


def test_a_report_of_our_own_tool_and_agent_is_left_out(
    telemetry: Telemetry, tmp_path: Path
) -> None:
    """Whether it stands around the tool or inside it; a framework's own usage never counts."""
    tracer = telemetry.tracer
    tool = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "look_up"}
    turn = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": "planner",
        "gen_ai.usage.input_tokens": 100,
    }

    @agenttrace.tool(name="look_up")
    def reporting(order: str) -> str:
        with tracer.start_as_current_span("execute_tool look_up", attributes=tool):
            return order

    def program() -> None:
        planner = tracer.start_as_current_span("invoke_agent planner", attributes=turn)
        with agenttrace.agent("planner"), planner:
            with tracer.start_as_current_span("execute_tool look_up", attributes=tool):
                look_up("A-1")
            reporting("A-2")

    trace = both(tmp_path, program)

    assert [(span.name, span.agent) for span in trace.spans] == [
        ("a run", None),
        ("planner", "planner"),
        ("look_up", "planner"),
        ("look_up", "planner"),
    ]
    assert trace.usage.tokens.total == 0


def test_an_agent_that_only_they_know_of_acts(telemetry: Telemetry, tmp_path: Path) -> None:
    """What it asks is its own; its tool that asks something else is a tool of its own."""
    turn = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "clerk"}
    tool = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search"}
    tracer = telemetry.tracer

    def program() -> None:
        clerk = tracer.start_as_current_span("invoke_agent clerk", attributes=turn)
        search = tracer.start_as_current_span("execute_tool search", attributes=tool)
        with clerk, search:
            look_up("A-1")

    trace = both(tmp_path, program)

    assert [agent.id for agent in trace.agents] == ["clerk"]
    assert [(span.name, span.kind, span.agent) for span in trace.spans[1:]] == [
        ("invoke_agent clerk", SpanKind.AGENT, "clerk"),
        ("execute_tool search", SpanKind.TOOL, "clerk"),
        ("look_up", SpanKind.TOOL, "clerk"),
    ]
    assert tree(trace)["look_up"] == "execute_tool search"


def test_what_is_not_sampled_is_not_there(tmp_path: Path) -> None:
    """And is in nobody's way."""
    tracer = TracerProvider(sampler=ALWAYS_OFF).get_tracer("mine")

    def program() -> None:
        with tracer.start_as_current_span("unseen"):
            look_up("A-1")

    assert tree(both(tmp_path, program)) == {"a run": "", "look_up": "a run"}


def test_a_span_that_outlives_the_run_harms_nobody(telemetry: Telemetry, tmp_path: Path) -> None:
    """It has begun, and nobody knows how it ended; one from before the run is no part of it."""
    spans: list[Any] = []

    def program() -> None:
        look_up("A-1")
        spans.append(telemetry.tracer.start_span("late"))

    with telemetry.tracer.start_as_current_span("early"):
        trace = both(tmp_path, program)
    for span in spans:
        span.end()

    assert tree(trace) == {"a run": "", "look_up": "a run", "late": "a run"}


def test_outside_a_run_nothing_stands_between(telemetry: Telemetry, tmp_path: Path) -> None:
    """The SDK is put back as it was, and a thread that no run knows makes spans of its own."""
    before = Tracer.start_span, otel_context.attach, otel_context.detach

    def program() -> None:
        look_up("A-1")
        thread = threading.Thread(target=lambda: telemetry.tracer.start_span("aside").end())
        thread.start()
        thread.join()

    trace = both(tmp_path, program)
    with telemetry.tracer.start_as_current_span("alone"):
        pass

    assert (Tracer.start_span, otel_context.attach, otel_context.detach) == before
    assert tree(trace)["aside"] == "a run"
    assert telemetry.exported()["alone"].parent is None
