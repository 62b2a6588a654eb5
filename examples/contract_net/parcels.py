"""Contract net: a shop announces a parcel, carriers bid or refuse, and one of them carries it."""

import asyncio

import agenttrace

CARRIERS = ("bike", "van", "plane")


@agenttrace.tool
async def price(carrier: str, parcel: str) -> int | None:
    """Ask a carrier's office what it takes; None: it does not carry such a thing."""
    await asyncio.sleep(0)
    return {
        ("bike", "letter"): 4,
        ("van", "letter"): 7,
        ("van", "piano"): 90,
        ("plane", "piano"): 140,
    }.get((carrier, parcel))


@agenttrace.tool
async def deliver(carrier: str, parcel: str) -> str:
    """Carry it."""
    await asyncio.sleep(0)
    return f"the {carrier} has brought the {parcel}"


async def bid(carrier, parcel):
    """Bid what the office says, or refuse."""
    with agenttrace.agent(carrier, type="carrier"):
        cost = await price(carrier, parcel)
        if cost is None:
            agenttrace.delegation(parcel, phase="refusal")
        else:
            agenttrace.delegation(parcel, phase="bid", bid=cost)
        return cost


async def carry(carrier, parcel):
    """Carry it, and report."""
    with agenttrace.agent(carrier, type="carrier"):
        with agenttrace.delegation(parcel, phase="execution"):
            receipt = await deliver(carrier, parcel)
        agenttrace.delegation(parcel, phase="report", outcome="done")
        return receipt


def cheapest(bids):
    """Choose whoever asks least."""
    return min(bids, key=bids.__getitem__)


def favourite(bids):  # noqa: ARG001 - that is the fault
    """The planted fault: choose the bike, whoever bids."""
    return "bike"


async def send(parcel, choose=cheapest):
    """Place a parcel with a carrier."""
    with agenttrace.agent("shop"):
        agenttrace.delegation(parcel, phase="announcement")
        costs = await asyncio.gather(*(bid(carrier, parcel) for carrier in CARRIERS))
        bids = {who: cost for who, cost in zip(CARRIERS, costs, strict=True) if cost is not None}
        winner = choose(bids)
        agenttrace.delegation(parcel, phase="award", to=winner)
        for loser in sorted(bids.keys() - {winner}):
            agenttrace.delegation(parcel, phase="rejection", to=loser)
        return await carry(winner, parcel)
