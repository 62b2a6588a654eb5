"""Goldens: where a test itself says that its run is the golden's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_agenttrace.last_run import OfTheLastRun

if TYPE_CHECKING:
    from agenttrace.session import Session


class Goldens(OfTheLastRun):
    """What a test's runs have to say of their goldens."""

    __slots__ = ("_drifted",)
    _drifted: Session | None

    def assert_matches_golden(self) -> None:
        """Fail unless the last run is the golden's; one that is recorded or updated passes.

        Raises:
            RunStopped: The run diverged.
            GoldenMismatch: It is not the golden's.
            AnswersUnused: Recorded answers were not asked for.
        """
        from agenttrace.errors import AnswersUnused, GoldenMismatch

        session = self._latest
        if session is None:
            return
        for problem in session.problems():
            if isinstance(problem, GoldenMismatch | AnswersUnused):
                if session.plan.update:
                    continue  # what stands below is part of the test; the run is judged at its end
                self._drifted = session  # the test is broken off; the change waits all the same
            raise problem
