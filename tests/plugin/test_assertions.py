"""What a test says of its run: selections, order, lineage and budgets, in real pytest runs."""

from __future__ import annotations

import pytest

from tests.fakes.refund_project import RefundProject

SAYS = """
def test_refund(agent_trace):
    agent.refund_desk("A-17")
    look_up, ask = agent_trace.tool("look_up_order"), agent_trace.tool("ask_expert")
    assert look_up.once().with_args(order="A-17", region="eu")
    assert look_up.returned({"order": "A-17", "status": "paid twice"})
    assert look_up.happens_before(ask)
    assert ask.triggered_by(agent="planner")
    assert agent_trace.tool("pay").never()
    assert agent_trace.tools.in_order("notify", "look_up_order", "ask_expert")
    assert agent_trace.agent("planner").llm_calls.times(3)
    assert agent_trace.select({"kind": "tool"}).at_least(3)
    assert agent_trace.events().never()
    assert [step.span.name for step in agent_trace.lineage(look_up).steps] == [
        "planner",
        "look_up_order",
    ]
    agent_trace.assert_within_budget(llm_calls=3, steps="+0%", usd=1)
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> RefundProject:
    """A project of a user's, nothing recorded yet."""
    return RefundProject(pytester)


def says(project: RefundProject, body: str, marker: str = "") -> None:
    """Write the project's test anew."""
    (project.path / "test_refund.py").write_text(f"import pytest, agent\n\n\n{marker}{body}")


def test_what_holds_while_recording_holds_in_the_replay(project: RefundProject) -> None:
    """The same assertions, with and without a golden; what is relative to it holds at its birth."""
    says(project, SAYS)

    project.recorded()
    project.run().assert_outcomes(passed=1)


def test_a_selector_that_is_no_dict_is_refused_in_words(project: RefundProject) -> None:
    """A name is no selector, and `**` of one is Python's business."""
    project.recorded()
    says(
        project,
        'def test_refund(agent_trace):\n    agent.refund_desk("A-17")\n'
        '    agent_trace.select("pay")\n',
    )

    result = project.run()

    result.stdout.fnmatch_lines(["*UsageError: select('pay'): it is a dict, such as {*"])


def test_a_failed_assertion_shows_the_line_of_the_test_and_the_nearest_call(
    project: RefundProject,
) -> None:
    """And not the insides of the library."""
    project.recorded()
    says(
        project,
        'def test_refund(agent_trace):\n    agent.refund_desk("A-17")\n'
        '    agent_trace.tool("look_up_ordr").once()\n',
    )

    result = project.run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            'test_refund.py:6: agent_trace.tool("look_up_ordr").once()',
            "",
            (
                "NothingSelected: no span is {'kind': 'tool', 'name': 'look_up_ordr'}  "
                "[[]nothing-selected[]]"
            ),
            "",
            (
                "  nearest   tool   look_up_order(order='A-17', region='eu')   "
                "at planner/tool:look_up_order#0, agent.py:*"
            ),
            "                   name is 'look_up_order', not 'look_up_ordr'",
        ]
    )
    result.stdout.no_fnmatch_line("*src/agenttrace*")


@pytest.mark.parametrize(
    ("marker", "ini"),
    [
        ("@pytest.mark.agent_trace(budget=dict(llm_calls=2, steps=100))\n", ""),
        ("", "agenttrace_budget =\n    llm_calls = 2\n    steps = 100\n"),
        (
            "@pytest.mark.agent_trace(budget=dict(llm_calls=2))\n",
            "agenttrace_budget =\n    llm_calls = 99\n    steps = 100\n",
        ),
    ],
    ids=["marker", "ini file", "marker over ini file"],
)
def test_a_budget_is_said_in_the_marker_or_for_all_tests(
    project: RefundProject, marker: str, ini: str
) -> None:
    """A test that asks too much fails though its own code passed, and writes no golden."""
    with (project.path / "tox.ini").open("a") as file:
        file.write(f"\n{ini}")
    says(project, 'def test_refund(agent_trace):\n    agent.refund_desk("A-17")\n', marker)

    with project.model():
        result = project.run("--agenttrace=record")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            (
                "BudgetBroken: test_refund.py::test_refund: 1 of 2 limits broken: llm_calls  "
                "[[]budget-broken[]]"
            ),
            "",
            "  llm_calls",
            "    3, and at most 2",
            "    llm    chat gpt-4o   at planner/llm:chat#0, agent.py:*",
            "    llm    chat gpt-4o   at planner/tool:ask_expert#0/llm:chat#0, agent.py:*",
            "    llm    chat gpt-4o   at planner/llm:chat#1, agent.py:*",
            "  kept      steps 6",
            "",
            "  More: agenttrace explain budget-broken",
        ]
    )
    assert not (project.path / "golden").exists()


def test_a_budget_from_the_golden_holds_until_the_agent_asks_more(project: RefundProject) -> None:
    """Live tools may ask more than when they were recorded; a model's calls may not creep up."""
    marker = '@pytest.mark.agent_trace(budget={"tool_calls": "+0%"}, compare=False)\n'
    says(project, 'def test_refund(agent_trace):\n    agent.refund_desk("A-17")\n', marker)
    project.recorded()
    project.run().assert_outcomes(passed=1)

    project.change('notify("started")', 'notify("started"); live()')
    project.change(
        "@agenttrace.tool\ndef notify",
        "@agenttrace.tool(live=True)\ndef live():\n    return 1\n\n\n@agenttrace.tool\ndef notify",
    )
    result = project.run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "BudgetBroken: *: 1 of 1 limit broken: tool_calls  [[]budget-broken[]]",
            "    4, and at most 3: the golden's 3 +0%",
        ]
    )


def test_a_budget_that_is_none_is_a_usage_error(project: RefundProject) -> None:
    """Before anything runs."""
    marker = "@pytest.mark.agent_trace(budget=dict(dollars=2))\n"
    says(project, 'def test_refund(agent_trace):\n    agent.refund_desk("A-17")\n', marker)

    result = project.run()

    result.stdout.fnmatch_lines(["*test_refund.py::test_refund: a budget has no 'dollars'*"])


def test_an_xfail_excuses_what_the_test_itself_asserts(project: RefundProject) -> None:
    """It is the test's own word, as any `assert` is; a divergence is not."""
    project.recorded()
    says(
        project,
        'def test_refund(agent_trace):\n    agent.refund_desk("A-17")\n'
        '    agent_trace.tool("pay").once()\n',
        "@pytest.mark.xfail(strict=True)\n",
    )

    project.run().assert_outcomes(xfailed=1)
    project.change("Write the answer.", "Write two answers.")
    project.run().assert_outcomes(failed=1)


def test_a_test_asks_how_its_team_worked(project: RefundProject) -> None:
    """While it is recorded and in the replay alike, whose trace says that its time is virtual."""
    says(
        project,
        """
def test_refund(agent_trace):
    with agent_trace.run():
        agent.refund_desk("A-17")
    path = agent_trace.analysis.critical_path
    assert path.root == agent_trace.trace.root
    assert "planner" in [one.agent for one in path.agents]
    assert agent_trace.analysis is agent_trace.analysis
    assert agent_trace.trace.is_virtual is (agent_trace.golden is not None)
""",
    )

    project.recorded()
    project.run().assert_outcomes(passed=1)


def test_what_nobody_recorded_shows_the_line_of_the_test_that_asked(project: RefundProject) -> None:
    """It is no failed assertion, and of several lines somebody asks which one it was."""
    project.recorded()
    says(
        project,
        'def test_refund(agent_trace):\n    agent.refund_desk("A-17")\n'
        "    agent_trace.analysis.delegations.conform()\n",
    )

    result = project.run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "test_refund.py:6: agent_trace.analysis.delegations.conform()",
            "",
            "NotRecorded: no task was placed  [[]not-recorded[]]",
        ]
    )
