"""What is kept of a test that failed: its run says so, and no golden ever does."""

from __future__ import annotations

import sys

import pytest
from click.testing import CliRunner

import agenttrace.cli.slo
import agenttrace.session.ending
from agenttrace.cli import main
from agenttrace.formats.files import trace_at
from agenttrace.model.span import ERROR, Status
from tests.fakes.refund_project import LOADED

HERE = (*LOADED, agenttrace.cli.slo, agenttrace.session.ending)
"""Loaded once: a run of pytest in this process forgets what it loaded itself."""

DESK = """
import agenttrace
import pytest

KEY = "zq8-" + "Vd2LmR7x" * 3


@agenttrace.tool
def look_up(order):
    return "paid twice"


@agenttrace.tool
def sign_in(name):
    return {"api_key": KEY}
"""
FIXTURES = """
import agenttrace
import pytest
from fail_desk import look_up, sign_in


@pytest.fixture
def broken():
    look_up("A-17")
    raise ConnectionError("the desk is shut")


@pytest.fixture(scope="module")
def shared():
    return look_up("A-17")


@pytest.fixture
def away():
    look_up("A-17")
    pytest.skip("nobody is there")


@pytest.fixture
def shuts():
    yield
    raise ConnectionError("the desk does not shut")

"""
WORDS = "-p no:langsmith_plugin -p no:inline_snapshot -p no:asyncio -p no:randomly"
JOURNALS = ".agenttrace/journals"


class Project:
    """A desk of a user's, and a test of it that can be anything."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester, self.path = pytester, pytester.path
        pytester.makepyfile(fail_desk=DESK)
        pytester.makeini(f"[pytest]\naddopts = {WORDS}\n")

    def write(self, body: str, takes: str = "agent_trace", before: str = "") -> None:
        """Write the test."""
        lines = "".join(f"    {line}\n" for line in body.splitlines())
        source = f"{FIXTURES}\n{before}\ndef test_it({takes}):\n{lines}"
        (self.path / "test_it.py").write_text(source, "utf-8")

    def run(self, *words: str) -> pytest.RunResult:
        """Run it in this process."""
        return self.pytester.runpytest_inprocess(*words)

    def kept(self, name: str) -> tuple[Status, list[object]]:
        """How a run ended, as its own span in a file says it: the status, and each error."""
        root = trace_at(self.path / name)[0].root
        assert root is not None
        return root.status, [
            one.attributes.get("exception.message") for one in root.events if one.name == "error"
        ]


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project of a user's, nothing recorded yet."""
    assert HERE
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delitem(sys.modules, "fail_desk", raising=False)
    return Project(pytester)


@pytest.mark.parametrize(
    "folders", [("runs",), ("golden", JOURNALS)], ids=["copies", "goldens and journals"]
)
def test_objectives_count_the_tests_that_failed_and_name_them(
    folders: tuple[str, ...], project: Project
) -> None:
    """Else all workflows of a folder succeed, whatever became of their tests."""
    project.write(
        'assert look_up(order) == ("refunded" if order == "A-3" else "paid twice")',
        takes="order, agent_trace",
        before='@pytest.mark.parametrize("order", ["A-1", "A-2", "A-3", "A-4"])',
    )
    result = project.run("--agenttrace=record", "--agenttrace-run-dir=runs")
    result.assert_outcomes(passed=3, failed=1)

    said = CliRunner().invoke(main, ["slo", *folders, "--objective", "80% of workflows succeed"])

    assert said.exit_code == 1
    missed, named = said.stdout.splitlines()
    assert missed.startswith("MISSED     80% of workflows succeed: 1 of 4 bad, 0 allowed, ")
    assert named == "           test_it.py::test_it[A-3]: it ended as ERROR"


CALL = 'look_up("A-17")\n'
STEPS = "@pytest.mark.agent_trace(budget={'steps': 1})"
SHARED = f'{CALL}request.getfixturevalue("shared")'
OUTSIDE = f"with agent_trace.run():\n    {CALL}try:\n    {CALL}except BaseException:\n    pass"


@pytest.mark.parametrize(
    ("body", "takes", "before", "kind", "message"),
    [
        (f"{CALL}assert [1] == [2]", "", "", "AssertionError", "assert [1] == [2]"),
        (f'{CALL}pytest.fail("late\\nby a day")', "", "", "Failed", "late"),
        (f'{CALL}raise SystemExit("off")', "", "", "SystemExit", "off"),
        (CALL, "broken", "", "ConnectionError", "the desk is shut"),
        (CALL * 2, "", STEPS, "BudgetBroken", "test_it.py::test_it: 1 of 1 limit broken: steps  *"),
        (SHARED, "request", "", "CallOutsideRun", "test_it.py::test_it: *"),
        (OUTSIDE, "", "", "CallOutsideRun", "test_it.py::test_it: *"),
    ],
    ids=["assertion", "pytest.fail", "exit", "fixture", "budget", "stopped", "outside"],
)
def test_the_run_of_a_failed_recording_says_what_failed_it(
    body: str, takes: str, before: str, kind: str, message: str, project: Project
) -> None:
    """Its status and its error, as any span says them of the exception that left it."""
    project.write(body, takes=f"agent_trace, {takes}", before=before)

    project.run("--agenttrace=record")

    status, errors = project.kept(f"{JOURNALS}/test_it/test_it.journal")
    assert (status, len(errors)) == (Status(code=ERROR, message=kind), 1)
    pytest.LineMatcher([str(errors[0])]).fnmatch_lines([message.replace("[", "[[]")])
    assert not (project.path / "golden").exists()


@pytest.mark.parametrize(
    ("body", "takes", "before"),
    [
        (CALL, "", ""),
        (f"{CALL}assert 0", "", "@pytest.mark.xfail"),
        (f'{CALL}pytest.skip("enough")', "", ""),
        (CALL, "shuts", ""),
    ],
    ids=["passed", "meant to fail", "skipped", "failed after it"],
)
def test_the_run_of_any_other_recording_says_nothing(
    body: str, takes: str, before: str, project: Project
) -> None:
    """A golden, its copy and its journal are as they would be without a test."""
    project.write(body, takes=f"agent_trace, {takes}", before=before)

    project.run("--agenttrace=record", "--agenttrace-keep=all", "--agenttrace-run-dir=runs")

    names = ("golden/test_it/test_it.trace", f"{JOURNALS}/test_it/test_it.journal")
    for name in (*names, f"runs/{names[0]}"):
        assert project.kept(name) == (Status(), [])


def test_a_test_that_a_fixture_skips_has_not_failed(project: Project) -> None:
    """Its run ended before it began."""
    project.write(CALL, takes="agent_trace, away")

    project.run("--agenttrace=record")

    assert project.kept(f"{JOURNALS}/test_it/test_it.journal") == (Status(), [])


def test_each_run_of_a_failed_test_says_so_and_no_secret_of_another_run(project: Project) -> None:
    """Nobody knows which run it was; the message may hold what only the first one was told."""
    project.write(
        "with agent_trace.run():\n"
        '    found = sign_in("me")\n'
        "with agent_trace.run():\n"
        f"    {CALL}"
        "raise ValueError(f\"no order under {found['api_key']}\")"
    )

    project.run("--agenttrace=record")

    for name in ("test_it.journal", "test_it.2.journal"):
        path = f"{JOURNALS}/test_it/{name}"
        assert b"Vd2LmR7x" not in (project.path / path).read_bytes()
        status, errors = project.kept(path)
        assert status == Status(code=ERROR, message="ValueError")
        assert errors == ["no order under <api-key>"]


def test_what_a_run_said_of_itself_gives_way(project: Project) -> None:
    """A run that ended well by its own word, and failed its test, has failed."""
    project.write(f'{CALL}agenttrace.status("OK")\nassert 0')

    project.run("--agenttrace=record")

    status, _ = project.kept(f"{JOURNALS}/test_it/test_it.journal")
    assert status == Status(code=ERROR, message="AssertionError")


def test_a_replay_that_fails_says_so_in_its_copy_alone(project: Project) -> None:
    """The golden stays as it was, and the next replay is the same as ever."""
    project.write(f'{CALL}import os\nfails = "FAILS" in os.environ\nassert not fails')
    project.run("--agenttrace=record").assert_outcomes(passed=1)
    golden = project.path / "golden/test_it/test_it.trace"
    before = golden.read_bytes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAILS", "1")
        project.run("--agenttrace-run-dir=runs").assert_outcomes(failed=1)

    assert project.kept("runs/golden/test_it/test_it.trace") == (
        Status(code=ERROR, message="AssertionError"),
        ["assert not True"],
    )
    assert golden.read_bytes() == before
    project.run().assert_outcomes(passed=1)


@pytest.mark.parametrize(("now", "outcome"), [('look_up("A-18")', "diverged"), ("pass", "drifted")])
def test_what_is_held_against_a_golden_says_nothing_of_the_test(
    now: str, outcome: str, project: Project
) -> None:
    """A gate tells what the agent does otherwise, and the test's end is no part of that."""
    project.write(f'{CALL}look_up("A-19")')
    project.run("--agenttrace=record").assert_outcomes(passed=1)
    project.write(f"{CALL}{now}")

    result = project.run("--agenttrace-run-dir=runs")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"1 {outcome}; *"])
    assert project.kept("runs/golden/test_it/test_it.trace") == (Status(), [])
    for path in project.path.glob("golden/**/*.new"):
        assert project.kept(str(path)) == (Status(), [])


def test_a_test_without_a_golden_did_not_succeed(project: Project) -> None:
    """No golden can be held against its copy, so the copy says what the test failed with."""
    project.write("look_up('A-17')")
    project.run("--agenttrace-run-dir=runs").assert_outcomes(failed=1)

    status, _ = project.kept("runs/golden/test_it/test_it.trace")
    assert status == Status(code=ERROR, message="GoldenMissing")
