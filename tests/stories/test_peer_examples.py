"""The examples of agents that ask others: their goldens replay, where the others are not."""

from __future__ import annotations

import shutil
from pathlib import Path

import a2a.client
import mcp.client.stdio
import pytest
from mcp.client.streamable_http import streamable_http_client

from tests.fakes.campaign import times
from tests.fakes.refund_project import LOADED

EXAMPLES = Path(__file__).parents[2] / "examples"
SCHEDULES = times(6, 1_000)
SEARCHES = {
    "mcp_packing": """
import asyncio

import pytest
from packing import journey

PACKED = [["Pack this for Oslo:", "boots", "umbrella", "coat"], ["Pack this for Rome:", "hat"]]


@pytest.mark.agent_trace(golden="test_packing.py::test_two_cities_are_packed_for_at_once")
def test_search(agent_trace):
    agent_trace.explore(
        lambda: asyncio.run(journey("Oslo", "Rome")),
        invariant=lambda said: said == PACKED,
        budget="{} schedules",
    )
""",
    "a2a_journey": """
import asyncio

import pytest
from journey import plan


@pytest.mark.agent_trace(golden="test_journey.py::test_the_planner_goes_where_the_sun_shines")
def test_search(agent_trace):
    agent_trace.explore(
        lambda: asyncio.run(plan("Oslo", "Rome")),
        invariant=lambda said: said == "Rome",
        budget="{} schedules",
    )
""",
}
"""A search over the schedules of each example, in which nothing is wrong."""
SLOW = "-p no:langsmith_plugin -p no:inline_snapshot"


@pytest.mark.parametrize(
    ("example", "other"), [("mcp_packing", "server.py"), ("a2a_journey", "forecaster.py")]
)
def test_an_example_replays_without_whom_it_asks(
    example: str, other: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its server's program is not even there; every test of it passes, and nothing goes out."""
    assert all((*LOADED, mcp.client.stdio, streamable_http_client, a2a.client))
    monkeypatch.delenv("CI", raising=False)
    shutil.copytree(EXAMPLES / example, pytester.path, dirs_exist_ok=True)
    (pytester.path / other).unlink()

    words = f"-p no:randomly -p no:cacheprovider -p no:asyncio {SLOW}".split()
    result = pytester.runpytest_inprocess(*words)

    tests = len(list((EXAMPLES / example).rglob("*.trace")))
    assert tests >= 1
    result.assert_outcomes(passed=tests)
    result.stdout.fnmatch_lines([f"{tests} replayed; calls:*, 0 live"])


@pytest.mark.parametrize("example", SEARCHES)
def test_a_search_over_an_example_raises_no_alarm(
    example: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever answer comes first, the example says what it says."""
    assert all((*LOADED, mcp.client.stdio, streamable_http_client, a2a.client))
    monkeypatch.delenv("CI", raising=False)
    shutil.copytree(EXAMPLES / example, pytester.path, dirs_exist_ok=True)
    (pytester.path / "test_search.py").write_text(SEARCHES[example].format(SCHEDULES))

    words = f"-p no:randomly -p no:cacheprovider -p no:asyncio {SLOW} test_search.py".split()
    result = pytester.runpytest_inprocess(*words)

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines([f"*no violation in {SCHEDULES:,} schedules of * choice point*"])
