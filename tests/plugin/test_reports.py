"""Reports of a session: written once, by the process that has heard of every test."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import lxml.etree
import pytest

from agenttrace.report import json_
from tests.fakes.refund_project import LOADED, RefundProject

SCHEMA = json.loads(Path(json_.__file__).with_name("report.schema.json").read_text("utf-8"))
TESTS = """
import agent
import pytest


def test_first(agent_trace):
    agent.look_up_order("A-17")
    agent.notify("done")


def test_second(agent_trace):
    with agent_trace.run(name="a|b `c`"):
        agent.look_up_order("A-18")
    with agent_trace.run(name="other"):
        agent.look_up_order("A-19")


def test_own(agent_trace):
    assert agent.look_up_order("A-20")["order"] == agent.WANTED, "not the order\\n::error::gotcha"


def test_none():
    pass
"""
REPORTS = (
    "--agenttrace-report=out/r.md",
    "--agenttrace-report=r.json",
    "--agenttrace-report=r.xml",
)


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> RefundProject:
    """A project with tests that pass, have two runs, and none; recorded."""
    assert LOADED
    project = RefundProject(pytester)
    pytester.makepyfile(test_refund=TESTS)
    (project.path / "agent.py").write_text(
        (project.path / "agent.py").read_text() + "\nWANTED = 'A-20'\n"
    )
    project.run("--agenttrace=record").assert_outcomes(passed=4)
    return project


def read(project: RefundProject) -> dict[str, object]:
    """The JSON report, which holds to its schema."""
    document: dict[str, object] = json.loads((project.path / "r.json").read_text("utf-8"))
    jsonschema.validate(document, SCHEMA)
    return document


def without_times(document: dict[str, object]) -> dict[str, object]:
    """What does not vary from session to session."""
    text = re.sub(r'"seconds": [\d.e-]+', '"seconds": 0', json.dumps(document))
    found: dict[str, object] = json.loads(text)
    return found


def spoil(project: RefundProject) -> None:
    """Change the agent so that a run diverges, a test fails by itself, and others pass."""
    project.change('"status": "paid twice"', '"status": "paid once"')
    project.change("WANTED = 'A-20'", "WANTED = 'A-21'")
    file = project.path / "test_refund.py"
    file.write_text(file.read_text().replace('agent.notify("done")', 'agent.notify("sent")'))


def test_a_session_writes_each_report_and_says_where(project: RefundProject) -> None:
    """Three forms from one session, in folders that need not exist; each named at the end."""
    spoil(project)
    result = project.run(*REPORTS)
    result.assert_outcomes(passed=2, failed=2)
    for name in ("out/r.md", "r.json", "r.xml"):
        result.stdout.fnmatch_lines(f"*agenttrace report: {project.path / name}*")
    document = read(project)
    told = {run["run"]: run["outcome"] for run in document["runs"]}  # type: ignore[attr-defined]
    assert told == {
        "test_refund.py::test_first": "diverged",
        "test_refund.py::test_own": "failed",
        "test_refund.py::test_second (a|b `c`)": "replayed",
        "test_refund.py::test_second (other)": "replayed",
    }
    written = (project.path / "out" / "r.md").read_text("utf-8")
    assert written.startswith("## agenttrace: 2 of 4 runs fail\n")
    assert written.index("### diverged") < written.index("### failed")
    assert "pytest test_refund.py::test_first --agenttrace=rewrite" in written
    assert "::error::" not in written
    suite = lxml.etree.parse(project.path / "r.xml").find("testsuite")
    assert (suite.get("tests"), suite.get("failures")) == ("4", "2")


def test_under_xdist_the_reports_are_the_same(project: RefundProject) -> None:
    """Verdicts cross from the workers, and the one who prints writes: once, and all of it."""
    spoil(project)
    project.run(*REPORTS)
    alone = without_times(read(project)), (project.path / "out" / "r.md").read_text("utf-8")
    for name in ("out/r.md", "r.json", "r.xml"):
        (project.path / name).unlink()
    result = project.run(*REPORTS, "-n", "2", "--junitxml=junit.xml")
    result.assert_outcomes(passed=2, failed=2)
    assert (without_times(read(project)), (project.path / "out" / "r.md").read_text()) == alone
    assert result.stdout.str().count("agenttrace report:") == 3
    ours, pytests = (
        [case.get("name") for case in lxml.etree.parse(project.path / name).iter("testcase")]
        for name in ("r.xml", "junit.xml")
    )
    assert sorted(pytests) == ["test_first", "test_none", "test_own", "test_second"]
    assert ours == ["test_first", "test_own", "test_second (a|b `c`)", "test_second (other)"]


def test_a_test_that_fails_before_its_run_is_in_the_report(project: RefundProject) -> None:
    """A fixture that fails leaves no verdict; a report that is silent of it would look green."""
    file = project.path / "test_refund.py"
    fixture = "\n\n@pytest.fixture\ndef broken():\n    raise OSError('no room')\n"
    test = "\n\ndef test_broken(agent_trace, broken):\n    pass\n"
    file.write_text(file.read_text() + fixture + test)
    project.run("-k", "broken", *REPORTS).assert_outcomes(errors=1)
    (run,) = read(project)["runs"]  # type: ignore[misc, attr-defined]
    assert (run["outcome"], run["passed"]) == ("failed", False)
    assert run["problems"][0]["headline"] == "OSError: no room"


def test_of_a_test_that_is_tried_again_the_last_time_counts(project: RefundProject) -> None:
    """pytest-rerunfailures: what passed in the end is no failure in the report."""
    file = project.path / "test_refund.py"
    file.write_text(
        "import agent\n\ntried = []\n\n\ndef test_first(agent_trace):\n"
        "    agent.look_up_order('A-17')\n    tried.append(1)\n"
        "    agent.notify('done' if len(tried) > 1 else 'x')\n"
    )
    project.run("--reruns=1", *REPORTS).assert_outcomes(passed=1)
    (run,) = read(project)["runs"]  # type: ignore[misc, attr-defined]
    assert (run["outcome"], run["passed"]) == ("replayed", True)


def test_a_report_that_cannot_be_written_fails_the_session(project: RefundProject) -> None:
    """A gate that waits for the report must not find a green build without one."""
    (project.path / "taken").write_text("a file")
    result = project.run("--agenttrace-report=taken/r.md")
    result.assert_outcomes(passed=4)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines("*agenttrace report NOT written*")


def test_an_unknown_form_is_refused_before_any_test_runs(project: RefundProject) -> None:
    """A misspelled end would otherwise be noticed when the hour of tests is over."""
    result = project.run("--agenttrace-report=r.txt")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        "*--agenttrace-report=r.txt: a report's path ends in .html, .json, .md or .xml*"
    )


def test_the_ini_file_asks_for_reports_as_well(project: RefundProject) -> None:
    """One a line, from the root of the tests; the command line counts instead of it."""
    with (project.path / "tox.ini").open("a") as ini:
        ini.write("\nagenttrace_report =\n    out/r.md\n    r.json\n")
    project.run().assert_outcomes(passed=4)
    assert read(project)["passed"] is True
    (project.path / "r.json").unlink()
    project.run("--agenttrace-report=other.xml").assert_outcomes(passed=4)
    assert (project.path / "other.xml").exists()
    assert not (project.path / "r.json").exists()


def test_a_session_that_uses_no_agents_writes_a_report_that_says_so(project: RefundProject) -> None:
    """A pipeline that uploads the file finds it, and not last week's."""
    project.run("-k", "test_none", *REPORTS).assert_outcomes(passed=1)
    assert read(project)["counts"]["runs"] == 0  # type: ignore[index]
    assert "no test used agenttrace" in (project.path / "out" / "r.md").read_text()
