"""A parcel goes to a carrier that has bid for it."""

import asyncio

import pytest
from parcels import favourite, send

from agenttrace.errors import DelegationBroken


def test_a_parcel_goes_to_the_cheapest_bid(agent_trace):
    """All three are asked, one refuses, and the cheaper of the two others carries it."""
    assert asyncio.run(send("piano")) == "the van has brought the piano"

    placed = agent_trace.analysis.delegations
    assert placed.conform()
    assert placed.award_the_best()
    assert (placed.bids_per_task, placed.refusal_rate, placed.success_rate) == (2, 1 / 3, 1)


def test_a_shop_with_a_favourite_is_caught(agent_trace):
    """The bike refused the piano, and was told to carry it: it says that it has."""
    assert asyncio.run(send("piano", choose=favourite)) == "the bike has brought the piano"

    with pytest.raises(DelegationBroken, match="award-without-bid: piano, bike"):
        agent_trace.analysis.delegations.conform()
