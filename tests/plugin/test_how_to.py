"""The pages on what a run did, followed to the letter: each output is real."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import agenttrace.cli.doctor_journals
import agenttrace.cli.import_trace
import agenttrace.cli.incident
import agenttrace.cli.promote
import agenttrace.session.promoted
import agenttrace.session.rerun
from agenttrace.cli import main
from tests.fakes.pages import Command, File, matches, steps
from tests.fakes.refund_project import LOADED

HERE = (
    *LOADED,
    agenttrace.cli.doctor_journals,
    agenttrace.cli.import_trace,
    agenttrace.cli.promote,
    agenttrace.session.promoted,
    agenttrace.session.rerun,
)
"""Loaded once: a run of pytest in this process forgets what it loaded itself."""

PAGES = Path(__file__).parents[2] / "docs" / "how-to"


def printed(line: str, pytester: pytest.Pytester) -> str:
    """Run a command of a page in this process; give what it prints."""
    program, *said = shlex.split(line)
    found = [sorted(map(str, Path().glob(one))) if "*" in one else [] for one in said]
    words = [word for one, files in zip(said, found, strict=True) for word in files or [one]]
    if program == "python" and words[:2] == ["-m", "pytest"]:
        program, words = "pytest", words[2:]
    if program == "python":
        done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
        return done.stdout
    if program == "pytest":
        return "\n".join(pytester.runpytest_inprocess(*words).outlines)
    return CliRunner().invoke(main, words).output


FOLLOWED = (
    "select-spans",
    "snapshot-state",
    "assert-order",
    "set-budgets",
    "analyse-a-team",
    "keep-objectives",
    "place-work",
    "find-what-caused-a-failure",
    "look-at-a-trace",
    "look-at-a-page",
    "compare-trials",
    "replay-an-incident",
    "find-races",
    "../tutorial/a-race",
    "import-traces",
    "record-in-production",
    "../tutorial/an-incident",
)
SLOW = "-p no:langsmith_plugin"
DATA = Path(__file__).parents[1] / "data" / "tau-bench"
INCIDENT = DATA.parent / "incidents" / "double-refund.json"
TRIALS = {"passed.json": "gpt-4o-airline-113.json", "failed.json": "gpt-4o-airline-013.json"}


@pytest.mark.parametrize("page", FOLLOWED)
def test_a_page_prints_what_it_says(
    page: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files are written, its commands run, and each line compared, but for times."""
    assert HERE
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    for name, trial in TRIALS.items():
        (pytester.path / name).write_bytes((DATA / trial).read_bytes())
    (pytester.path / "incident.json").write_bytes(INCIDENT.read_bytes())
    addopts = f"-p no:randomly -p no:cacheprovider -p no:asyncio -p no:inline_snapshot {SLOW}"
    (pytester.path / "tox.ini").write_text(f"[pytest]\naddopts = {addopts}\n")
    done = 0
    for step in steps((PAGES / f"{page}.md").read_text("utf-8")):
        if isinstance(step, File):
            (pytester.path / step.name).write_text(step.text, "utf-8")
            sys.modules.pop(step.name.removesuffix(".py"), None)
        elif isinstance(step, Command):
            told = printed(step.line, pytester)
            assert matches(step.prints, told), f"$ {step.line}\n\nit printed\n\n{told}"
            done += 1
    assert done >= 2


def test_the_team_of_the_incident_is_that_of_the_example() -> None:
    """The tutorial's code is no code of its own."""
    page = PAGES.parent / "tutorial" / "an-incident.md"
    files = {
        step.name: step.text for step in steps(page.read_text("utf-8")) if isinstance(step, File)
    }
    example = PAGES.parents[1] / "examples" / "blackboard" / "ward.py"

    assert files["ward.py"] == example.read_text("utf-8")


@pytest.mark.parametrize("folder", ["how-to", "reference", "tutorial", "explanation"])
def test_every_page_is_listed_where_its_folder_begins(folder: str) -> None:
    """The menu finds a page by itself; who reads the table of what there is would not."""
    pages = PAGES.parent / folder
    listed = (pages / "index.md").read_text("utf-8")

    missing = [it.name for it in sorted(pages.glob("*.md")) if f"({it.name}" not in listed]
    assert missing == ["index.md"]
