"""Reports: what a session's runs say, written to files once, by the process that has heard all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_agenttrace.fixtures import RUNS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from agenttrace.verdict import Verdict

FLAG, INI = "--agenttrace-report", "agenttrace_report"


def asked(config: pytest.Config) -> list[Path]:
    """Where reports are to be written: from the command line, else from the ini file.

    Raises:
        pytest.UsageError: There is no form of report that ends so.
    """
    given = config.getoption(FLAG)
    folder = config.rootpath if given is None else config.invocation_params.dir
    paths = config.getini(INI) if given is None else given
    if not paths:
        return []
    from agenttrace.report import forms

    for path in paths:
        if not forms.is_known(path):
            raise pytest.UsageError(
                f"{FLAG}={path}: a report's path ends in {forms.suffixes()}  [usage]"
            )
    return [folder / path for path in paths]


def begin(config: pytest.Config) -> None:
    """Collect and write, in the process that hears of every test."""
    paths = asked(config)
    if paths and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Writer(paths), "agenttrace-reports")


def attach(item: pytest.Item, report: pytest.TestReport, verdicts: Iterable[Verdict]) -> None:
    """Send what a test's runs say along with its report; nothing where nobody asked for it."""
    if not asked(item.config) or (report.when != "call" and not report.failed):
        return
    from agenttrace.report import entry

    file, line, _ = report.location
    test = entry.Case(
        id=report.nodeid,
        file=file,
        line=0 if line is None else line + 1,
        passed=not report.failed,
        seconds=report.duration,
        error=_first_line(report),
    )
    if report.when == "call":
        told = [
            replace(entry.entry_of(one, test, item.config.rootpath), page=_page(item, report, one))
            for one in verdicts
        ]
    else:
        told = []
    if report.failed and not told:
        told = [entry.broken(test)]
    vars(report)["agenttrace_entries"] = [entry.plain(one) for one in told]
    vars(report)["agenttrace_pages"] = [one.page for one in told]


class _Writer:
    """Hears of every test, and writes the reports when the last one is over."""

    def __init__(self, paths: list[Path]) -> None:
        self._paths = paths
        self._told: dict[str, list[tuple[dict[str, Any], bytes]]] = {}
        self._said: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take what came along; of a test that is run again, only the last time counts."""
        pages = getattr(report, "agenttrace_pages", ())
        came = list(zip(getattr(report, "agenttrace_entries", ()), pages, strict=True))
        if report.outcome in ("passed", "failed", "skipped") and came:
            before = [] if report.when == "call" else self._told.get(report.nodeid, [])
            self._told[report.nodeid] = [*before, *came]

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write them; a session whose report cannot be written does not pass."""
        if session.config.getoption("collectonly"):
            return
        from agenttrace.report import entry, forms

        told = [
            replace(entry.of_plain(one), page=page)
            for test in self._told.values()
            for one, page in test
        ]
        for path in self._paths:
            try:
                forms.write(path, told)
            except OSError as problem:
                self._said.append(f"agenttrace report NOT written: {path}: {problem.strerror}")
                if session.exitstatus == pytest.ExitCode.OK:
                    session.exitstatus = pytest.ExitCode.TESTS_FAILED
            else:
                self._said.append(f"agenttrace report: {path}")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say where they are."""
        for said in self._said:
            terminalreporter.write_sep("-", said)


def _page(item: pytest.Item, report: pytest.TestReport, verdict: Verdict) -> bytes:
    """What a page shows of a run; nothing where nobody asked for one, or the test passed."""
    if not report.failed or not any(path.suffix == ".html" for path in asked(item.config)):
        return b""
    from agenttrace.report.html.verdict import page_of

    return page_of(
        verdict, f"{_first_line(report)}\n\n{report.longreprtext}", item.stash[RUNS].clean
    )


def _first_line(report: pytest.TestReport) -> str:
    """What failed a test, on a line."""
    if not report.failed:
        return ""
    crash = getattr(report.longrepr, "reprcrash", None)
    said = str(crash.message) if crash is not None else report.longreprtext
    return said.strip().partition("\n")[0]
