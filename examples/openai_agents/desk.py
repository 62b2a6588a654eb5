"""A refund desk: triage hands the customer over to refunds, who look the order up."""

from agents import Agent, Runner, function_tool

ORDERS = {"A-17": "paid twice"}


@function_tool
def look_up_order(order: str) -> str:
    """Look an order up in the shop."""
    return ORDERS[order]


refunds = Agent(
    name="refunds",
    instructions="You grant refunds. Look the order up first.",
    model="gpt-4o",
    tools=[look_up_order],
)
triage = Agent(
    name="triage",
    instructions="You decide who serves the customer.",
    model="gpt-4o",
    handoffs=[refunds],
)


async def serve(customer: str) -> str:
    """Serve one customer."""
    result = await Runner.run(triage, customer)
    return str(result.final_output)
