"""The four teams: their goldens replay, and the assertion that catches each planted fault does."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.fakes.campaign import times
from tests.fakes.refund_project import LOADED

EXAMPLES = Path(__file__).parents[2] / "examples"
TEAMS = ("blackboard", "publish_subscribe", "contract_net", "supervisor")
WORDS = (
    "-p no:randomly -p no:cacheprovider -p no:asyncio -p no:langsmith_plugin -p no:inline_snapshot"
)


@pytest.mark.parametrize("team", TEAMS)
def test_a_team_replays_and_its_planted_fault_is_caught(
    team: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One test of the team as it should be, and one of the fault; neither asks the world."""
    assert LOADED
    monkeypatch.delenv("CI", raising=False)
    shutil.copytree(EXAMPLES / team, pytester.path, dirs_exist_ok=True)

    result = pytester.runpytest_inprocess(*WORDS.split())

    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["2 replayed; calls:*, 0 live"])


@pytest.mark.parametrize("team", TEAMS[-times(1, 4) :])
def test_a_team_can_be_recorded_again(
    team: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The outline that is committed is what a recording makes: nothing in it is chance."""
    assert LOADED
    monkeypatch.delenv("CI", raising=False)
    shutil.copytree(EXAMPLES / team, pytester.path, dirs_exist_ok=True)
    outlines = {path: path.read_text() for path in pytester.path.rglob("*.trace.txt")}
    assert len(outlines) == 2

    result = pytester.runpytest_inprocess(*WORDS.split(), "--agenttrace=rewrite")

    result.assert_outcomes(passed=2)
    assert {path: path.read_text() for path in pytester.path.rglob("*.trace.txt")} == outlines
