"""What `agenttrace init` writes for CI: valid, and each of its blocks run in a throw-away clone."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import lxml.etree
import pytest
import ruamel.yaml
from pre_commit.clientlib import load_config, load_manifest

from agenttrace.report.gate.markdown import MARK
from tests.fakes.committed_project import CommittedProject

ROOT = Path(__file__).parents[2]
PUBLISHED = files("check_jsonschema") / "builtin_schemas" / "vendor"


def read(path: Path) -> Any:
    """Read a file of YAML 1.2, in which `on` is a word."""
    return ruamel.yaml.YAML(typ="safe", pure=True).load(path.read_text("utf-8"))


def published(name: str) -> Any:
    """A schema as its owner published it."""
    return json.loads((PUBLISHED / f"{name}.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> CommittedProject:
    """A project with a golden and everything that `init` writes; made once and copied."""
    project = CommittedProject.begun(tmp_path_factory.mktemp("ci"))
    project.run("agenttrace init --github --gitlab --pre-commit --yes")
    project.commit("CI")
    return project


@pytest.fixture
def project(template: CommittedProject, tmp_path: Path) -> CommittedProject:
    """A copy of it."""
    shutil.copytree(template.path.parent, tmp_path / "all")
    return CommittedProject(tmp_path / "all" / "project", tmp_path / "all" / "tools")


def blocks(workflow: Any) -> Iterator[tuple[str, str]]:
    """The `run:` blocks of a workflow's steps, each with its name."""
    for job in workflow["jobs"].values():
        for step in job["steps"]:
            if "run" in step:
                yield step["name"], step["run"]


def on_github(clone: CommittedProject, base: str) -> dict[str, int]:
    """Run every block of the workflow, with what GitHub's runner sets; give their exit codes."""
    words = {
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_STEP_SUMMARY": str(clone.path.parent / "summary.md"),
        "BASE": base,  # the expression that the workflow has is GitHub's to fill in
    }
    workflow = read(clone.path / ".github/workflows/agenttrace.yml")
    return {
        name: clone.run(lines, check=False, **words).returncode for name, lines in blocks(workflow)
    }


def test_the_workflows_hold_to_their_published_schemas(project: CommittedProject) -> None:
    """GitHub's and GitLab's own; a misspelt key would be found by the first push of a user's."""
    workflow = read(project.path / ".github/workflows/agenttrace.yml")
    schema = published("github-workflows")
    jsonschema.validate(workflow, schema)
    workflow["jobs"]["gate"]["steps"][0]["usess"] = "x"
    assert not jsonschema.Draft7Validator(schema).is_valid(workflow)
    for name in (".gitlab-ci.yml", ".gitlab/agenttrace.yml"):
        jsonschema.validate(read(project.path / name), published("gitlab-ci"))
    assert read(project.path / ".gitlab-ci.yml") == {
        "include": [{"local": ".gitlab/agenttrace.yml"}]
    }


def test_a_change_that_is_meant_is_replayed_gated_and_summed_up_on_github(
    project: CommittedProject,
) -> None:
    """Every block runs in a fresh clone; `pip install` is replaced by what is at hand."""
    base = project.run("git rev-parse main").stdout.strip()
    project.branch("tell", "pay(order, 12)", "pay(order, 12)\n            look_up_order('B-1')")
    clone = project.clone("clone")
    codes = on_github(clone, base)
    assert codes == {"Install": 0, "Replay": 0, "Gate": 1, "Summary": 0}
    assert "install pytest-agenttrace" in project.asked_of_pip
    summary = (clone.path.parent / "summary.md").read_text("utf-8")
    assert summary.startswith(f"{MARK}\n## agenttrace: the change waits for a review\n")
    assert "## agenttrace: 1 run, nothing fails" in summary
    report = json.loads((clone.path / ".agenttrace/reports/gate.json").read_text("utf-8"))
    assert [golden["movement"] for golden in report["goldens"]] == ["intended"]
    assert clone.run("git status --porcelain").stdout == ""
    assert {path.name for path in (clone.path / ".agenttrace/reports").iterdir()} == {
        "gate.html",
        "gate.json",
        "gate.md",
        "gate.sarif",
        "tests.html",
        "tests.json",
        "tests.md",
    }


def test_a_change_that_was_not_recorded_fails_the_replay_and_is_blocked(
    project: CommittedProject,
) -> None:
    """The gate runs although the tests failed, and says which run moved."""
    base = project.run("git rev-parse main").stdout.strip()
    project.run("git checkout --quiet -b regression")
    project.change("pay(order, 12)", "pay(order, 21)")
    project.commit("pay more")
    clone = project.clone("clone")
    assert on_github(clone, base) == {"Install": 0, "Replay": 1, "Gate": 1, "Summary": 0}
    report = json.loads((clone.path / ".agenttrace/reports/gate.json").read_text("utf-8"))
    assert report["standing"] == "block"
    assert [golden["movement"] for golden in report["goldens"]] == ["regression"]


def test_the_job_for_gitlab_does_the_same(project: CommittedProject) -> None:
    """Its lines run as one script; a failed replay does not hide what the gate says."""
    base = project.run("git rev-parse main").stdout.strip()
    job = read(project.path / ".gitlab/agenttrace.yml")["agenttrace"]
    script = "\n".join(job["script"])
    words = {"CI": "true", "CI_MERGE_REQUEST_DIFF_BASE_SHA": base}
    unchanged = project.clone("unchanged")
    assert unchanged.run(script, check=False, **words).returncode == 0
    project.run("git checkout --quiet -b regression")
    project.change("pay(order, 12)", "pay(order, 21)")
    project.commit("pay more")
    clone = project.clone("clone")
    assert clone.run(script, check=False, **words).returncode == 1
    reports = clone.path / ".agenttrace/reports"
    assert json.loads((reports / "gate.json").read_text("utf-8"))["standing"] == "block"
    for path in reports.glob("*.xml"):
        assert lxml.etree.parse(path).getroot().get("failures") == "1"
    assert len([*reports.glob("*.xml")]) == 2


def test_pre_commit_takes_our_hook_and_runs_it(project: CommittedProject) -> None:
    """A stale outline does not get into a commit; the hook that others may take is valid, too."""
    (hook,) = load_manifest(ROOT / ".pre-commit-hooks.yaml")
    ((local,),) = (
        repo["hooks"] for repo in load_config(project.path / ".pre-commit-config.yaml")["repos"]
    )
    assert (hook["id"], hook["entry"]) == (local["id"], local["entry"])
    run = "python -m pre_commit run --all-files"
    assert "Passed" in project.run(run).stdout
    project.write("golden/test_refund/test_refund.trace.txt", "something else\n")
    project.run("git add golden")
    failed = project.run(run, check=False)
    assert failed.returncode == 1
    assert "stale-outline" in failed.stdout


def test_the_steps_that_the_page_adds_fit_the_workflow(project: CommittedProject) -> None:
    """They are valid where they are put; the comment is posted, through a stand-in for `gh`."""
    page = (ROOT / "docs/how-to/gate-on-github.md").read_text("utf-8")
    parts = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    added = [step for part in parts for step in ruamel.yaml.YAML(typ="safe", pure=True).load(part)]
    assert len(added) == 2
    workflow = read(project.path / ".github/workflows/agenttrace.yml")
    workflow["jobs"]["gate"]["steps"] += added
    jsonschema.validate(workflow, published("github-workflows"))
    written = {part for _, run in blocks(workflow) for part in run.split()}
    assert {".agenttrace/reports/gate.md", added[1]["with"]["sarif_file"]} <= written
    project.write("../tools/gh", '#!/bin/sh\necho "$@"\n')
    project.run("chmod +x ../tools/gh")
    told = project.run(added[0]["run"], PR="7").stdout
    assert told == (
        "pr comment 7 --body-file .agenttrace/reports/gate.md --edit-last --create-if-none\n"
    )
