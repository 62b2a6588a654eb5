"""The Collective State Vector: where agents agree, how two differ, whether a goal comes nearer."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import pytest

from agenttrace.analysis import Analysis
from agenttrace.analysis.vectors import Vector
from agenttrace.errors import NotRecorded, TeamFailed
from agenttrace.model.lane import Join, Lane, Step
from agenttrace.model.span import Span, SpanKind
from agenttrace.model.state import StateSnapshot
from agenttrace.model.trace import Trace
from tests.fakes.campaign import times
from tests.fakes.causal_traces import ACTIONS, Play
from tests.oracles.happens_before import Node, edges_of, reached_from

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "states.md"
TABLES = re.compile(
    r"^\| step \| who \| believes \|\n\|[-|]+\n((?:\|.*\n)+)\n"
    r"\| measure \| \|\n\|[-|]+\n((?:\|.*\n)+)",
    re.MULTILINE,
)
CASES = [(one[1], one[2]) for one in TABLES.finditer(PAGE.read_text("utf-8"))]


def kept(*rows: tuple[str, object]) -> Analysis:
    """A run whose agents keep what they believe, each in a lane of its own, awaited at its end."""
    paths = {who: (Step("task", who, 0),) for who, _ in rows}
    shots, seqs = [], dict.fromkeys(paths, 0)
    for who, beliefs in rows:
        seqs[who] += 1
        shots.append(
            StateSnapshot(
                agent=who,
                position=(*paths[who], Step("state", "snapshot", seqs[who])),
                lane=paths[who],
                seq=seqs[who],
                beliefs=beliefs,  # type: ignore[arg-type]
            )
        )
    lanes = [
        Lane(path=path, parent=(), spawn_seq=1, joins=(Join(by=(), seq=2),))
        for path in paths.values()
    ]
    run = Span(id="f" * 16, name="run", kind=SpanKind.RUN, end_seq=3)
    return Analysis(
        Trace(
            id="5" * 32, name="kept", spans=(run,), lanes=(Lane(path=()), *lanes),
            snapshots=tuple(shots),
        )
    )  # fmt: skip


@pytest.mark.parametrize("case", range(len(CASES)))
def test_what_is_worked_out_by_hand_is_what_the_code_says(case: int) -> None:
    """Each number of the page is asked of the code, and derived there in words."""
    happened, measures = CASES[case]
    rows = [[cell.strip() for cell in row.strip("|").split(" | ")] for row in happened.splitlines()]
    analysis = kept(*((who, eval(said.strip("`"))) for _, who, said in rows))
    known = {"analysis": analysis, "states": analysis.states}

    for row in measures.splitlines():
        measure, told = (cell.strip() for cell in row.strip("|").split(" | "))
        expected = eval(told.rpartition("= ")[2], {})
        assert eval(measure.strip("`"), known) == expected, (measure, told)


def test_there_are_three_cases() -> None:
    """One could be right by chance."""
    assert len(CASES) == 3


def test_who_believes_what_is_shown() -> None:
    """By key and agent; other keys can be left out of it."""
    states = kept(("ada", {"paid": 1, "due": 2}), ("bob", {"paid": 3, "due": 2})).states

    assert states.agree("due")
    with pytest.raises(TeamFailed, match="different things of paid") as caught:
        states.agree()
    assert "paid: ada 1" in str(caught.value)
    with pytest.raises(NotRecorded, match="of 'price'"):
        states.agree("price")
    with pytest.raises(NotRecorded):
        kept(("ada", {"paid": 1})).states.agree()


def test_beliefs_that_are_no_object_are_held_against_each_other_whole() -> None:
    """Under no key; who believes nothing takes no part."""
    states = kept(("ada", "sunny"), ("bob", "rainy"), ("cyd", None)).states

    assert states.conflicts == {"": {"ada": "sunny", "bob": "rainy"}}


def test_two_vectors_differ_agent_by_agent() -> None:
    """One who is there only once differs in everything."""
    before = kept(("ada", {"paid": 1}), ("bob", {"due": 1})).states
    after = kept(("ada", {"paid": 2}), ("bob", {"due": 1}), ("cyd", {"new": 1})).states

    assert before.unlike(before) == {}
    found = before.unlike(after)
    assert {*found} == {"ada", "cyd"}
    assert found["ada"] == ("- beliefs.paid = 1", "+ beliefs.paid = 2")


def test_a_team_that_falls_back_is_told_from_where_to_where() -> None:
    """What a goal is, a test says; without a state nobody knows."""
    found = kept(("ada", {"done": 2}), ("ada", {"done": 1})).progress(done)

    with pytest.raises(TeamFailed, match="fell back 1 times") as caught:
        found.never_regresses()
    assert "from 2 at" in str(caught.value)
    assert kept(("ada", {"done": 1}), ("ada", {"done": 2})).progress(done).never_regresses()
    with pytest.raises(NotRecorded, match="no state is kept"):
        kept().progress(done).never_regresses()
    assert kept().progress(done).end is None


def done(states: Vector) -> float:
    """How much is done, as the agents believe."""
    held: list[Any] = [state["beliefs"] for state in states.values()]
    return float(sum(one["done"] for one in held))


def test_vectors_and_regressions_are_those_that_brute_force_finds() -> None:
    """A cut holds what was known, agents' latest states; a fall is one between two that know."""
    fell = 0
    for seed in range(times(150, 3000)):
        chance = random.Random(seed)
        play = Play()
        for _ in range(chance.randint(5, 30)):
            play.act(chance.choice(ACTIONS), chance.randint(0, 9), chance.randint(0, 9))
        trace = play.trace()
        edges = edges_of(trace)
        shots: dict[Node, StateSnapshot] = {
            ("step", one.lane, one.seq): one for one in trace.snapshots
        }
        after = {at: {*reached_from(edges, at)} & {*shots} for at in shots}
        seen: list[dict[str, int]] = []

        def goal(states: Vector, seen: list[dict[str, int]] = seen) -> float:
            seen.append({who: int(str(state["goal"])) for who, state in states.items()})
            return sum(seen[-1].values()) % 7

        found = Analysis(trace).progress(goal)
        values: dict[Node, float] = {}
        for step, states in zip(found.steps, seen, strict=False):
            here: Node = ("step", step.snapshot.lane, step.snapshot.seq)
            values[here] = step.value
            past = [at for at in shots if here in after[at]]
            for who in {shots[at].agent for at in past}:
                of = [at for at in past if shots[at].agent == who]
                last = [at for at in of if after[at] & {*of} == {at}]
                assert states[who] in {shots[at].goal for at in last}, seed
            assert {*states} == {shots[at].agent for at in past}, seed
        falls = any(values[two] < values[one] for one in shots for two in after[one] if one != two)
        assert bool(found.regressions) == falls, seed
        fell += falls
    assert fell


def test_a_span_has_a_vector_of_its_past() -> None:
    """At the end of the run it is everybody's."""
    analysis = kept(("ada", {"a": 1}), ("bob", {"b": 1}))
    run = analysis.trace.spans[0]

    assert {*analysis.states_at(run)} == {*analysis.states} == {"ada", "bob"}
    assert analysis.states_at(run).cut == analysis.states.cut
