"""The cases that `docs/reference/teams.md` works out by hand are what the code says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from agenttrace.analysis import Analysis
from agenttrace.model import names
from agenttrace.model.span import Span, SpanKind, Status
from agenttrace.model.trace import Trace
from tests.fakes.told_teams import Did, Row, made, net, run_of, telling

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "teams.md"
TABLES = re.compile(
    r"^\| at \| who \| what \|\n\|[-|]+\n((?:\|.*\n)+)\n"
    r"\| measure \| \|\n\|[-|]+\n((?:\|.*\n)+)",
    re.MULTILINE,
)
PHASES = ("announcement", "bid", "refusal", "award", "rejection", "execution", "report", "cancel")


class Case(NamedTuple):
    """A table of what happened, and one of what that comes to."""

    line: int
    happened: list[list[str]]
    measures: list[list[str]]


def cases() -> Iterator[Case]:
    """Each pair of tables of the page."""
    text = PAGE.read_text("utf-8")
    for one in TABLES.finditer(text):
        line = text[: one.start()].count("\n") + 1
        yield Case(line, *([_cells(row) for row in one[n].splitlines()] for n in (1, 2)))


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip("|").split(" | ")]


def trace_of(happened: list[list[str]]) -> Trace:
    """The trace of a table: a contract net, a row of steps, or agents that tell events."""
    works = [(at, who, what.split()) for at, who, what in happened if what.startswith("works ")]
    rows = [
        (int(at), who, what.split()) for at, who, what in happened if not what.startswith("works ")
    ]
    if rows[0][2][0] in PHASES:
        return net(_row(at, who, *what) for at, who, what in rows)
    if rows[0][2][0] == "asks":
        return run_of(*(Did(what[1], what[3], who) for _, who, what in rows))
    told = telling(*((who, at, what[0], _said(*what)) for at, who, what in rows), code="UNSET")
    done = [_work(n, at, who, what, told) for n, (at, who, what) in enumerate(works, 1)]
    return made([*(_around(span, done) for span in told.spans), *done], lanes=told.lanes)


def _around(outer: Span, done: list[Span]) -> Span:
    """The span of who told events, with the steps that others inside it have taken by each."""
    begun = [span.start_ns for span in done if span.parent == outer.id]
    events = tuple(
        replace(one, seq=1 + sum(at <= one.at_ns for at in begun)) for one in outer.events
    )
    return replace(outer, events=events, end_seq=1 + len(begun))


def _work(number: int, at: str, who: str, what: list[str], told: Trace) -> Span:
    """`works soup OK for chef`: an agent's span for a task, inside that of another agent."""
    begun, _, ended = at.partition(" to ")
    _, task, code, _, whose = what
    outer = next(span for span in told.spans if span.agent == whose)
    return Span(
        id=f"{number:016x}",
        name=who,
        kind=SpanKind.AGENT,
        agent=who,
        task=task,
        parent=outer.id,
        lane=outer.lane,
        seq=1 + number,  # of one table all work for one agent
        end_seq=1 + number,
        start_ns=int(begun),
        end_ns=int(ended),
        status=Status(code=code),
    )


def _row(at: int, who: str, phase: str, said: str = "", until: str = "") -> Row:
    return Row(
        task="t",
        phase=phase,
        by=who,
        at=at,
        about=said if phase in ("award", "rejection") else "",
        bid=int(said) if phase == "bid" else None,
        outcome=said if phase == "report" else None,
        deadline=(int(until) - at) / 1e9 if until else None,
    )


def _said(name: str, *words: str) -> Mapping[str, object]:
    if name == "waiting":
        is_any = words[0] == "any"
        return {
            names.WAITING_FOR: list(words[is_any:]),
            names.WAITING_MODE: "any" if is_any else "all",
        }
    task, worker, _, *candidates = (*words, None, None, None)[: max(3, len(words))]
    return {
        names.QUEUE_TASK: task,
        names.QUEUE_WORKER: worker,
        names.ORCHESTRATION_CANDIDATES: candidates or None,
    }


@pytest.mark.parametrize("case", tuple(cases()), ids=lambda case: f"line {case.line}")
def test_what_is_worked_out_by_hand_is_what_the_code_says(case: Case) -> None:
    """A reader can follow the page with a pencil, and gets the numbers that a test gets."""
    trace = trace_of(case.happened)
    analysis = Analysis(trace)
    by_name = {span.name: span for span in trace.spans}
    known: dict[str, Any] = {
        "at": lambda name: analysis.waiting_at(by_name[name]),
        "placed": analysis.delegations,
        "led": analysis.orchestration,
        "held": analysis.waiting,
    }
    for measure, told in case.measures:
        expected = eval(told.rpartition("= ")[2], {})
        assert eval(measure.strip("`"), known) == expected, (measure, told)


def test_each_analysis_has_three_cases_or_more() -> None:
    """One could be right by chance."""
    begun = [case.happened[0][2].split()[0] for case in cases()]
    starved = [case for case in cases() if any("starved" in one for one, _ in case.measures)]
    handed = [case for case in cases() if any("is_handoff" in one for one, _ in case.measures)]
    moments = [case for case in cases() if any("`at(" in one for one, _ in case.measures)]
    outcomes = [case for case in cases() if any(".outcome" in one for one, _ in case.measures)]

    assert begun.count("announcement") == 4
    assert len(handed) == 3
    assert begun.count("waiting") == 3 + 2
    assert len(moments) == 3
    assert begun.count("asks") == 3
    assert len(starved) == 3
    assert len(outcomes) == 7 + 3  # delegations, and assignments
    assert len(begun) == 7 + 6 + 6 + 3 + 3
