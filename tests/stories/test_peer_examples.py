"""The examples of agents that ask others: their goldens replay, where the others are not."""

from __future__ import annotations

import shutil
from pathlib import Path

import a2a.client
import mcp.client.stdio
import pytest
from mcp.client.streamable_http import streamable_http_client

from tests.fakes.refund_project import LOADED

EXAMPLES = Path(__file__).parents[2] / "examples"
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
