"""A lead who asks an expert: the expert is an agent, and asking is a tool."""

from pydantic_ai import Agent, RunContext

ORDERS = {"A-17": "paid twice"}
MODEL = "openai-chat:gpt-4o"

lead = Agent(MODEL, name="lead", instructions="You lead. Ask the expert.", defer_model_check=True)
expert = Agent(MODEL, name="expert", instructions="You know refunds.", defer_model_check=True)


@lead.tool
async def ask_expert(ctx: RunContext[None], question: str) -> str:
    """Ask the expert for refunds."""
    result = await expert.run(question, usage=ctx.usage)
    return result.output


@expert.tool_plain
def look_up_order(order: str) -> str:
    """Look an order up in the shop."""
    return ORDERS[order]
