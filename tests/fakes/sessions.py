"""Whole runs without pytest: recorded into a golden, replayed from it, as the plugin does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from agenttrace.model.trace import Trace
from agenttrace.session import RECORD, REPLAY, REWRITE, VERIFY, Plan, Session, World
from agenttrace.verdict import Verdict


class Desk:
    """A place for one golden, and the runs that are recorded into it or replayed from it.

    Attributes:
        golden: The golden's file.
        journal: Where a recording's journal is, where it is kept.
        verdict: What the last run has to say.
    """

    def __init__(self, folder: Path, name: str = "a run", **words: Any) -> None:
        """Keep the golden in a folder; `words` are more of what a `Plan` says."""
        self._words = words
        self.golden = folder / "golden" / f"{name}.trace"
        self.verdict: Verdict | None = None
        self._name = name
        self.journal = folder / f"{name}.journal"

    def record(self, program: Callable[[], Any]) -> Any:
        """Run a program against the world, and keep its golden."""
        return self._run(RECORD, program)

    def rewrite(self, program: Callable[[], Any]) -> Any:
        """Run it against the world again."""
        return self._run(REWRITE, program)

    def verify(self, program: Callable[[], Any]) -> Any:
        """Run it against the world, and compare; every problem is raised."""
        return self._run(VERIFY, program)

    def replay(self, program: Callable[[], Any]) -> Any:
        """Run it against the golden; every problem that its verdict names is raised."""
        return self._run(REPLAY, program)

    @property
    def trace(self) -> Trace:
        """The trace of the last run."""
        assert self.verdict is not None
        assert self.verdict.trace is not None
        return self.verdict.trace

    def _run(self, mode: str, program: Callable[[], Any]) -> Any:
        plan = Plan(
            name=self._name,
            golden=self.golden,
            shown=self.golden.name,
            journal=self.journal,
            mode=mode,
            **self._words,
        )
        with World(live=plan.is_live) as world:
            session = Session(plan, world)
            with session:
                said = program()
            self.verdict = session.settle(passed=True)
        for problem in self.verdict.problems:
            raise problem
        return said
