"""The states of a team, step by step: the slider, the rows, and what each agent held to be true."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from agenttrace.analysis import Analysis
from agenttrace.model.agent import Agent
from agenttrace.model.lane import Join, Lane, Step, text_of
from agenttrace.model.span import OK, Span, SpanKind, Status
from agenttrace.model.state import StateSnapshot
from agenttrace.model.trace import Trace
from agenttrace.model.values import Value
from tests.fakes.campaign import times
from tests.fakes.causal_traces import ACTIONS, Play
from tests.fakes.chromium import Screen
from tests.fakes.html_pages import alone, beside

EXAMPLE = Path(__file__).parents[2] / (
    "examples/langgraph/golden/test_newsroom/test_two_reporters_work_at_once.trace"
)
CHOSEN = '.body .row[aria-selected="true"]'
CARDS = """
all => Object.fromEntries(all.map(it => [it.querySelector("h2").textContent, Object.fromEntries(
  [...it.querySelectorAll("dt")].map(key => [key.textContent, [...key.nextSibling.children].map(
    part => part.textContent)]))]))
"""
TEXTS = "all => all.map(it => it.textContent)"
VECTORS = """
() => {
  const Vectors = window.agenttrace.run.side.vectors.constructor;
  return window.agenttrace.entries.map(({ run: { side } }) => {
    const { snapshots, spans, pools } = side.golden;
    if (side.team.knows === null) return null;
    const vectors = new Vectors(side);
    return Object.fromEntries(Array.from({ length: side.rows }, (_, row) => [
      pools.text(spans.position(row)), [...vectors.at(row)].map(([agent, at]) => [
        agent, pools.text(snapshots.lane(at)), snapshots.seq(at)])]));
  });
}
"""


def told(*rows: tuple[str, Mapping[str, Value]]) -> Trace:
    """A run in which agents, each in a lane of its own, keep beliefs one after the other."""
    root = Span(id="f" * 16, name="run", kind=SpanKind.RUN, seq=0, end_seq=3, end_ns=99)
    people = list(dict.fromkeys(who for who, _ in rows))
    spans, shots = [], []
    for number, (who, beliefs) in enumerate(rows, 1):
        lane = (Step("task", who, 0),)
        spans.append(
            Span(
                id=f"{number:016x}",
                parent=root.id,
                name=f"thought {number}",
                kind=SpanKind.TOOL,
                agent=who,
                lane=lane,
                position=(*lane, Step("tool", "thought", number)),
                seq=2 * number,
                end_seq=2 * number + 1,
                start_ns=number,
                end_ns=number + 1,
                status=Status(code=OK),
            )
        )
        shots.append(
            StateSnapshot(
                agent=who,
                position=(*lane, Step("state", "snapshot", number)),
                lane=lane,
                seq=2 * number + 1,
                beliefs=dict(beliefs),
                span=spans[-1].id,
            )
        )
    lanes = [
        Lane(path=(Step("task", who, 0),), parent=(), spawn_seq=1, joins=(Join(by=(), seq=2),))
        for who in people
    ]
    return Trace(
        id="6" * 32,
        name="told",
        spans=(root, *spans),
        lanes=(Lane(path=()), *lanes),
        agents=tuple(Agent(id=who, name=who) for who in sorted(people)),
        snapshots=tuple(shots),
    )


DUE = told(
    ("ada", {"paid": 1, "due": 5}), ("ada", {"paid": 2, "due": 5}), ("bob", {"paid": 1, "due": 5})
)


def slide(page: Any, step: int) -> None:
    """Move the slider as a hand does: to a step, as an input."""
    page.fill(".scrubber", str(step))


def played(seed: int) -> Trace:
    """A program of chance in which agents keep states."""
    chance, play = random.Random(seed), Play()
    for _ in range(chance.randint(10, 40)):
        play.act(chance.choice(ACTIONS), chance.randint(0, 9), chance.randint(0, 9))
    return play.trace()


def test_each_span_has_the_vector_that_assertions_have(screen: Screen) -> None:
    """Whatever was spawned, joined, sent or linked, the page follows the same causes."""
    traces = [Analysis.of(EXAMPLE).trace, DUE, *map(played, range(times(60, 3000)))]
    page = screen.open(alone(*traces))
    page.click("#overlay-states")
    found = page.evaluate(VECTORS)
    compared = 0
    for trace, vectors in zip(traces, found, strict=True):
        analysis = Analysis(trace)
        assert (vectors is None) == (not trace.snapshots)
        for span in trace.spans if trace.snapshots else ():
            meant = [
                [agent, text_of(state.snapshot.lane), state.snapshot.seq]
                for agent, state in analysis.states_at(span).items()
            ]
            assert vectors[text_of(span.position)] == meant
            compared += len(meant)
    assert compared > len(traces)


def test_what_changed_at_a_step_is_marked_and_what_agents_do_not_agree_on(screen: Screen) -> None:
    """The step before is what a state is held against; a conflict names who believes otherwise."""
    page = screen.open(alone(DUE))
    page.click("#overlay-states")
    slide(page, 2)
    assert page.eval_on_selector_all(".state", CARDS) == {
        "ada": {"beliefs.due": ["5"], "beliefs.paid": ["2", "≠ was 1"]},
        "bob": {},
    }
    slide(page, 4)
    assert page.eval_on_selector_all(".state", CARDS) == {
        "ada": {
            "beliefs.due": ["5", "+ new here"],
            "beliefs.paid": ["2", "+ new here", "⚡ bob: 1"],
        },
        "bob": {"beliefs.due": ["5"], "beliefs.paid": ["1", "⚡ ada: 2"]},
    }


def test_the_slider_and_the_rows_follow_each_other(screen: Screen) -> None:
    """By mouse, by arrow keys, Home and End; the words of the step are read out."""
    page = screen.open(alone(DUE))
    page.click("#overlay-states")
    slider = page.locator(".scrubber")
    assert (slider.get_attribute("max"), slider.input_value()) == ("4", "4")
    page.click(".body .row >> text=thought 2")
    assert slider.input_value() == "2"
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert "thought 3" in page.inner_text(CHOSEN)
    assert slider.get_attribute("aria-valuetext") == (
        "Step 3 of 4: tool thought 3 of bob had ended. 1 state known, bob changed."
    )
    page.keyboard.press("Home")
    assert "thought 1" in page.inner_text(CHOSEN)
    page.keyboard.press("End")
    assert "run" in page.inner_text(CHOSEN)
    box = slider.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 3, box["y"] + box["height"] / 2)
    assert "thought 2" in page.inner_text(CHOSEN)
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    assert "thought 1" in page.inner_text(CHOSEN)


def test_beside_a_golden_the_slider_is_the_runs(screen: Screen) -> None:
    """What the run's agents knew is shown, as by every other overlay."""
    changed = told(*(("ada", {"paid": n}) for n in (1, 2, 9)))
    page = screen.open(beside(DUE, changed), at="view=waterfall")
    page.click("#overlay-states")
    slide(page, 3)
    assert page.eval_on_selector_all(".state", CARDS) == {"ada": {"beliefs.paid": ["9", "≠ was 2"]}}


def test_a_state_of_a_stranger_is_text(screen: Screen) -> None:
    """Names and values of agents are shown, and never parsed."""
    bad = "<img src=x onerror=alert(1)>"
    trace = told((bad, {bad: bad, "turned": "a\u202eb"}))
    page = screen.open(alone(replace(trace, name=bad)))
    page.click("#overlay-states")
    slide(page, 1)
    assert page.eval_on_selector_all(".state", CARDS) == {
        bad: {f"beliefs.{bad}": [bad, "+ new here"], "beliefs.turned": ["a\\u202eb", "+ new here"]}
    }
    assert page.locator("img").count() == 0


def test_a_run_without_states_has_no_slider(screen: Screen) -> None:
    """Nothing is claimed of a team that does not tell."""
    page = screen.open(alone(replace(DUE, snapshots=())))
    assert page.locator("#overlay-states").count() == 0


def test_many_agents_are_shown_in_part_and_it_says_so(screen: Screen) -> None:
    """Those that changed come first; the others are counted."""
    trace = told(*((f"agent {n:03}", {"n": n}) for n in range(100)))
    page = screen.open(alone(trace))
    page.click("#overlay-states")
    slide(page, 80)
    assert page.locator(".state").count() == 40
    assert page.inner_text(".state h2 >> nth=0") == "agent 079"
    assert page.inner_text(".cards > .aside").startswith("the first 40 of 100 agents")


def test_a_list_of_names_counts_one_other_as_one(screen: Screen) -> None:
    """`and 1 others` had been written of the last of four who believe otherwise."""
    for people, more in (("abcde", "and 1 other"), ("abcdef", "and 2 others")):
        trace = told(*((who, {"due": who}) for who in people))
        page = screen.open(alone(trace))
        page.click("#overlay-states")
        slide(page, len(trace.spans))
        (said, *_) = page.eval_on_selector_all(".sort-conflict", TEXTS)
        assert said.endswith(more), said
