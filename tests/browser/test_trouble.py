"""Trouble, laid over the rows: who waits for whom, what goes round, and how failures spread."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agenttrace.analysis import Analysis
from agenttrace.analysis.loops import RULES
from agenttrace.model.span import Status
from tests.fakes.chromium import Screen, drawn, until
from tests.fakes.html_pages import alone, wide
from tests.fakes.told_teams import Did, run_of, troubled

CHOSEN = '.body .row[aria-selected="true"]'
ENDED = "the run ended in it"
FAR = "3 hops deep, to payer, harmed 3 spans; it could be held before #8"
FINDINGS = "all => all.map(it => it.textContent.trim().replace(/\\s+/g, ' '))"


def findings(page: Any) -> list[str]:
    """What is said above the rows, finding by finding."""
    found: list[str] = page.eval_on_selector_all(".findings li", FINDINGS)
    return found


def noted(page: Any) -> list[list[str]]:
    """The rows of which something is noted: the number, and what."""
    drawn(page)
    found: list[list[str]] = page.eval_on_selector_all(
        ".body .row:has(.noted:not(:empty))",
        "all => all.map(it => ['.number', '.noted'].map(one => it.querySelector(one).textContent))",
    )
    return sorted(found, key=lambda it: int(it[0]))


def test_a_deadlock_its_victim_loops_and_starvation_are_named_with_their_spans(
    screen: Screen,
) -> None:
    """What `analysis.waiting` finds, in words, and each span of it a link."""
    trace = troubled()
    found = Analysis(trace).waiting
    page = screen.open(alone(trace))
    page.click("#overlay-waiting")
    assert findings(page) == [
        "✕ deadlock (cycle) a waits for b; b waits for a: #1 a #6 b",
        "✕ stuck c waits for a: #10 c",
        f"✕ fails buyer, 3 times ({RULES['fails']}); {ENDED}: #7 price #8 price #9 price",
        f"✕ repeats ada, 4 times ({RULES['repeats']}); {ENDED}: #2 look #3 look #4 look #5 look",
        "✕ starved soup in orders: 1 later task overtook it: #11 chef",
    ]
    said = noted(page)
    assert len(said) == sum(
        len(spans)
        for spans in (
            found.waits,
            *(one.spans for one in found.loops),
            *(one.spans for one in found.starved),
        )
    )
    assert said[0] == ["1", "✕ deadlock"]
    assert said[1] == ["2", "↻ repeats 1/4"]


def test_who_waits_is_shown_by_arrows_and_steps_go_along(screen: Screen) -> None:
    """The circle is drawn before anything is chosen; n goes from one finding to the next."""
    page = screen.open(alone(troubled()))
    page.click("#overlay-waiting")
    until(page, "document.querySelectorAll('.a-wait').length === 3")
    page.click(".findings >> text=#10 c")
    until(page, "document.querySelectorAll('.a-wait').length === 1")
    assert page.inner_text(".pane h2").endswith("c")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    assert "deadlock" in page.inner_text(CHOSEN)
    assert page.inner_text(".count") == "1 of 11 steps"


def test_failures_are_told_from_where_they_began_to_whom_they_reached(screen: Screen) -> None:
    """Origins first, what followed, and before which span it could be held."""
    trace = troubled()
    found = Analysis(trace).cascade
    page = screen.open(alone(trace))
    page.click("#overlay-failures")
    assert [it.contained for it in found.spreads] == [True, False]
    assert findings(page) == [
        f"✕ spread buyer: status: ERROR; {FAR}: #7 price #8 price #9 price #13 pay",
        "▽ contained ada: repeated: the same question for time 3 of 4; 1 hop deep: #4 look",
    ]
    assert noted(page) == [
        ["4", "▽ origin"],
        ["5", "▽ after 1 hop"],
        ["7", "✕ origin"],
        ["8", "✕ after 1 hop"],
        ["9", "✕ after 2 hops"],
        ["13", "✕ after 3 hops"],
    ]
    page.click(".body .row >> text=pay")
    until(page, "document.querySelectorAll('.a-failure').length === 3")


def test_overlays_lie_beside_one_another(screen: Screen) -> None:
    """Each has its own column and words; n goes through the one that was laid on last."""
    page = screen.open(alone(troubled()))
    page.click("#overlay-waiting")
    page.click("#overlay-failures")
    assert page.locator(".found").count() == 2
    assert page.inner_text(".count") == "6 steps"
    page.click("#overlay-failures")
    assert page.inner_text(".count") == "11 steps"


def test_many_findings_are_shown_in_part_and_it_says_so(screen: Screen) -> None:
    """A thousand failures are not a thousand lines."""
    trace = wide(1000)
    failed = (replace(it, status=Status(code="ERROR")) for it in trace.spans[1:])
    apart = (replace(it, parent=None) for it in failed)
    run = run_of(*(Did(f"ask {n}", "!no", f"agent {n}") for n in range(100)))
    page = screen.open(alone(run, replace(trace, spans=(trace.spans[0], *apart))))
    page.click("#overlay-failures")
    assert len(findings(page)) == 51
    assert findings(page)[-1] == "the first 50 of 100"
    page.keyboard.press("]")
    assert "and 988 more" in findings(page)[0]


@pytest.mark.parametrize("overlay", ["waiting", "failures"])
def test_where_nothing_is_wrong_there_is_no_overlay(screen: Screen, overlay: str) -> None:
    """An overlay is there where it has something to show."""
    page = screen.open(alone(wide(3)))
    assert page.locator(f"#overlay-{overlay}").count() == 0
