"""Access: for every eye and hand, at every width."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from agenttrace.analysis import Analysis
from tests.fakes.chromium import Screen, until
from tests.fakes.html_pages import alone, beside, with_span
from tests.fakes.refund_trace import refund_trace
from tests.fakes.told_teams import troubled

EXAMPLES = Path(__file__).parents[2] / "examples"
TEAMS = (
    "contract_net/golden/test_parcels/test_a_parcel_goes_to_the_cheapest_bid.trace",
    "langgraph/golden/test_newsroom/test_two_reporters_work_at_once.trace",
)

OVERLAYS = ".overlays button[aria-pressed='false']"
SHOWN, LAID = "all.map(it => it.dataset.view)", "all.map(it => it.id)"
WIDTHS = (360, 800, 1600)
LOST = """
() => {
  const shown = (it) => it.getClientRects().length && getComputedStyle(it).visibility !== "hidden";
  const lost = [];
  const inside = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > inside) lost.push("the page is wider than the window");
  for (const it of document.querySelectorAll("header *, .pane *, .rows, dialog *")) {
    if (!shown(it) || it.closest(".unseen") || it.closest("svg")) continue;
    const box = it.getBoundingClientRect();
    if (box.right > inside + 1 || box.left < -1) lost.push(`out: ${it.outerHTML.slice(0, 90)}`);
    const hides = getComputedStyle(it).overflowX === "hidden";
    if (hides && it.scrollWidth > it.clientWidth + 1) lost.push(it.outerHTML.slice(0, 90));
  }
  for (const it of document.querySelectorAll("#page *")) {
    if (shown(it) && it.textContent && parseFloat(getComputedStyle(it).fontSize) < 12) {
      lost.push(`small: ${it.outerHTML.slice(0, 90)}`);
    }
  }
  const numbers = ":is(.number, .took, .held, .times, .bytes, .tokens, .cost)";
  for (const cell of document.querySelectorAll(`.row > ${numbers}`)) {
    if (shown(cell) && cell.scrollWidth > cell.clientWidth + 1) lost.push(cell.textContent);
  }
  return lost;
}
"""


def teams() -> str:
    """A page of teams that have something to show in every view, the last one in trouble."""
    return alone(*(Analysis.of(EXAMPLES / it).trace for it in TEAMS), troubled())


def violations(page: Any) -> list[str]:
    """What axe finds: the rule, and where."""
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['html'][:120]}" for one in found for node in one["nodes"]]


def looks(page: Any) -> Iterator[str]:
    """Go through the runs of a page and their views, all laid over each, with a line chosen."""
    for run in (*TEAMS, "troubled"):
        for view in page.eval_on_selector_all(".tabs button", f"all => {SHOWN}"):
            page.click(f"[data-view='{view}']")
            for overlay in page.eval_on_selector_all(OVERLAYS, f"all => {LAID}"):
                page.click(f"#{overlay}")
            page.keyboard.press("Escape")
            page.keyboard.press("j")
            yield f"{run} {view}"
        page.keyboard.press("]")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing(screen: Screen, dark: bool) -> None:
    """Roles, names, contrast: no violation, alone, beside another, a span chosen, help open."""
    trace = refund_trace()
    run = with_span(trace, "look_up_order", question={"order": "A-18"}, digest=b"e" * 16)
    for html in (alone(trace), beside(trace, run)):
        page = screen.open(html, dark=dark)
        assert violations(page) == []
        for key in ("j", "j", "j"):
            page.keyboard.press(key)
        page.keyboard.press("n")
        page.evaluate("document.querySelectorAll('details').forEach((it) => { it.open = true; })")
        assert violations(page) == []
        page.keyboard.press("?")
        assert violations(page) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_cut_or_small_at_any_width(screen: Screen, width: int) -> None:
    """No text leaves the window or its box, and none is under 12 pixels."""
    trace = refund_trace()
    run = with_span(trace, "look_up_order", question={"order": "A-18"}, digest=b"e" * 16)
    for html in (alone(trace), beside(trace, run)):
        page = screen.open(html, width=width)
        assert page.evaluate(LOST) == []
        for _ in range(4):
            page.keyboard.press("j")
            assert page.evaluate(LOST) == []
        page.keyboard.press("?")
        assert page.evaluate(LOST) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_in_any_view_of_a_team(screen: Screen, dark: bool) -> None:
    """Each view of a run, and what can be laid over it, with something chosen."""
    page = screen.open(teams(), dark=dark)
    for look in looks(page):
        assert (look, violations(page)) == (look, [])


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_cut_or_small_in_any_view_of_a_team(screen: Screen, width: int) -> None:
    """Agents, overlays and lists have room at every width."""
    page = screen.open(teams(), width=width)
    for look in looks(page):
        assert (look, page.evaluate(LOST)) == (look, [])


def test_what_became_of_a_line_is_said_without_colour(screen: Screen) -> None:
    """Each line that differs has a sign, and a word for whoever hears the page."""
    trace = refund_trace()
    run = with_span(trace, "look_up_order", question={"order": "A-18"}, digest=b"e" * 16)
    page = screen.open(beside(trace, run))
    marked = page.locator(".is-changed")
    assert marked.count() == 1
    assert marked.locator(".sign").inner_text().split() == ["≠", "changed"]
    kinds = page.eval_on_selector_all(".body .kind", "all => all.map(it => it.textContent)")
    assert set(kinds) == {span.kind.value for span in trace.spans}


def test_the_journey_of_a_value_is_told_to_every_eye(screen: Screen) -> None:
    """Axe finds nothing in it in either theme, and nothing of it is cut off at any width."""
    page = screen.open(alone(refund_trace()))
    page.click(".body .row >> text=look_up_order")
    page.click(".pane .followable >> text=A-17 >> nth=0")
    until(page, "document.querySelector('.journey')?.dataset.state === 'told'")
    for _ in range(2):
        assert violations(page) == []
        page.keyboard.press("t")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(LOST) == []
