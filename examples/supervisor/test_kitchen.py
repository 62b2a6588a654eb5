"""Dishes are cooked in the order in which they were ordered."""

import asyncio

import pytest
from kitchen import serve

from agenttrace.errors import TeamStuck


def test_what_is_ordered_first_is_cooked_first(agent_trace):
    """There is time for four plates of five: the last one waits."""
    assert asyncio.run(serve("lunch for two")) == 1

    assert agent_trace.analysis.waiting.never_starves()
    kitchen = agent_trace.analysis.orchestration
    assert kitchen.succeed()
    assert kitchen.queue("pass").peak == 5
    assert [one.task for one in kitchen.queue("pass").waiting] == ["cake"]
    assert [one.worker for one in kitchen.assignments] == ["Mia", "Noah", "Mia", "Noah"]
    assert [one.goal for one in kitchen.decompositions] == ["lunch for two"]


def test_a_spike_on_which_the_newest_slip_is_on_top_is_caught(agent_trace):
    """As many dishes are cooked, and the soup never is."""
    assert asyncio.run(serve("lunch for two", slips=asyncio.LifoQueue)) == 1

    with pytest.raises(TeamStuck, match="soup: 4 overtook it"):
        agent_trace.analysis.waiting.never_starves()
