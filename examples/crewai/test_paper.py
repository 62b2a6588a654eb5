"""What must stay true of the newspaper."""

from paper import newspaper


def test_the_writer_has_the_report(agent_trace):
    """The reporter looks the topic up; the writer waits for the report and calls no tool."""
    page = newspaper().kickoff(inputs={"topic": "rain"})

    assert "Friday" in page.raw
    looked_up = agent_trace.agent("reporter").tool("look_up_report").once().with_args(topic="rain")
    assert looked_up.happens_before(agent_trace.agent("writer").llm_calls)
    agent_trace.agent("writer").tools.never()
    agent_trace.events("assigned").times(2)
