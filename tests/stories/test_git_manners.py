"""How git treats goldens, in real repositories: shown as text, and never merged line by line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from agenttrace.cli.git import AGAIN
from tests.fakes.committed_project import GOLDEN, CommittedProject

OUTLINE = f"{GOLDEN}.txt"
MORE, LESS = ("pay(order, 12)", "pay(order, 13)"), ("pay(order, 12)", "pay(order, 11)")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> CommittedProject:
    """A project in which two branches, `more` and `less`, have both recorded a golden again."""
    project = CommittedProject.begun(tmp_path_factory.mktemp("git"))
    project.branch("more", *MORE)
    project.branch("less", *LESS)
    return project


@pytest.fixture
def project(template: CommittedProject, tmp_path: Path) -> CommittedProject:
    """A copy of it, on the branch `less`."""
    shutil.copytree(template.path.parent, tmp_path / "all")
    return CommittedProject(tmp_path / "all" / "project", tmp_path / "all" / "tools")


def content(project: CommittedProject) -> bytes:
    """The golden as it lies there."""
    return (project.path / GOLDEN).read_bytes()


def conflicts(project: CommittedProject) -> set[str]:
    """The files that git holds to be in conflict."""
    return {*project.run("git diff --name-only --diff-filter=U").stdout.split()}


def test_without_a_driver_two_recordings_are_a_conflict_of_whole_files(
    project: CommittedProject,
) -> None:
    """What `init` commits suffices: ours lies there whole, and no line of theirs in it."""
    ours, outline = content(project), (project.path / OUTLINE).read_bytes()
    assert project.run("git merge more", check=False).returncode == 1
    assert conflicts(project) == {GOLDEN, OUTLINE, "agent.py"}
    assert content(project) == ours
    assert (project.path / OUTLINE).read_bytes() == outline


def test_with_the_driver_two_recordings_ask_to_be_recorded_again(
    project: CommittedProject,
) -> None:
    """The test is named, the outline is marked, and what is printed leads out of the conflict."""
    project.run("agenttrace init --merge-driver --yes")
    ours = content(project)
    merged = project.run("git merge more", check=False)
    assert merged.returncode == 1
    assert f"RECORD AGAIN: both sides changed {GOLDEN}\n" in merged.stdout
    assert content(project) == ours
    assert (project.path / OUTLINE).read_text("utf-8").startswith(f"{AGAIN}\n# test_refund.py")
    assert conflicts(project) == {GOLDEN, OUTLINE, "agent.py"}
    printed = [line.strip() for line in merged.stdout.splitlines() if line.startswith("    ")]
    assert printed[0] == "pytest test_refund.py::test_refund --agenttrace=rewrite"
    project.run("git checkout --quiet --theirs agent.py")
    project.run("\n".join(printed))
    project.run("git add agent.py && git commit --quiet --no-edit")
    assert project.run("agenttrace check").stdout == "1 golden, nothing wrong\n"
    assert "pay(order, 13)" in (project.path / "agent.py").read_text()
    assert AGAIN not in (project.path / OUTLINE).read_text("utf-8")
    assert "1 replayed" in project.run("pytest").stdout


def test_a_diff_shows_a_golden_as_text(project: CommittedProject) -> None:
    """By default it is said to be binary, and its outline shows; with the settings, itself."""
    plain = project.run(f"git diff main less -- {GOLDEN}").stdout
    assert "Binary files" in plain
    project.run("agenttrace init --merge-driver --yes")
    told = project.run(f"git diff main less -- {GOLDEN}").stdout
    changed = [line for line in told.splitlines() if line.startswith(("-#", "+#"))]
    assert [line[:5] for line in changed] == ["-#pay", "+#pay"]
    assert '"amount": 12' in changed[0]
    assert '"amount": 11' in changed[1]
    project.write(GOLDEN, "version https://git-lfs.github.com/spec/v1\n")
    assert "+not a golden that can be read, 43 bytes" in project.run("git diff").stdout
