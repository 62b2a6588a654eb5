"""The views of a team: who led whom to something, and what kept the run from ending."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agenttrace.analysis import Analysis
from agenttrace.analysis.costs import Cost
from agenttrace.model.span import SpanKind
from agenttrace.model.trace import Trace
from agenttrace.model.usage import Usage
from tests.fakes.chromium import Screen, until
from tests.fakes.html_pages import alone, beside, wide, with_span
from tests.fakes.made_teams import a_team

PARCELS = Path(__file__).parents[2] / (
    "examples/contract_net/golden/test_parcels/test_a_parcel_goes_to_the_cheapest_bid.trace"
)
DESK = Path(__file__).parents[2] / (
    "examples/openai_agents/golden/test_desk/test_a_customer_who_paid_twice.trace"
)
ROWS = ".body .row"
CHOSEN = '.body .row[aria-selected="true"]'
NODES = ".graph .node"


def crowd(agents: int) -> Trace:
    """A run in which so many workers of five types each do one thing."""
    trace = wide(agents)
    root, *spans = trace.spans
    return replace(
        trace,
        spans=(
            replace(root, agent="lead"),
            *(
                replace(it, agent=f"{'abcde'[n % 5]}-worker-{n}", kind=SpanKind.AGENT)
                for n, it in enumerate(spans)
            ),
        ),
    )


def test_the_graph_has_every_agent_and_each_channel_with_its_numbers(screen: Screen) -> None:
    """It is drawn as the analysis has it; the list beneath says the same in words and numbers."""
    analysis = Analysis.of(PARCELS)
    page = screen.open(alone(analysis.trace), at="view=graph")
    named = page.eval_on_selector_all(f"{NODES} b", "all => all.map(it => it.textContent)")
    assert sorted(named) == list(analysis.graph.nodes)
    ways = {(one.source, one.target) for one in analysis.graph.channels}
    assert page.locator(".graph .way").count() == len(ways)
    listed = page.eval_on_selector_all(
        f"{ROWS}[aria-level='2']",
        "all => all.map(it => [...it.querySelectorAll('.name, .by, .times')]"
        ".map(cell => cell.textContent))",
    )
    assert sorted(listed) == sorted(
        [f"→ {one.target}", one.kind, str(one.count)] for one in analysis.graph.channels
    )


def test_the_graph_goes_in_step_with_the_waterfall(screen: Screen) -> None:
    """What was chosen, or found by a search, in the one view is chosen in the other."""
    page = screen.open(alone(Analysis.of(PARCELS).trace))
    page.click(f"{ROWS} >> text=bike")
    page.keyboard.press("2")
    assert "bike" in page.inner_text(CHOSEN)
    page.fill("input[type=search]", "plane")
    until(page, "/^[1-9]\\d* match/.test(document.querySelector('.count').textContent)")
    page.keyboard.press("Enter")
    assert "plane" in page.inner_text(CHOSEN)
    page.click(f"{NODES} >> text=shop")
    assert page.inner_text(CHOSEN).startswith("▾\nshop")
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    assert "shop" in page.inner_text(CHOSEN)


def test_keys_walk_through_every_line_of_the_graph(screen: Screen) -> None:
    """Two lines may lead to one span: the one that was walked to stays, and so does its agent."""
    page = screen.open(alone(Analysis.of(PARCELS).trace), at="view=graph")
    for place in range(page.locator(ROWS).count()):
        page.keyboard.press("j")
        assert page.locator(ROWS).nth(place).get_attribute("aria-selected") == "true"
        assert page.locator(f"{NODES}[aria-pressed='true']").count() == 1


def test_a_crowd_is_drawn_as_groups_and_listed_one_by_one(screen: Screen) -> None:
    """Ten thousand agents are six boxes, and each of them is a line."""
    page = screen.open(alone(crowd(10_000)), at="view=graph")
    named = page.eval_on_selector_all(NODES, "all => all.map(it => it.innerText.split('\\n'))")
    assert named[0] == ["lead", "1 span"]
    assert sorted(named[1:]) == [[f"{it}-worker", "2\u202f000 agents"] for it in "abcde"]
    assert page.get_attribute(".rows", "aria-rowcount") == "10002"


def test_a_run_in_which_nobody_leads_anybody_has_no_graph(screen: Screen) -> None:
    """A view is there where there is something to see in it."""
    page = screen.open(alone(wide(3)))
    assert page.locator("[data-view='graph']").count() == 0


def test_the_critical_path_is_laid_over_the_waterfall(screen: Screen) -> None:
    """Each span on it says for how long it is; n and p go along it, and nothing else is marked."""
    analysis = Analysis.of(PARCELS)
    page = screen.open(alone(analysis.trace))
    assert page.locator(".held").count() == 0
    page.click("#overlay-path")
    on_it = len(analysis.critical_path.exclusive_ns)
    marked = page.locator(f"{ROWS} .held:not(:empty)")
    until(page, "document.querySelectorAll('.onpath').length > 0")
    assert marked.count() == on_it < len(analysis.trace.spans)
    assert page.locator(".onpath").count() == len(analysis.critical_path.sections)
    assert page.inner_text(".count") == f"{on_it} steps"
    most = analysis.critical_path.agents[0]
    assert f"{most.agent or 'no agent'} " in page.inner_text(".overlays")
    page.keyboard.press("Escape")
    for _ in range(on_it):
        page.keyboard.press("n")
        assert "◆" in page.inner_text(CHOSEN)
    page.click("#overlay-path")
    assert page.locator(".held").count() == 0


def test_beside_a_golden_both_views_tell_of_the_run(screen: Screen) -> None:
    """A chosen line leads to both sides of its span."""
    trace = Analysis.of(PARCELS).trace
    run = with_span(trace, "bike", task="tandem")
    page = screen.open(beside(trace, run), at="view=graph")
    page.click(f"{ROWS}:has-text('subagent') >> nth=0")
    assert "tandem" in page.inner_text(".pane")
    page.click("[data-view='waterfall']")
    page.click("#overlay-path")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    assert "◆" in page.inner_text(CHOSEN)


def modelled(part: Cost) -> list[str]:
    """The tokens and dollars of models as the page writes them: with three digits that count."""
    if not part.llm_calls:
        return ["", ""]
    assert part.tokens is not None
    assert part.usd is not None
    digits = 2 - part.usd.adjusted()
    return [str(part.tokens.total), f"${round(float(part.usd), digits):.{digits}f}".rstrip("0")]


def test_costs_are_those_of_the_analysis_by_agent_model_and_tool(screen: Screen) -> None:
    """Every part with its calls, tokens and dollars; of a tool without a model there are none."""
    analysis = Analysis.of(DESK)
    page = screen.open(alone(analysis.trace), at="view=costs")
    told = page.eval_on_selector_all(
        f"{ROWS}[aria-level='2']",
        "all => all.map(it => [...it.querySelectorAll('.name, .times, .tokens, .cost')]"
        ".map(cell => cell.textContent))",
    )
    nobody = {"agent": "by no agent", "model": "by a model without a name", "tool": "in no tool"}
    meant = [
        [nobody[what] if name is None else name, str(len(part.spans)), *modelled(part)]
        for what in ("agent", "model", "tool")
        for name, part in analysis.costs.by(what).items()
    ]
    assert sorted(told) == sorted(meant)


def test_costs_lead_to_each_call_and_stay_in_step(screen: Screen) -> None:
    """A part unfolds into its calls; a call that is chosen elsewhere is chosen here."""
    page = screen.open(alone(Analysis.of(DESK).trace), at="view=costs")
    page.keyboard.press("e")
    places = page.locator(ROWS).count()
    for place in range(places):
        page.keyboard.press("j")
        assert page.locator(ROWS).nth(place).get_attribute("aria-selected") == "true"
    page.click("[data-view='waterfall']")
    page.click(f"{ROWS} >> text=look_up_order")
    page.click("[data-view='costs']")
    assert "look_up_order" in page.inner_text(CHOSEN)


def test_a_cost_that_is_not_known_says_why(screen: Screen) -> None:
    """A model without a price has a dash, and the reason for whoever asks."""
    trace = Analysis.of(DESK).trace
    spans = tuple(
        replace(it, usage=Usage(models={"nobodys-model": it.usage.tokens})) if it.usage else it
        for it in trace.spans
        if it.id != trace.spans[-1].id
    )
    kept = trace.spans[-1]
    page = screen.open(alone(replace(trace, spans=(*spans, kept))), at="view=costs")
    part = page.locator(f"{ROWS}:has(.name:text-is('nobodys-model'))")
    assert part.locator(".cost").inner_text() == "\u2013"
    assert "nobodys-model" in str(part.locator(".cost").get_attribute("title"))


COLLISIONS = """(() => {
    const all = [...document.querySelectorAll('.told')];
    const boxes = all.map((it) => it.getBoundingClientRect());
    const meet = (a, b) => a.left < b.right && b.left < a.right
        && a.top < b.bottom - 2 && b.top < a.bottom - 2;
    return boxes.flatMap((a, n) => boxes.slice(n + 1).filter((b) => meet(a, b))).length;
})()"""
LOWEST = """[...document.querySelectorAll('.way')].map((way) => {
    const box = way.getBBox();
    return `${Math.round(box.x)} ${Math.round(box.y + box.height)} ${Math.round(box.width)}`;
})"""


@pytest.mark.parametrize(("seed", "dark"), [(3, False), (5, True)])
def test_no_count_of_an_arrow_lies_on_another(screen: Screen, seed: int, *, dark: bool) -> None:
    """Of two agents that lead each other the counts lay on one another, and so did the arrows."""
    trace = a_team(seed, deeds=60)
    ways = {(it.source, it.target) for it in Analysis(trace).graph.channels}
    assert any((target, source) in ways for source, target in ways)
    page = screen.open(alone(trace), at="view=graph", dark=dark)
    for agent in range(page.locator(NODES).count()):
        page.locator(NODES).nth(agent).click()
        assert page.locator(".told").count() == page.locator(".way").count()
        assert page.evaluate(COLLISIONS) == 0
    drawn = page.evaluate(LOWEST)
    assert len(set(drawn)) == len(drawn)
