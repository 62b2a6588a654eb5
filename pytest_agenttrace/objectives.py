"""Objectives: how many of a session's runs are to be good, judged once, when all tests are over.

Judged are the goldens of the runs, as they lie on disk in the end: what the world did, in the time
that it took. Or the traces of named folders.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from agenttrace.analysis.objectives import Objectives
    from agenttrace.model.trace import Trace
    from agenttrace.verdict import Verdict

INI, OVER = "agenttrace_slo", "agenttrace_slo_over"

_ELSEWISE = ("stubbed", "rehearsed")
"""Runs that were answered otherwise than their golden says: it is not what happened in them."""


def begin(config: pytest.Config) -> None:
    """Judge at the end, in the process that hears of every test.

    Raises:
        pytest.UsageError: A line of the ini file is no objective.
    """
    if not config.getini(INI) or hasattr(config, "workerinput"):
        return
    from agenttrace.analysis.objectives import Objectives
    from agenttrace.errors import UsageError

    try:
        objectives = Objectives(*config.getini(INI))
    except UsageError as error:
        raise pytest.UsageError(f"{INI}: {error}") from None
    config.pluginmanager.register(_Judge(config, objectives), "agenttrace-objectives")


def attach(item: pytest.Item, report: pytest.TestReport, verdicts: Iterable[Verdict]) -> None:
    """Send along which goldens a test's runs have; nothing where there is no objective."""
    if report.when == "call" and item.config.getini(INI):
        vars(report)["agenttrace_goldens"] = [
            str(one.golden) for one in verdicts if one.outcome not in _ELSEWISE
        ]


class _Judge:
    """Hears of every test, and judges when the last one is over."""

    def __init__(self, config: pytest.Config, objectives: Objectives) -> None:
        self._config = config
        self._objectives = objectives
        self._goldens: set[str] = set()
        self._deselected = False
        self._lines: list[str] = []

    def pytest_deselected(self) -> None:
        """Some tests do not run."""
        self._deselected = True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the goldens that came along."""
        self._goldens.update(getattr(report, "agenttrace_goldens", ()))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Judge; a session that misses an objective does not pass."""
        if session.config.getoption("collectonly"):
            return
        left_out = self._why_not(session)
        if left_out:
            self._lines.append(f"not judged: {left_out}")
            return
        if not self._judged() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say how each stands."""
        if self._lines:
            terminalreporter.section("agenttrace objectives")
            for line in self._lines:
                terminalreporter.write_line(line)

    def _why_not(self, session: pytest.Session) -> str:
        """Why nothing is judged; empty: it is. Of a part of the runs an objective says nothing."""
        config = self._config
        options = ("keyword", "markexpr", "deselect", "lf", "stepwise")
        if self._deselected or any(config.getoption(name, None) for name in options):
            return "only a part of the tests was selected"
        if config.args_source is pytest.Config.ArgsSource.ARGS and any(
            "::" in one or Path(one).is_file() for one in config.args
        ):
            return "only a part of the tests was named"
        if session.shouldfail or session.shouldstop:
            return "the session was broken off"
        if not self._goldens and not config.getini(OVER):
            return "no run has a golden"
        return ""

    def _judged(self) -> bool:
        """Whether each is kept; what is said of it is kept for the summary."""
        from agenttrace.analysis.objectives import told
        from agenttrace.errors import AgentTraceError

        try:
            for trace in self._traces():
                self._objectives.add(trace)
        except AgentTraceError as problem:
            self._lines.append(f"NOT JUDGED {problem}")
            return False
        judged = self._objectives.judged
        self._lines += [line for one in judged for line in told(one)]
        kept = all(one.holds and one.count for one in judged)
        if not kept:
            self._lines.append("More: agenttrace explain objective-missed")
        return kept

    def _traces(self) -> Iterator[Trace]:
        from agenttrace.formats.files import trace_at, traces_below

        root, folders = self._config.rootpath, self._config.getini(OVER)
        for folder in folders:
            yield from traces_below(root / folder)
        if not folders:
            for path in map(Path, sorted(self._goldens)):
                if path.exists():  # a recording that failed has none
                    yield trace_at(path)[0]
