"""The pages on gating, followed to the letter in a throw-away repository."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.fakes.committed_project import CommittedProject
from tests.fakes.pages import File, matches, steps

PAGES = Path(__file__).parents[2] / "docs" / "how-to"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> CommittedProject:
    """What each page says that its reader has: tests with goldens on `main`."""
    return CommittedProject.begun(tmp_path_factory.mktemp("pages"))


@pytest.mark.parametrize(
    "page", ["gate-on-github", "gate-on-gitlab", "gate-with-plain-git", "review-a-change"]
)
def test_a_page_on_gating_prints_what_it_says(
    page: str, template: CommittedProject, tmp_path: Path
) -> None:
    """Its files are written, its commands run one after the other, and each line compared."""
    shutil.copytree(template.path.parent, tmp_path / "all")
    project = CommittedProject(tmp_path / "all" / "project", tmp_path / "all" / "tools")
    if page == "review-a-change":  # begins where somebody else has changed something
        project.branch("refund-13", "order, 12", "order, 13")
    done = 0
    for step in steps((PAGES / f"{page}.md").read_text("utf-8")):
        if isinstance(step, File):
            project.write(step.name, step.text)
            continue
        told = project.run(step.line, check=False).stdout
        assert not step.prints or matches(step.prints, told), f"$ {step.line}\n\n{told}"
        assert step.prints or told == "", f"$ {step.line}\n\n{told}"
        done += 1
    assert done >= 3
