"""The tables that `docs/reference/analysis.md` works out by hand are what the code says."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from agenttrace.analysis import Analysis
from agenttrace.analysis.lifetimes import Split
from agenttrace.analysis.objectives import Bad, Judged, Objective
from agenttrace.model.span import WireKind
from agenttrace.model.trace import Trace
from agenttrace.model.usage import Tokens, Usage
from tests.fakes.by_hand import ByHand

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "analysis.md").read_text("utf-8")
TABLES = re.compile(
    r"^\| at \| what \| inside \| used \|\n\|[-|]+\n((?:\|.*\n)+)\n"
    r"\| measure \| \|\n\|[-|]+\n((?:\|.*\n)+)",
    re.MULTILINE,
)
CASES = [(one[1], one[2]) for one in TABLES.finditer(PAGE)]


def trace_of(table: str) -> Trace:
    """The spans of a table, a row each."""
    hand = ByHand()
    for row in table.splitlines():
        at, what, inside, used = (cell.strip() for cell in row.strip("|").split("|"))
        kind, _, name = what.partition(" ")
        begun, _, ended = at.partition(" to ")
        side = SIDES.get(kind, WireKind.INTERNAL)
        hand.span(
            what if kind == "receive" else name or kind,
            "message" if kind in SIDES else kind,
            at=(int(begun), int(ended)),
            inside=inside or None,
            agent=name if kind == "agent" else None,
            usage=_used(used),
            wire_kind=side,
            links={name: "message"} if kind == "receive" else None,
        )
    return hand.trace()


SIDES = {"send": WireKind.PRODUCER, "receive": WireKind.CONSUMER}
"""The two ends of a message; what is received is called as what was sent."""


def _used(said: str) -> Usage | None:
    tokens, money = re.search(r"(\d+) tokens", said), re.search(r"\$([\d.]+)", said)
    usd = None if money is None else Decimal(money[1])
    if tokens is None:
        return None if usd is None else Usage(tool_cost_usd=usd)
    return Usage(models={"own": Tokens(input=int(tokens[1]))}, cost_usd=usd)


def split(**parts: int) -> Split:
    """What a time was spent on, as the page writes it."""
    return Split(**{f"{name}_ns": ns for name, ns in parts.items()})


@pytest.mark.parametrize("case", range(len(CASES)))
def test_what_is_worked_out_by_hand_is_what_the_code_says(case: int) -> None:
    """Paths, costs, time and overhead: each number is the code's, and derived in words."""
    happened, measures = CASES[case]
    trace = trace_of(happened)
    analysis = Analysis(trace)
    found = analysis.critical_path
    names = {span.id: span.name for span in trace.spans}
    known: dict[str, Any] = {
        "span": {span.name: span for span in trace.spans}.get,
        "path": ", ".join(f"{one.span.name} {one.duration_ns}" for one in found.sections),
        "own": {names[one]: ns for one, ns in found.exclusive_ns.items()},
        "drag": {names[one]: ns for one, ns in found.drag_ns.items()},
        "costs": analysis.costs,
        "overhead": analysis.overhead,
        **analysis.lifetimes,
    }

    for row in measures.splitlines():
        measure, told = (cell.strip() for cell in row.strip("|").split(" | "))
        expected = eval(told.rpartition(" = ")[2].removeprefix("= "), {"split": split})
        assert eval(measure.strip("`"), known) == expected, (measure, told)


def test_each_measure_has_three_cases_or_more() -> None:
    """One could be right by chance."""
    for measure in ("`costs.", "`ada.split`", "`overhead."):
        assert sum(measure in measures for _, measures in CASES) == 3
    assert sum("`path`" in measures for _, measures in CASES) == 4


SECTIONS = (
    "Interaction graph", "Critical path", "Time and overhead", "Collaboration", "Objectives",
)  # fmt: skip


@pytest.mark.parametrize("section", SECTIONS)
def test_each_section_works_out_three_examples(section: str) -> None:
    """Each begins with its name in bold, and derives a number in its words."""
    text = PAGE.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    examples = re.split(r"^\*\*[^*]+\*\*", text, flags=re.MULTILINE)[1:]

    assert len(examples) >= 3
    assert all(re.search(r"\d", example) for example in examples)


PROSE = " ".join(PAGE.split()).replace("\N{MINUS SIGN}", "-")
"""The page without its line breaks, and with hyphens."""


def burned(count: int, bad: int, share: str) -> tuple[str, str]:
    """Whether an objective is kept, and what of its budget is spent, in the page's words."""
    failed = (Bad(trace="t", span=None, why="it failed"),) * bad
    objective = Objective.of(f"{share} of workflows succeed")
    found = Judged(objective=objective, count=count, bad=failed)
    assert found.burn is not None
    return ("kept" if found.holds else "missed"), f"{found.burn * 100:.0f} %"


def test_the_budgets_of_the_page_are_those_of_the_code() -> None:
    """One of 1,000 and two, and one of a hundred."""
    kept, burn = burned(1_000, 1, "99.9%")
    missed, twice = burned(1_000, 2, "99.9%")
    assert f"`99.9%` is {kept}, nothing is left, and the burn is 1/1 = {burn}." in PROSE
    assert f"With 2 it is {missed}, and the burn is {twice}." in PROSE

    missed, burn = burned(100, 1, "99.9%")
    assert f"It is {missed}, and the burn is 1/0.1 = {burn}." in PROSE
