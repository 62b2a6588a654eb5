"""Views of a team of many: all of them open, step and scrub, and draw no more than can be read."""

from __future__ import annotations

from typing import Any

from tests.fakes.campaign import times
from tests.fakes.chromium import Screen, until
from tests.fakes.html_pages import alone
from tests.fakes.wide_teams import WORKERS, wide_team

SPANS = times(2_000, 100_000)
MOST_ELEMENTS = 4_000
VIEWS = ("graph", "costs", "delegations", "waterfall")
LAID = ("path", "states", "waiting", "failures")
CHOSEN = '.body .row[aria-selected="true"]'


def is_small(page: Any) -> bool:
    """Whether a page has no more elements than can be looked at."""
    return bool(page.evaluate(f"document.querySelectorAll('*').length < {MOST_ELEMENTS}"))


def test_every_view_of_many_spans_opens_steps_and_scrubs(screen: Screen) -> None:
    """Each view and all overlays at once: the page stays small, and says what it leaves out."""
    trace = wide_team(SPANS)
    page = screen.open(alone(trace))
    for view in VIEWS:
        page.click(f"[data-view='{view}']")
        page.keyboard.press("Escape")
        page.keyboard.press("End")
        assert (view, is_small(page), page.locator(CHOSEN).count()) == (view, True, 1)
    for overlay in LAID:
        page.click(f"#overlay-{overlay}")
        assert (overlay, is_small(page)) == (overlay, True)
    for step in (len(trace.spans) // 2, 1, len(trace.spans)):
        page.fill(".scrubber", str(step))
        assert f"Step {step:,} of".replace(",", "\u202f") in page.inner_text(".where")
    assert page.locator(".state").count() == 40
    assert page.inner_text(".cards > .aside").startswith(f"the first 40 of {WORKERS} agents")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    assert "origin" in page.inner_text(CHOSEN)
    page.fill("input[type=search]", f"task {WORKERS - 1} 1")
    until(page, "/^[1-9][^…]* matches$/.test(document.querySelector('.count').textContent)")
    page.keyboard.press("Enter")
    assert f"worker {WORKERS - 1}" in page.inner_text(CHOSEN)
