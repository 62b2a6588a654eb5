"""What must stay true of the newsroom."""

from newsroom import newsroom


def test_two_reporters_work_at_once(agent_trace):
    """The editor sends them out together; the writer waits for both."""
    thread = {"configurable": {"thread_id": "today"}}
    page = newsroom().invoke({"reports": []}, thread)

    assert len(page["reports"]) == 2
    reports = agent_trace.agent("reporter").llm_calls.times(2)
    assert reports.happens_before(agent_trace.agent("writer").llm_calls)
    agent_trace.events("planning").times(2)
