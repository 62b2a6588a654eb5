"""Propagation, as a user's tests ask of it: `check_propagation()`, and `invariants.holds`."""

from __future__ import annotations

import hypothesis
import hypothesis.strategies
import pytest

from tests.fakes.refund_project import RefundProject

LOADED = (hypothesis, hypothesis.strategies)
"""Loaded here, so that a run in this process finds it."""

SHOP = """
import agenttrace


@agenttrace.tool
def pay(order):
    return "paid"


def test_shop(agent_trace):
    with agent_trace.run():
        with agenttrace.span("call"):
            headers = agenttrace.inject(baggage={"tenant": "a"})
        with agenttrace.extract(headers), agenttrace.span("serve"):
            pay("A-17")
    agent_trace.check_propagation()


def test_lost(agent_trace):
    with agent_trace.run():
        with agenttrace.span("call") as call:
            pay("A-17")
        with agenttrace.span("again"):
            agenttrace.link(call.id, trace="a" * 32)
    agent_trace.check_propagation()


def test_one_law(agent_trace):
    with agent_trace.run():
        pay("A-17")
    agent_trace.check_propagation(["one_trace", "cost_conserved"])
    agent_trace.check_propagation(["one_trade"])
"""

GATEWAY = """
from hypothesis import Phase, settings
from hypothesis.database import DirectoryBasedExampleDatabase

import agenttrace
from agenttrace import invariants

PHASES = [Phase.reuse, Phase.generate, Phase.shrink]
KEPT = DirectoryBasedExampleDatabase("kept")
quick = settings(max_examples=15, deadline=None, print_blob=True, phases=PHASES, database=KEPT)


@quick
@invariants.holds
def test_all_goes_on(wire):
    "Every try has all that came."
    for message in wire:
        with agenttrace.span("order"), agenttrace.extract(message.headers):
            while not wire.send(agenttrace.inject(), about=message):
                pass


@quick
@invariants.holds(most=2, laws=["one_trace"])
async def test_the_trace_goes_on(wire):
    for message in wire:
        with agenttrace.span("order"), agenttrace.extract(message.headers):
            wire.send({"traceparent": agenttrace.inject()["traceparent"]}, about=message)


@quick
@invariants.holds
def test_nothing_goes_on(wire):
    for message in wire:
        with agenttrace.span("order"), agenttrace.extract(message.headers):
            wire.send({"traceparent": agenttrace.inject()["traceparent"]}, about=message)
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> RefundProject:
    """A project whose author may record."""
    monkeypatch.delenv("CI", raising=False)
    project = RefundProject(pytester)
    (pytester.path / "test_refund.py").unlink()
    return project


def test_a_run_is_asked_whether_it_passed_causes_on(
    project: RefundProject, pytester: pytest.Pytester
) -> None:
    """While it is recorded and in a replay; what was lost is named with its way on."""
    pytester.makepyfile(test_shop=SHOP)
    recorded = project.run("--agenttrace=record", "-k", "not lost and not law")
    recorded.assert_outcomes(passed=1)
    replayed = project.run("-k", "not lost and not law")
    replayed.assert_outcomes(passed=1)

    result = project.run("--agenttrace=record", "-k", "lost or law")

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "*test_lost: one_trace is broken  [[]propagation-broken[]]",
            "*again (span:again#0) follows call (span:call#0) of this trace under another id,*",
            "*one_trace: Go on from the cause that came: send *",
        ]
    )
    result.stdout.fnmatch_lines(["*there is no law 'one_trade'; there are *"])


def test_a_program_is_a_property_test_of_hypothesis(
    project: RefundProject, pytester: pytest.Pytester
) -> None:
    """A coroutine may be one; which laws are asked, and of how many messages, may be said."""
    pytester.makepyfile(test_gateway=GATEWAY)

    project.run("-k", "not nothing").assert_outcomes(passed=2)


def test_what_failed_comes_back_from_the_database_and_by_its_printed_blob(
    project: RefundProject, pytester: pytest.Pytester
) -> None:
    """It shrinks to one message; no line of ours stands where a person looks for their own."""
    pytester.makepyfile(test_gateway=GATEWAY)

    first = project.run("-k", "nothing")

    first.assert_outcomes(failed=1)
    first.stdout.fnmatch_lines(
        [
            "PropagationBroken: test_nothing_goes_on: baggage_intact is broken*",
            "*What came:",
            "*message 0  {'traceparent': '00-*1-01', 'baggage': *",
            "*test_nothing_goes_on(",
            "*wire=<wire with {'traceparent': '00-*1-01', 'baggage': *",
        ]
    )
    assert "message 1" not in first.stdout.str()
    test = pytester.path / "test_gateway.py"
    test.write_text(test.read_text().replace(", Phase.generate, Phase.shrink", ""))
    project.run("-k", "nothing").assert_outcomes(failed=1)

    (line,) = {
        line.partition("@")[2].partition(" as a")[0]
        for line in first.stdout.lines
        if "reproduce_failure(" in line
    }
    head, _, tail = test.read_text().rpartition("@quick\n")
    blob = line.partition("(")[0]
    test.write_text(f"from hypothesis import {blob}\n{head}@{line}\n@quick\n{tail}")
    project.run("-k", "nothing").assert_outcomes(failed=1)
