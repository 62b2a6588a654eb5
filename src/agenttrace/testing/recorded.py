"""Recorded: a run that goes to the world and is only looked at, without pytest."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from agenttrace.analysis.selecting import spans_as_they_come
from agenttrace.errors import NoRun
from agenttrace.session import Plan, Session, World

if TYPE_CHECKING:
    from agenttrace.check.select import Selection
    from agenttrace.model.trace import Trace


class Recorded:
    """A run that is being recorded, or was."""

    def __init__(self, session: Session) -> None:
        """Made by `recorded`."""
        self._session = session
        self._spans = spans_as_they_come(lambda: self.trace)

    @property
    def trace(self) -> Trace:
        """What has happened so far; all, once the block was left."""
        trace = self._session.current_trace()
        if trace is None:
            raise NoRun("the run has not begun")
        return trace

    @property
    def spans(self) -> Selection:
        """Its spans, to be selected and asserted on."""
        return self._spans


@contextlib.contextmanager
def recorded(name: str = "recorded") -> Iterator[Recorded]:
    """Record what stands in the block, and keep nothing on disk.

    Args:
        name: What the run is called in messages.

    Raises:
        AgentTraceError: What the run did cannot be recorded.
    """
    with tempfile.TemporaryDirectory() as folder, World(live=True) as world:
        plan = Plan(
            name=name,
            golden=Path(folder) / "it.trace",
            shown=name,
            journal=Path(folder) / "it.journal",
            mode="rewrite",
        )
        session = Session(plan, world)
        passed = False
        try:
            with session:
                yield Recorded(session)
            passed = True
        finally:
            verdict = session.settle(passed=passed)
    for problem in verdict.problems:
        raise problem
