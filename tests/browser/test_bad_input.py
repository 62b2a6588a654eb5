"""Bad input: whatever a trace holds, its page opens, stays bounded, and runs nothing of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agenttrace.model.agent import Agent
from agenttrace.model.call import Answer, Chunk, Failure
from agenttrace.model.span import Event, Link, Span, SpanKind, Status
from agenttrace.model.state import StateSnapshot
from agenttrace.model.trace import Trace
from agenttrace.report.html.page import page as made
from tests.fakes.campaign import times
from tests.fakes.chromium import Screen, until
from tests.fakes.hostile import ATTACKS
from tests.fakes.html_pages import alone, beside, wide

ROWS = ".body .row"
MADE = ":is(script, img, style, iframe, a, form)"
MORE_ATTACKS = (
    "</script><script>window.harmed = 1</script>",
    "<img src=x onerror='window.harmed = 1'>",
    "<svg onload=window.harmed=1>",
    "javascript:window.harmed=1",
    "url(https://example.com/a.png)",
    "__proto__",
    "constructor",
    "${window.harmed = 1}",
    "{{ harmed }}",
    "'; window.harmed = 1; //",
    "</style><style>* { background: url(https://example.com/b.png) }</style>",
)


def hostile(text: str) -> Trace:
    """A trace in which every text is one attack: names, keys, values, payloads."""
    kept = text.encode("utf-8", "replace").decode()
    pairs = {kept: kept, "__proto__": {kept: [kept]}}
    root = Span(id=f"{1:016x}", name=kept, kind=SpanKind.RUN, agent=kept, end_ns=10)
    answer = Answer(
        head={"status": kept},
        chunks=(Chunk(data=kept.encode()),),
        failure=Failure(type=kept, message=kept, causes=(kept,)),
    )
    call = Span(
        id=f"{2:016x}",
        parent=root.id,
        name=kept,
        kind=SpanKind.LLM,
        operation=kept,
        status=Status(code=kept, message=kept),
        agent=kept,
        task=kept,
        question={"messages": [{"role": kept, "parts": [{"type": "text", "content": kept}]}]},
        digest=b"d" * 16,
        answers=(answer,),
        attributes=pairs,
        events=(Event(name=kept, attributes=pairs),),
        links=(Link(span=root.id, relationship=kept, attributes=pairs),),
        mark=kept,
        site=kept,
        resource=pairs,
        end_ns=5,
    )
    return Trace(
        id="1" * 32,
        name=kept,
        spans=(root, call),
        agents=(Agent(id=kept, name=kept, type=kept),),
        snapshots=(
            StateSnapshot(agent=kept, position=(), lane=(), seq=0, goal=pairs, span=root.id),
        ),
        environment={kept: kept},
    )


def test_no_text_of_a_trace_becomes_anything_but_text(screen: Screen) -> None:
    """No attack runs, asks the network or makes an element, wherever in the trace it stands."""
    attacks = (*MORE_ATTACKS, *ATTACKS)
    page = screen.open(alone(*map(hostile, attacks)))
    for _ in attacks:
        page.keyboard.press("j")
        page.keyboard.press("j")
        page.evaluate("document.querySelectorAll('details').forEach((it) => { it.open = true; })")
        assert page.locator(f":is(.rows, .pane, header) {MADE}").count() == 0
        page.keyboard.press("]")
    assert page.evaluate("window.harmed") is None
    assert page.evaluate("({}).polluted") is None


def test_an_attack_is_shown_as_it_is_written(screen: Screen) -> None:
    """Markup is read as text, and what would hide or turn the text around is written out."""
    page = screen.open(alone(hostile("<b>\u202eevil</b>")))
    page.keyboard.press("End")
    assert "<b>\\u202eevil</b>" in page.inner_text(".pane h2")
    assert "<b>\\u202eevil</b>" in page.inner_text("h1")


def test_a_difference_of_attacks_is_text_as_well(screen: Screen) -> None:
    """Both sides, their places and what is marked in them."""
    page = screen.open(beside(hostile(MORE_ATTACKS[0]), hostile(MORE_ATTACKS[1])))
    for _ in range(4):
        page.keyboard.press("n")
    assert page.locator(".pane :is(script, img)").count() == 0
    assert page.evaluate("window.harmed") is None


def test_the_title_of_a_page_is_text() -> None:
    """The only text of a trace that stands in the page's own markup is escaped there."""
    html = made([], title="</title><script>window.harmed = 1</script>")
    assert "<script>window.harmed" not in html


def test_what_a_trace_lacks_does_not_keep_its_page_closed(screen: Screen) -> None:
    """One span, no times, no span at all, no run at all."""
    only = Trace(
        id="1" * 32, name="one", spans=(Span(id=f"{1:016x}", name="one", kind=SpanKind.TOOL),)
    )
    page = screen.open(alone(only, replace(only, spans=(), name="none")))
    assert page.locator(ROWS).count() == 1
    assert "at which step" in page.inner_text(".head")
    page.keyboard.press("]")
    assert page.locator(ROWS).count() == 0
    page.keyboard.press("j")
    empty = screen.open(made([], said="12 runs, nothing fails."))
    assert "nothing fails" in empty.inner_text("#page")


def test_a_prompt_of_five_megabytes_opens(screen: Screen) -> None:
    """A part of it is shown, and more when it is asked for."""
    prompt = "é <b>word</b> " * 385_000
    question = {"messages": [{"role": "user", "parts": [{"type": "text", "content": prompt}]}]}
    call = Span(
        id=f"{1:016x}",
        name="chat",
        kind=SpanKind.LLM,
        question=question,
        digest=b"d" * 16,
    )
    assert len(prompt.encode()) > 5_000_000
    page = screen.open(alone(Trace(id="1" * 32, name="long", spans=(call,))))
    page.keyboard.press("j")
    shown = "document.querySelector('.message pre').textContent.length"
    assert page.evaluate(shown) < 10_000
    page.click(".message .more")
    assert 100_000 < page.evaluate(shown) < 1_000_000


def test_bytes_that_are_no_text_are_shown_as_bytes(screen: Screen) -> None:
    """Their number, and the first of them."""
    call = Span(
        id=f"{1:016x}",
        name="picture",
        kind=SpanKind.HTTP,
        question={"body": bytes(range(256))},
        digest=b"d" * 16,
        answers=(Answer(chunks=(Chunk(data=b"\x89PNG\r\n\x1a\n\xff" * 100),)),),
    )
    page = screen.open(alone(Trace(id="1" * 32, name="bytes", spans=(call,))))
    page.keyboard.press("j")
    told = page.inner_text(".pane")
    assert "256 bytes" in told
    assert "900 bytes" in told
    assert "89 50 4e 47" in told


@pytest.mark.parametrize("spans", [10, times(5_000, 100_000)], ids=["ten", "many"])
def test_a_trace_of_any_length_opens_and_scrolls(screen: Screen, spans: int) -> None:
    """All its children below one parent: each can be reached, folded away, and searched for."""
    page = screen.open(alone(wide(spans)))
    page.keyboard.press("End")
    assert f"step {spans - 1}" in page.inner_text('.body .row[aria-selected="true"]')
    assert page.locator(ROWS).count() < 100
    page.fill("input[type=search]", f"step {spans - 1}")
    until(page, "document.querySelector('.count').textContent === '1 match'")
    page.keyboard.press("Escape")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowLeft")
    assert page.locator(ROWS).count() == 1
