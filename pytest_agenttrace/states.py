"""States: what a test asks of its agents' states."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_agenttrace.last_run import OfTheLastRun

if TYPE_CHECKING:
    from agenttrace.analysis.states import State
    from agenttrace.check.select import Selection
    from agenttrace.model.span import Span


class States(OfTheLastRun):
    """What a test's runs have to say of its agents' states."""

    __slots__ = ()

    def state(self, agent: str | None = None, *, at: Selection | Span | None = None) -> State:
        """What an agent last kept of its state: `state("planner", at=pay)["budget"] == 20`.

        Args:
            agent: Its id, or its name where only one is called so.
            at: A span, or a selection, of which the last one is meant: what was kept before it
                ended, in causal order. None: at the end of the run.

        Raises:
            NothingSelected: No state of such an agent was kept by then, or `at` selects nothing.
            UsageError: No agent is named, or several are called so; or `at` is neither.
        """
        from agenttrace.analysis.states import state_of_agent
        from agenttrace.check.pointing import span_meant

        where = None if at is None else span_meant(at, "state(at=…)")
        return state_of_agent(self.trace, agent, where)
