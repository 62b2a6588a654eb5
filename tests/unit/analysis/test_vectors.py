"""The Collective State Vector: where agents agree, how two differ, whether a goal comes nearer."""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agenttrace.analysis import Analysis
from agenttrace.analysis.states import State
from agenttrace.analysis.vectors import Vector
from agenttrace.errors import NotRecorded, TeamFailed, UsageError
from agenttrace.model.lane import Join, Lane, Step
from agenttrace.model.span import Link, Span, SpanKind
from agenttrace.model.state import CollectiveState, StateSnapshot
from agenttrace.model.trace import Trace
from agenttrace.model.values import Value
from tests.fakes.campaign import times
from tests.fakes.causal_traces import ACTIONS, Play
from tests.fakes.made_teams import a_team
from tests.oracles import knowing
from tests.oracles import states as oracle

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

    with pytest.raises(TeamFailed, match="fell back once") as caught:
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


def a_believing_team(seed: int) -> Trace:
    """A played program or a made team whose agents hold all sorts of things to be true."""
    chance = random.Random(seed)
    play = Play()
    for _ in range(chance.randint(5, 30)):
        play.act(chance.choice(ACTIONS), chance.randint(0, 9), chance.randint(0, 9))
    trace = play.trace() if seed % 2 else a_team(seed)
    shots = [
        replace(one, beliefs=_believed(chance), goal=chance.randint(0, 5))
        for one in trace.snapshots
    ]
    return replace(trace, snapshots=tuple(shots))


def _believed(chance: random.Random) -> Value:
    if chance.random() < 0.2:
        return chance.choice([None, "sun", "rain"])
    keys = chance.sample(["paid", "due", "left"], chance.randint(0, 3))
    return {key: chance.choice([1, 2, "x"]) for key in keys}


@pytest.mark.parametrize("said", [None, "2 of 3", float("nan"), [1]])
def test_a_goal_that_says_no_number_is_refused(said: object) -> None:
    """Texts are compared letter by letter, and nothing is less than nan: no fall was ever found."""
    analysis = Analysis(a_team(3, deeds=40))
    assert analysis.trace.snapshots

    with pytest.raises(UsageError, match=re.escape(f"the goal says {said!r} at ")):
        analysis.progress(lambda _: said)  # type: ignore[arg-type, return-value]


def test_vectors_are_those_that_the_page_defines() -> None:
    """Who knew what at a moment and at the end, the cut, agreement, conflict, what differs.

    A few spans are left out that a made program ended at the very step of a join, and linked to
    from the joined lane: so their end comes before their begin.
    """
    seen: Counter[str] = Counter()
    for seed in range(times(100, 3_000)):
        trace = a_believing_team(seed)
        analysis = Analysis(trace)
        spans = random.Random(seed).sample(trace.spans, min(3, len(trace.spans)))
        end = oracle.at_the_end(trace)
        vectors = [(analysis.states, end, knowing.last_steps(trace))]
        vectors += [
            (analysis.states_at(it), oracle.at(trace, it), oracle.cut_at(trace, it))
            for it in spans
            if not knowing.is_odd(trace, it)
        ]
        for found, told, cut in vectors:
            assert found.cut == cut, seed
            assert {who: state.get("beliefs") for who, state in found.items()} == {
                who: one.beliefs for who, one in told.items()
            }, seed
            assert found.beliefs == oracle.beliefs(told), seed
            assert {*found.agreed} == oracle.agreed(told), seed
            assert found.conflicts == oracle.conflicts(told), seed
            assert {*found.unlike(analysis.states)} == oracle.unlike(told, end), seed
            seen.update(agreed=len(found.agreed), conflicts=len(found.conflicts))
    assert min(seen["agreed"], seen["conflicts"]) > 0


def test_progress_is_that_which_the_page_defines() -> None:
    """The goal is asked of each vector; a fall is one between two snapshots of which one knows."""
    fell = 0
    for seed in range(times(100, 3_000)):
        trace = a_believing_team(seed)
        found = Analysis(trace).progress(lambda now: sum(map(_aim, now.values())) % 5)
        values, falls = oracle.regressions(
            trace, lambda now: sum(int(str(one.goal)) for one in now.values()) % 5
        )
        assert [one.value for one in found.steps] == values, seed
        after = [(two.snapshot.lane, two.snapshot.seq) for _, two in found.regressions]
        assert {*after} == falls, seed
        fell += len(falls)
    assert fell


def _aim(state: State) -> int:
    return int(str(state["goal"]))


def test_a_span_has_a_vector_of_its_past() -> None:
    """At the end of the run it is everybody's."""
    analysis = kept(("ada", {"a": 1}), ("bob", {"b": 1}))
    run = analysis.trace.spans[0]

    assert {*analysis.states_at(run)} == {*analysis.states} == {"ada", "bob"}
    assert analysis.states_at(run).cut == analysis.states.cut


def test_who_keeps_no_state_is_told_who_does() -> None:
    """The vector is a dict, and raises what a dict does; `in` and `get` are a dict's own."""
    states = kept(("boss", {"a": 1}), ("ann", {"b": 1})).states

    with pytest.raises(
        KeyError, match="no state of 'bos' is kept; nearest boss; there is ann, boss"
    ):
        states["bos"]
    assert (states.get("bos"), "bos" in states) == (None, False)
    with pytest.raises(KeyError, match="no state of 'bos' is kept; there is none"):
        Vector(CollectiveState(agents={}, cut={}))["bos"]


def test_a_link_to_what_stands_around_tells_nothing_of_the_future() -> None:
    """That had not ended; what it does later is not known inside it."""
    outer = Span(id="a" * 16, name="ada", kind=SpanKind.AGENT, seq=1, end_seq=9)
    inner = Span(
        id="b" * 16, name="bob", kind=SpanKind.AGENT, parent=outer.id, seq=2, end_seq=2,
        links=(Link(span=outer.id, relationship="handoff"),),
    )  # fmt: skip
    trace = Trace(id="5" * 32, name="inside", spans=(outer, inner), lanes=(Lane(path=()),))

    assert Analysis(trace).states_at(inner).cut == {(): 2}
