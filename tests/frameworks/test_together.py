"""Bad company: frameworks inside one another, with their own telemetry on."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agenttrace.model.span import SpanKind
from tests.frameworks import scenes
from tests.frameworks.scenes import ASKED, Stage, Troupe
from tests.frameworks.theatre import Theatre, troupes


def _troupe(framework: str, program: Callable[[Stage], Any]) -> Troupe:
    return Troupe(framework=framework, programs={"it": program})


def _needs(*files: str) -> list[Any]:
    for file in files:
        if file not in troupes():
            pytest.skip(f"{file} is not installed here")
    return [importlib.import_module(f"tests.frameworks.programs.{file}") for file in files]


def test_a_node_that_runs_an_agent_of_another_framework_is_one_tree(tmp_path: Path) -> None:
    """The agent stands below the node, and tokens are counted once."""
    agents, graphs = _needs("openai_agents", "langgraph")

    def program(stage: Stage) -> Any:
        def ask(state: Any) -> Any:
            said = agents.sync(stage)
            return {"messages": [("ai", said)]}

        graph = graphs.StateGraph(graphs.MessagesState)
        graph.add_node("ask", ask)
        graph.add_edge(graphs.START, "ask")
        return graph.compile(name="outer").invoke(graphs.GIVEN)["messages"][-1].text

    theatre = Theatre(_troupe("both", program), "it", tmp_path)
    recorded = theatre.record()
    replayed = theatre.replay()
    spans = {span.id: span for span in recorded.trace.spans}
    (desk,) = (span for span in spans.values() if span.name == "desk")

    assert recorded.model is not None
    assert (replayed.said, replayed.content) == (recorded.said, recorded.content)
    assert spans[str(desk.parent)].name == "ask"
    assert recorded.tokens == recorded.model.tokens
    assert {span.agent for span in recorded.trace.calls} == {"desk"}


def test_a_frameworks_own_telemetry_is_no_part_of_a_run(tmp_path: Path) -> None:
    """The exporter of openai-agents runs in a thread of its own, begun by the first run."""
    (agents,) = _needs("openai_agents")

    def program(stage: Stage) -> Any:
        async def main() -> Any:
            agent = agents._agent(stage, "desk", scenes.DESK)
            config = agents._config(stage)
            config.tracing_disabled = False
            return await agents.Runner.run(agent, ASKED, run_config=config)

        return asyncio.run(main()).final_output

    theatre = Theatre(_troupe("openai-agents", program), "it", tmp_path)
    first, second = theatre.record(), theatre.record()
    replayed = theatre.replay()

    assert first.content == second.content == replayed.content
    assert {span.kind for span in first.trace.spans} == {
        *(SpanKind.RUN, SpanKind.AGENT, SpanKind.LLM, SpanKind.TOOL)
    }
