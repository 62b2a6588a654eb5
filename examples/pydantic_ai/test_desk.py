"""What must stay true of the lead and the expert."""

from desk import lead


def test_the_lead_asks_the_expert(agent_trace):
    """The expert looks the order up before the lead answers; both are told apart."""
    answer = lead.run_sync("I paid twice for A-17.").output

    assert "refund" in answer
    agent_trace.agent("lead").tool("ask_expert").once()
    looked_up = agent_trace.agent("expert").tool("look_up_order").once().returned("paid twice")
    assert looked_up.happens_before(agent_trace.agent("lead").llm_calls[-1])
    agent_trace.assert_within_budget(llm_calls=4)
