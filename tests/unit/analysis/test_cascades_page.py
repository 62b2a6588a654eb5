"""The cases that `docs/reference/cascades.md` works out by hand are what the code says."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from agenttrace.analysis import Analysis
from agenttrace.formats.files import trace_at
from agenttrace.model.lane import Lane
from agenttrace.model.span import Span, SpanKind
from agenttrace.model.trace import Trace
from tests.fakes.told_teams import Did, run_of
from tests.unit.analysis.test_teams_page import TABLES

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "cascades.md"
DATA = Path(__file__).parents[2] / "data"
CASES = [[one[1], one[2]] for one in TABLES.finditer(PAGE.read_text("utf-8"))]


def trace_of(table: str) -> Trace:
    """Calls of several agents in one lane, one after another."""
    rows = [[cell.strip() for cell in row.strip("|").split(" | ")] for row in table.splitlines()]
    steps = []
    for _, who, what in rows:
        asked, _, got = what.removeprefix("asks ").partition(" gets ")
        steps.append(Did(asked, got, who))
    trace = run_of(*steps)
    run = Span(id="f" * 16, name="run", kind=SpanKind.RUN, end_seq=len(rows), end_ns=len(rows))
    calls = sorted(trace.spans, key=lambda one: one.seq)
    spans = (run, *(replace(span, lane=(), parent=run.id) for span in calls))
    return replace(trace, spans=spans, lanes=(Lane(path=()),))


@pytest.mark.parametrize("case", range(len(CASES)))
def test_what_is_worked_out_by_hand_is_what_the_code_says(case: int) -> None:
    """Each number of the page is asked of the code, and derived there in words."""
    happened, measures = CASES[case]
    known = {"cascade": Analysis(trace_of(happened)).cascade}

    for row in measures.splitlines():
        measure, told = (cell.strip() for cell in row.strip("|").split(" | "))
        expected = eval(told.rpartition("= ")[2], {})
        assert eval(measure.strip("`"), known) == expected, (measure, told)


def test_there_are_three_cases() -> None:
    """One could be right by chance."""
    assert len(CASES) == 3


def test_what_the_page_says_of_annotated_errors_is_counted() -> None:
    """Span by span, with nothing fitted: the numbers are what they are."""
    counts: Counter[tuple[bool, bool]] = Counter()
    notes = sorted((DATA / "trail-swebench" / "annotations").glob("*.json"))
    for note in notes:
        (file,) = (DATA / "trail-swebench").glob(f"{note.stem}.json*")
        meant = {one["location"] for one in json.loads(note.read_text("utf-8"))["errors"]}
        trace, _ = trace_at(file)
        found = {one.span.id for one in Analysis(trace).cascade.failures}
        counts.update((span.id in found, span.id in meant) for span in trace.spans)

    assert _table("TRAIL", len(notes)) == [
        ["with evidence", str(counts[True, True]), str(counts[True, False])],
        ["without", str(counts[False, True]), str(counts[False, False])],
    ]


def test_what_the_page_says_of_decisive_steps_is_counted() -> None:
    """Conversations show no evidence at all, so each decisive step is missed."""
    files = sorted((DATA / "multi-agent-failures").glob("*.json"))
    spans = 0
    for file in files:
        trace, _ = trace_at(file)
        assert Analysis(trace).cascade.failures == ()
        spans += len(trace.spans)

    assert _table("Who&When", len(files)) == [
        ["with evidence", "0", "0"],
        ["without", str(len(files)), str(spans - len(files))],
    ]


def _table(name: str, runs: int) -> list[list[str]]:
    """The two rows of numbers of one table of the page."""
    text = PAGE.read_text("utf-8").partition(f"| {name}: {runs} runs")[2].partition("\n\n")[0]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in text.splitlines()[2:]]
