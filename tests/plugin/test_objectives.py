"""Objectives in the ini file: judged over a whole session, which fails where one is missed."""

from __future__ import annotations

import sys

import pytest

import agenttrace.analysis.objectives
from agenttrace.formats import native
from agenttrace.model.span import ERROR, Span, SpanKind, Status
from agenttrace.model.trace import TIME, VIRTUAL, Trace
from tests.fakes.refund_project import LOADED

HERE = (*LOADED, agenttrace.analysis.objectives)
"""Loaded once: a run of pytest in this process forgets what it loaded itself."""

DESK = """
import agenttrace


@agenttrace.tool
def look_up(order):
    if order == "A-3":
        raise ValueError("no such order")
    return "paid twice"


def ask(order):
    try:
        return look_up(order)
    except ValueError:
        return "unknown"
"""
TESTS = """
import pytest
import slo_desk


@pytest.mark.parametrize("order", ["A-1", "A-2", "A-3"])
def test_desk(order, agent_trace):
    assert slo_desk.ask(order)
"""
WORDS = "-p no:langsmith_plugin -p no:inline_snapshot -p no:asyncio -p no:randomly"


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A desk that is asked three times; one order is unknown to its tool."""
    assert HERE
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delitem(sys.modules, "slo_desk", raising=False)
    pytester.makepyfile(slo_desk=DESK, test_desk=TESTS)
    return pytester


def says(project: pytest.Pytester, *lines: str, over: str = "") -> None:
    """Write objectives into the ini file."""
    told = "".join(f"\n    {line}" for line in lines)
    folders = f"agenttrace_slo_over = {over}\n" if over else ""
    project.makeini(f"[pytest]\naddopts = {WORDS}\nagenttrace_slo ={told}\n{folders}")


def test_an_objective_that_is_kept_is_told(project: pytest.Pytester) -> None:
    """Of the goldens that the session has just recorded, and of those that it replays."""
    says(project, "60% of tool look_up succeed", "100% of workflows succeed")

    for mode in ("record", "replay"):
        result = project.runpytest_inprocess(f"--agenttrace={mode}")

        assert result.ret == 0
        result.stdout.fnmatch_lines(
            [
                "*agenttrace objectives*",
                "kept       60% of tool look_up succeed: 1 of 3 bad, 1 allowed, 83.3% of the *",
                "kept       100% of workflows succeed: 0 of 3 bad, 0 allowed",
            ]
        )


def test_one_that_is_missed_fails_the_session(project: pytest.Pytester) -> None:
    """Every test passes; the objective, the counts, the budget and the burn are told."""
    says(project, "90% of tool look_up succeed")

    result = project.runpytest_inprocess("--agenttrace=record")

    result.assert_outcomes(passed=3)
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "MISSED     90% of tool look_up succeed: 1 of 3 bad, 0 allowed, 333.3% of the error *",
            "*test_desk.py::test_desk[[]A-3[]], look_up at *#0, *.py:[1-9]*: it ended*",
        ]
    )


def test_a_latency_is_that_of_the_recording(project: pytest.Pytester) -> None:
    """A replay takes no time; its golden says what the world took."""
    says(project, "100% of tool look_up within 60s")
    project.runpytest_inprocess("--agenttrace=record")

    result = project.runpytest_inprocess()

    assert result.ret == 0
    result.stdout.fnmatch_lines(["kept       100% of tool look_up within 60s: 0 of 3 bad*"])


def test_what_never_happened_fails_it(project: pytest.Pytester) -> None:
    """Else a misspelt objective would pass for ever."""
    says(project, "90% of tool lok_up succeed")

    result = project.runpytest_inprocess("--agenttrace=record")

    assert result.ret == 1
    result.stdout.fnmatch_lines(["NOTHING    90% of tool lok_up succeed: it speaks of what*"])


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("-k", "A-3"), "not judged: only a part of the tests was selected"),
        (("test_desk.py",), "not judged: only a part of the tests was named"),
        (("test_desk.py::test_desk",), "not judged: only a part of the tests was named"),
    ],
)
def test_a_part_of_a_session_is_not_judged(
    words: tuple[str, ...], why: str, project: pytest.Pytester
) -> None:
    """Of one run, 90 % are one: it says nothing of the others."""
    says(project, "90% of tool look_up succeed")

    result = project.runpytest_inprocess("--agenttrace=record", *words)

    assert result.ret == 0
    result.stdout.fnmatch_lines([why])


def test_a_session_without_runs_is_not_judged(project: pytest.Pytester) -> None:
    """There is nothing that an objective could speak of."""
    says(project, "90% of tool look_up succeed")
    (project.path / "test_desk.py").write_text("def test_it():\n    pass\n", "utf-8")

    result = project.runpytest_inprocess()

    assert result.ret == 0
    result.stdout.fnmatch_lines(["not judged: no run has a golden"])


def test_a_folder_may_be_meant_instead(project: pytest.Pytester) -> None:
    """Traces of production, say; what the session's own runs did does not count then."""
    says(project, "90% of workflows succeed", over="production")
    (project.path / "production").mkdir()
    for number in range(10):
        status = Status(code=ERROR) if number < 2 else Status()
        run = Span(id="f" * 16, name="run", kind=SpanKind.RUN, status=status)
        trace = Trace(id=f"{number + 1:032x}", name=f"workflow {number}", spans=(run,))
        (project.path / "production" / f"{number}.trace").write_bytes(native.write(trace))

    result = project.runpytest_inprocess("--agenttrace=record")

    assert result.ret == 1
    result.stdout.fnmatch_lines(
        ["MISSED     90% of workflows succeed: 2 of 10 bad, 1 allowed, 200.0% of the error *"]
    )


def test_what_cannot_be_judged_fails_it(project: pytest.Pytester) -> None:
    """A folder that is not there; and a replay's time, of which no objective may speak."""
    says(project, "90% of workflows succeed", over="gone")
    gone = project.runpytest_inprocess("--agenttrace=record")

    assert gone.ret == 1
    gone.stdout.fnmatch_lines(["NOT JUDGED *gone: No such file*"])

    (project.path / "replayed").mkdir()
    trace = Trace(
        id="1" * 32,
        name="a replay",
        spans=(Span(id="f" * 16, name="run", kind=SpanKind.RUN),),
        environment={TIME: VIRTUAL},
    )
    (project.path / "replayed" / "one.trace").write_bytes(native.write(trace))
    says(project, "90% of workflows within 2s", over="replayed")
    virtual = project.runpytest_inprocess()

    assert virtual.ret == 1
    virtual.stdout.fnmatch_lines(["NOT JUDGED *that of a replay is virtual*"])


@pytest.mark.parametrize("sentence", ["90% of dreams succeed", "most of them succeed"])
def test_what_is_no_objective_is_told_before_anything_runs(
    sentence: str, project: pytest.Pytester
) -> None:
    """It is exit code 4, pytest's own for usage."""
    says(project, sentence)

    result = project.runpytest_inprocess("--agenttrace=record")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*agenttrace_slo: '{sentence}'*"])


def test_under_xdist_every_run_counts_once(project: pytest.Pytester) -> None:
    """The tests run in one process, and another one judges."""
    pytest.importorskip("xdist")
    says(project, "90% of tool look_up succeed")

    result = project.runpytest_inprocess("--agenttrace=record", "-n", "1")

    assert result.ret == 1
    result.stdout.fnmatch_lines(["MISSED     90% of tool look_up succeed: 1 of 3 bad*"])
