"""Who can never go on: agrees with looking at every group of agents."""

from __future__ import annotations

import random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from agenttrace.analysis.deadlock import Deadlock, Need, deadlocks, stuck
from tests.fakes.campaign import times
from tests.oracles import waiting as oracle

NAMES = tuple("abcdefg")
some = st.frozensets(st.sampled_from(NAMES), min_size=1, max_size=4)


def waits(modes: st.SearchStrategy[str], most: int = 2) -> st.SearchStrategy[dict[str, list[Need]]]:
    """Up to seven agents, each with up to so many waits."""
    need = st.builds(Need, modes, some)
    return st.dictionaries(st.sampled_from(NAMES), st.lists(need, max_size=most), max_size=7)


EXAMPLES = times(80, 2_000)


def told(needs: dict[str, list[Need]]) -> list[oracle.Wait]:
    """The same waits, as the oracle has them."""
    return [
        oracle.Wait(agent, tuple(sorted(need.agents)), need.mode, 0, "", holds=True)
        for agent, several in needs.items()
        for need in several
    ]


@settings(max_examples=EXAMPLES)
@given(needs=waits(st.sampled_from(["all", "any"])))
def test_who_is_stuck_is_whoever_is_in_a_group_that_holds_itself(
    needs: dict[str, list[Need]],
) -> None:
    """Waits for all, for any, several at once, for oneself, for somebody who does not wait."""
    assert sorted(stuck(needs)) == oracle.stuck(told(needs))


@settings(max_examples=EXAMPLES)
@given(needs=waits(st.sampled_from(["all", "any"])))
@example(
    needs={
        "a": [Need("all", frozenset("a"))],
        "b": [Need("any", frozenset("abc"))],
        "c": [Need("all", frozenset("abc"))],
    }
).via("of two who lead to each other only one holds itself")
def test_a_deadlock_is_a_largest_connected_group_that_holds_itself(
    needs: dict[str, list[Need]],
) -> None:
    """And there is one if and only if anybody is stuck."""
    found = deadlocks(needs)

    assert sorted((one.agents, one.kind) for one in found) == oracle.deadlocks(told(needs))
    assert bool(found) == bool(stuck(needs))


@settings(max_examples=EXAMPLES)
@given(needs=waits(st.just("all")))
def test_where_all_waits_are_for_all_a_deadlock_is_a_cycle(needs: dict[str, list[Need]]) -> None:
    """A wait that needs every one of several: a join, a gather."""
    found = deadlocks(needs)

    assert {agent for one in found for agent in one.agents} == oracle.on_cycles(told(needs))
    assert {one.kind for one in found} <= {"cycle"}


@settings(max_examples=EXAMPLES)
@given(needs=waits(st.just("any"), most=1))
def test_where_all_waits_are_for_any_a_deadlock_is_a_knot(needs: dict[str, list[Need]]) -> None:
    """A wait that needs one of several: a select, the first of many."""
    found = deadlocks(needs)

    assert {agent for one in found for agent in one.agents} == oracle.in_knots(told(needs))
    assert {one.kind for one in found} <= {"knot"}


def test_cycles_and_knots_differ_where_one_way_leads_out() -> None:
    """Of three who wait in a circle, one also waits for somebody who works."""
    circle = {"a": ["b", "free"], "b": ["c"], "c": ["a"]}

    for mode, found in (("all", [Deadlock(agents=("a", "b", "c"), kind="cycle")]), ("any", [])):
        needs = {agent: [Need(mode, frozenset(others))] for agent, others in circle.items()}
        assert list(deadlocks(needs)) == found


def test_ten_thousand_agents_in_one_circle_are_one_deadlock() -> None:
    """Nothing is recursive."""
    names = [f"agent {number:05}" for number in range(10_000)]
    random.Random(1).shuffle(names)
    needs = {agent: [Need("all", frozenset([names[n - 1]]))] for n, agent in enumerate(names)}

    (found,) = deadlocks(needs)

    assert found == Deadlock(agents=tuple(sorted(names)), kind="cycle")
