"""A graph that keeps checkpoints begins at a moment of a golden, restored by its own interface."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from agenttrace.formats.files import trace_at
from agenttrace.session.starting import Start, calls_of, start_from
from tests.frameworks.theatre import troupes

EXAMPLE = Path(__file__).parents[2] / "examples" / "langgraph"
THREAD = {"configurable": {"thread_id": "today"}}

pytestmark = pytest.mark.skipif(
    "langgraph" not in troupes(), reason="this environment has no LangGraph"
)


@pytest.fixture
def newsroom(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The graph of the example."""
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    spec = importlib.util.spec_from_file_location("newsroom", EXAMPLE / "newsroom.py")
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


@pytest.fixture
def start() -> Start:
    """The moment of the golden at which the writer asks its model."""
    trace, _ = trace_at(next(EXAMPLE.glob("golden/**/*.trace")))
    writers = next(one for one in calls_of(trace).all if one.agent == "writer")
    return start_from(trace, writers.label)


def test_a_graph_comes_to_what_its_checkpoint_held(newsroom: ModuleType, start: Start) -> None:
    """Both reports are answered by the golden; the writer's answer is another one."""

    def whole() -> Any:
        return newsroom.newsroom().invoke({"reports": []}, THREAD)

    became = start.replay(whole, override={start.cut.at.label: "the mended page"})

    assert became.asked == 3
    assert became.returned["text"] == "the mended page"


def test_a_graph_goes_on_from_what_its_checkpoint_held(newsroom: ModuleType, start: Start) -> None:
    """The reporters are asked nothing: what they said stands in the state of the run."""

    def rest(states: dict[str, Any]) -> Any:
        graph = newsroom.newsroom()
        graph.update_state(THREAD, states[""]["working_memory"], as_node="reporter")
        return graph.invoke(None, THREAD)

    again = start.go_on(rest)
    otherwise = start.go_on(rest, override={start.cut.at.label: "the mended page"})

    assert again.asked == otherwise.asked == 1
    assert len(again.returned["reports"]) == 2
    assert otherwise.returned["text"] == "the mended page"
