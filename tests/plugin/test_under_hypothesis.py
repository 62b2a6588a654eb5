"""Tests with Hypothesis: the clock held outside, each example a run of its own."""

import hypothesis
import hypothesis.strategies
import pytest

from tests.fakes.refund_project import RefundProject

LOADED = (hypothesis, hypothesis.strategies)
"""Loaded here, so that a run in this process finds it."""

AGENT = """
import datetime
import random

import agenttrace


@agenttrace.tool
def look_up(order, today, draw):
    return order


def desk(order):
    return look_up(order, str(datetime.date.today()), random.random())
"""

TEST = """
from hypothesis import HealthCheck, given, settings, strategies as st

import agent


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    max_examples=20,
    deadline=None,
    database=None,
)
@given(order=st.sampled_from(["A-17", "A-18", "A-19"]))
def test_refund(agent_trace, order):
    with agent_trace.run(name=order):
        assert agent.desk(order) != "BAD"
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> RefundProject:
    """A project with a test of examples, recorded."""
    project = RefundProject(pytester)
    pytester.makepyfile(agent=AGENT, test_refund=TEST)
    project.run("--agenttrace=record").assert_outcomes(passed=1)
    return project


def test_each_example_replays_its_own_golden(project: RefundProject) -> None:
    """What an example draws and which day it is are its golden's."""
    goldens = sorted(path.name for path in project.path.rglob("*.trace"))

    result = project.run()

    result.assert_outcomes(passed=1)
    assert goldens == [f"test_refund.A-{n}.trace" for n in (17, 18, 19)]
    result.stdout.fnmatch_lines(["3 replayed; calls: 3 asked, 3 answered, 0 echoed, 0 live"])


def test_an_example_that_fails_is_tried_again_and_reported(project: RefundProject) -> None:
    """Hypothesis runs a failing example again, to shrink it: the same run, and no collision."""
    project.change("return look_up", "return order if order == 'A-18' else look_up")
    test = project.path / "test_refund.py"
    test.write_text(test.read_text().replace('"BAD"', '"A-18"'))

    result = project.run()

    result.assert_outcomes(failed=1)
    assert "GoldenCollision" not in result.stdout.str()
    assert "order='A-18'" in result.stdout.str()
