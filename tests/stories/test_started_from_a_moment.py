"""A run goes on from what its agents knew at a moment: it fails again, or is answered otherwise."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import agenttrace
from agenttrace.errors import (
    CutNotReached,
    NothingAsked,
    ReplayDiverged,
    StatesUnlike,
    TeamStuck,
    UsageError,
)
from agenttrace.model.span import SpanKind
from agenttrace.model.trace import Trace
from agenttrace.replay.incident import Wishes
from agenttrace.session.rerun import rerun
from agenttrace.session.starting import calls_of, cut_of, start_from
from tests.fakes.incidents import as_kept
from tests.fakes.sessions import Desk

EXAMPLES = Path(__file__).parents[2] / "examples"


def example(name: str) -> ModuleType:
    """The agents of an example, as they lie there."""
    path = next(EXAMPLES.glob(f"*/{name}.py"))
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def kept(folder: Path, program: Callable[[], object]) -> Trace:
    """What is kept of a run, whether or not it fails."""

    def whole() -> None:
        with contextlib.suppress(ValueError):
            program()

    desk = Desk(folder)
    desk.record(whole)
    assert desk.verdict is not None
    assert desk.verdict.trace is not None
    return desk.verdict.trace


def label(trace: Trace, tool: str, nth: int = 0) -> str:
    """What `agenttrace show` calls the nth call of a tool."""
    return [one.label for one in calls_of(trace).all if one.operation == tool][nth]


# -- a team of the examples, with its planted fault ------------------------------------------------
def lunch() -> object:
    """The kitchen serves an order, from a spike on which the newest slip is on top."""
    kitchen = example("kitchen")
    return asyncio.run(kitchen.serve("lunch for two", slips=asyncio.LifoQueue))


def test_a_kitchen_starves_a_dish_again_and_not_if_the_chef_is_answered_otherwise(
    tmp_path: Path,
) -> None:
    """From before the first slip: as it was the soup is never cooked; of four dishes all are."""
    trace = kept(tmp_path, lunch)
    start = start_from(trace, label(trace, "recipes"))

    again = start.replay(lunch)
    assert again.returned == 1
    with pytest.raises(TeamStuck, match="soup: 4 overtook it"):
        again.analysis.waiting.never_starves()

    otherwise = start.replay(
        lunch,
        override={label(trace, "recipes"): ["soup", "bread", "roast", "salad"]},
        stubs={"cook": "it is ready"},
    )
    assert otherwise.returned == 0
    assert otherwise.analysis.waiting.never_starves()


# -- a desk that keeps what it knows ---------------------------------------------------------------
@agenttrace.tool
def look_up(order: str) -> int:
    """What was paid too much for an order; of the second one the shop says what cannot be."""
    return {"A-1": 30, "A-2": -1, "B-1": 5}[order]


@agenttrace.tool
def refund(order: str, eur: int) -> str:
    """Pay it back."""
    if eur < 0:
        raise ValueError(f"{eur} cannot be paid back")
    return f"{eur} for {order}"


Memory = dict[str, Any]


def fresh() -> Memory:
    """What a clerk knows at first."""
    return {"goal": "pay back", "done": {}}


def clerk(name: str, orders: tuple[str, ...], memory: Memory) -> Memory:
    """Pay back what is not yet paid back."""
    with agenttrace.agent(name):
        agenttrace.snapshot(memory, every=1)
        for order in orders:
            if order not in memory["done"]:
                memory["done"][order] = refund(order, look_up(order))
    return memory


def desk() -> Memory:
    """The desk: one clerk, two orders; it fails at the second."""
    return clerk("clerk", ("A-1", "A-2"), fresh())


@pytest.fixture
def failed(tmp_path: Path) -> Trace:
    """A run of the desk that failed."""
    return kept(tmp_path, desk)


def test_it_fails_again_and_with_the_culprits_answer_overridden_it_does_not(failed: Trace) -> None:
    """The refund failed of what the shop had said; both runs begin where that is asked."""
    culprit = label(failed, "look_up", 1)
    start = start_from(failed, culprit)
    assert start.states == {"clerk": {"goal": "pay back", "done": {"A-1": "30 for A-1"}}}

    again = start.replay(desk)
    assert isinstance(again.raised, ValueError)
    assert [one.span.name for one in again.analysis.cascade.origins] == ["refund"]

    otherwise = start.replay(desk, override={culprit: 20}, stubs={"refund": "20 for A-2"})
    assert otherwise.raised is None
    assert otherwise.returned == {
        "goal": "pay back",
        "done": {"A-1": "30 for A-1", "A-2": "20 for A-2"},
    }
    assert otherwise.analysis.cascade.failures == ()


def test_a_stub_says_nothing_of_what_lies_before(failed: Trace) -> None:
    """The first refund is the incident's, though the stub is one of every refund."""
    start = start_from(failed, label(failed, "look_up", 1))

    became = start.replay(desk, override={label(failed, "look_up", 1): 1}, stubs={"refund": "else"})

    assert isinstance(became.returned, dict)
    assert became.returned["done"] == {"A-1": "30 for A-1", "A-2": "else"}


def test_code_begins_there_with_what_the_agents_knew(failed: Trace) -> None:
    """Nothing before is asked again; what the code is given is its own, and may be changed."""
    culprit = label(failed, "look_up", 1)
    start = start_from(failed, culprit)

    def rest(states: dict[str, Memory]) -> Memory:
        return clerk("clerk", ("A-1", "A-2"), states["clerk"])

    again = start.go_on(rest)
    assert isinstance(again.raised, ValueError)
    assert again.asked == 2

    otherwise = start.go_on(rest, override={culprit: 20}, stubs={"refund": "20 for A-2"})
    assert otherwise.returned == {
        "goal": "pay back",
        "done": {"A-1": "30 for A-1", "A-2": "20 for A-2"},
    }
    assert start.states["clerk"]["done"] == {"A-1": "30 for A-1"}


def test_code_that_begins_there_is_not_given_what_lies_before(failed: Trace) -> None:
    """An agent that asks its way from the beginning departs at its first question."""
    start = start_from(failed, label(failed, "look_up", 1))

    with pytest.raises(ReplayDiverged, match="departs from the incident at"):
        start.go_on(lambda _states: desk())


def test_the_last_good_moment_is_where_the_first_failure_was_asked_for(failed: Trace) -> None:
    """The failed refund; so its own answer can be another one."""
    start = start_from(failed)
    assert start.cut.at.label == label(failed, "refund", 1)

    became = start.replay(desk, override={start.cut.at.label: "-1 for A-2"})

    assert became.raised is None


def test_where_no_call_failed_the_last_one_that_led_there_is_meant(tmp_path: Path) -> None:
    """An agent told of an error itself; where it had asked nothing, there is no such moment."""

    def uneasy(*orders: str) -> None:
        with agenttrace.agent("clerk"):
            for order in orders:
                look_up(order)
            agenttrace.event("error", **{"exception.message": "this cannot be"})
        with agenttrace.agent("other"):
            look_up("B-1")

    trace = kept(tmp_path, lambda: uneasy("A-1", "A-2"))
    assert start_from(trace).cut.at.label == label(trace, "look_up", 1)

    trace = kept(tmp_path / "mute", uneasy)
    with pytest.raises(UsageError, match="no call comes before the first failure"):
        start_from(trace)


# -- what is refused -------------------------------------------------------------------------------
def test_another_state_is_told_by_agent_key_and_both_values(failed: Trace) -> None:
    """The desk of today has another goal, which no question shows."""

    def changed() -> Memory:
        return clerk("clerk", ("A-1", "A-2"), {**fresh(), "goal": "be done"})

    with pytest.raises(StatesUnlike, match="clerk knows other things than then") as error:
        start_from(failed, label(failed, "look_up", 1)).replay(changed)

    assert "clerk  - goal = 'pay back'" in str(error.value)
    assert "clerk  + goal = 'be done'" in str(error.value)
    assert error.value.facts["agents"] == {"clerk": ("- goal = 'pay back'", "+ goal = 'be done'")}


def test_an_agent_that_keeps_no_state_any_more_is_told(failed: Trace) -> None:
    """Each key that it kept is missing."""

    def silent() -> None:
        with agenttrace.agent("clerk"):
            refund("A-1", look_up("A-1"))
            look_up("A-2")

    with pytest.raises(StatesUnlike, match="clerk") as error:
        start_from(failed, label(failed, "look_up", 1)).replay(silent)

    assert "clerk  - goal = 'pay back'" in str(error.value)


@pytest.mark.parametrize("lend", [False, True], ids=["strict", "lenient"])
def test_what_departs_before_is_lent_nothing(failed: Trace, *, lend: bool) -> None:
    """A moment is what led to it: another question is told with both sides."""

    def changed() -> Memory:
        return clerk("clerk", ("B-1", "A-2"), fresh())

    with pytest.raises(ReplayDiverged) as error:
        start_from(failed, label(failed, "look_up", 1)).replay(changed, lend=lend)

    assert "'A-1'" in str(error.value)
    assert "'B-1'" in str(error.value)


def test_what_departs_after_is_lent_the_likeliest_answer_if_it_is_to_be(failed: Trace) -> None:
    """Another sum is asked for than then, and the incident's own failure is given for it."""
    culprit = label(failed, "look_up", 1)

    became = start_from(failed, culprit).replay(desk, override={culprit: 20}, lend=True)

    assert isinstance(became.raised, ValueError)
    assert [one.how for one in became.incident.served][-2:] == ["override", "lent"]


def test_a_run_that_came_there_another_way_is_told_what_it_left_out(failed: Trace) -> None:
    """Its clerk begins with what it knew, and never asks: that is for code that begins there."""

    def shorter() -> Memory:
        known = {"goal": "pay back", "done": {"A-1": "30 for A-1"}}
        return clerk("clerk", ("A-1", "A-2"), known)

    with pytest.raises(CutNotReached, match="without all that was asked before") as error:
        start_from(failed, label(failed, "look_up", 1)).replay(shorter)

    assert f"not asked {label(failed, 'look_up')} look_up" in str(error.value)
    assert f"not asked {label(failed, 'refund')} refund" in str(error.value)


def test_a_run_that_never_comes_there_is_told(failed: Trace) -> None:
    """One order fewer, and nothing is asked at the moment."""
    start = start_from(failed, label(failed, "look_up", 1))

    with pytest.raises(CutNotReached, match=r"it never came to .* look_up: it ended before"):
        start.replay(lambda: clerk("clerk", ("A-1",), fresh()))
    with pytest.raises(CutNotReached, match="it raised ValueError before"):
        start.replay(lambda: refund("A-1", look_up("A-1")) and int("x"))
    with pytest.raises(NothingAsked):
        start.go_on(lambda _states: None)
    broken = start.go_on(lambda states: states["nobody"])
    assert isinstance(broken.raised, KeyError)


def test_what_makes_no_moment_is_refused(failed: Trace, tmp_path: Path) -> None:
    """Each with what would."""
    with pytest.raises(UsageError, match="no call of the incident"):
        start_from(failed, "#99")
    with pytest.raises(UsageError, match="is part of the moment") as error:
        start_from(failed).replay(desk, override={label(failed, "look_up"): 1})
    assert f"--from '{label(failed, 'look_up')}'" in str(error.value)
    fine = kept(tmp_path / "fine", lambda: clerk("clerk", ("A-1",), fresh()))
    with pytest.raises(UsageError, match="nothing failed in this run"):
        start_from(fine)


@agenttrace.tool(live=True)
def ring(bell: str) -> str:
    """Ring a bell; a tool that runs in every replay."""
    return f"{bell} rings"


def test_a_tool_that_always_runs_counts_as_asked(tmp_path: Path) -> None:
    """It asks no incident; where it is not asked at all, it is missing like any other."""

    def rung() -> Memory:
        ring("door")
        return desk()

    trace = kept(tmp_path, rung)
    start = start_from(trace, label(trace, "look_up", 1))

    assert isinstance(start.replay(rung).raised, ValueError)
    with pytest.raises(CutNotReached) as error:
        start.replay(desk)
    assert f"not asked {label(trace, 'ring')} ring" in str(error.value)


# -- agents at once --------------------------------------------------------------------------------
async def both(first: tuple[str, ...] = ("A-1",)) -> None:
    """Two clerks at once; then one of them counts."""

    async def one(name: str, orders: tuple[str, ...]) -> None:
        clerk(name, orders, fresh())
        await asyncio.sleep(0)

    await asyncio.gather(one("ada", first), one("bob", ("A-1", "B-1")))
    clerk("ada", ("B-1",), {**fresh(), "round": 2})


def test_what_another_agent_does_meanwhile_is_no_part_of_a_moment(tmp_path: Path) -> None:
    """Ada may ask otherwise, if she is lent answers; bob's second question knows nothing of her."""
    trace = kept(tmp_path, lambda: asyncio.run(both()))
    bobs = [one.label for one in calls_of(trace).all if one.agent == "bob"]
    start = start_from(trace, bobs[2])
    assert set(start.states) == {"bob"}
    assert len(start.cut.before) == 2

    became = start.replay(lambda: asyncio.run(both(first=("B-1",))), lend=True)

    assert not became.incident.is_ahead
    assert became.incident.departures


def test_a_moment_after_both_knows_of_both(tmp_path: Path) -> None:
    """Who has waited for two agents knows what they knew, whichever was faster."""
    trace = kept(tmp_path, lambda: asyncio.run(both()))
    last = next(one for one in calls_of(trace).all if one.span.lane == ())

    start = start_from(trace, last.label)

    assert {name.partition("#")[0] for name in start.states} == {"ada", "bob"}
    assert len(start.cut.before) == len(start.calls.all) - 2
    assert start.replay(lambda: asyncio.run(both())).raised is None


TEAMS: dict[str, Callable[[], object]] = {
    "desk": desk,
    "both": lambda: asyncio.run(both()),
    "lunch": lunch,
    "ward": lambda: asyncio.run(example("ward").ward_round("Ada")),
    "parcels": lambda: asyncio.run(example("parcels").send("piano")),
    "harbour": lambda: asyncio.run(example("harbour").harbour()),
}


@pytest.mark.parametrize("team", TEAMS)
def test_unchanged_code_comes_to_every_moment_of_its_run_as_it_was(
    team: str, tmp_path: Path
) -> None:
    """From each call of it, it departs nowhere, and its trace is the whole run's."""
    trace = kept(tmp_path, TEAMS[team])
    calls = calls_of(trace)
    assert calls.all

    for one in calls.all:
        wishes = Wishes(start=cut_of(calls, one.label))
        became = rerun(calls, TEAMS[team], name="a run", wishes=wishes)
        assert became.stopped is None, one.label
        assert not became.incident.is_ahead
        assert not became.departed
        assert {span.id for span in became.trace.calls} == {span.id for span in trace.calls}


def test_a_trace_of_another_system_has_moments_without_states(failed: Trace) -> None:
    """What a backend keeps has no states: then the questions alone are held against it."""
    foreign = as_kept(failed)
    assert not foreign.snapshots
    culprit = label(foreign, "look_up", 1)
    start = start_from(foreign, culprit)
    assert start.states == {}
    assert [calls_of(foreign).all[place].span.kind for place in start.cut.before] == [
        SpanKind.TOOL,
        SpanKind.TOOL,
    ]

    assert isinstance(start.replay(desk).raised, ValueError)
    otherwise = start.replay(desk, override={culprit: 20}, stubs={"refund": "20 for A-2"})
    assert otherwise.raised is None
