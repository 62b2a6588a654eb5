"""What only Strands has: graphs, tools that write into the state or tell how far they are."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

import pytest

from agenttrace.errors import RunStopped
from agenttrace.model import names
from agenttrace.model.span import SpanKind
from tests.frameworks import scenes
from tests.frameworks.scenes import Troupe
from tests.frameworks.theatre import Played, Theatre, troupes

Recordings = Callable[[str, str], tuple[Theatre, Played]]


@pytest.fixture(autouse=True)
def _there() -> None:
    if "strands" not in troupes():
        pytest.skip("strands-agents is not installed here")


def _played(tmp_path: Path, name: str) -> tuple[Played, Played]:
    program = getattr(importlib.import_module("tests.frameworks.programs.strands"), name)
    theatre = Theatre(Troupe(framework="strands-agents", programs={"it": program}), "it", tmp_path)
    return theatre.record(), theatre.replay()


def test_nodes_of_a_graph_stand_below_it_in_the_order_in_which_they_were_added(
    recordings: Recordings,
) -> None:
    """The framework keeps them in a set, whose order is another one in every process."""
    trace = recordings("strands", "workflow")[1].trace
    (graph,) = (span for span in trace.spans if span.kind is SpanKind.ORCHESTRATION)
    agents = [span for span in trace.spans if span.kind is SpanKind.AGENT]

    assert (graph.name, graph.attributes[names.ORCHESTRATION_PATTERN]) == ("office", "graph")
    assert {span.parent for span in agents} == {graph.id}
    assert [span.name for span in sorted(agents, key=lambda span: str(span.lane))] == [
        *("first", "second", "third", "judge")
    ]


def test_a_graph_cannot_swallow_what_stops_a_replay(recordings: Recordings) -> None:
    """A node's task is awaited by nobody, and the graph would give a result as if all were well."""
    theatre, _ = recordings("strands", "workflow")
    with pytest.raises(RunStopped) as caught:
        theatre.replay(aside=" Be kind.")
    said = str(caught.value)

    assert caught.value.slug == "replay-diverged"
    assert "first" in said.partition("inside    ")[2].splitlines()[0]
    assert "Be kind." in said


def test_what_a_tool_writes_into_the_state_is_kept_beside_its_result(
    recordings: Recordings,
) -> None:
    """A replay writes and deletes it again; the result is what was returned."""
    trace = recordings("strands", "state")[0].replay().trace
    (tool,) = (span for span in trace.spans if span.kind is SpanKind.TOOL)

    assert tool.answer is not None
    assert (tool.answer.head, tool.answer.body) == (
        {"state": {"set": {"found": "paid twice"}, "deleted": ["case"]}},
        b"\xaapaid twice",
    )
    assert trace.snapshots[-1].extra == {"state": {"found": "paid twice"}}


def test_tools_at_once_are_told_apart_by_what_each_writes(tmp_path: Path) -> None:
    """They share the agent's state, and run in threads."""
    recorded, replayed = _played(tmp_path, "sharing")
    heads = [
        span.answer.head
        for span in recorded.trace.calls
        if span.kind is SpanKind.TOOL and span.answer is not None
    ]

    assert heads == [{"state": {"set": {order: said}}} for order, said in scenes.ORDERS.items()]
    assert replayed.said == recorded.said == scenes.ORDERS
    assert replayed.stage.visits == []


def test_a_tool_that_tells_how_far_it_is_is_answered_word_by_word(tmp_path: Path) -> None:
    """An asynchronous generator may be a tool; what it yields last is its result."""
    recorded, replayed = _played(tmp_path, "telling")

    assert recorded.said == replayed.said == ["looking", "paid twice"]
    assert replayed.stage.visits == []
    assert replayed.content == recorded.content
