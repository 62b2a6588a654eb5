"""What must stay true of the desk, whatever the model's next release says."""

import asyncio

from desk import serve


def test_a_customer_who_paid_twice(agent_trace):
    """Refunds look the order up, and answer; triage only hands over."""
    answer = asyncio.run(serve("I paid twice for A-17."))

    assert "refund" in answer
    agent_trace.events("planning").once().having(planning__chosen="refunds")
    agent_trace.agent("triage").tools.never()
    looked_up = agent_trace.agent("refunds").tool("look_up_order").once().with_args(order="A-17")
    assert agent_trace.agent("triage").llm_calls.happens_before(looked_up)
