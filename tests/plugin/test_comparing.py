"""A run is compared with its golden in three ways, which all say the same."""

from __future__ import annotations

import pytest

from tests.fakes.refund_project import GOLDEN, RefundProject, message_in

NOTES_A_PLAN = 'agenttrace.event("planning", chosen="pay")'
CHANGED = ('notify("started")', f'notify("started")\n        {NOTES_A_PLAN}')
"""The agent now notes a plan, which no recorded answer knows of."""


@pytest.fixture
def project(pytester: pytest.Pytester) -> RefundProject:
    """A recorded project."""
    return RefundProject(pytester)


def with_test(project: RefundProject, last: str) -> None:
    """Let the project's test end in a statement."""
    (project.path / "test_refund.py").write_text(
        "import pytest, agent\n"
        "@pytest.mark.agent_trace(compare=False)\n"
        "def test_refund(agent_trace, golden_trace):\n"
        "    with agent_trace.run():\n"
        '        agent.refund_desk("A-17")\n'
        f"    {last}\n"
    )


def test_comparing_with_the_golden_says_the_same_as_an_assertion(project: RefundProject) -> None:
    """`assert agent_trace == golden_trace` shows what `assert_matches_golden` would."""
    with_test(project, "assert agent_trace == golden_trace")
    project.recorded()
    project.run().assert_outcomes(passed=1)
    project.change(*CHANGED)

    result = project.run()

    result.assert_outcomes(failed=1)
    said = [line.removeprefix("E").strip() for line in result.outlines if line.startswith("E")]
    headline = "test_refund.py::test_refund: the run is not the golden's: 1 difference."
    assert said[:6] == [
        f"AssertionError: assert {headline}  [golden-mismatch]",
        "event  planner: changed  at planner",
        "golden    the value = []",
        "this run  the value = [['planning', {'planning.chosen': 'pay'}]]",
        "^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
        "golden    golden/test_refund/test_refund.trace",
    ]


def test_a_run_that_is_recorded_anew_is_not_held_against_the_old_golden(
    project: RefundProject,
) -> None:
    """Else a test that compares could never be recorded again."""
    with_test(project, "assert agent_trace == golden_trace")
    project.recorded()
    project.change(*CHANGED)

    with project.model():
        project.run("--agenttrace=rewrite").assert_outcomes(passed=1)

    project.run().assert_outcomes(passed=1)


def test_two_traces_are_told_apart_by_pytest(project: RefundProject) -> None:
    """Of traces that a test made itself, the first cause is shown, and not both in full."""
    project.recorded()
    with_test(
        project,
        "from dataclasses import replace\n"
        "    spans = agent_trace.trace.spans\n"
        "    other = replace(agent_trace.trace, spans=spans[:-1])\n"
        "    assert other == agent_trace.trace",
    )

    result = project.run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*1 difference", "E*structure  chat gpt-4o: missing*"])


def test_a_waiting_replay_is_listed_shown_and_accepted(
    project: RefundProject, capfd: pytest.CaptureFixture[str]
) -> None:
    """From the shell: what waits, what it changed, and then it is the golden; nothing is asked."""
    from click.testing import CliRunner

    from agenttrace.cli import main

    project.recorded()
    project.change(*CHANGED)
    project.run().assert_outcomes(failed=1)
    shell = CliRunner()

    listed = shell.invoke(main, ["pending"])
    shown = shell.invoke(main, ["diff", GOLDEN, f"{GOLDEN}.new"])
    accepted = shell.invoke(main, ["accept", GOLDEN])

    assert listed.exit_code == shown.exit_code == 1
    assert listed.stdout.startswith(f"{GOLDEN}  1 difference (event 1)\n")
    assert "event  planner: changed" in shown.stdout
    assert accepted.stdout == f"accepted  {GOLDEN}  1 difference (event 1)\n"
    assert shell.invoke(main, ["pending"]).stdout == "nothing waits\n"
    project.run().assert_outcomes(passed=1)


def test_a_rejected_replay_is_gone_and_the_golden_stays(project: RefundProject) -> None:
    """The agent is wrong, and is to be mended."""
    from click.testing import CliRunner

    from agenttrace.cli import main

    project.recorded()
    before = (project.path / GOLDEN).read_bytes()
    project.change(*CHANGED)
    message = message_in(project.run())
    rejected = CliRunner().invoke(main, ["reject", "--all"])

    assert f"this run  {GOLDEN}.new" in message
    assert rejected.stdout == f"rejected  {GOLDEN}\n"
    assert (project.path / GOLDEN).read_bytes() == before
    assert not (project.path / f"{GOLDEN}.new").exists()


def test_what_may_differ_is_named_by_its_sort_or_matched(project: RefundProject) -> None:
    """A fresh uuid in a plan is no other plan; without the rule, every replay would fail."""
    project.change(
        'notify("started")',
        'notify("started")\n'
        '        agenttrace.event("planning", id=str(__import__("uuid").uuid1()))',
    )
    project.recorded()
    project.run().assert_outcomes(failed=1)

    (project.path / "test_refund.py").write_text(
        "import pytest, agent\n"
        "@pytest.mark.agent_trace(vary={'<uuid>': ..., 'look_up_order.order': 'A-18'})\n"
        "def test_refund(agent_trace):\n"
        '    agent.refund_desk("A-18")\n'
    )
    project.change("Plan the refund of {order}.", "Plan the refund of A-17.")

    project.run().assert_outcomes(passed=1)


def test_how_much_is_shown_can_be_chosen(project: RefundProject) -> None:
    """The first cause; what was called; or everything, for who wants to read it all."""
    project.recorded()
    project.change(*CHANGED)
    snapshot = 'agenttrace.snapshot(goal="refund")'
    project.change('        chat(f"Plan', f'        {snapshot}\n        chat(f"Plan')

    first, structure, full = (
        message_in(project.run(*words))
        for words in ((), ("--agenttrace-diff=structure",), ("--agenttrace-diff=full",))
    )

    assert "state  state of planner: extra" in first
    assert "so also   event of planner" in first
    assert first == structure
    assert "event  planner: changed" in full
    assert full.splitlines()[0] == first.splitlines()[0]
