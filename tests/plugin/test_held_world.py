"""Dates, chance and paths in prompts: recorded a month ago, replayed today."""

import datetime as dt
import re
from pathlib import Path

import numpy as np
import numpy.random
import pytest
import time_machine

from agenttrace.formats import native
from tests.fakes.refund_project import RefundProject, message_in

A_MONTH_AGO = dt.datetime.now(dt.UTC).replace(hour=12) - dt.timedelta(days=31)

AGENT = """
import datetime
import random
import tempfile
import uuid

import numpy as np

import agenttrace


@agenttrace.tool
def ask(prompt, folder=""):
    random.random(), np.random.rand(), uuid.uuid4()  # what a tool draws is nobody else's
    return "fine"


def brief():
    with tempfile.TemporaryDirectory() as folder:
        ask(
            f"Today is {datetime.date.today()}, {datetime.datetime.now():%A}. "
            f"Ticket {uuid.uuid4()}, dice {random.choice(range(10**6))}, "
            f"noise {np.random.randint(10**6)}.",
            folder=folder,
        )
        ask(f"{random.random()} {np.random.rand()} {uuid.uuid4()}", folder=f"See {folder}/in.")
"""

TEST = """
import numpy as np
import pytest

import agent


@pytest.mark.agent_trace(vary=["ask.folder:path"])
def test_brief(agent_trace):
    agent.brief()
"""

LOADED = (np, numpy.random)
"""Loaded here, so that a run in this process finds them."""


@pytest.fixture
def project(pytester: pytest.Pytester) -> RefundProject:
    """A project whose prompts hold all that varies, recorded a month ago."""
    project = RefundProject(pytester)
    pytester.makepyfile(agent=AGENT, test_refund=TEST)
    with time_machine.travel(A_MONTH_AGO):
        project.run("--agenttrace=record").assert_outcomes(passed=1)
    return project


def test_a_prompt_with_a_date_a_uuid_and_chance_replays_a_month_later(
    project: RefundProject,
) -> None:
    """Half of all prompts say what day it is; a path differs each time, and the test says so."""
    golden = (project.path / "golden/test_refund/test_brief.trace").read_bytes()
    asked = native.read(golden).calls[0].question

    result = project.run()

    result.assert_outcomes(passed=1)
    assert f"Today is {A_MONTH_AGO:%Y-%m-%d}, {A_MONTH_AGO:%A}." in str(asked)
    assert (project.path / "golden/test_refund/test_brief.trace").read_bytes() == golden


def tickets(golden: Path) -> list[str]:
    """What was drawn for the prompts of a golden."""
    calls = native.read(golden.read_bytes()).calls
    return re.findall(r"Ticket .*? noise", str([call.question for call in calls]))


def test_recording_again_draws_what_was_drawn_before(project: RefundProject) -> None:
    """Chance is made from the golden's name, so a rewrite changes only what the world changed."""
    path = project.path / "golden/test_refund/test_brief.trace"
    before = tickets(path)

    project.run("--agenttrace=rewrite").assert_outcomes(passed=1)

    assert tickets(path) == before != []


def test_a_random_order_of_tests_does_not_change_what_a_run_draws(project: RefundProject) -> None:
    """pytest-randomly seeds anew before each test, with another number in each session."""
    for seed in ("1", "2"):
        result = project.run("-p", "randomly", f"--randomly-seed={seed}")
        result.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("words", "path"),
    [(("--agenttrace-clock=real",), "prompt"), (("--agenttrace-clock=time-machine",), "")],
)
def test_what_holds_the_clock_can_be_chosen(
    project: RefundProject, words: tuple[str, ...], path: str
) -> None:
    """A suite may be too large for freezegun, or hold the clock by itself."""
    result = project.run(*words)

    result.assert_outcomes(failed=1 if path else 0, passed=0 if path else 1)
    if path:
        assert f"{path} differs" in message_in(result)
