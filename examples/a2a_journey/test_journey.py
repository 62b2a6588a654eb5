"""Whom the planner asks, and where it goes; in a replay there is no forecaster."""

import asyncio

from journey import plan


def test_the_planner_goes_where_the_sun_shines(agent_trace):
    """It asks for both cities at once, and each question gets its own answer."""
    assert asyncio.run(plan("Oslo", "Rome")) == "Rome"

    agent_trace.agent("forecaster").times(2)
    assert agent_trace.agent("forecaster").triggered_by(agent="planner")
    assert agent_trace.state("planner")["weather"] == {"Oslo": "rain, 7C", "Rome": "sun, 24C"}


def test_without_weather_nobody_goes_anywhere(agent_trace):
    """The forecaster's task fails; that is an answer, too."""
    assert asyncio.run(plan("Atlantis")) == "nowhere"
    assert agent_trace.state("planner")["weather"] == {"Atlantis": None}
