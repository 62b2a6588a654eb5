"""Supervisor with workers: a chef breaks an order up into dishes, and cooks take them on."""

import asyncio

import agenttrace

COOKS = ("Mia", "Noah")


@agenttrace.tool
async def recipes(order: str) -> list[str]:
    """Look up which dishes an order is made of."""
    await asyncio.sleep(0)
    return {"lunch for two": ["soup", "bread", "roast", "salad", "cake"]}[order]


@agenttrace.tool
async def cook(dish: str) -> str:
    """Cook one dish."""
    await asyncio.sleep(0)
    return f"{dish} is ready"


async def work(name, slips, plates):
    """Cook what the pass hands out, until there is no time left."""
    with agenttrace.agent(name, type="cook"):
        for _ in range(plates):
            dish = await slips.get()
            agenttrace.event("dequeued", task=dish, queue="pass")
            agenttrace.event(
                "assigned", task=dish, worker=name, candidates=COOKS, reason="has free hands"
            )
            with agenttrace.agent(name, type="cook", task=dish):
                await cook(dish)
            agenttrace.event("heartbeat")


async def lead(order, slips):
    """Break an order up, and put a slip for each dish on the pass."""
    with agenttrace.agent("chef", task=order), agenttrace.orchestration("supervisor"):
        for dish in await recipes(order):
            slips.put_nowait(dish)
            agenttrace.event("enqueued", task=dish, queue="pass")


async def serve(order, slips=asyncio.Queue, plates=2):
    """Serve an order; give how many dishes nobody got round to.

    Args:
        order: What the guests want.
        slips: What holds the slips. The planted fault is `asyncio.LifoQueue`: a spike, on which
            the newest slip is on top.
        plates: How many plates each cook has time for.
    """
    waiting = slips()
    await lead(order, waiting)
    await asyncio.gather(*(work(name, waiting, plates) for name in COOKS))
    return waiting.qsize()
