"""What only smolagents has: agents that write code, managed agents, plans, `final_answer`."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from agenttrace.errors import RunStopped
from agenttrace.model import names
from agenttrace.model.message import ModelRequest
from agenttrace.model.span import Span, SpanKind
from agenttrace.model.trace import Trace
from agenttrace.testing import Reply, says
from tests.frameworks.scenes import Model, Troupe, counted
from tests.frameworks.theatre import Played, Theatre, troupes

Recordings = Callable[[str, str], tuple[Theatre, Played]]


@pytest.fixture(autouse=True)
def _there() -> None:
    if "smolagents" not in troupes():
        pytest.skip("smolagents is not installed here")


@dataclass
class Writer(Model):
    """A model that has no tools writes, step by step; one that has some is as everywhere.

    Attributes:
        steps: What it writes in each step.
    """

    steps: tuple[str, ...] = ()

    def __call__(self, request: ModelRequest, nth: int) -> Reply:
        """Reply to one request, by how many steps the conversation has."""
        if request.tools:
            return super().__call__(request, nth)
        replies = [
            one for one in request.messages if one.text.startswith(("Observation:", "Error:"))
        ]
        called = [one for one in request.messages if one.text.startswith("Call id:")]
        return counted(says(self.steps[len(replies) + len(called)]), request, self.sent)


def _code(*lines: str) -> str:
    return "\n".join(["Thought: I know how.", "<code>", *lines, "</code>"])


def _theatre(tmp_path: Path, name: str) -> Theatre:
    program = importlib.import_module("tests.frameworks.programs.smolagents").OWN[name]
    return Theatre(Troupe(framework="smolagents", programs={"it": program}), "it", tmp_path)


def _twice(tmp_path: Path, name: str, *steps: str) -> Played:
    """Record; a replay must say and hold the same, and ask nobody."""
    theatre = _theatre(tmp_path, name)
    recorded = theatre.record(Writer(steps=steps))
    replayed = theatre.replay()

    assert replayed.said == recorded.said
    assert replayed.content == recorded.content
    assert replayed.stage.visits == []
    return recorded


def _of(trace: Trace, kind: SpanKind) -> list[Span]:
    return [span for span in trace.spans if span.kind is kind]


def _reasons(trace: Trace) -> list[object]:
    return [
        event.attributes[names.EVENT_REASON]
        for span in trace.spans
        for event in span.events
        if event.name == "reflection"
    ]


# -- agents that write code -----------------------------------------------------------------------
def test_code_that_an_agent_writes_runs_in_a_replay_and_its_tools_are_answered(
    tmp_path: Path,
) -> None:
    """The code works with what the tool said; tool and model alone come from the golden."""
    recorded = _twice(
        tmp_path,
        "code",
        _code("said = [look_up_order(each) for each in ('A-17', 'A-18')]"),
        _code("final_answer(' and '.join(said).upper())"),
    )
    (agent,) = recorded.trace.agents

    assert recorded.said == "PAID TWICE AND SHIPPED"
    assert recorded.stage.visits == ["A-17", "A-18"]
    assert (agent.name, agent.type, agent.model["model"]) == ("desk", "code", "gpt-4o")
    assert [
        (span.question, span.agent, span.attributes.get(names.TOOL_CALL_ID))
        for span in _of(recorded.trace, SpanKind.TOOL)
    ] == [({"order": "A-17"}, "desk", None), ({"order": "A-18"}, "desk", None)]


def test_code_can_catch_what_a_tool_raised_in_a_replay_too(tmp_path: Path) -> None:
    """The exception is raised again where the tool was called."""
    recorded = _twice(
        tmp_path,
        "code",
        _code(
            "try:",
            "    look_up_order(order='Z-99')",
            "except Exception as error:",
            "    final_answer(f'alas, {error}')",
        ),
    )
    (tool,) = _of(recorded.trace, SpanKind.TOOL)

    assert recorded.said == "alas, no order Z-99"
    assert tool.status.code == "ERROR"
    assert _reasons(recorded.trace) == []


def test_code_cannot_catch_what_stops_a_replay(tmp_path: Path) -> None:
    """It calls a tool otherwise than the golden holds, and a bare `except` does not hide it."""
    theatre = _theatre(tmp_path, "code of a variable")
    careless = ("try:", "    said = look_up_order(order)", "except:", "    said = 'nothing'")
    recorded = theatre.record(Writer(steps=(_code(*careless, "final_answer(said)"),)))
    with pytest.raises(RunStopped) as caught:
        theatre.replay(aside="-8")
    said = str(caught.value)

    assert recorded.said == "paid twice"
    assert caught.value.slug == "replay-diverged"
    assert all(word in said for word in ("look_up_order", "A-17", "A-17-8"))


def test_code_that_is_none_is_sent_back(tmp_path: Path) -> None:
    """The agent has to think again, and why is known."""
    recorded = _twice(tmp_path, "code", "I do not know how.", _code("final_answer('now I do')"))
    (reason,) = _reasons(recorded.trace)

    assert recorded.said == "now I do"
    assert str(reason).startswith("AgentParsingError: ")


# -- managed agents -------------------------------------------------------------------------------
def test_a_managed_agent_stands_below_the_code_that_calls_it(tmp_path: Path) -> None:
    """It is called like a tool, and is agent code: a replay runs it, and answers it."""
    recorded = _twice(
        tmp_path,
        "code delegation",
        _code("said = expert('May we refund it?')"),
        _code("final_answer('The expert agrees.')"),
    )
    spans = {span.id: span for span in recorded.trace.spans}
    lead, expert = (
        next(span for span in _of(recorded.trace, SpanKind.AGENT) if span.name == name)
        for name in ("lead", "expert")
    )
    asked = spans[str(expert.parent)]

    assert (asked.kind, asked.name, asked.agent) == (SpanKind.TOOL, "expert", lead.agent)
    assert asked.question == {"task": "May we refund it?"}
    assert recorded.model is not None
    assert recorded.tokens == recorded.model.tokens


def test_a_managed_agent_has_the_id_by_which_the_provider_asked(recordings: Recordings) -> None:
    """So its call is found in what the model said."""
    trace = recordings("smolagents", "delegation")[1].trace
    calls = {span.name: span for span in _of(trace, SpanKind.TOOL)}

    assert calls["expert"].attributes[names.TOOL_CALL_ID] == "call_said-2_0"
    assert sorted(calls) == ["expert", "look_up_order"]


# -- steps ----------------------------------------------------------------------------------------
def test_the_final_answer_is_no_call(recordings: Recordings) -> None:
    """It ends the run, and reaches nobody; a replay runs it."""
    trace = recordings("smolagents", "sync")[1].trace

    assert [span.name for span in _of(trace, SpanKind.TOOL)] == ["look_up_order"]


def test_a_plan_is_a_span_that_says_what_was_planned(tmp_path: Path) -> None:
    """The model call that made it stands below; the step that follows does not."""
    recorded = _twice(tmp_path, "planned", "1. Look it up.")
    (plan,) = _of(recorded.trace, SpanKind.PLAN)

    assert [event.attributes[names.EVENT_CHOSEN] for event in plan.events] == ["1. Look it up."]
    assert [span.kind for span in recorded.trace.spans if span.parent == plan.id] == [SpanKind.LLM]
    assert len(_of(recorded.trace, SpanKind.LLM)) == 3


def test_what_the_model_is_told_to_mend_is_a_reflection(recordings: Recordings) -> None:
    """A tool raised: the agent goes on, and why it had to think again is known."""
    trace = recordings("smolagents", "failing")[1].trace
    (reason,) = _reasons(trace)

    assert str(reason).startswith("AgentToolExecutionError: ")
    assert "no order Z-99" in str(reason)


def test_the_limit_of_steps_is_named(recordings: Recordings) -> None:
    """The agent is made to answer, and that it was is in its status."""
    recorded = recordings("smolagents", "limit")[1]
    (agent,) = _of(recorded.trace, SpanKind.AGENT)

    assert recorded.said == "Enough."
    assert (agent.status.code, agent.status.message) == (
        "TOOL_LIMIT_EXCEEDED",
        "AgentMaxStepsError",
    )


# -- state ----------------------------------------------------------------------------------------
def test_what_an_agent_is_given_beside_its_task_is_kept(tmp_path: Path) -> None:
    """The snapshot has the variables, and the task is the goal."""
    recorded = _twice(tmp_path, "given")
    shot = recorded.trace.snapshots[-1]

    assert recorded.stage.visits == ["A-17"]
    assert shot.extra == {"state": {"customer": "K-1"}}
    assert str(shot.goal).startswith("What about my order?")


def test_a_tool_that_is_answered_is_not_set_up(tmp_path: Path) -> None:
    """To load what it needs may be what costs most of all."""
    recorded = _twice(tmp_path, "set up")

    assert recorded.stage.visits == ["set up", "A-17"]
