"""Propagation: what a test asks of how its run passed causes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_agenttrace.last_run import OfTheLastRun

if TYPE_CHECKING:
    from collections.abc import Iterable


class ChecksPropagation(OfTheLastRun):
    """What has the trace of a run, and can be asked whether causes were passed on in it."""

    def check_propagation(self, laws: Iterable[str] | None = None) -> None:
        """Fail if the last run lost a cause, or gave somebody what belongs to another cause.

        Args:
            laws: The names of the laws that are asked, of `agenttrace.invariants.LAWS`; all by
                default.

        Raises:
            NoRun: No run has ended yet.
            PropagationBroken: A law is broken; the message names the spans, and what to do.
        """
        from agenttrace.invariants import LAWS, check

        check(self.trace, LAWS if laws is None else laws)
