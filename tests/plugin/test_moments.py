"""A test runs today's code from a moment of a kept trace: `agent_start`."""

from __future__ import annotations

import contextlib
import sys

import pytest

import agenttrace.session.starting
from agenttrace.formats import native
from tests.fakes.refund_project import LOADED
from tests.fakes.sessions import Desk
from tests.unit.cli.test_replay_from import DESK

HERE = (*LOADED, agenttrace.session.starting)
"""Loaded once: a run of pytest in this process forgets what it loaded itself."""

TESTS = """
import pytest
from moment_desk import handle, hurried


def test_it_fails_again(agent_start):
    again = agent_start("incidents/desk.trace", "#5").replay(handle)
    assert isinstance(again.raised, ValueError)


def test_answered_otherwise_it_does_not(agent_start):
    start = agent_start("incidents/desk.trace", "#5")
    assert start.states["clerk"]["done"] == {"A-1": "30 for A-1"}
    became = start.replay(handle, override={"#5": 20}, stubs={"refund": "paid"})
    assert became.returned == {"A-1": "30 for A-1", "A-2": "paid"}
    assert became.analysis.cascade.failures == ()


def test_code_that_begins_there(agent_start):
    start = agent_start("incidents/desk.trace")
    became = start.go_on(lambda states: handle(states), stubs={"look_up": 20, "refund": "paid"})
    assert became.returned == {"A-1": "30 for A-1", "A-2": "paid"}
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A user's project, and the trace of a run that failed."""
    assert HERE
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delitem(sys.modules, "moment_desk", raising=False)
    pytester.makepyfile(moment_desk=DESK)
    pytester.makeini(
        "[pytest]\npythonpath = .\n"
        "addopts = -p no:langsmith_plugin -p no:inline_snapshot -p no:asyncio -p no:randomly"
    )
    monkeypatch.syspath_prepend(pytester.path)
    from importlib import import_module

    def whole() -> None:
        with contextlib.suppress(ValueError):
            import_module("moment_desk").handle()

    desk = Desk(pytester.path / "made")
    desk.record(whole)
    assert desk.verdict is not None
    assert desk.verdict.trace is not None
    (pytester.path / "incidents").mkdir()
    (pytester.path / "incidents" / "desk.trace").write_bytes(native.write(desk.verdict.trace))
    return pytester


def test_a_test_goes_on_from_a_moment(project: pytest.Pytester) -> None:
    """It needs no golden and writes none; nothing is asked of any tool."""
    project.makepyfile(TESTS)

    project.runpytest_inprocess().assert_outcomes(passed=3)

    assert not (project.path / "golden").exists()


def test_other_states_fail_it_though_the_test_swallows_exceptions(
    project: pytest.Pytester,
) -> None:
    """The error is shown as what it says: agent, key, both values."""
    project.makepyfile(
        """
        from moment_desk import hurried

        def test_it(agent_start):
            try:
                agent_start("incidents/desk.trace", "#5").replay(hurried)
            except Exception:
                pass
        """
    )

    result = project.runpytest_inprocess()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "StatesUnlike: *::test_it: at #5 look_up clerk knows other things than then*",
            "*clerk  - goal = 'pay back'",
            "*clerk  + goal = 'be done'",
        ]
    )


@pytest.mark.parametrize("beside", ["agent_trace", "agent_stubs", "marker"])
def test_it_is_taken_alone(beside: str, project: pytest.Pytester) -> None:
    """A run that a golden answers, and one that a kept trace does, would share one clock."""
    marker = "@pytest.mark.agent_trace\n" if beside == "marker" else ""
    taken = "" if beside == "marker" else f", {beside}"
    project.makepyfile(f"import pytest\n\n{marker}def test_it(agent_start{taken}):\n    pass\n")

    result = project.runpytest_inprocess()

    assert result.ret == 1
    result.stdout.fnmatch_lines([f"*takes agent_start beside *{beside}*[[]usage[]]*"])
