"""The project's own golden: a refund desk of four agents, in tasks and threads, under `golden/`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import agenttrace
from agenttrace.analysis.selecting import spans_of

if TYPE_CHECKING:
    from pytest_agenttrace.fixtures import AgentTrace


@agenttrace.tool
def look_up_order(order: str) -> dict[str, object]:
    """Tell how an order was paid."""
    return {"order": order, "status": "paid twice", "amount": 12.5}


@agenttrace.tool(cost_usd=0.01)
async def pay(order: str, amount: float) -> str:
    """Pay money back."""
    await asyncio.sleep(0.01)
    return f"{amount} for {order}"


@agenttrace.tool
async def second_opinion(name: str, plan: str) -> str:
    """Ask somebody else."""
    await asyncio.sleep(0.005)
    return f"{name}: {plan} is right"


async def refund_desk(order: str) -> str:
    """Plan, let two critics look at it at once, and pay."""
    with agenttrace.agent("planner", role="plans refunds"):
        found = await asyncio.to_thread(look_up_order, order)
        agenttrace.event("planning", chosen="refund", candidates=["refund", "keep"])

        async def criticise(name: str) -> str:
            with agenttrace.agent(name, role="critic"):
                return await second_opinion(name, f"refund {order}")

        await asyncio.gather(criticise("critic"), criticise("auditor"))
    with agenttrace.agent("clerk"):
        paid = await pay(order, float(str(found["amount"])))
        agenttrace.snapshot(goal="refund", beliefs={"paid": paid})
    return paid


def test_the_refund_desk_does_what_its_golden_says(agent_trace: AgentTrace) -> None:
    """Nothing is paid here: both critics were heard first, and each call got its own answer."""
    assert asyncio.run(refund_desk("A-17")) == "12.5 for A-17"

    agent_trace.tool("pay").once().with_args(order="A-17", amount=12.5)
    agent_trace.tool("second_opinion").times(2).happens_before(agent_trace.tool("pay"))
    assert agent_trace.trace is not None
    assert len(spans_of(agent_trace.trace)) == len(agent_trace.trace.spans)
