"""Two programs that do one task are compared by what they did, not by their tasks and threads."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

import agenttrace
from agenttrace.check.across import without_lanes
from agenttrace.check.diff import diff
from agenttrace.cli import main
from agenttrace.formats.files import trace_at
from agenttrace.model.span import SpanKind
from agenttrace.model.trace import Trace
from tests.fakes.sessions import Desk

SAMPLES = Path(__file__).parents[2] / "data" / "genai-otel"
PAIRS = list(itertools.permutations(sorted(path.name for path in SAMPLES.glob("*.json")), 2))


def _recorded(folder: Path, program: Callable[[], object]) -> Trace:
    desk = Desk(folder)
    desk.record(program)
    assert desk.verdict is not None
    assert desk.verdict.trace is not None
    return desk.verdict.trace


def test_where_an_agent_runs_is_overlooked_and_what_it_does_is_not(tmp_path: Path) -> None:
    """In a task of its own, or in none: one agent that calls one tool, with other words."""

    @agenttrace.tool
    async def look_up(order: str) -> str:
        return f"{order} was paid twice"

    async def desk(order: str) -> str:
        with agenttrace.agent("desk"):
            return await look_up(order)

    async def in_a_task(order: str) -> str:
        return await asyncio.create_task(desk(order))

    plain = _recorded(tmp_path / "1", lambda: asyncio.run(desk("A-17")))
    spawned = _recorded(tmp_path / "2", lambda: asyncio.run(in_a_task("A-17")))
    other = _recorded(tmp_path / "3", lambda: asyncio.run(in_a_task("A-18")))

    assert diff(plain, spawned) != ()
    assert diff(without_lanes(plain), without_lanes(spawned)) == ()
    assert {it.kind for it in diff(without_lanes(plain), without_lanes(other))} == {
        *("tool_args", "tool_result")
    }


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_samples_of_one_task_differ_by_calls_and_by_no_word_of_ours(old: str, new: str) -> None:
    """Three frameworks under OpenTelemetry: no kind of span and no attribute is called otherwise.

    What one of them alone has are calls of models and tools, named as such.
    """
    (one, _), (other, _) = trace_at(SAMPLES / old), trace_at(SAMPLES / new)
    found = diff(one, other, overlook=frozenset({"metadata"}))
    classes = {"structure", "llm_input", "llm_output", "tool_args", "tool_result", "cost"}
    told = CliRunner().invoke(
        main, ["diff", str(SAMPLES / old), str(SAMPLES / new), "--overlook", "metadata", "--all"]
    )

    assert {it.kind for it in found} <= classes
    for it in found:
        if it.kind == "structure":
            assert it.title.startswith(("call_llm ", "execute_tool "))
    assert told.exit_code == 1
    assert (
        {span.kind for span in one.spans}
        == {span.kind for span in other.spans}
        == {*(SpanKind.AGENT, SpanKind.LLM, SpanKind.TOOL)}
    )
