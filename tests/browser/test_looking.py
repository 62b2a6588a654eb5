"""Looking at one trace: rows, detail, search, links, keys, themes."""

from __future__ import annotations

from agenttrace.causal.nesting import nested
from tests.fakes.chromium import Screen, until
from tests.fakes.html_pages import alone, wide
from tests.fakes.refund_trace import refund_trace

ROWS = ".body .row"
CHOSEN = '.body .row[aria-selected="true"]'


def pane(page: object) -> str:
    """What the detail says."""
    return str(page.inner_text(".pane"))  # type: ignore[attr-defined]


def test_a_page_opens_with_every_span_in_the_order_of_reading(screen: Screen) -> None:
    """What `agenttrace show` lists is listed here, each under what it happened inside."""
    trace = refund_trace()
    page = screen.open(alone(trace))
    shown = page.eval_on_selector_all(
        ROWS, "rows => rows.map(row => [row.querySelector('.name').textContent, row.ariaLevel])"
    )
    assert shown == [[span.name, str(depth + 1)] for span, depth in nested(trace)]
    assert page.inner_text("h1") == trace.name
    assert "spans 6" in page.inner_text(".sums")


def test_a_call_is_counted_where_nobody_knows_what_was_asked(screen: Screen) -> None:
    """Tools of a system that keeps no content stood on the page beside `calls 0`."""
    page = screen.open(alone(wide(3)))
    assert "calls 3" in page.inner_text(".sums")


def test_a_span_tells_all_that_is_known_of_it(screen: Screen) -> None:
    """Its place, its prompt as messages, the answer, what it used, its events, its line of code."""
    page = screen.open(alone(refund_trace()))
    page.click(f"{ROWS} >> text=chat gpt-4o")
    told = pane(page)
    for part in (
        "agent:planner#0/llm:chat#0",
        "Prompt · 2 messages",
        "You are the planner of a refund desk",
        "I was charged twice for A-17.",
        "I found a double payment.",
        "812 in, 64 out",
        "$0.00267",
        "Event · planning at step 2",
        "refund.py:58",
    ):
        assert part in told
    page.click("text=as it came")
    until(page, "document.querySelector('.pane').innerText.includes('\"total_tokens\": 876')")


def test_causes_across_the_tree_are_listed_drawn_and_followed(screen: Screen) -> None:
    """A link is an arrow between two rows, and a button on both of them that leads to the other."""
    page = screen.open(alone(refund_trace()))
    page.click(f"{ROWS} >> text=pay")
    assert "Comes of" in pane(page)
    assert page.locator(".arrows .a-link").count() == 1
    page.click(".pane .edges .go >> nth=0")
    assert "Leads to" in pane(page)


def test_search_finds_names_at_once_and_payloads_after(screen: Screen) -> None:
    """What was said is found as well as what was called; n and p go from match to match."""
    page = screen.open(alone(refund_trace()))
    page.keyboard.press("/")
    page.keyboard.type("DOUBLE payment")
    until(page, "document.querySelector('.count').textContent === '1 match'")
    page.keyboard.press("Enter")
    assert "chat gpt-4o" in page.inner_text(CHOSEN)
    page.fill("input[type=search]", "tool")
    until(page, "/^\\d+ matches$/.test(document.querySelector('.count').textContent)")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    first = page.inner_text(CHOSEN)
    page.keyboard.press("n")
    assert page.inner_text(CHOSEN) != first
    page.keyboard.press("p")
    assert page.inner_text(CHOSEN) == first


def test_a_link_leads_to_its_span(screen: Screen) -> None:
    """The address names the chosen span; opened again, it is chosen. A number will do, too."""
    html = alone(refund_trace())
    page = screen.open(html)
    page.click(f"{ROWS} >> text=look_up_order")
    address = page.evaluate("location.hash")
    again = screen.open(html, at=address.removeprefix("#"))
    assert "look_up_order" in again.inner_text(CHOSEN)
    numbered = screen.open(html, at="span=1")
    assert numbered.locator(ROWS).nth(0).get_attribute("aria-selected") == "true"


def test_everything_is_reached_without_a_mouse(screen: Screen) -> None:
    """Rows are walked, folded and unfolded, the detail read, help shown and left, by keys alone."""
    page = screen.open(alone(refund_trace()))
    page.keyboard.press("j")
    assert page.locator(ROWS).nth(0).get_attribute("aria-selected") == "true"
    before = page.locator(ROWS).count()
    page.keyboard.press("c")
    assert page.locator(ROWS).count() < before
    page.keyboard.press("e")
    assert page.locator(ROWS).count() == before
    page.keyboard.press("End")
    last = page.inner_text(CHOSEN)
    page.keyboard.press("ArrowUp")
    assert page.inner_text(CHOSEN) != last
    page.keyboard.press("Home")
    page.keyboard.press("ArrowLeft")
    assert page.locator(ROWS).count() == 1
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.className") == "pane"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "treegrid"
    page.keyboard.press("?")
    assert page.is_visible("dialog")
    assert "the next difference" in page.inner_text("dialog")
    page.keyboard.press("Escape")
    assert not page.is_visible("dialog")


def test_tab_goes_through_the_page_in_the_order_of_reading(screen: Screen) -> None:
    """Tools, then rows, then the detail: focus follows the eye."""
    page = screen.open(alone(refund_trace()))
    page.evaluate("document.body.tabIndex = -1; document.body.focus()")
    seen = []
    for _ in range(12):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate(
                "(it => it.getAttribute('aria-label') || it.textContent)(document.activeElement)"
            )
        )
    assert seen == [
        "Waterfall",
        "Agents",
        "Costs",
        "Delegations",
        "search names and payloads",
        "light or dark (t)",
        "keys (?)",
        "◆ Critical path",
        "States",
        "✕ Failures",
        "Spans, each under the one that it happened inside",
        "detail",
    ]


def test_light_and_dark_follow_the_system_and_the_reader(screen: Screen) -> None:
    """The system's theme is the first one; t turns it."""
    ground = "getComputedStyle(document.body).backgroundColor"
    light, dark = screen.open(alone(refund_trace())), screen.open(alone(refund_trace()), dark=True)
    first = light.evaluate(ground), dark.evaluate(ground)
    assert first[0] != first[1]
    light.keyboard.press("t")
    dark.keyboard.press("t")
    assert (light.evaluate(ground), dark.evaluate(ground)) == first[::-1]


def test_only_rows_in_sight_have_elements_and_every_row_can_be_seen(screen: Screen) -> None:
    """A list of thousands costs a screenful, wherever one has scrolled."""
    page = screen.open(alone(wide(3_000)))
    assert page.locator(ROWS).count() < 100
    page.evaluate("document.querySelector('.rows').scrollTop = 1e9")
    page.wait_for_selector(f"{ROWS} >> text=step 2999")
    assert page.locator(ROWS).count() < 100
    page.keyboard.press("Home")
    assert "wide" in page.inner_text("h1")
    assert page.locator(ROWS).nth(0).is_visible()


def test_on_paper_there_is_every_row_and_no_button(screen: Screen) -> None:
    """What is printed is the trace; tools stay on the screen."""
    page = screen.open(alone(wide(300)))
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator(ROWS).count() == 301
    assert not page.is_visible(".tools")
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    until(page, "document.querySelectorAll('.body .row').length < 100")


def test_a_page_of_several_runs_goes_from_one_to_the_next(screen: Screen) -> None:
    """A run is picked from a list, or with the keys [ and ]."""
    page = screen.open(alone(refund_trace(), wide(3)))
    page.keyboard.press("]")
    assert page.inner_text("h1") == "wide"
    page.select_option("select", "0")
    assert page.inner_text("h1") == refund_trace().name


def test_a_notebook_shows_the_page_inside_its_frame(screen: Screen) -> None:
    """The frame has no origin, and cannot reach the notebook; the page in it works all the same."""
    output = refund_trace()._repr_html_()
    page = screen.open(f"<html data-state='open'><title>a notebook</title><body>{output}</body>")
    frame = page.frame_locator("iframe")
    frame.locator(ROWS).first.wait_for()
    frame.locator(f"{ROWS} >> text=chat gpt-4o").click()
    assert "I found a double payment." in frame.locator(".pane").inner_text()
    assert page.evaluate("document.querySelector('iframe').contentDocument") is None
