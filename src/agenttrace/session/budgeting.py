"""Budgeting: a run's budget, judged when the run is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenttrace.analysis.selecting import view_of
from agenttrace.check.budgeting import hold
from agenttrace.check.selector import Selector
from agenttrace.errors import AgentTraceError

if TYPE_CHECKING:
    from agenttrace.model.trace import Trace
    from agenttrace.session.plan import Plan


def broken(plan: Plan, trace: Trace | None, golden: Trace | None) -> list[AgentTraceError]:
    """What is wrong with a run that has a budget; nothing: it was kept.

    A run that is being recorded is the golden to be, so a limit that is relative to it holds.
    """
    if plan.budget is None or trace is None:
        return []
    held_against = trace if plan.records else golden
    try:
        hold(
            view_of(trace, held_against, time="real" if plan.is_live else "virtual"),
            Selector(),
            plan.budget,
        )
    except AgentTraceError as error:
        return [named(error, plan.name)]
    return []


def named(error: AgentTraceError, run: str) -> AgentTraceError:
    """The same error, with the run's name before what it says."""
    return type(error)(f"{run}: {error.headline}", detail=error.detail, **error.facts)
