"""A physician concludes from what the specialists found, and from nothing older."""

import asyncio

import pytest
from ward import hasty_round, ward_round

from agenttrace.errors import OrderBroken


def test_the_physician_reads_what_both_specialists_found(agent_trace):
    """Each reading was triggered by the writing of a specialist."""
    assert asyncio.run(ward_round("Ada")) == "treat low iron"

    readings = agent_trace.agent("physician").named("read ward").times(2)
    assert readings.triggered_by(name="write ward")
    assert agent_trace.spans(name="write ward").happens_before(readings)


def test_a_physician_who_does_not_wait_is_caught(agent_trace):
    """The conclusion is wrong without an error anywhere: nothing was on the board yet."""
    assert asyncio.run(hasty_round("Ada")) == "healthy"

    readings = agent_trace.agent("physician").named("read ward").times(2)
    with pytest.raises(OrderBroken, match="was not triggered by"):
        readings.triggered_by(name="write ward")
