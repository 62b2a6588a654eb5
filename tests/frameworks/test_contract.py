"""What holds of every framework: recorded once, replayed offline, and seen in one vocabulary."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from agenttrace.causal.order import Order
from agenttrace.errors import AgentTraceError, RunStopped
from agenttrace.model import names
from agenttrace.model.span import Span, SpanKind
from agenttrace.model.trace import Trace
from tests.fakes.campaign import times
from tests.frameworks.scenes import Model
from tests.frameworks.theatre import Played, Theatre, troupes

Recordings = Callable[[str, str], tuple[Theatre, Played]]

INTERLEAVINGS = times(1, 100)
"""How often a scene is recorded again, with answers that come in another order."""


def test_a_replay_says_the_same_without_model_or_tools(
    recordings: Recordings, file: str, scene: str
) -> None:
    """The model is gone and the real tools are not called, yet everything is as it was."""
    theatre, recorded = recordings(file, scene)
    replayed = theatre.replay()

    assert replayed.said == recorded.said
    assert replayed.stage.visits == []
    assert replayed.content == recorded.content


def test_usage_is_what_the_model_sent_to_the_token(
    recordings: Recordings, file: str, scene: str
) -> None:
    """Streamed or not, cached and reasoning tokens too; nothing is counted twice."""
    _, recorded = recordings(file, scene)
    assert recorded.model is not None

    assert recorded.tokens == recorded.model.tokens


def test_the_golden_is_the_same_whatever_comes_first(
    recordings: Recordings, tmp_path: Path, file: str, scene: str
) -> None:
    """Answers that come in another order make the same content, byte for byte."""
    _, recorded = recordings(file, scene)
    again = Theatre(troupes()[file], scene, tmp_path)
    contents = {again.record(chance=random.Random(seed)).content for seed in range(INTERLEAVINGS)}

    assert contents == {recorded.content}


def test_what_a_framework_waits_for_is_not_left_to_chance(
    recordings: Recordings, file: str, scene: str
) -> None:
    """Whole traces are compared, and order is known: no part is as far as chance let it come."""
    if scene == "failing":
        pytest.skip("a tool's exception may cut others short, and then chance decides how far")
    trace = recordings(file, scene)[1].trace

    assert [lane.path for lane in trace.lanes if lane.ragged] == []


def test_tools_happen_before_what_the_model_says_of_them(recordings: Recordings, file: str) -> None:
    """Three at once are concurrent, and each comes before the model's last answer."""
    trace = recordings(file, "parallel")[1].trace
    order = Order(trace)
    tools = _of(trace, SpanKind.TOOL)
    last = max(_of(trace, SpanKind.LLM), key=lambda span: span.start_ns)

    assert [order.happens_before(tool, last) for tool in tools] == [True] * 3
    assert order.concurrent(tools[0], tools[1])


def test_every_question_has_an_agent(recordings: Recordings, file: str, scene: str) -> None:
    """What a model was asked, and which tool was called, says which agent did it."""
    trace = recordings(file, scene)[1].trace
    agents = {agent.id for agent in trace.agents}

    assert agents
    assert {span.agent for span in trace.calls} <= agents


def test_agents_are_known_by_their_names_and_their_models(
    recordings: Recordings, file: str
) -> None:
    """An agent's span says who it is: the name that people gave it, what it is, which model."""
    trace = recordings(file, "sync")[1].trace
    (agent,) = trace.agents

    assert (agent.id, agent.name, agent.type) == ("desk", "desk", "llm")
    assert agent.model["model"] == "gpt-4o"
    assert [span.name for span in _of(trace, SpanKind.AGENT)] == ["desk"]


def test_parallel_tools_keep_what_the_provider_called_them(
    recordings: Recordings, file: str
) -> None:
    """Three calls at once are told apart by arguments, and by the provider's ids where known."""
    trace = recordings(file, "parallel")[1].trace
    tools = _of(trace, SpanKind.TOOL)
    ids = {span.attributes.get(names.TOOL_CALL_ID) for span in tools}
    named = {f"call_said-2_{number}" for number in range(3)}

    assert [span.question for span in tools] == [
        {"order": "A-17"},
        {"order": "A-18"},
        {"order": "A-19"},
    ]
    assert ids == (named if troupes()[file].calls else {None})


def test_a_handoff_is_a_link(recordings: Recordings, file: str) -> None:
    """Who was handed over to points back to who handed over, and both stand side by side."""
    trace = _scene(recordings, file, "handoff").trace
    first, second = (
        next(span for span in _of(trace, SpanKind.AGENT) if span.name == name)
        for name in ("triage", "refunds")
    )

    assert [(link.span, link.relationship) for link in second.links] == [(first.id, "handoff")]
    assert second.parent == first.parent
    planned = [event for event in first.events if event.name == "planning"]
    assert [event.attributes[names.EVENT_CHOSEN] for event in planned] == ["refunds"]


def test_who_is_asked_stands_below_the_tool_that_asks(recordings: Recordings, file: str) -> None:
    """An agent that is a tool of another's is agent code: a replay runs it, and answers it."""
    recorded = _scene(recordings, file, "delegation")
    spans = {span.id: span for span in recorded.trace.spans}
    (expert,) = (span for span in _of(recorded.trace, SpanKind.AGENT) if span.name == "expert")
    above = [span for span in _above(spans, expert) if span.kind is not SpanKind.ORCHESTRATION]

    assert [span.kind for span in above[:2]] == [SpanKind.TOOL, SpanKind.AGENT]
    assert above[1].name == "lead"


def test_a_swap_of_equal_questions_would_show(file: str, tmp_path: Path) -> None:
    """Agents with one prompt get numbered answers; each gets its own again."""
    theatre = Theatre(troupes()[file], "twins", tmp_path)
    recorded = theatre.record(chance=random.Random(3), numbered=True)

    assert len(set(recorded.said)) == 3
    for _ in range(times(3, 100)):
        assert theatre.replay().said == recorded.said


def test_a_limit_of_the_frameworks_own_ends_the_agent(recordings: Recordings, file: str) -> None:
    """The agent's span says so, and keeps the framework's exception, or none if it goes on."""
    recorded = _scene(recordings, file, "limit")
    (agent,) = (span for span in _of(recorded.trace, SpanKind.AGENT) if span.status.code != "OK")
    limit = troupes()[file].limit
    kept = [] if limit is None else [f"{limit.__module__}.{limit.__qualname__}"]

    assert agent.status.code == "TOOL_LIMIT_EXCEEDED"
    assert agent.status.message
    assert limit is None or recorded.said == limit.__name__
    assert [event.attributes[names.EXCEPTION_TYPE] for event in agent.events] == kept


def test_a_tool_that_raises_is_a_failure_of_the_tool(recordings: Recordings, file: str) -> None:
    """Whatever the framework makes of it for the model, the span says what was raised."""
    trace = _scene(recordings, file, "failing").trace
    (tool,) = _of(trace, SpanKind.TOOL)

    assert (tool.status.code, tool.status.message) == ("ERROR", "LookupError")


def test_state_is_kept(recordings: Recordings, file: str) -> None:
    """What the agent has in mind in the end holds what the customer asked."""
    trace = _scene(recordings, file, "state").trace

    assert trace.snapshots
    assert {shot.agent for shot in trace.snapshots} <= {agent.id for agent in trace.agents}
    assert "What about my order?" in repr(trace.snapshots[-1].working_memory)


# -- what changed is caught -----------------------------------------------------------------------
def test_a_changed_prompt_stops_the_replay(recordings: Recordings, file: str) -> None:
    """The message names the agent that asks otherwise, and shows what it asks."""
    theatre, _ = recordings(file, "sync")
    with pytest.raises(RunStopped) as caught:
        theatre.replay(aside=" Be kind.")
    said = str(caught.value)

    assert caught.value.slug == "replay-diverged"
    assert "inside    " in said
    assert troupes()[file].agent in said.partition("inside    ")[2].splitlines()[0]
    assert "Be kind." in said


def test_another_argument_of_a_tool_is_a_difference(recordings: Recordings, file: str) -> None:
    """A model that looks another order up: the message names the tool, and both orders."""
    theatre, _ = recordings(file, "sync")
    with pytest.raises(AgentTraceError) as caught:
        theatre.verify(Model(order="A-18"))
    said = str(caught.value)

    assert caught.value.slug == "golden-mismatch"
    assert all(word in said for word in ("look_up_order", "A-17", "A-18"))
    assert troupes()[file].agent in said


def test_a_tool_that_is_not_called_any_more_is_a_difference(
    recordings: Recordings, file: str
) -> None:
    """A model that looks two orders up instead of three: the message names the tool."""
    theatre, _ = recordings(file, "parallel")
    with pytest.raises(AgentTraceError) as caught:
        theatre.verify(Model(orders=("A-17", "A-18")))
    said = str(caught.value)

    assert caught.value.slug == "golden-mismatch"
    assert "look_up_order" in said
    assert "gatherer" in said


# -- looking ------------------------------------------------------------------------------------
def _scene(recordings: Recordings, file: str, scene: str) -> Played:
    if scene not in troupes()[file].programs:
        pytest.skip(f"{troupes()[file].framework} has no {scene}")
    return recordings(file, scene)[1]


def _of(trace: Trace, kind: SpanKind) -> list[Span]:
    return [span for span in trace.spans if span.kind is kind]


def _above(spans: dict[str, Span], span: Span) -> list[Span]:
    found = []
    while span.parent is not None:
        span = spans[span.parent]
        found.append(span)
    return found
