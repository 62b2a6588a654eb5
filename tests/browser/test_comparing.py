"""Comparing: two traces beside one another, and what differs walked through from the keyboard."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from agenttrace.check.diff import diff
from agenttrace.formats import native
from agenttrace.model.lane import label_of
from agenttrace.model.span import Span
from agenttrace.model.values import digest
from tests.fakes.chromium import Screen
from tests.fakes.html_pages import beside, with_span, without_span
from tests.fakes.refund_trace import refund_trace

DESK = Path(
    "golden/tests/stories/test_refund_desk/test_the_refund_desk_does_what_its_golden_says.trace"
)
CHOSEN = '.body .row[aria-selected="true"]'
ASKED = {"order": "A-18"}


def changed() -> Any:
    """The refund, its order another one, a span gone and its payment dearer."""
    trace = refund_trace()
    chat = next(span for span in trace.spans if span.name == "chat gpt-4o")
    assert chat.usage is not None
    usage = dataclasses.replace(chat.usage, cost_usd=chat.usage.cost_usd * 2)  # type: ignore[operator]
    run = with_span(trace, "look_up_order", question=ASKED, digest=digest(ASKED))
    run = with_span(run, "chat gpt-4o", usage=usage)
    return trace, without_span(run, "pay")


def test_what_corresponds_stands_on_one_line(screen: Screen) -> None:
    """Each line has two partners, a sign for what became of them, and a word beside the sign."""
    golden, run = changed()
    page = screen.open(beside(golden, run))
    lines = page.eval_on_selector_all(
        ".body .row",
        """rows => rows.map(row => [row.querySelector('.unseen').textContent,
          ...[...row.querySelectorAll('.what')].map(
            cell => cell.querySelector('.name')?.textContent ?? null)])""",
    )
    assert ["changed", "look_up_order", "look_up_order"] in lines
    assert ["gone", "pay", None] in lines
    assert ["", "planner", "planner"] in lines
    assert {name for _, name, _ in lines} == {span.name for span in golden.spans}


def test_every_first_cause_is_walked_through(screen: Screen) -> None:
    """Keys n and p stop at each, round and round, and the count says where one is."""
    golden = native.read(DESK.read_bytes())
    asked = {"name": "another", "plan": "refund A-18"}
    run = with_span(golden, "second_opinion", question=asked, digest=digest(asked))
    causes = [one for one in diff(golden, run) if not one.cause]
    assert len(causes) == 2
    page = screen.open(beside(golden, run))
    assert page.inner_text(".count") == "2 causes"
    seen = []
    for key in ("n", "n", "n", "p"):
        page.keyboard.press(key)
        seen.append(page.locator(".difference").first.get_attribute("data-difference"))
        assert page.locator(CHOSEN).count() == 1
    first, second = (one.id for one in causes)
    assert seen == [first, second, first, second]
    assert page.inner_text(".count") == "2 of 2 causes"


def test_causes_of_one_name_are_told_apart_by_where_they_stand(screen: Screen) -> None:
    """Three workers with one prompt differ alike: the list says which line is whose."""
    golden = refund_trace()
    asked = [span for span in golden.spans if span.kind in ("llm", "tool")]
    run = golden
    for span in asked:
        run = with_span(run, span.name, question=ASKED, digest=digest(ASKED))
    causes = [one for one in diff(golden, run) if not one.cause]
    assert causes
    page = screen.open(beside(golden, run))
    told = page.locator(".causes li").all_inner_texts()
    assert len(told) == len(causes)
    for words, cause in zip(told, causes, strict=True):
        assert f" at {label_of(cause.place)}" in words


def test_a_mark_stays_where_a_name_has_no_room(screen: Screen) -> None:
    """At 360 pixels a name is cut, and the word that an answer was lent is whole."""
    golden = refund_trace()
    run = with_span(golden, "look_up_order", mark="lent")
    page = screen.open(beside(golden, run), width=360, height=740)
    cell = page.locator(".body .its:has(.mark)").first.bounding_box()
    mark = page.locator(".body .its .mark").first.bounding_box()
    name = page.locator(".body .its:has(.mark) .name").first
    assert name.evaluate("it => it.scrollWidth > it.clientWidth")
    assert mark["x"] + mark["width"] <= cell["x"] + cell["width"]


def test_a_difference_tells_its_class_its_place_and_both_sides(screen: Screen) -> None:
    """What differs inside a text is marked in both, as taken out and put in."""
    golden, run = changed()
    one = next(one for one in diff(golden, run) if one.kind == "tool_args")
    page = screen.open(beside(golden, run), at=f"difference={one.id}")
    told = page.inner_text(".difference >> nth=0")
    assert "tool_args changed" in told
    assert "planner/tool:look_up_order#0" in told
    assert page.inner_text(".difference del") == "17"
    assert page.inner_text(".difference ins") == "18"


def test_consequences_lead_to_their_cause_and_back(screen: Screen) -> None:
    """What follows from a cause is listed with it, and each of them says what it follows from."""
    golden, run = changed()
    found = diff(golden, run)
    follower = next(one for one in found if one.cause)
    page = screen.open(beside(golden, run), at=f"difference={follower.id}")
    assert "follows from" in page.inner_text(".difference >> nth=0")
    page.click(".difference >> nth=0 >> .go")
    assert page.locator(".difference").first.get_attribute("data-difference") == follower.cause


def test_what_it_costs_more_is_told(screen: Screen) -> None:
    """The sums of both sides stand in the head, and the difference on the line of the call."""
    page = screen.open(beside(*changed()))
    assert "$0.00267 → $0.00534" in page.inner_text(".sums")
    assert "+$0.00267" in page.inner_text(".body .row >> nth=2")


def test_two_equal_traces_say_so(screen: Screen) -> None:
    """Nothing is marked, and the page says that there is nothing."""
    page = screen.open(beside(refund_trace(), refund_trace()))
    assert "No difference" in page.inner_text(".pane")
    assert page.locator(".is-same").count() == page.locator(".body .row").count()


def test_the_new_run_alone_is_one_key_away(screen: Screen) -> None:
    """2 shows its waterfall, and the chosen span stays chosen."""
    golden, run = changed()
    page = screen.open(beside(golden, run))
    page.click(".body .row >> text=look_up_order >> nth=0")
    page.keyboard.press("2")
    assert page.get_attribute('[data-view="waterfall"]', "aria-pressed") == "true"
    assert "look_up_order" in page.inner_text(CHOSEN)
    names = page.eval_on_selector_all(".body .name", "all => all.map(it => it.textContent)")
    assert sorted(names) == sorted(it.name for it in run.spans)


def test_what_moved_stands_in_both_places(screen: Screen) -> None:
    """A span under another one is marked where it was and where it is."""
    golden = refund_trace()
    ids: dict[str, Span] = {span.name: span for span in golden.spans}
    run = with_span(golden, "look_up_order", parent=ids["chat gpt-4o"].id)
    moved = [one for one in diff(golden, run) if one.what == "moved"]
    page = screen.open(beside(golden, run))
    page.locator(".body .unseen").first.wait_for(state="attached")
    marks = page.eval_on_selector_all(".body .unseen", "all => all.map(it => it.textContent)")
    assert (len(moved) > 0) == ("moved" in marks)
    assert {"moved", "gone", "new", "changed"} & set(marks)
