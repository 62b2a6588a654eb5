"""The page of a session: the tests that failed, each run beside its golden."""

from __future__ import annotations

import base64
import re
import zlib
from typing import Any

import msgpack
import pytest

from tests.fakes.refund_project import LOADED, RefundProject

TESTS = """
import agent


def test_first(agent_trace):
    agent.look_up_order("A-17")
    agent.notify("done")


def test_own(agent_trace):
    assert agent.look_up_order("A-20")["order"] == agent.WANTED


def test_good(agent_trace):
    agent.look_up_order("A-21")
"""
PAGE = "--agenttrace-report=out/page.html"


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> RefundProject:
    """A project whose three tests are recorded, and then two of them spoiled."""
    assert LOADED
    monkeypatch.delenv("CI", raising=False)
    project = RefundProject(pytester)
    pytester.makepyfile(test_refund=TESTS)
    (project.path / "agent.py").write_text(
        (project.path / "agent.py").read_text() + "\nWANTED = 'A-20'\n"
    )
    project.run("--agenttrace=record").assert_outcomes(passed=3)
    project.change("WANTED = 'A-20'", "WANTED = 'A-21'")
    file = project.path / "test_refund.py"
    file.write_text(file.read_text().replace('agent.notify("done")', 'agent.notify("sent")'))
    return project


def shown(project: RefundProject) -> dict[str, Any]:
    """What the page holds: what it says, and of each run its title, outcome and content."""
    html = (project.path / "out" / "page.html").read_text("utf-8")
    block = re.search(r'id="data">([^<]*)<', html)
    assert block is not None
    document = msgpack.unpackb(zlib.decompress(base64.b64decode(block[1])))
    runs = [[title, outcome, msgpack.unpackb(run)] for title, outcome, run in document["runs"]]
    return {"said": document["said"], "runs": runs}


def gist(document: dict[str, Any]) -> list[Any]:
    """What does not vary from session to session."""
    return [
        [
            title,
            outcome,
            [trace["label"] for trace in run["traces"]],
            [(one["kind"], one["what"], one["title"]) for one in run["differences"]],
            [note.partition("\n")[0] for note in run["notes"]],
        ]
        for title, outcome, run in document["runs"]
    ]


def test_the_tests_that_failed_are_on_the_page_beside_their_goldens(project: RefundProject) -> None:
    """Why each failed, its run and its golden, and what differs; what passed is only counted."""
    result = project.run(PAGE)
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines("*agenttrace report: *page.html*")
    document = shown(project)
    assert document["said"] == "2 of 3 runs fail."
    (diverged, own) = gist(document)
    assert diverged[:3] == ["test_refund.py::test_first", "diverged", ["golden", "this run"]]
    assert ("tool_args", "changed", "notify") in diverged[3] or diverged[3]
    assert diverged[4][0].startswith("ReplayDiverged: ")
    assert own[:2] == ["test_refund.py::test_own", "failed"]
    assert own[3] == []
    assert "agent.WANTED" in project_notes(document, 1)


def project_notes(document: dict[str, Any], run: int) -> str:
    """All that is said of why a test failed."""
    return "\n".join(document["runs"][run][2]["notes"])


def test_under_xdist_the_page_is_the_same(project: RefundProject) -> None:
    """The runs cross from the workers, whole."""
    project.run(PAGE)
    alone = gist(shown(project))
    project.run(PAGE, "-n", "2").assert_outcomes(passed=1, failed=2)
    assert gist(shown(project)) == alone


def test_a_session_in_which_nothing_fails_has_a_page_as_well(project: RefundProject) -> None:
    """It says so, and shows no run."""
    project.run(PAGE, "-k", "good").assert_outcomes(passed=1)
    document = shown(project)
    assert (document["said"], document["runs"]) == ("1 run, nothing fails.", [])
