"""The delegations of a run, drawn in lanes: who turned to whom, and which rule was broken."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from agenttrace.analysis import Analysis
from agenttrace.analysis.delegation import Delegation
from agenttrace.model.trace import Trace
from tests.fakes.chromium import Screen, until
from tests.fakes.html_pages import alone, wide
from tests.fakes.told_teams import BREAKS, Row, conforming, net

EXAMPLES = Path(__file__).parents[2] / "examples"
FAVOURITE = EXAMPLES / (
    "contract_net/golden/test_parcels/test_a_shop_with_a_favourite_is_caught.trace"
)
NEWSROOM = EXAMPLES / "langgraph/golden/test_newsroom/test_two_reporters_work_at_once.trace"
CHOSEN = '.body .row[aria-selected="true"]'
OPEN = "[data-view='delegations']"
SAYS = {
    "announcement": "announces",
    "bid": "bids",
    "refusal": "refuses",
    "award": "awards",
    "rejection": "rejects",
    "execution": "works",
    "report": "reports",
    "cancel": "cancels",
}


def steps(page: Any) -> list[str]:
    """What is written at each step, as drawn."""
    found: list[str] = page.eval_on_selector_all(
        ".lanes .act", "all => all.map(it => it.textContent)"
    )
    return found


def meant(one: Delegation) -> list[str]:
    """The same as the analysis has it."""
    broken = {span.id for it in Analysis.of(FAVOURITE).delegations.violations for span in it.spans}
    said = {"announcement": one.task}
    return [
        f"{'✕ ' if act.span.id in broken else ''}{SAYS[act.phase]} "
        f"{said.get(act.phase, '') if act.bid is None else act.bid}{act.outcome or ''}"
        for act in one.dialogue.acts
    ]


def test_each_step_stands_between_its_parties_with_what_it_says(screen: Screen) -> None:
    """Bids with their values, outcomes, and the broken rule in words where it was broken."""
    analysis = Analysis.of(FAVOURITE)
    (one,) = analysis.delegations.rounds
    (broken,) = analysis.delegations.violations
    page = screen.open(alone(analysis.trace))
    page.click(OPEN)
    assert steps(page) == meant(one)
    parties = page.eval_on_selector_all(".party b", "all => all.map(it => it.textContent)")
    assert parties == ["shop", *dict.fromkeys(it.party for it in one.dialogue.acts[1:])]
    assert page.inner_text(".lanes > .wrong") == f"✕ {broken.why} ({broken.rule})"
    middle = "it => { const box = it.getBoundingClientRect(); return box.left + box.width / 2; }"
    heads = dict(
        zip(parties, page.eval_on_selector_all(".party", f"all => all.map({middle})"), strict=True)
    )
    for act, step in zip(one.dialogue.acts, page.query_selector_all(".step"), strict=True):
        box = step.bounding_box()
        if act.phase in ("bid", "refusal", "award", "rejection", "report"):
            assert abs(box["x"] - heads["shop"]) < 2
            assert abs(box["x"] + box["width"] - heads[act.party]) < 2


def test_a_step_leads_to_its_span_and_a_span_to_its_step(screen: Screen) -> None:
    """By mouse, by keys along what was broken, and from the waterfall, from inside a step too."""
    analysis = Analysis.of(FAVOURITE)
    page = screen.open(alone(analysis.trace))
    page.click(OPEN)
    page.click(".lanes .step >> text=works")
    assert "execution" in page.inner_text(CHOSEN)
    assert page.inner_text(".pane h2").endswith("execution piano")
    assert page.inner_text('.step[aria-pressed="true"]') == "works"
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    assert page.inner_text('.step[aria-pressed="true"]').startswith("✕ awards")
    page.click("[data-view='waterfall']")
    inside = next(it for it in analysis.trace.spans if it.name == "deliver")
    page.click(f".body .row >> text={inside.name}")
    page.click(OPEN)
    assert page.inner_text('.step[aria-pressed="true"]') == "works"


def test_a_handoff_is_drawn_as_its_one_bidder_case(screen: Screen) -> None:
    """Each has its own drawing, shown when its line is chosen."""
    page = screen.open(alone(Analysis.of(NEWSROOM).trace), at="view=delegations")
    assert steps(page) == ["hands over ", "works ", "reports done"]
    page.keyboard.press("Escape")
    page.keyboard.press("End")
    assert page.eval_on_selector_all(".party b", "all => all.map(it => it.textContent)") == [
        "editor",
        "writer",
    ]


def test_every_broken_rule_is_told_in_its_words(screen: Screen) -> None:
    """Twelve ways to break the rules, one run each."""
    traces: list[Trace] = []
    for break_it in BREAKS.values():
        kept = (conforming(random.Random(seed), "parcel") for seed in range(100))
        rows = next(spoilt for it in kept if (spoilt := break_it(it)))
        traces.append(net(rows))
    page = screen.open(alone(*traces), at="view=delegations")
    for trace in traces:
        found = Analysis(trace).delegations.violations
        told: list[str] = page.eval_on_selector_all(
            ".lanes > .wrong", "all => all.map(it => it.textContent)"
        )
        assert sorted(told) == sorted(f"✕ {one.why} ({one.rule})" for one in found)
        page.keyboard.press("]")
        page.click(OPEN)


def test_many_bidders_are_drawn_in_part_and_it_says_so(screen: Screen) -> None:
    """Who was awarded is among those that are drawn."""
    bidders = [f"bidder {n:02}" for n in range(30)]
    rows = [
        Row(task="parcel", phase="announcement", by="boss", at=1),
        *(Row(task="parcel", phase="bid", by=it, at=2 + n, bid=n) for n, it in enumerate(bidders)),
        Row(task="parcel", phase="award", by="boss", about="bidder 29", at=50),
    ]
    page = screen.open(alone(net(rows, complete=False)), at="view=delegations")
    named = page.eval_on_selector_all(".party b", "all => all.map(it => it.textContent)")
    assert named == ["boss", *bidders[:11], "bidder 29"]
    assert "12 of 30 bidders" in page.inner_text(".round > .aside")


def test_names_of_strangers_are_text(screen: Screen) -> None:
    """Tasks, bidders and bids are shown as they are."""
    bad = "<b onclick=alert(1)>"
    rows = [
        Row(task=bad, phase="announcement", by="boss", at=1),
        Row(task=bad, phase="bid", by=bad, at=2, bid=bad),
    ]
    page = screen.open(alone(net(rows, complete=False)), at="view=delegations")
    assert steps(page) == [f"announces {bad}", f"bids {bad}"]


def test_a_run_that_places_nothing_has_no_such_view(screen: Screen) -> None:
    """A view is there where there is something to see in it."""
    page = screen.open(alone(wide(3)))
    assert page.locator(OPEN).count() == 0


FITS = """(() => {
    const { clientHeight, scrollHeight } = document.querySelector('.placing');
    const list = document.querySelector('.rows').getBoundingClientRect();
    return [clientHeight === scrollHeight, list.bottom <= innerHeight, Math.round(list.height)];
})()"""


@pytest.mark.parametrize("dark", [False, True])
def test_a_drawing_is_whole_where_the_list_leaves_it_room(screen: Screen, *, dark: bool) -> None:
    """It was cut at half of the window while the other half was empty."""
    page = screen.open(alone(Analysis.of(FAVOURITE).trace), height=700, dark=dark)
    page.click(OPEN)
    until(page, f"{FITS}[0]")

    fits, is_in_sight, left = page.evaluate(FITS)
    assert (fits, is_in_sight) == (True, True)
    assert left > 60


def test_the_step_of_a_long_drawing_that_is_chosen_is_in_sight(screen: Screen) -> None:
    """In a low window the drawing has half, and goes to where the reader is; so back again."""
    page = screen.open(alone(Analysis.of(FAVOURITE).trace), height=420)
    page.click(OPEN)
    page.keyboard.press("Escape")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    for key in ("End", "Home"):
        page.keyboard.press(key)
        page.keyboard.press("ArrowDown" if key == "Home" else "End")
        until(page, IN_SIGHT)
    page.keyboard.press("End")
    until(page, "document.querySelector('.placing').scrollTop > 0")
    assert page.inner_text('.step[aria-pressed="true"]').startswith("reports")


IN_SIGHT = """(() => {
    const chosen = document.querySelector('.step[aria-pressed="true"]')?.getBoundingClientRect();
    const around = document.querySelector('.placing').getBoundingClientRect();
    return chosen && chosen.top >= around.top && chosen.bottom <= around.bottom;
})()"""
