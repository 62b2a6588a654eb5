"""What else may be played, and what may go wrong: a test for each, of every framework."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agenttrace.errors import NotRebuildable, RunStopped
from agenttrace.model import names
from agenttrace.model.span import Event, SpanKind
from agenttrace.model.trace import Trace
from agenttrace.session import REPLAY, REWRITE, Plan, Session, World
from tests.frameworks.scenes import Model, Stage
from tests.frameworks.theatre import Played, Theatre, its_own_warnings, troupes


def _theatre(file: str, scene: str, folder: Path) -> Theatre:
    troupe = troupes()[file]
    if scene not in troupe.more:
        pytest.skip(f"{troupe.framework} has no {scene}")
    return Theatre(troupe, scene, folder)


def _twice(theatre: Theatre) -> Played:
    """Record; a replay must say and hold the same, and ask nobody."""
    recorded = theatre.record()
    replayed = theatre.replay()

    assert replayed.said == recorded.said
    assert replayed.content == recorded.content
    assert replayed.stage.visits == []
    return recorded


# -- who is next ----------------------------------------------------------------------------------
def test_a_choice_names_what_was_chosen_and_what_could_have_been(file: str, tmp_path: Path) -> None:
    """A handoff, an edge, a decision: where an agent could have gone is known, not only where."""
    trace = _twice(_theatre(file, "plan", tmp_path)).trace
    (choice,) = _events(trace, "planning")

    assert choice.attributes[names.EVENT_CHOSEN] == "refunds"
    assert set(choice.attributes[names.EVENT_CANDIDATES]) == {"refunds", "shipping"}  # type: ignore[arg-type]


def test_what_is_to_be_done_is_queued_given_out_and_taken(file: str, tmp_path: Path) -> None:
    """Each task goes through all three, in this order, and somebody says when all are done."""
    trace = _twice(_theatre(file, "tasks", tmp_path)).trace
    queued, given, taken = (
        [event.attributes["task"] for event in _events(trace, name)]
        for name in ("enqueued", "assigned", "dequeued")
    )

    assert len(set(queued)) == 3
    assert given == queued
    assert sorted(map(str, taken)) == sorted(map(str, queued))
    assert all("worker" in event.attributes for event in _events(trace, "assigned"))
    assert _events(trace, "heartbeat")


# -- tools ----------------------------------------------------------------------------------------
def test_a_tool_that_returns_none_has_an_answer(file: str, tmp_path: Path) -> None:
    """None is an answer as any other: the tool is not called again, and the span holds it."""
    recorded = _twice(_theatre(file, "nothing", tmp_path))
    (tool,) = (span for span in recorded.trace.spans if span.kind is SpanKind.TOOL)

    assert recorded.stage.visits == ["A-17"]
    assert (tool.status.code, tool.answer is not None) == ("OK", True)


def test_a_result_that_cannot_be_kept_is_refused_while_recording(file: str, tmp_path: Path) -> None:
    """The message names the tool, what it returned, and the line that mends it."""
    theatre = _theatre(file, "opaque", tmp_path)
    with pytest.raises(NotRebuildable) as caught:
        theatre.record()
    said = str(caught.value)

    assert all(word in said for word in ("look_up_order", "lock", "@agenttrace.tool(encode="))
    assert not theatre.desk.golden.exists()


def test_a_tool_that_was_cut_off_is_cut_off_again(file: str, tmp_path: Path) -> None:
    """Patience ends while the tool is busy: a replay waits for nobody, and gives up likewise."""
    theatre = _theatre(file, "cancelled", tmp_path)
    patience_s = 1.0
    recorded = theatre.record(patience_s=patience_s)
    while not recorded.stage.visits:  # the machine is slow: it gave up before the tool began
        patience_s *= 2
        recorded = theatre.record(patience_s=patience_s)
    replayed = theatre.replay(patience_s=patience_s)
    (tool,) = (span for span in recorded.trace.spans if span.kind is SpanKind.TOOL)

    assert (recorded.said, replayed.said) == ("given up", "given up")
    assert replayed.content == recorded.content
    assert replayed.stage.visits == []
    assert tool.answer is not None
    assert tool.answer.end == "cancelled"


# -- prompts --------------------------------------------------------------------------------------
def test_one_of_equal_workers_that_asks_otherwise_is_named(file: str, tmp_path: Path) -> None:
    """Workers at once, whose prompt changed: the message names a worker and shows the change."""
    theatre = Theatre(troupes()[file], "twins", tmp_path)
    theatre.record()
    with pytest.raises(RunStopped) as caught:
        theatre.replay(aside=" Be kind.")
    said = str(caught.value)

    assert caught.value.slug == "replay-diverged"
    assert "worker" in said.partition("inside    ")[2].splitlines()[0]
    assert "Be kind." in said


# -- a loop that runs already ---------------------------------------------------------------------
def test_a_cell_of_a_notebook_replays_in_the_loop_that_runs(file: str, tmp_path: Path) -> None:
    """The run begins and ends inside a loop that is older; threads of the framework do not hang."""
    troupe = troupes()[file]
    _theatre(file, "notebook", tmp_path)

    async def cell(mode: str, stage: Stage) -> object:
        plan = Plan(
            name="cell",
            golden=tmp_path / "cell.trace",
            shown="cell.trace",
            journal=tmp_path / "journal",
            mode=mode,
        )
        with World(live=plan.is_live) as world:
            session = Session(plan, world)
            with session, its_own_warnings(troupe):
                said = await troupe.more["notebook"](stage)
            verdict = session.settle(passed=True)
        assert verdict.problems == ()
        return said

    async def kernel() -> tuple[object, object, Stage]:
        with Model().served() as url:
            recorded = await cell(REWRITE, Stage(url=url))
        offline = Stage()
        return recorded, await cell(REPLAY, offline), offline

    recorded, replayed, offline = asyncio.run(kernel())

    assert recorded == replayed
    assert offline.visits == []


# -- one inside another ---------------------------------------------------------------------------
def test_an_agent_in_a_tool_of_another_framework_is_one_tree(file: str, tmp_path: Path) -> None:
    """Each framework's agent asks the next one's, in a tool: one tree, tokens counted once."""
    others = list(troupes())
    inner = troupes()[others[(others.index(file) + 1) % len(others)]]
    if inner.framework == troupes()[file].framework:
        pytest.skip("there is no other framework here")
    theatre = Theatre(troupes()[file], "sync", tmp_path)

    def expert(url: str) -> str:
        return str(inner.programs["sync"](Stage(url=url)))

    recorded = theatre.record(expert=expert)
    replayed = theatre.replay(expert=expert)
    spans = {span.id: span for span in recorded.trace.spans}
    outer, asked = sorted(
        (span for span in spans.values() if span.kind is SpanKind.AGENT),
        key=lambda span: span.start_ns,
    )

    assert recorded.model is not None
    assert (replayed.said, replayed.content) == (recorded.said, recorded.content)
    assert spans[str(asked.parent)].kind is SpanKind.TOOL
    assert spans[str(asked.parent)].agent == outer.agent
    assert recorded.tokens == recorded.model.tokens


def _events(trace: Trace, name: str) -> list[Event]:
    spans = sorted(trace.spans, key=lambda span: (span.start_ns, span.lane, span.seq))
    return [event for span in spans for event in span.events if event.name == name]
