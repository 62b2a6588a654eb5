"""Acting: who acts while one function of a framework runs, and what a limit leaves behind."""

from __future__ import annotations

from agenttrace.adapters.frameworks.acting import Relay, an_agent, configured, limit_of, reflect
from agenttrace.adapters.frameworks.tools import ToolCall, answered, arguments_of
from agenttrace.model.span import SpanKind
from agenttrace.model.values import canonical
from tests.fakes.replayed import a_run, replay_of


class TurnsExceeded(Exception):
    """A framework's limit."""


class ManyTurnsExceeded(TurnsExceeded):
    """Another one, of the same kind."""


def test_one_agent_hands_over_to_the_next() -> None:
    """Both stand side by side below the run, and the second points back to the first."""
    first, second = object(), object()
    with a_run() as one:
        relay = Relay()
        relay.begin(first, an_agent("triage"))
        relay.turn(first, an_agent("triage"))
        relay.turn(second, an_agent("refunds"), ["refunds", "sales"])
        reflect("not sure")
        relay.end()
    triage, refunds = (span for span in one.trace.spans if span.kind is SpanKind.AGENT)
    planning, reflection = triage.events[0], refunds.events[0]

    assert [(span.name, span.parent) for span in (triage, refunds)] == [
        ("triage", triage.parent),
        ("refunds", triage.parent),
    ]
    assert [(link.span, link.relationship) for link in refunds.links] == [(triage.id, "handoff")]
    assert dict(planning.attributes) == {
        "planning.chosen": "refunds",
        "planning.candidates": ["refunds", "sales"],
    }
    assert (reflection.name, dict(reflection.attributes)) == (
        "reflection",
        {"planning.reason": "not sure"},
    )


def test_a_limit_is_the_status_and_the_exception_is_kept() -> None:
    """A test can ask for the limit by one word, whatever the framework calls it."""
    error = ManyTurnsExceeded("three")
    limit = limit_of(error, "TurnsExceeded")
    with a_run() as one:
        relay = Relay()
        relay.begin(None, an_agent("desk"))
        relay.end(error, limit=limit)
    (agent,) = (span for span in one.trace.spans if span.kind is SpanKind.AGENT)

    assert (agent.status.code, agent.status.message) == ("TOOL_LIMIT_EXCEEDED", "TurnsExceeded")
    assert agent.events[0].attributes["exception.type"] == f"{__name__}.ManyTurnsExceeded"
    assert limit_of(ValueError(), "TurnsExceeded") == ""


def test_of_a_models_configuration_what_is_data_is_kept() -> None:
    """What nobody set, and live objects, say nothing that a golden could hold."""
    given = {"temperature": 0.2, "top_p": None, "client": object(), "stop": ["\n"], "seed": 0}

    assert configured(given) == {"temperature": 0.2, "stop": ["\n"], "seed": 0}


def test_a_tool_is_asked_by_name_with_what_the_model_gave() -> None:
    """JSON or not, a question has its arguments by name where there are any."""
    assert arguments_of('{"order": "A-17"}') == {"order": "A-17"}
    assert arguments_of("") == {}
    assert arguments_of("not json") == {"input": "not json"}
    assert arguments_of([1]) == {"input": [1]}
    assert arguments_of({"day": object()}) == {"day": "<object>"}


def test_a_tool_of_a_framework_is_answered_from_the_recording() -> None:
    """Its result comes back as its function is annotated, with the provider's id on its span."""
    visits = []

    def look_up(order: str) -> tuple[str, int]:
        visits.append(order)
        return order, 2

    call = ToolCall(name="look_up", arguments='{"order": "A-17"}', id="call_1", fn=look_up)
    with a_run() as one:
        recorded = answered(call, lambda: look_up("A-17"))
    with replay_of(one.trace) as again:
        replayed = answered(call, lambda: look_up("A-17"))
    (span,) = again.calls

    assert (recorded, replayed, visits) == (("A-17", 2), ("A-17", 2), ["A-17"])
    assert span.question == canonical({"order": "A-17"})
    assert span.attributes["gen_ai.tool.call.id"] == "call_1"
    assert answered(call, lambda: "outside every run") == "outside every run"
