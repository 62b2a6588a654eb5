"""What only Google ADK has: agents put together, tools that write into the state or are classes."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agenttrace.model import names
from agenttrace.model.message import ModelRequest
from agenttrace.model.span import SpanKind
from agenttrace.testing import Reply, slow
from tests.frameworks import scenes
from tests.frameworks.scenes import Model, Stage, Troupe
from tests.frameworks.theatre import Played, Theatre, troupes

Recordings = Callable[[str, str], tuple[Theatre, Played]]


@pytest.fixture(autouse=True)
def _there() -> None:
    if "adk" not in troupes():
        pytest.skip("google-adk is not installed here")


def test_agents_stand_below_what_puts_them_together(recordings: Recordings) -> None:
    """Whoever reads the trace sees the loop, and which agents ran in it how often."""
    trace = recordings("adk", "workflow")[1].trace
    spans = {span.id: span for span in trace.spans}
    kinds = (SpanKind.AGENT, SpanKind.ORCHESTRATION)
    tree = {
        (spans[str(span.parent)].name, span.name, span.attributes.get(names.ORCHESTRATION_PATTERN))
        for span in trace.spans
        if span.kind in kinds and spans[str(span.parent)].kind in kinds
    }

    assert tree == {
        ("all", "until_done", "loop"),
        ("all", "both", "parallel"),
        ("until_done", "desk", None),
        ("until_done", "judge", None),
        ("both", "first", None),
        ("both", "second", None),
    }


def test_what_a_tool_writes_into_the_state_is_kept_beside_its_result(
    recordings: Recordings,
) -> None:
    """The prompt after it reads the state in a replay too; the result is what was returned."""
    theatre, _ = recordings("adk", "state")
    trace = theatre.replay().trace
    (tool,) = (span for span in trace.spans if span.kind is SpanKind.TOOL)
    states = [shot.working_memory for shot in trace.snapshots]
    known = {"asked": scenes.ASKED, "found": "paid twice"}

    assert tool.answer is not None
    assert (tool.answer.head, tool.answer.body) == (
        {"actions": {"state_delta": {"found": "paid twice"}}},
        b"\xaapaid twice",
    )
    assert states == [known, known | {"answer": "It was paid twice."}]


def test_a_transfer_names_who_else_could_have_been_chosen(recordings: Recordings) -> None:
    """A router's choice is judged by what it could choose from."""
    trace = recordings("adk", "handoff")[1].trace
    (choice,) = (event for span in trace.spans for event in span.events)

    assert choice.attributes == {
        names.EVENT_CHOSEN: "refunds",
        names.EVENT_CANDIDATES: ["refunds"],
    }


class _SlowFirst(Model):
    """Thinks long about what the agent `first` asks."""

    def __call__(self, request: ModelRequest, nth: int) -> Reply:
        """Reply as any other."""
        reply = super().__call__(request, nth)
        return slow(2.0, reply) if 'name is "first"' in repr(request.messages) else reply


def test_who_was_first_is_first_again(tmp_path: Path) -> None:
    """The next agent's prompt holds what came first: chance in a recording, not in its replay."""
    from tests.frameworks.programs import adk

    troupe = Troupe(framework="google-adk", programs={"it": adk._quietly(adk.judging)})
    theatre = Theatre(troupe, "it", tmp_path)
    recorded = theatre.record(_SlowFirst())
    asked = repr([span.question for span in recorded.trace.calls if span.agent == "judge"])

    assert asked.index("[second] said") < asked.index("[first] said")
    assert theatre.replay().content == recorded.content


def test_a_tool_that_is_a_class_is_answered(tmp_path: Path) -> None:
    """People derive tools from `BaseTool`; those go out as functions do."""
    from google.adk.tools.base_tool import BaseTool
    from google.genai import types

    from tests.frameworks.programs import adk

    class LookUp(BaseTool):
        def __init__(self, stage: Stage) -> None:
            super().__init__(name="look_up_order", description="Look an order up.")
            self.stage = stage

        def _get_declaration(self) -> types.FunctionDeclaration:
            return types.FunctionDeclaration(name=self.name, description=self.description)

        async def run_async(self, *, args: dict[str, Any], tool_context: Any) -> Any:
            return self.stage.look_up(args["order"])

    def program(stage: Stage) -> Any:
        desk = adk._agent(stage, "desk", scenes.DESK, tools=[LookUp(stage)])
        return asyncio.run(adk._run(desk))

    troupe = Troupe(framework="google-adk", programs={"it": adk._quietly(program)})
    theatre = Theatre(troupe, "it", tmp_path)
    recorded, replayed = theatre.record(), theatre.replay()

    assert recorded.stage.visits == ["A-17"]
    assert replayed.stage.visits == []
    assert replayed.content == recorded.content


# -- another way to ask ---------------------------------------------------------------------------
@pytest.mark.parametrize("played", ["async", "stream", "parallel", "handoff", "delegation"])
def test_a_model_that_litellm_asks_is_like_any_other(
    played: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ADK's `LiteLlm`: agents, calls of tools with their ids, and tokens, as with Gemini's own."""
    pytest.importorskip("litellm")
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # else loading it asks the network
    asks = importlib.import_module("google.adk.models.lite_llm").LiteLlm
    programs = importlib.import_module("tests.frameworks.programs.adk")

    def model(stage: Stage) -> Any:
        return asks(model="openai/gpt-4o", api_base=stage.url, api_key="none")

    monkeypatch.setattr(programs, "_model", model)
    theatre = Theatre(troupes()["adk"], played, tmp_path)
    recorded = theatre.record()
    replayed = theatre.replay()
    tools = [span for span in recorded.trace.spans if span.kind is SpanKind.TOOL]

    assert (replayed.said, replayed.content) == (recorded.said, recorded.content)
    assert replayed.stage.visits == []
    assert recorded.model is not None
    assert recorded.tokens == recorded.model.tokens
    assert all(span.attributes[names.TOOL_CALL_ID] for span in tools)
