"""What must stay true of the front desk, whatever the model's next release says."""

import asyncio

from desk import serve


def test_a_customer_is_transferred(agent_trace):
    """Reception only transfers; refunds look the order up, open the case, and answer."""
    answer = asyncio.run(serve("I paid twice for A-17."))

    assert "refund" in answer
    agent_trace.events("planning").once().having(planning__chosen="refunds")
    agent_trace.agent("reception").tools.never()
    looked_up = agent_trace.agent("refunds").tool("look_up_order").once().with_args(order="A-17")
    assert agent_trace.agent("reception").llm_calls.happens_before(looked_up)
    assert agent_trace.state("refunds")["working_memory"] == {"case": "A-17"}
