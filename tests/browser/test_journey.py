"""The journey of a value on the page: what the analysis says, at a click or from the keys."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import pytest

from agenttrace.analysis.journey import Journey, journey, leaves
from agenttrace.causal.nesting import nested
from agenttrace.causal.sequence import in_causal_order
from agenttrace.explore.programs import Ask, played
from agenttrace.formats import native
from agenttrace.model.trace import Trace
from tests.fakes import campaign
from tests.fakes.causal_traces import ACTIONS, Play
from tests.fakes.chromium import Screen, until
from tests.fakes.desk import desk_trace
from tests.fakes.html_pages import alone
from tests.fakes.told_values import SAID, telling

EXAMPLES = Path(__file__).parents[2] / "examples"
ASKED = [it for it in SAID if isinstance(it, str | int | float) and it != 10**17]
RUNS, A_RUN = campaign.times(40, 1000), 12
ASK = """
async (asked) => {
  const all = [];
  for (const [run, place, value] of asked) {
    const { side } = window.agenttrace.entries[run].run;
    const found = await side.journey(side.order[place], value);
    const { text, here, cameFrom, wentTo, leftOff, whyNot } = found;
    const stops = (list) => list.map(({ row, where }) => [side.place[row], where]);
    all.push([text, here, stops(cameFrom), stops(wentTo), leftOff, whyNot]);
  }
  return all;
}
"""


def told(found: Journey, trace: Trace) -> list[Any]:
    """A journey of the analysis, in the words of the page."""
    places = {span.id: place for place, (span, _) in enumerate(nested(trace))}

    def stops(side: Any) -> list[Any]:
        return [[places[one.span.id], list(one.where)] for one in side]

    return [
        found.text, list(found.here), stops(found.came_from), stops(found.went_to), found.left_off,
        found.why_not,
    ]  # fmt: skip


def by_chance(seed: int) -> Trace:
    """A program of made-up lanes, whose spans and states tell each other things."""
    chance = random.Random(seed)
    play = Play()
    for _ in range(chance.randrange(5, 40)):
        play.act(chance.choice(ACTIONS), chance.randrange(6), chance.randrange(6))
    trace = telling(play.trace(), chance)
    return native.read(native.write(trace))


def asked_of(traces: list[Trace], chance: random.Random, values: list[Any]) -> list[list[Any]]:
    """Some journeys to ask for: the number of the run, the span's place, a value."""
    return [
        [run, chance.randrange(len(trace.spans)), chance.choice(values)]
        for run, trace in enumerate(traces)
        for _ in range(A_RUN)
        if trace.spans
    ]


def agreed(screen: Screen, traces: list[Trace], asked: list[list[Any]]) -> list[Journey]:
    """Ask the page and the analysis; what both say."""
    page = screen.open(alone(*traces))
    spans = [[span for span, _ in nested(trace)] for trace in traces]
    ours = [journey(traces[run], spans[run][place], value) for run, place, value in asked]
    theirs = page.evaluate(ASK, asked)
    for one, mine, its in zip(asked, ours, theirs, strict=True):
        assert its == told(mine, traces[one[0]]), (one, native.write(traces[one[0]]))
    return ours


def test_the_page_follows_a_value_as_the_analysis_does(screen: Screen) -> None:
    """Made-up programs of many lanes: the same spans, in the same places, for every value."""
    traces = [trace for seed in range(RUNS) if (trace := by_chance(seed)).spans]
    found = agreed(screen, traces, asked_of(traces, random.Random(1), ASKED))
    assert any(one.came_from for one in found)
    assert any(one.went_to for one in found)
    assert {one.why_not for one in found} == {"", "too short", "too common"}


def test_so_it_does_on_recorded_teams(screen: Screen) -> None:
    """Queues, turns and handoffs of real runs order what went before and after."""
    files = sorted(EXAMPLES.glob("*/golden/**/*.trace"))
    traces = [in_causal_order(native.read(it.read_bytes())) for it in files]
    asked = [
        [run, place, leaf]
        for run, trace in enumerate(traces)
        for place, (span, _) in enumerate(nested(trace))
        for leaf in [*leaves(span.question), *leaves(dict(span.attributes))][:A_RUN]
    ]
    found = agreed(screen, traces, asked)
    assert any(one.came_from for one in found)
    assert any(one.went_to for one in found)


@pytest.fixture(scope="module")
def refund() -> Trace:
    """A run of the refund desk."""
    return desk_trace()


def chosen(screen: Screen, refund: Trace, name: str) -> Any:
    """The page of the refund desk, the first span of a name chosen."""
    page = screen.open(alone(refund))
    page.click(f".body .row >> text=/^{name}$/ >> nth=0")
    return page


def panel(page: Any) -> str:
    """What a journey tells, once it is told."""
    until(page, "document.querySelector('.journey')?.dataset.state === 'told'")
    return "\n".join(
        filter(None, re.sub(r"[ \xa0]+", " ", page.inner_text(".journey")).splitlines())
    )


def test_a_click_on_an_argument_tells_where_it_came_from_and_went(
    screen: Screen, refund: Trace
) -> None:
    """The model named the order, and it was paid; each is a link, and there is a way back."""
    page = chosen(screen, refund, "look_up_order")
    page.click(".pane .followable >> text=A-17 >> nth=0")
    assert panel(page) == (
        "A-17 here in its answer, what it was asked\n"
        "Came from · 1\n#3 chat gpt-4o its answer\n"
        "Went on to · 2\n#6 pay what it was asked\n#7 pay what it was asked"
    )
    page.click(".journey .go >> text=#6 pay")
    assert page.inner_text(".pane h2").endswith("pay")
    page.click(".pane > .go >> text=back to #4")
    assert panel(page).startswith("A-17 here in its answer")


def test_the_keys_follow_a_value_as_well(screen: Screen, refund: Trace) -> None:
    """Enter on it tells its journey, and Enter on a stop goes there."""
    page = chosen(screen, refund, "look_up_order")
    page.focus(".pane .followable:has-text('A-17') >> nth=0")
    page.keyboard.press("Enter")
    panel(page)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.inner_text(".pane h2").endswith("chat gpt-4o")


def test_a_part_of_a_text_is_followed_when_it_is_selected(screen: Screen, refund: Trace) -> None:
    """Else the whole text is: what a prompt is made of is found, too."""
    page = chosen(screen, refund, "chat gpt-4o-mini")
    page.click(".pane .message .follow >> nth=0")
    assert "Came from · 1\n#4 look_up_order its answer" in panel(page)
    page.evaluate(
        "() => { const text = document.querySelector('.pane .message pre').firstChild;"
        " const at = text.data.indexOf('paid');"
        " getSelection().setBaseAndExtent(text, at, text, at + 10); }"
    )
    page.click(".pane .message .follow >> nth=0")
    assert panel(page).startswith("paid twice here in what it was asked")


def test_of_several_parts_one_is_asked_for_and_a_single_one_is_followed(screen: Screen) -> None:
    """A list of one thing is that thing."""
    bodies: list[Any] = [{"items": ["paid twice"]}, {"items": ["paid twice", "in the eu"]}]
    page = screen.open(alone(played([Ask(tool="pay", body=body) for body in bodies])))
    page.click(".body .row >> text=/^pay$/ >> nth=0")
    page.click(".pane .long .follow")
    assert panel(page).startswith("paid twice here in what it was asked")
    page.click(".body .row >> text=/^pay$/ >> nth=1")
    page.click(".pane .long .follow")
    assert "Which part of it?" in page.inner_text(".journey")


def test_what_is_too_short_to_be_followed_says_so(screen: Screen, refund: Trace) -> None:
    """It would be found all over, and no place would be where it came from."""
    page = chosen(screen, refund, "pay")
    page.click(".pane .followable >> text=/^5$/ >> nth=0")
    assert panel(page) == "5 is too short to be followed: it would turn up by accident."


def test_a_value_found_nowhere_says_so(screen: Screen, refund: Trace) -> None:
    """An agent made it up, or had it from its own code."""
    page = chosen(screen, refund, "chat gpt-4o")
    page.click(".pane .message .follow >> nth=0")
    told = panel(page)
    assert "Found nowhere before: no earlier answer, message or state holds it" in told
    assert "Found nowhere after" in told
