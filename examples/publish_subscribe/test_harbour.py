"""Whoever sails has heard every warning."""

import asyncio

import pytest
from harbour import GALES, harbour

from agenttrace.errors import SelectionFailed


def heard_all(agent_trace, name):
    """Assert that a listener received each warning that was published."""
    warnings = agent_trace.agent("station").named("publish *").times(2)
    heard = agent_trace.agent(name).named("receive *")
    return heard.times(len(warnings)).triggered_by(warnings)


def test_every_listener_hears_every_warning(agent_trace):
    """Two warnings, two listeners: four receptions, each triggered by a publication."""
    assert asyncio.run(harbour()) == ([38, 71], [38, 71])

    assert heard_all(agent_trace, "pilots")
    assert heard_all(agent_trace, "ferry")


def test_a_ferry_that_does_not_listen_to_hurricanes_is_caught(agent_trace):
    """The worse warning reached the pilots alone, and no error was raised."""
    assert asyncio.run(harbour(ferry_hears=(GALES,))) == ([38, 71], [38])

    assert heard_all(agent_trace, "pilots")
    with pytest.raises(SelectionFailed, match="once, not 2 times"):
        heard_all(agent_trace, "ferry")
