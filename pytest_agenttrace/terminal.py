"""Terminal: the section that closes a session, and our errors as a person reads them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_agenttrace.fixtures import AgentTrace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agenttrace.verdict import Verdict


class Section:
    """Counts what the runs of a session did, and says it at the end; a plugin of its own."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._outcomes: dict[str, int] = {}
        self._calls: dict[str, int] = {}
        self._lines: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count what a test's runs did; under xdist, in the process that prints."""
        for one in getattr(report, "agenttrace", ()):
            self._outcomes[one["outcome"]] = self._outcomes.get(one["outcome"], 0) + 1
            for name, count in one["calls"].items():
                self._calls[name] = self._calls.get(name, 0) + count
            self._lines.extend(one["lines"])

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the section; nothing where no test used us."""
        if not self._outcomes:
            return
        from agenttrace.report import text

        terminalreporter.section("agenttrace")
        said = f"{text.outcomes(self._outcomes)}; calls: {text.calls(self._calls)}"
        terminalreporter.write_line(said)
        for line in sorted(self._lines):
            terminalreporter.write_line(line)


def told(verdicts: Iterable[Verdict]) -> list[dict[str, Any]]:
    """Say verdicts in plain values, which xdist can carry from process to process."""
    from agenttrace.report import text

    return [
        {
            "outcome": str(verdict.outcome),
            "calls": {name: getattr(verdict.counts, name) for name in text.CALLS},
            "lines": list(text.lines(verdict)),
        }
        for verdict in verdicts
    ]


def unlike(left: object, right: object) -> list[str] | None:
    """Say how a run or a trace differs from another one; None where they are something else.

    A golden stands on either side; of two traces, it is the right one.
    """
    for run, golden in ((left, right), (right, left)):
        if isinstance(run, AgentTrace) and (error := run.mismatch(golden)) is not None:
            return [line for line in str(error).splitlines() if line]  # pytest shows eight
    if "agenttrace.analysis.states" in sys.modules and (lines := _unlike_states(left, right)):
        return lines
    if "agenttrace.model.trace" not in sys.modules:
        return None
    from agenttrace.model.trace import Trace

    if not (isinstance(left, Trace) and isinstance(right, Trace)):
        return None
    from agenttrace.check.diff import diff
    from agenttrace.check.telling import causes_told, counted

    found = diff(right, left)
    return [counted(found), "", *causes_told(found)] if found else None


def _unlike_states(left: object, right: object) -> list[str]:
    from agenttrace.analysis.states import State

    for state, other in ((left, right), (right, left)):
        if isinstance(state, State) and isinstance(other, dict):
            lines = state.unlike(other)
            return [f"{state.title} is not so  (- expected, + {state.agent or 'the run'})", *lines]
    return []


def is_ours(error: BaseException) -> bool:
    """Whether an error is one of agenttrace's, without importing it for others."""
    ours = any(kind.__module__.startswith("agenttrace.errors") for kind in type(error).__mro__)
    return ours or (isinstance(error, pytest.UsageError) and "[usage]" in str(error))


def message_of(excinfo: pytest.ExceptionInfo[BaseException]) -> Any:  # noqa: ANN401 - pytest names it nowhere
    """Show an error as its name and what it says, which holds the place, both sides, the way on.

    One that an assertion of the test raised comes after that line of the test.
    """
    said = f"{type(excinfo.value).__name__}: {excinfo.value}"
    shown: Any = excinfo.getrepr(style="value", chain=False)
    if getattr(shown, "reprcrash", None) is not None:
        shown.reprcrash.message = said.partition("\n")[0]
    for entry in getattr(getattr(shown, "reprtraceback", None), "reprentries", [])[-1:]:
        notes = "\n".join(["", *_notes(excinfo.value)])
        entry.lines[:] = [*_line_of_test(excinfo), *said.splitlines(), *notes.splitlines()]
    return shown


def _notes(error: BaseException) -> list[str]:
    """What others say of an error: Hypothesis, with which example it was found and comes back."""
    return [str(note) for note in getattr(error, "__notes__", [])]


def _line_of_test(excinfo: pytest.ExceptionInfo[BaseException]) -> list[str]:
    """The line of the test that asserted, where an assertion of it failed, or had no answer."""
    checks = any(
        kind.__module__ == "agenttrace.errors.checks" for kind in type(excinfo.value).__mro__
    )
    if not checks and not isinstance(excinfo.value, AssertionError):
        return []
    for entry in reversed(list(excinfo.traceback)):
        room = str(entry.frame.f_globals.get("__name__", "")).partition(".")[0]
        if room in ("_pytest", "pluggy"):
            break
        if not room.startswith(("agenttrace", "pytest_agenttrace", "hypothesis")):
            place = f"{Path(str(entry.path)).name}:{entry.lineno + 1}"
            return [f"{place}: {str(entry.statement).strip()}", ""]
    return []
