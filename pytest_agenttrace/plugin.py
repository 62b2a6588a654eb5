"""Plugin: pytest's hooks, and nothing else. Until a test uses it, it imports nothing but pytest."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pytest_agenttrace import marker, objectives, options, reports
from pytest_agenttrace.fixtures import RUNS, AgentTrace, agent_stubs, agent_trace, golden_trace
from pytest_agenttrace.secrets import cleaned
from pytest_agenttrace.starting import agent_start
from pytest_agenttrace.terminal import Section, is_ours, message_of, told, unlike

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["agent_start", "agent_stubs", "agent_trace", "golden_trace"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the options. A session of tests has runs of its own, whoever started it."""
    os.environ.pop("AGENTTRACE_PARENT", None)
    options.add(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker; refuse to record in CI before anything runs."""
    config.addinivalue_line("markers", marker.MARKER)
    options.refuse_in_ci(config)
    reports.begin(config)
    objectives.begin(config)
    config.pluginmanager.register(Section(), "agenttrace-section")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse tests that would write one golden, here or where upper and lower case are one."""
    ours = [item for item in items if _uses_us(item)]
    if ours:
        marker.refuse_collisions(ours)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Hold the world before the test's fixtures are made: its event loop may be one of them."""
    if _uses_us(item) and options.said(item.config, "agenttrace") != "off":
        runs = item.stash[RUNS] = item.session.stash[RUNS] = AgentTrace(item)
        runs.prepare()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """Keep what several tests share out of the run of the one that happens to come first."""
    item = getattr(request, "_pyfuncitem", None)
    runs = None if item is None else item.stash.get(RUNS, None)
    if runs is None or fixturedef.scope == "function":
        return (yield)
    with runs.sharing(fixturedef.argname, fixturedef.scope):
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Run the test, and fail it from the state of its runs, whatever its own code made of it."""
    runs = item.stash.get(RUNS, None)
    if runs is None:
        return (yield)
    raised: BaseException | None = None
    result: object = None
    try:
        result = yield
    except BaseException as error:  # noqa: BLE001 - no test keeps a divergence to itself
        raised = error
    skipped = isinstance(raised, pytest.skip.Exception)
    passed = raised is None or skipped or _is_expected(item, raised)
    if raised is not None and not passed:
        runs.failed_with(raised)
    problems = runs.settle(passed=passed, skipped=skipped)
    if problems and (passed or _first_cause(problems[0], raised)):
        raise problems[0]
    if raised is not None:
        raise raised
    return result


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Leave the world as it was, after the test's fixtures are gone."""
    runs = item.stash.get(RUNS, None)
    if runs is None:
        return (yield)
    runs.settle(passed=False, skipped=False)  # where a fixture failed, and the test never ran
    try:
        result = yield
    finally:
        late = runs.late()
        runs.close()
    if late is not None:
        raise late
    return result


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Leave the world as it was where pytest itself broke off in the middle of a test."""
    runs = session.stash.get(RUNS, None)
    if runs is not None:
        runs.settle(passed=False, skipped=False)
        runs.late()
        runs.close()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show our errors as what they say, without a traceback.

    No xfail excuses them, but for what the test itself asserts.
    """
    report = yield
    if call.excinfo is not None and is_ours(call.excinfo.value):
        report.longrepr = message_of(call.excinfo)
        asserted = isinstance(call.excinfo.value, AssertionError)
        if call.when == "call" and report.outcome != "failed" and not asserted:
            report.outcome = "failed"
            vars(report).pop("wasxfail", None)
    runs = item.stash.get(RUNS, None)
    if runs is not None and call.excinfo is not None and report.when == "setup" and report.failed:
        runs.failed_with(call.excinfo.value)
    if runs is not None and call.when == "call":
        vars(report)["agenttrace"] = told(runs.verdicts)
    if runs is not None:
        reports.attach(item, report, runs.verdicts)
        objectives.attach(item, report, runs.verdicts)
    return report if runs is None else cleaned(report, runs.clean)


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Say of two traces that are not equal what differs, first causes first."""
    return unlike(left, right) if op == "==" else None


def _uses_us(item: pytest.Item) -> bool:
    names = getattr(item, "fixturenames", ())
    ours = "agent_trace" in names or "agent_stubs" in names
    return ours or item.get_closest_marker("agent_trace") is not None


def _is_expected(item: pytest.Item, raised: BaseException) -> bool:
    """Whether a failure is one that the test is marked to have."""
    marked = isinstance(raised, Exception) and item.get_closest_marker("xfail") is not None
    return marked or isinstance(raised, pytest.xfail.Exception)


def _first_cause(problem: BaseException, raised: BaseException | None) -> bool:
    """Whether a problem of the run is to be reported rather than what the test raised."""
    from agenttrace.errors import RunStopped

    return isinstance(problem, RunStopped) and not isinstance(
        raised, KeyboardInterrupt | SystemExit
    )
