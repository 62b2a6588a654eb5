"""Content under former names, in events and in log records is understood as under today's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agenttrace.analysis.costs import Costs
from agenttrace.analysis.selecting import spans_of
from agenttrace.formats import catalog, native
from agenttrace.model.agent import Agent
from agenttrace.model.message_values import response_from
from agenttrace.model.span import Fidelity, Span, SpanKind
from agenttrace.model.trace import Trace

ASKED = [{"role": "user", "parts": [{"type": "text", "content": "Refund A-17?"}]}]
SAID = [{"role": "assistant", "parts": [{"type": "text", "content": "Yes."}]}]
CHAT = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"}


def value(said: Any) -> dict[str, Any]:
    """A value as OTLP has it."""
    kinds = {str: "stringValue", int: "intValue", bool: "boolValue"}
    return {kinds[type(said)]: said}


def attributes(said: dict[str, Any]) -> list[dict[str, Any]]:
    """Attributes as OTLP has them."""
    return [{"key": key, "value": value(it)} for key, it in said.items()]


def request(about: dict[str, Any], events: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """A request with one span."""
    span = {
        "traceId": "a" * 32,
        "spanId": "b" * 16,
        "name": "call",
        "attributes": attributes(about),
        "events": events or [],
    }
    return {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}


def event(name: str, **about: Any) -> dict[str, Any]:
    """An event of a span."""
    return {"name": name, "attributes": attributes(about)}


def log(name: str, body: dict[str, Any] | None = None, **about: Any) -> dict[str, Any]:
    """A log record of the span."""
    record: dict[str, Any] = {
        "traceId": "a" * 32,
        "spanId": "b" * 16,
        "eventName": name,
        "attributes": attributes(about),
    }
    if body is not None:
        pairs = [{"key": key, "value": value(it)} for key, it in body.items()]
        record["body"] = {"kvlistValue": {"values": pairs}}
    return {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}


def read(*documents: Any) -> Trace:
    """Read OTLP JSON lines."""
    data = "\n".join(map(json.dumps, documents)).encode()
    return catalog.codec_for(head=data[:4096]).read(data)


DETAILS = "gen_ai.client.inference.operation.details"
CONTENT = {"gen_ai.input.messages": json.dumps(ASKED), "gen_ai.output.messages": json.dumps(SAID)}
WAYS = {
    "today": [request({**CHAT, **CONTENT})],
    "an event with all of it": [request(CHAT, [event(DETAILS, **CONTENT)])],
    "a log record with all of it": [request(CHAT), log(DETAILS, **CONTENT)],
    "the log record first": [log(DETAILS, **CONTENT), request(CHAT)],
    "an event a message": [
        request(
            {"gen_ai.system": "openai", "gen_ai.request.model": "m"},
            [
                event("gen_ai.user.message", content="Refund A-17?"),
                event("gen_ai.choice", message=json.dumps({"content": "Yes."})),
            ],
        )
    ],
    "a log record a message": [
        request(CHAT),
        log("gen_ai.user.message", {"content": "Refund A-17?"}),
        log("gen_ai.choice", {"message": "Yes."}),
    ],
    "leaves": [
        request(
            {
                "llm.request.type": "chat",
                "gen_ai.request.model": "m",
                "gen_ai.prompt.0.role": "user",
                "gen_ai.prompt.0.content": "Refund A-17?",
                "gen_ai.completion.0.role": "assistant",
                "gen_ai.completion.0.content": "Yes.",
            }
        )
    ],
    "prompt and completion": [
        request({**CHAT, "gen_ai.prompt": "Refund A-17?", "gen_ai.completion": "Yes."})
    ],
    "input and output": [
        request(
            {
                "openinference.span.kind": "LLM",
                "llm.model_name": "m",
                "input.value": "Refund A-17?",
                "output.value": "Yes.",
            }
        )
    ],
}
"""One model call, as instrumentations of five years write it down."""


@pytest.mark.parametrize("way", WAYS)
def test_a_model_call_is_the_same_whoever_wrote_it_down(way: str) -> None:
    """The question, the answer and nothing twice: no message is left in events or attributes."""
    (span,) = read(*WAYS[way]).spans

    assert (span.kind, span.question) == (SpanKind.LLM, {"model": "m", "messages": ASKED})
    said = response_from(span.answers[0].body)
    assert said is not None
    assert [message.text for message in said.messages] == ["Yes."]
    assert "Refund" not in repr((span.attributes, span.events))
    assert set(span.fidelity) == {"usage"}


def test_system_instructions_are_the_first_message() -> None:
    """OpenTelemetry keeps them apart; a model is told them first."""
    told = json.dumps([{"type": "text", "content": "Be kind."}])
    (span,) = read(request({**CHAT, **CONTENT, "gen_ai.system_instructions": told})).spans

    system = {"role": "system", "parts": [{"type": "text", "content": "Be kind."}]}
    assert span.question == {"model": "m", "messages": [system, *ASKED]}


def test_openllmetrys_tools_and_agents_are_known_by_its_own_names() -> None:
    """`traceloop.span.kind` and the entity's name, input and output."""
    about = {
        "traceloop.span.kind": "tool",
        "traceloop.entity.name": "pay",
        "traceloop.entity.input": '{"order": "A-17"}',
        "traceloop.entity.output": "done",
    }
    run = spans_of(read(request(about)))

    assert run.tool("pay").once().with_args(order="A-17").returned("done")


def test_what_a_span_says_of_its_agent_is_known_of_the_agent() -> None:
    """By `agent.type` costs are parted, and each of another system's was of no type."""
    about = {
        **CHAT,
        "agent.name": "ann",
        "agent.type": "expert",
        "agent.role": "critic",
        "agent.version": "",
    }
    trace = read(request(about))

    assert trace.agents == (Agent(id="ann", name="ann", type="expert", role="critic"),)
    assert list(Costs(trace).by("agent.type")) == ["expert"]


@pytest.mark.parametrize("word", ["agent.id", "gen_ai.agent.id"])
def test_an_agent_that_is_named_once_and_then_goes_by_its_id_is_one(word: str) -> None:
    """Where an id has two names, nobody knows which of them is meant."""

    def agents(*spans: dict[str, Any]) -> list[str | None]:
        told = [request(about)["resourceSpans"][0] for about in spans]
        for number, one in enumerate(told):
            one["scopeSpans"][0]["spans"][0]["spanId"] = f"{number + 1:016x}"
        return [span.agent for span in read({"resourceSpans": told}).spans]

    ann, bob = {word: "p1", "agent.name": "ann"}, {word: "p1", "agent.name": "bob"}
    assert agents(ann, {word: "p1"}, {word: "p2"}) == ["ann", "ann", "p2"]
    assert agents(ann, bob, {word: "p1"}) == ["ann", "bob", "p1"]


def payloads(**about: Any) -> dict[str, Fidelity]:
    """How well the payloads of a tool call are known."""
    (span,) = read(request({"gen_ai.operation.name": "execute_tool", **about})).spans
    return dict(span.fidelity)


def test_hidden_is_told_from_absent_and_cut_from_both() -> None:
    """Nobody takes a placeholder for an answer, and no cut JSON is mended."""
    arguments, result = "gen_ai.tool.call.arguments", "gen_ai.tool.call.result"

    assert payloads(**{arguments: "{}", result: "ok"}) == {}
    assert payloads(**{arguments: "{}"}) == {"answer": Fidelity.ABSENT}
    assert payloads(**{arguments: "__REDACTED__", result: "[REDACTED]"}) == {
        "question": Fidelity.REDACTED,
        "answer": Fidelity.REDACTED,
    }
    assert payloads(**{arguments: '{"order": "A-1', result: "so long... [truncated]"}) == {
        "question": Fidelity.TRUNCATED,
        "answer": Fidelity.TRUNCATED,
    }
    assert (
        payloads(**{arguments: '{"a": 1} and words', result: "the word redacted is not hidden"})
        == {}
    )


def test_what_limits_and_sampling_left_out_is_said() -> None:
    """Dropped attributes; a parent that a sampler's threshold, or nobody, accounts for."""
    whole = request({})
    span = whole["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    span |= {"droppedAttributesCount": 3, "parentSpanId": "c" * 16}

    def known() -> Span:
        (one,) = read(whole).spans
        return one

    assert known().fidelity == {"attributes": Fidelity.TRUNCATED, "parent": Fidelity.ABSENT}
    span["traceState"] = "vendor=1,ot=th:8;rv:1"
    assert known().fidelity["parent"] is Fidelity.SAMPLED_OUT
    span["traceState"] = "ot=th:0"
    assert known().fidelity["parent"] is Fidelity.ABSENT


def test_a_log_record_of_a_span_that_is_not_there_is_counted() -> None:
    """Its content is nobody's; it is not dropped in silence."""
    record = log(DETAILS, **CONTENT)
    record["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]["spanId"] = "d" * 16
    trace = read(request(CHAT), record)

    assert trace.environment["unread"] == {
        "parts": 1,
        "first": f"a log record is of span {'d' * 16}, which is not here",
    }


@pytest.mark.parametrize("count", ["1e300", "-4", "nan", str(2**53)])
def test_a_count_of_tokens_that_nobody_counted_is_none(count: str) -> None:
    """It is kept as the attribute that it is, else no golden could hold the sum."""
    about = {**CHAT, "gen_ai.usage.input_tokens": 9, "gen_ai.usage.output_tokens": count}
    trace = catalog.codec_for("otlp").read(json.dumps(request(about)).encode())
    (usage,) = (span.usage for span in trace.spans if span.usage is not None)

    assert (usage.models["m"].input, usage.models["m"].output) == (9, 0)
    assert native.read(native.write(trace)) == trace
