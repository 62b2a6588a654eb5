"""Verdict: what a page shows of one run of a test that failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenttrace.check.diff import diff
from agenttrace.errors import AgentTraceError
from agenttrace.formats import native
from agenttrace.report.html.data import Shown, packed

if TYPE_CHECKING:
    from collections.abc import Callable

    from agenttrace.model.trace import Trace
    from agenttrace.verdict import Verdict


def page_of(verdict: Verdict, failed: str, clean: Callable[[str], str]) -> bytes:
    """Pack a run beside its golden.

    Args:
        verdict: What the run has to say.
        failed: What failed the test, where that is no error of the run's own.
        clean: Takes secrets out of texts.

    Returns:
        What `Packed.data` holds; empty where the run left no trace.
    """
    if verdict.trace is None:
        return b""
    golden = _golden(verdict)
    found = verdict.differences
    if golden is not None and not found:
        found = diff(golden, verdict.trace)  # the run stopped before anybody compared it
    problems = [f"{type(one).__name__}: {one}" for one in verdict.problems] or [failed]
    shown = Shown(
        title=verdict.run,
        trace=verdict.trace,
        golden=golden,
        differences=found,
        outcome=str(verdict.outcome),
        notes=tuple(clean(one) for one in problems if one),
    )
    try:
        return packed(shown).data
    except AgentTraceError:  # a run that stopped half-way may hold what no golden keeps
        return b""


def _golden(verdict: Verdict) -> Trace | None:
    if verdict.golden is None:
        return None
    try:
        return native.read(verdict.golden.read_bytes(), name=verdict.shown)
    except (OSError, AgentTraceError):
        return None
