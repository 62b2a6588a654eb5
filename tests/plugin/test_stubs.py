"""Stubs under pytest: alone, over the golden of another test, and never in a golden."""

import pytest

from tests.fakes.refund_project import GOLDEN, RefundProject, message_in

OVER = '@pytest.mark.agent_trace(golden="test_refund.py::test_refund")'


@pytest.fixture
def project(pytester: pytest.Pytester) -> RefundProject:
    """A project of a user's, nothing recorded yet."""
    return RefundProject(pytester)


def add_test(project: RefundProject, body: str, marker: str = "") -> None:
    """Put a test with stubs beside the project's own."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    source = f"import pytest, agent, agenttrace\n{marker}\ndef test_it(agent_stubs):\n{lines}"
    (project.path / "test_stubbed.py").write_text(source)


ALL = """\
agent_stubs.llm.says("Plan.").then("Yes.").then("Refunded.")
agent_stubs.tool("notify").returns("sent")
agent_stubs.tool("look_up_order").returns({"order": "A-17"})
"""


def test_a_test_on_stubs_alone_needs_no_golden_and_writes_none(project: RefundProject) -> None:
    """The first test of an agent can be written before its model is chosen."""
    body = f'{ALL}agent_stubs.tool("ask_expert").returns("Yes.")\n'
    add_test(
        project, body.replace('.then("Yes.")', "") + 'assert agent.refund_desk("A") == "Refunded."'
    )

    for words in (
        (),
        ("--agenttrace=record",),
        ("--agenttrace=rewrite",),
        ("--agenttrace=verify",),
    ):
        result = project.run("test_stubbed.py", *words)
        result.assert_outcomes(passed=1)
        result.stdout.fnmatch_lines(["1 stubbed; calls: 5 asked, 5 answered, 0 echoed, 0 live"])
    assert not (project.path / "golden").exists()


def test_a_stub_over_a_golden_answers_one_call_and_the_recording_the_rest(
    project: RefundProject,
) -> None:
    """What if the expert said no? One line, and the other answers are the world's."""
    project.recorded()
    before = (project.path / GOLDEN).read_bytes()
    add_test(
        project,
        'agent_stubs.tool("notify").raises(TimeoutError("slow"))\n'
        'with pytest.raises(TimeoutError):\n    agent.refund_desk("A-17")',
        '@pytest.mark.agent_trace(golden="test_refund.py::test_refund", compare=False)',
    )

    result = project.run("test_stubbed.py", "--agenttrace-update")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["1 stubbed; calls: 2 asked, 2 answered, 0 echoed, 0 live"])
    assert (project.path / GOLDEN).read_bytes() == before
    assert not list(project.path.glob("golden/**/*.new"))


def test_an_agent_that_goes_on_as_recorded_matches_but_for_what_was_stubbed(
    project: RefundProject,
) -> None:
    """The comparison holds everything that the test does not say itself."""
    project.recorded()
    add_test(
        project,
        'agent_stubs.tool("ask_expert").returns("No.")\n'
        'assert agent.refund_desk("A-17") == "answer 2"',
        OVER,
    )

    project.run("test_stubbed.py").assert_outcomes(passed=1)


def test_an_agent_that_a_stub_leads_elsewhere_is_told_how_to_mean_it(
    project: RefundProject,
) -> None:
    """No message tells a test with stubs to write a golden."""
    project.recorded()
    add_test(
        project,
        'agent_stubs.tool("notify").raises(TimeoutError("slow"))\n'
        'with pytest.raises(TimeoutError):\n    agent.refund_desk("A-17")',
        OVER,
    )

    message = message_in(project.run("test_stubbed.py"))

    assert "AnswersUnused: test_stubbed.py::test_it: 4 recorded answers" in message
    assert "A stub leads the agent elsewhere, and that is meant:" in message
    assert "compare=False" in message
    assert "--agenttrace-update" not in message


def test_an_unused_stub_fails_a_test_that_passed(project: RefundProject) -> None:
    """The stub is named with the line that says it."""
    add_test(project, f'{ALL}agent_stubs.tool("pay").returns(1)\nagent.look_up_order("A")')

    message = message_in(project.run("test_stubbed.py"))

    assert message.startswith("StubsUnused: test_stubbed.py::test_it: 5 stubs were never asked for")
    assert 'agent_stubs.tool("pay").returns(…)      test_stubbed.py:7' in message


def test_stubs_are_used_up_by_the_runs_of_a_test_together(project: RefundProject) -> None:
    """Each run counts its calls from one, and a stub that one of them used is used."""
    source = """
import agent


def test_it(agent_trace, agent_stubs):
    agent_stubs.tool("notify").returns("sent").returns("again", on_call=2)
    with agent_trace.run():
        assert agent.notify("a") == "sent"
    with agent_trace.run("second"):
        assert [agent.notify("a"), agent.notify("b")] == ["sent", "again"]
"""
    (project.path / "test_stubbed.py").write_text(source)

    project.run("test_stubbed.py").assert_outcomes(passed=1)


def test_kinds_of_call_that_are_not_to_be_stubbed_run_live(project: RefundProject) -> None:
    """A scripted model can drive real tools: `stub="llm"`."""
    add_test(
        project,
        'agent_stubs.llm.says("Plan.").then("Yes.").then("Refunded.")\n'
        'assert agent.refund_desk("A-17") == "Refunded."',
        '@pytest.mark.agent_trace(stub="llm")',
    )

    result = project.run("test_stubbed.py")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["1 stubbed; calls: 6 asked, 3 answered, 0 echoed, 3 live"])


def test_stubs_without_a_run_are_refused(project: RefundProject) -> None:
    """With `off` the real tool would be called, which is what the test guards against."""
    add_test(project, 'agent_stubs.tool("notify").returns("sent")\nagent.notify("x")')

    result = project.run("test_stubbed.py", "--agenttrace=off")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*takes agent_stubs, and the mode is 'off'*"])
