"""What the packer asks its weather office, and what it packs; in a replay there is no office."""

import asyncio

from packing import journey


def test_two_cities_are_packed_for_at_once(agent_trace):
    """Each packer gets its own city's weather, and reads no clothes before it knows the sky."""
    oslo, rome = asyncio.run(journey("Oslo", "Rome"))

    assert oslo == ["Pack this for Oslo:", "boots", "umbrella", "coat"]
    assert rome == ["Pack this for Rome:", "hat"]
    agent_trace.tool("forecast").times(2)
    agent_trace.tool("forecast").with_args(city="Oslo").once()
    in_oslo = agent_trace.tool("forecast").with_args(city="Oslo")
    assert in_oslo.happens_before(agent_trace.spans(name="resources/read clothes://rain"))


def test_a_city_without_weather_is_not_packed_for(agent_trace):
    """The tool's error is an answer, too."""
    assert asyncio.run(journey("Atlantis")) == [["nothing for Atlantis: nobody knows its weather"]]
    assert agent_trace.tool("forecast").once().spans[0].status.message == "tool_error"
