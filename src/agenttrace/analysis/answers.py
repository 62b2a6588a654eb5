"""Answers: everything that a trace says of its team, each worked out once, when it is asked for.

An analysis is a pure function of a trace in a module of its own; this is the one place where a test
or a command finds them all. What a trace does not hold is None, with the reason beside it in
`unknown`: never a 0 that nobody recorded.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from agenttrace.analysis.team import Team

if TYPE_CHECKING:
    from os import PathLike

    from agenttrace.analysis.cascade import Cascade
    from agenttrace.analysis.collaboration import Collaboration
    from agenttrace.analysis.costs import Costs
    from agenttrace.analysis.critical_path import CriticalPath
    from agenttrace.analysis.delegation import Delegations
    from agenttrace.analysis.graph import InteractionGraph
    from agenttrace.analysis.journey import Journey
    from agenttrace.analysis.lifetimes import Lifetimes
    from agenttrace.analysis.orchestration import Orchestration
    from agenttrace.analysis.overhead import Overhead
    from agenttrace.analysis.vectors import Goal, Progress, Vector
    from agenttrace.analysis.waiting import Waiting
    from agenttrace.check.select import Selection
    from agenttrace.model.span import Span
    from agenttrace.model.trace import Trace
    from agenttrace.model.values import Value


class Analysis:
    """What one trace says of the team that made it.

    Attributes:
        trace: The trace.
        time: What its times are: `recorded`; `virtual`, as those of a replay; or `real`.
    """

    def __init__(self, trace: Trace, *, time: str | None = None) -> None:
        """Take a trace; nothing is worked out yet.

        Args:
            trace: The trace.
            time: What its times are; by default, what it says itself.
        """
        self.trace = trace
        self.time = time or ("virtual" if trace.is_virtual else "recorded")

    @classmethod
    def of(cls, path: str | PathLike[str], trace_id: str | None = None) -> Analysis:
        """Read a golden, or a trace in any format that `agenttrace formats` lists.

        Args:
            path: The file.
            trace_id: Which trace is meant, where the file holds several.

        Raises:
            AgentTraceError: It is in no format that we know, or is damaged.
            OSError: It cannot be read.
            UsageError: It holds no trace of that id.
        """
        from agenttrace.formats.files import trace_at

        return cls(trace_at(Path(path), trace_id)[0])

    @cached_property
    def spans(self) -> Selection:
        """The spans of the trace, to be selected and asserted on."""
        from agenttrace.analysis.selecting import spans_of

        return spans_of(self.trace)

    @cached_property
    def team(self) -> Team:
        """Who did what."""
        return Team(self.trace)

    @cached_property
    def critical_path(self) -> CriticalPath:
        """What kept the run from ending sooner."""
        from agenttrace.analysis.critical_path import critical_path

        return critical_path(self.trace, team=self.team)

    @cached_property
    def graph(self) -> InteractionGraph:
        """Who led whom to something."""
        from agenttrace.analysis.graph import InteractionGraph

        return InteractionGraph(self.trace, team=self.team)

    @cached_property
    def costs(self) -> Costs:
        """What the run used, by agent, task, model, tool, and whatever else one asks for."""
        from agenttrace.analysis.costs import Costs

        return Costs(self.trace, team=self.team)

    @cached_property
    def lifetimes(self) -> Lifetimes:
        """By agent, by its id or name: what its time was spent on."""
        from agenttrace.analysis.lifetimes import lifetimes

        return lifetimes(self.team, self.critical_path)

    @cached_property
    def overhead(self) -> Overhead:
        """What coordination took of the run, in tokens and on the critical path."""
        from agenttrace.analysis.overhead import overhead

        return overhead(self.costs, self.critical_path, len(self.graph.interactions))

    @cached_property
    def delegations(self) -> Delegations:
        """How tasks were placed with agents, and whether by the rules of the contract net."""
        from agenttrace.analysis.delegation import delegations

        return delegations(self.trace, team=self.team)

    @cached_property
    def orchestration(self) -> Orchestration:
        """How work reached workers: queues, assignments, heartbeats, who led."""
        from agenttrace.analysis.orchestration import orchestration

        return orchestration(self.trace, team=self.team)

    @cached_property
    def waiting(self) -> Waiting:
        """Who waited for whom at the end: deadlocks, loops, and tasks that starved."""
        from agenttrace.analysis.waiting import waiting

        return waiting(self.trace, team=self.team)

    def waiting_at(self, span: Selection | Span) -> Waiting:
        """Who waited for whom when a span ended, of all that happened before it.

        Args:
            span: A span, or a selection, of which the last one is meant.

        Raises:
            NothingSelected: The selection means none.
            UsageError: It is neither.
        """
        from agenttrace.analysis.waiting import waiting
        from agenttrace.check.pointing import span_meant

        return waiting(self.trace, at=span_meant(span, "waiting_at"), team=self.team)

    @cached_property
    def cascade(self) -> Cascade:
        """Where failures began, how far they spread, and whether something held them."""
        from agenttrace.analysis.cascade import cascade

        return cascade(self.trace, team=self.team, timed=self.time != "virtual")

    @cached_property
    def states(self) -> Vector:
        """The Collective State Vector: what every agent knew and wanted at the end of the run."""
        from agenttrace.analysis.vectors import vector

        return vector(self.trace)

    def states_at(self, span: Selection | Span) -> Vector:
        """The same when a span ended, of all that happened before it.

        Args:
            span: A span, or a selection, of which the last one is meant.

        Raises:
            NothingSelected: The selection means none.
            UsageError: It is neither.
        """
        from agenttrace.analysis.vectors import vector
        from agenttrace.check.pointing import span_meant

        return vector(self.trace, span_meant(span, "states_at"))

    def progress(self, goal: Goal) -> Progress:
        """How near a goal the team was, at each state that was kept.

        Args:
            goal: Says it of a Collective State Vector: whether it is reached, or how far, as a
                number of which more is better.
        """
        from agenttrace.analysis.vectors import progress

        return progress(self.trace, goal)

    def journey(self, span: Selection | Span, value: Value) -> Journey:
        """Where a value that a span holds came from, and where it went on to.

        Args:
            span: One of the trace; or a selection, of which the last one is meant.
            value: A text or a number, or a part of a text.

        Raises:
            KeyError: The span is not one of the trace.
            NothingSelected: The selection means none.
            UsageError: It is neither.
        """
        from agenttrace.analysis.journey import journey
        from agenttrace.check.pointing import span_meant

        return journey(self.trace, span_meant(span, "journey"), value)

    @cached_property
    def collaboration(self) -> Collaboration:
        """Which tasks were completed, what shared knowledge was used, which writes collided."""
        from agenttrace.analysis.collaboration import collaboration

        return collaboration(self.team)
