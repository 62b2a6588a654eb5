"""The last run: what every part of the fixture asks of the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agenttrace.model.trace import Trace
    from agenttrace.session import Session


class OfTheLastRun:
    """A part of what a test takes: it speaks of the last run, which the whole knows."""

    __slots__ = ()

    @property
    def trace(self) -> Trace:
        """What happened in it."""
        raise NotImplementedError

    @property
    def _latest(self) -> Session | None:
        """The run; None: there is none."""
        raise NotImplementedError

    @property
    def _held_against(self) -> Trace | None:
        """What relative budgets mean."""
        raise NotImplementedError

    @property
    def _time(self) -> str:
        """What its times are."""
        raise NotImplementedError
