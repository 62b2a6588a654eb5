"""Plugin: pytest's hooks, and nothing else. Until a test uses it, it imports nothing but pytest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_agenttrace import options
from pytest_agenttrace.fixtures import RUNS, AgentTrace, agent_trace, golden_trace
from pytest_agenttrace.terminal import Section, is_ours, message_of, told

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["agent_trace", "golden_trace"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the options."""
    options.add(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker; refuse to record in CI before anything runs."""
    config.addinivalue_line("markers", options.MARKER)
    options.refuse_in_ci(config)
    config.pluginmanager.register(Section(), "agenttrace-section")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse tests that would write one golden, here or where upper and lower case are one."""
    ours = [item for item in items if _uses_us(item)]
    if ours:
        options.refuse_collisions(ours)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Hold the world before the test's fixtures are made: its event loop may be one of them."""
    if _uses_us(item) and options.said(item.config, "agenttrace") != "off":
        runs = item.stash[RUNS] = AgentTrace(item)
        runs.prepare()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Run the test, and fail it from the state of its runs, whatever its own code made of it."""
    runs = item.stash.get(RUNS, None)
    if runs is None:
        return (yield)
    runs.begin()
    raised: BaseException | None = None
    result: object = None
    try:
        result = yield
    except BaseException as error:  # noqa: BLE001 - a divergence is none that a test may keep to itself
        raised = error
    problems = runs.settle(passed=raised is None)
    if problems and (raised is None or _first_cause(problems[0], raised)):
        raise problems[0]
    if raised is not None:
        raise raised
    return result


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Leave the world as it was, after the test's fixtures are gone."""
    try:
        return (yield)
    finally:
        runs = item.stash.get(RUNS, None)
        if runs is not None:
            runs.close()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show our errors as what they say, without a traceback; no xfail excuses them."""
    report = yield
    if call.excinfo is not None and is_ours(call.excinfo.value):
        report.longrepr = message_of(call.excinfo)
        if call.when == "call" and report.outcome != "failed":
            report.outcome = "failed"
            vars(report).pop("wasxfail", None)
    runs = item.stash.get(RUNS, None)
    if runs is not None and call.when == "call":
        vars(report)["agenttrace"] = told(runs.verdicts)
    return report


def _uses_us(item: pytest.Item) -> bool:
    names = getattr(item, "fixturenames", ())
    return "agent_trace" in names or item.get_closest_marker("agent_trace") is not None


def _first_cause(problem: BaseException, raised: BaseException) -> bool:
    """Whether a problem of the run is to be reported rather than what the test raised."""
    from agenttrace.errors import RunStopped

    return isinstance(problem, RunStopped) and not isinstance(
        raised, KeyboardInterrupt | SystemExit
    )
