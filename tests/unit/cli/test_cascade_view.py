"""`agenttrace show --view cascade`: where failures began, and how far they spread."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from agenttrace.cli import cascade_text, main
from agenttrace.formats import native
from tests.fakes.told_teams import Did, run_of


def test_an_origin_what_followed_and_where_to_hold_it_are_told(tmp_path: Path) -> None:
    """By the numbers that the other views give the spans."""
    file = tmp_path / "run.trace"
    file.write_bytes(native.write(run_of(Did("a", "!down"), Did("b", "fine"), Did("c", "!late"))))

    result = CliRunner().invoke(main, ["show", str(file), "--view", "cascade"])

    assert result.output.splitlines() == [
        "origin  #1 ada: a (status: ERROR)",
        "  then  #3 ada: c (status: ERROR)",
        "  spread to the run; 1 hop",
        "  hold it between #1 and #3",
        "what failed was asked once, every try counted",
    ]


def test_a_run_in_which_nothing_failed_says_so(tmp_path: Path) -> None:
    """And not that all is contained."""
    file = tmp_path / "run.trace"
    file.write_bytes(native.write(run_of(Did("a", "fine"))))

    result = CliRunner().invoke(main, ["show", str(file), "--view", "cascade"])

    assert result.output == "nothing failed, as far as the rules of evidence see\n"


def test_of_very_many_the_first_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And how many more there are."""
    monkeypatch.setattr(cascade_text, "MOST", 1)
    steps = [Did(name, "!down") for name in "abcd"]
    file = tmp_path / "run.trace"
    file.write_bytes(native.write(run_of(*steps)))

    result = CliRunner().invoke(main, ["show", str(file), "--view", "cascade"])

    assert "  and 2 more" in result.output.splitlines()
