"""What only pydantic-graph has: graphs of one's own, of nodes and of steps, and what they share."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agenttrace.model import names
from agenttrace.model.span import Span, SpanKind
from agenttrace.model.trace import Trace
from tests.frameworks import scenes
from tests.frameworks.scenes import Stage, Troupe
from tests.frameworks.theatre import Played, Theatre, troupes


@pytest.fixture(autouse=True)
def _there() -> None:
    if "pydantic_ai" not in troupes():
        pytest.skip("pydantic-ai is not installed here")


@pytest.fixture
def program() -> Any:
    """The programs of the contract."""
    return importlib.import_module("tests.frameworks.programs.pydantic_ai")


@dataclass
class Case:
    """What the steps of a graph share."""

    asked: int = 0
    said: list[Any] = field(default_factory=list)


def _theatre(tmp_path: Path, play: Callable[[Stage], Any]) -> Theatre:
    return Theatre(Troupe(framework="pydantic-ai-slim", programs={"it": play}), "it", tmp_path)


def _twice(tmp_path: Path, play: Callable[[Stage], Any]) -> Played:
    """Record; a replay must say and hold the same."""
    theatre = _theatre(tmp_path, play)
    recorded = theatre.record()
    replayed = theatre.replay()

    assert (replayed.said, replayed.content) == (recorded.said, recorded.content)
    assert replayed.stage.visits == []
    return recorded


def _nodes(trace: Trace) -> list[Span]:
    kinds = {agent.id: agent.type for agent in trace.agents}
    return [
        span
        for span in trace.spans
        if span.kind is SpanKind.AGENT and kinds[span.agent or ""] == "node"
    ]


def _graph_of_steps(program: Any, graphs: Any, *, often: int) -> Any:
    """Ask a desk until it has been asked so often; then say so."""
    built = graphs.GraphBuilder(
        name="case", state_type=Case, deps_type=Stage, input_type=None, output_type=str
    )

    async def ask(ctx: Any) -> str:
        agent = program._agent(ctx.deps, "desk", scenes.DESK)
        done = await agent.run(scenes.ASKED)
        ctx.state.asked += 1
        ctx.state.said = done.all_messages()
        return "enough" if ctx.state.asked == often else "more"

    async def close(ctx: Any) -> str:
        return f"asked {ctx.state.asked} times"

    asks, closes = built.step(ask), built.step(close)
    either = graphs.TypeExpression[Any]
    built.add(
        built.edge_from(built.start_node).to(asks),
        built.edge_from(asks).to(
            built.decision()
            .branch(built.match(either, matches=lambda said: said == "more").to(asks))
            .branch(built.match(either, matches=lambda said: said == "enough").to(closes))
        ),
        built.edge_from(closes).to(built.end_node),
    )
    return built.build()


def test_the_steps_of_a_graph_act_one_after_another(program: Any, tmp_path: Path) -> None:
    """Each stands below the graph, with its agents below it; a decision is the step's before it."""
    graphs = importlib.import_module("pydantic_graph")

    def play(stage: Stage) -> Any:
        graph = _graph_of_steps(program, graphs, often=2)
        return asyncio.run(graph.run(state=Case(), deps=stage))

    recorded = _twice(tmp_path, play)
    trace = recorded.trace
    (graph,) = (span for span in trace.spans if span.kind is SpanKind.ORCHESTRATION)
    steps = _nodes(trace)
    planned = [
        (event.attributes[names.EVENT_CHOSEN], event.attributes[names.EVENT_CANDIDATES])
        for step in steps
        for event in step.events
        if event.name == "planning"
    ]

    assert recorded.said == "asked 2 times"
    assert graph.name == "case"
    assert [(step.name, step.parent) for step in steps] == [
        ("ask", graph.id),
        ("ask", graph.id),
        ("close", graph.id),
    ]
    assert planned == [("ask", ["ask", "close"]), ("close", ["ask", "close"])]
    assert [[link.span for link in step.links] for step in steps] == [
        [],
        [steps[0].id],
        [steps[1].id],
    ]


def test_what_steps_share_is_kept_after_each(program: Any, tmp_path: Path) -> None:
    """A message history in it too, without what is another one in every run."""
    graphs = importlib.import_module("pydantic_graph")

    def play(stage: Stage) -> Any:
        graph = _graph_of_steps(program, graphs, often=1)
        return asyncio.run(graph.run(state=Case(), deps=stage))

    trace = _twice(tmp_path, play).trace
    shots = [shot for shot in trace.snapshots if shot.agent in ("ask", "close")]
    states: list[Any] = [shot.working_memory for shot in shots]

    assert [(shot.agent, state["asked"]) for shot, state in zip(shots, states, strict=True)] == [
        ("ask", 1),
        ("close", 1),
    ]
    assert scenes.ASKED in repr(states[0]["said"])
    assert "timestamp" not in repr(states)


def test_steps_at_once_are_known_and_joined(program: Any, tmp_path: Path) -> None:
    """What each gave is what the join hands on."""
    graphs = importlib.import_module("pydantic_graph")
    joins = importlib.import_module("pydantic_graph.join")

    def play(stage: Stage) -> Any:
        built = graphs.GraphBuilder(
            name="words", deps_type=Stage, input_type=list[str], output_type=list[str]
        )

        async def translate(ctx: Any) -> str:
            agent = program._agent(ctx.deps, "worker", scenes.WORKER, tools=False)
            return f"{ctx.inputs}: {(await agent.run(scenes.ASKED)).output}"

        step = built.step(translate)
        every = built.join(joins.reduce_list_append, initial_factory=list[str])
        built.add(
            built.edge_from(built.start_node).map().to(step),
            built.edge_from(step).to(every),
            built.edge_from(every).to(built.end_node),
        )
        return sorted(asyncio.run(built.build().run(deps=stage, inputs=["a", "b", "c"])))

    recorded = _twice(tmp_path, play)
    steps = _nodes(recorded.trace)

    assert recorded.said == [f"{word}: A word." for word in "abc"]
    assert [step.name for step in steps] == ["translate"] * 3
    assert len({step.lane for step in steps}) == 3


def test_a_step_that_raises_says_so(program: Any, tmp_path: Path) -> None:
    """In its own span; how far its task came after that, before it was cut off, is chance."""
    graphs = importlib.import_module("pydantic_graph")

    def play(stage: Stage) -> Any:
        built = graphs.GraphBuilder(name="case", input_type=None, output_type=str)

        async def fail(ctx: Any) -> str:
            raise LookupError("no such case")

        step = built.step(fail)
        built.add(
            built.edge_from(built.start_node).to(step), built.edge_from(step).to(built.end_node)
        )
        agent = program._agent(stage, "desk", scenes.DESK)
        said = agent.run_sync(scenes.ASKED).output
        with pytest.raises(LookupError, match="no such case"):
            asyncio.run(built.build().run())
        return said

    theatre = _theatre(tmp_path, play)
    (recorded,), (replayed,) = _nodes(theatre.record().trace), _nodes(theatre.replay().trace)

    assert (recorded.name, recorded.status.message) == ("fail", "LookupError")
    assert replayed.status == recorded.status
