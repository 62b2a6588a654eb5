"""How time goes in a replay, what a run may take of it, and loops that cannot be held."""

import time

import pytest
import uvloop

from tests.fakes.refund_project import RefundProject, message_in

AGENT = """
import asyncio
import os
import time

import agenttrace

ENDLESS = False


@agenttrace.tool
async def ask(what):
    await asyncio.sleep(0.05)
    return what


async def team():
    first = await asyncio.gather(ask("a"), ask("b"))
    while ENDLESS:
        await asyncio.sleep(float(os.environ.get("POLL_S", "60")))
    return first


@agenttrace.tool
def look(what):
    return what


def alone():
    look("a")
    while ENDLESS:
        time.sleep(60)
"""

TEST = """
import asyncio

import pytest

import agent


@pytest.mark.agent_trace({marker})
def test_refund(agent_trace):
    {call}
"""

assert uvloop


@pytest.fixture
def project(pytester: pytest.Pytester) -> RefundProject:
    """A project with a team that ends, recorded."""
    project = RefundProject(pytester)
    pytester.makepyfile(agent=AGENT)
    write(project)
    project.run("--agenttrace=record").assert_outcomes(passed=1)
    return project


def write(
    project: RefundProject, marker: str = "", call: str = "asyncio.run(agent.team())"
) -> None:
    """Write the project's test."""
    (project.path / "test_refund.py").write_text(TEST.format(marker=marker, call=call))


def endless(project: RefundProject, marker: str = "") -> str:
    """What a replay says of a team that never ends."""
    write(project, marker)
    project.change("ENDLESS = False", "ENDLESS = True")
    result = project.run("--timeout=60")
    result.assert_outcomes(failed=1)
    return message_in(result)


def test_a_run_that_polls_for_ever_ends_and_says_who_and_where(project: RefundProject) -> None:
    """In virtual time it would hang the session at full speed."""
    said = endless(project, "limit_virtual_s=3600")

    headline, *_ = said.splitlines()
    assert headline.endswith("of virtual time, and has not ended  [run-never-ends]")
    assert "agent.py:19" in said
    assert "tool  ask" in said
    assert "limit_virtual_s=" in said


def test_a_run_that_spins_without_time_ends_as_well(
    project: RefundProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`sleep(0)` moves no time, so steps are counted."""
    monkeypatch.setenv("POLL_S", "0")

    said = endless(project, "limit_steps=2000")

    assert said.startswith("RunNeverEnds: the run has taken 2,001 steps")


def test_a_run_without_a_loop_ends_as_well(pytester: pytest.Pytester) -> None:
    """`time.sleep` in a thread costs nothing either."""
    project = RefundProject(pytester)
    pytester.makepyfile(agent=AGENT)
    write(project, "limit_steps=100", "agent.alone()")
    project.run("--agenttrace=record").assert_outcomes(passed=1)
    project.change("ENDLESS = False", "ENDLESS = True")

    result = project.run("--timeout=60")

    result.assert_outcomes(failed=1)
    assert "RunNeverEnds: the run has taken 101 steps" in message_in(result)


@pytest.mark.parametrize("how", ["virtual", "recorded", "real"])
def test_time_may_be_virtual_recorded_or_real(project: RefundProject, how: str) -> None:
    """To watch a replay as it went, or to test with timers that wait."""
    write(project, f"time={how!r}")
    began = time.monotonic()

    result = project.run()

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["1 replayed; calls: 2 asked, 2 answered, 0 echoed, 0 live"])
    assert how != "recorded" or time.monotonic() - began >= 0.05


def test_what_cannot_be_said_of_time_is_named(pytester: pytest.Pytester) -> None:
    """A word that nothing knows must not mean the default."""
    project = RefundProject(pytester)
    markers = ("time='slow'", "clock='sun'", "seed=True", "limit_steps=0", "limit_virtual_s='1'")
    tests = "".join(
        f"@pytest.mark.agent_trace({marker})\ndef test_{nth}(agent_trace):\n    pass\n\n\n"
        for nth, marker in enumerate(markers)
    )
    (project.path / "test_refund.py").write_text(f"import pytest\n\n\n{tests}")

    result = project.run()

    result.assert_outcomes(errors=len(markers))
    for name in ("time='slow'", "clock='sun'", "seed=True", "limit_steps=0", "limit_virtual_s='1'"):
        assert f"{name}: it is " in result.stdout.str()


def test_uvloop_is_named_with_what_to_do(project: RefundProject) -> None:
    """Its tasks and its time are made in C: warned of while recording, and at a divergence."""
    call = "import uvloop; asyncio.Runner(loop_factory=uvloop.new_event_loop).run(agent.team())"
    write(project, "", call)

    replayed, recorded = project.run(), project.run("--agenttrace=rewrite")

    replayed.assert_outcomes(failed=1)
    recorded.assert_outcomes(passed=1)
    said = "the event loop is uvloop's, made in C:"
    assert f"  loop      {said}" in message_in(replayed)
    assert said in recorded.stdout.str()
