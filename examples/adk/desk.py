"""A front desk of two sub-agents: it transfers the customer, and the case is kept in the state."""

from google.adk.agents import LlmAgent
from google.adk.runners import InMemoryRunner
from google.adk.tools import ToolContext
from google.genai import types

ORDERS = {"A-17": "paid twice"}


def look_up_order(order: str, tool_context: ToolContext) -> str:
    """Look an order up in the shop, and open a case for it."""
    tool_context.state["case"] = order
    return ORDERS[order]


refunds = LlmAgent(
    name="refunds",
    model="gemini-2.5-flash",
    description="Grants refunds.",
    instruction="You grant refunds. Look the order up first. Open case: {case?}",
    tools=[look_up_order],
)
parcels = LlmAgent(
    name="parcels",
    model="gemini-2.5-flash",
    description="Finds parcels.",
    instruction="You find parcels.",
)
reception = LlmAgent(
    name="reception",
    model="gemini-2.5-flash",
    instruction="You receive customers. Transfer them to who can help.",
    sub_agents=[refunds, parcels],
)


async def serve(customer: str) -> str:
    """Serve one customer."""
    runner = InMemoryRunner(agent=reception, app_name="desk")
    runner.auto_create_session = True
    said = ""
    async for event in runner.run_async(
        user_id="customer", session_id="1", new_message=types.UserContent(customer)
    ):
        if event.is_final_response() and event.content:
            said = "".join(part.text or "" for part in event.content.parts)
    return said
