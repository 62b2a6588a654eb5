"""`agenttrace demo`: what anybody runs first does what it says, and leaves what it says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from agenttrace.cli import main
from agenttrace.cli.demo import KEY
from tests.fakes.pages import Command, matches, steps

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


def environment(**more: str) -> dict[str, str]:
    """What a person's shell has: our programs on the path, and no key; some plugins left out."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
    for name in ("CI", "PYTEST_XDIST_WORKER", "COLUMNS"):
        kept.pop(name, None)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**kept, "PATH": path, "PYTHONDONTWRITEBYTECODE": "1", **more}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A demonstration that was given: where, and what it printed."""

    home: Path
    code: int
    printed: str


def demo(cwd: Path, *arguments: str, **more: str) -> Shown:
    """Give the demonstration in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "agenttrace", "demo", *arguments],
        cwd=cwd,
        env=environment(**more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Shown(
        home=cwd / arguments[0] if arguments else cwd, code=done.returncode, printed=done.stdout
    )


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """One demonstration, which several tests look at."""
    given = demo(tmp_path_factory.mktemp("demo"), "team")
    assert given.code == 0, given.printed
    return given


@pytest.fixture
def left(shown: Shown, tmp_path: Path) -> Path:
    """A copy of the folder that it left, to be changed."""
    return shutil.copytree(shown.home, tmp_path / "team")


def next_things(shown: Shown) -> list[str]:
    """The lines that a person is told to paste."""
    return [line.strip() for line in shown.printed.partition("Now try:\n")[2].splitlines()[:3]]


def files_in(folder: Path) -> dict[str, bytes]:
    """What a folder holds."""
    return {
        str(it.relative_to(folder)): it.read_bytes() for it in folder.rglob("*") if it.is_file()
    }


def test_it_leaves_an_agent_a_test_and_a_golden(shown: Shown) -> None:
    """Three small files (and the golden's outline), and nothing that has to be cleaned up."""
    sizes = {name: len(content) for name, content in files_in(shown.home).items()}

    assert sorted(sizes) == [
        "agent.py",
        "golden/test_team/test_team.trace",
        "golden/test_team/test_team.trace.txt",
        "test_team.py",
    ]
    assert max(sizes.values()) < 10_000


def test_the_readme_shows_what_it_prints(shown: Shown) -> None:
    """The transcript on the first page is a real one; only times may differ."""
    page = (ROOT / "README.md").read_text("utf-8")
    [transcript] = [
        step
        for step in steps(page)
        if isinstance(step, Command) and step.line == "agenttrace demo team"
    ]
    printed = re.sub(
        r"\S+ -m (pytest|agenttrace)\b|\S+/(pytest|agenttrace)\b", r"\1\2", shown.printed
    )

    assert matches(transcript.prints, printed), printed


def test_each_worker_gets_its_own_answer_though_all_ask_the_same(shown: Shown) -> None:
    """Three equal prompts, three different answers, and none goes to another worker."""
    outline = (shown.home / "golden/test_team/test_team.trace.txt").read_text("utf-8")

    asked = re.findall(r"args (\w+) \"Report one order", outline)
    told = re.findall(r"look_up_order\(\{\"order\": \"([A-C]-\d\d)\"\}\)", outline)
    assert (len(asked), len(set(asked)), sorted(told)) == (3, 1, ["A-17", "B-22", "C-31"])


def test_the_key_is_in_no_file(shown: Shown) -> None:
    """What is committed holds no secret of the person who recorded it."""
    assert not [name for name, content in files_in(shown.home).items() if KEY.encode() in content]


@pytest.mark.parametrize("nth", [0, 1, 2], ids=["replay", "show", "record again"])
def test_each_of_the_next_things_works_when_it_is_pasted(
    shown: Shown, left: Path, nth: int
) -> None:
    """It says what to try, so that must work: without a key, without a network."""
    line = next_things(shown)[nth]

    done = subprocess.run(
        ["bash", "-c", line],
        cwd=left.parent,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert ("1 passed", "test_team.py::test_team\n", "Now try:")[nth] in done.stdout


def test_given_again_it_keeps_what_a_person_has_changed(left: Path) -> None:
    """The files are theirs: a changed prompt is recorded, not overwritten."""
    agent = left / "agent.py"
    changed = agent.read_text("utf-8").replace(
        "Say which orders need a person.", "Say how many wait."
    )
    agent.write_text(changed, "utf-8")

    again = demo(left.parent, "team")

    assert (again.code, agent.read_text("utf-8")) == (0, changed), again.printed
    assert "there is no third act" in again.printed
    assert "Say how many wait." in _shown(left)


def _shown(home: Path) -> str:
    """The golden, as far as it is text."""
    golden = home / "golden/test_team/test_team.trace"
    return golden.read_bytes().decode("utf-8", "replace")


def test_in_ci_it_records_all_the_same(tmp_path: Path) -> None:
    """A pipeline that tries the tool is no pipeline that records its tests."""
    assert demo(tmp_path, "team", CI="true").code == 0


def test_inside_a_project_its_tests_stay_its_own(tmp_path: Path) -> None:
    """The settings of the project around it do not count, and its golden is not put there."""
    (tmp_path / "pyproject.toml").write_text(
        "[tool.pytest.ini_options]\naddopts = ['--nonsense']\n"
    )

    given = demo(tmp_path, "team")

    assert given.code == 0, given.printed
    assert {"team/pytest.ini", "team/golden/test_team/test_team.trace"} <= set(files_in(tmp_path))


def test_a_folder_of_somebody_elses_is_refused(tmp_path: Path) -> None:
    """It overwrites nothing, and says what to type instead."""
    (tmp_path / "thesis.txt").write_text("all of it")

    result = CliRunner().invoke(main, ["demo", str(tmp_path)])

    assert (result.exit_code, files_in(tmp_path)) == (2, {"thesis.txt": b"all of it"})
    assert "agenttrace demo agenttrace-demo" in result.stderr


def test_without_the_sdk_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The extra is named, and no folder is made."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    result = CliRunner().invoke(main, ["demo", str(tmp_path / "team")])

    assert (result.exit_code, (tmp_path / "team").exists()) == (2, False)
    assert "pip install 'pytest-agenttrace[demo]'" in result.stderr
