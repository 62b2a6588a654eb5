"""Analyses: what a test asks of the team behind its run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_agenttrace.propagation import ChecksPropagation

if TYPE_CHECKING:
    from agenttrace.analysis import Analysis


class Analyses(ChecksPropagation):
    """What has the trace of a run, and can be asked how its agents worked together."""

    _analysis: Analysis | None = None

    @property
    def analysis(self) -> Analysis:
        """Who talked to whom, what took the time, what it cost: `analysis.critical_path`.

        Raises:
            NoRun: No run has ended yet.
        """
        from agenttrace.analysis import Analysis

        trace = self.trace
        if self._analysis is None or self._analysis.trace is not trace:
            self._analysis = Analysis(trace, time=self._time)
        return self._analysis
