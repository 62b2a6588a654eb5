"""Searches: what a search over schedules found, and what it could not search."""

from __future__ import annotations

from agenttrace.errors.kinds import AgentTraceError


class InvariantBroken(AgentTraceError, AssertionError):
    """Under some schedule, what must always hold does not.

    Common causes:
        1. An agent reads what is shared, asks a model, and writes back what it has made of the old.
        2. What is checked before a call is taken for granted after it.
        3. Results are taken in the order in which they come.
    """

    slug = "invariant-broken"


class InvariantRaised(AgentTraceError):
    """An invariant raised something other than an `AssertionError`, so it said neither yes nor no.

    Common causes:
        1. It takes for granted what the run does not always leave. Check that first.
        2. It is called with what the run returned, and the run returns something else.
    """

    slug = "invariant-raised"


class NothingToExplore(AgentTraceError):
    """A search had nothing to search, and an empty search is not a pass.

    Common causes:
        1. The run asks one thing after the other, so no answer can overtake another one.
        2. The budget was too small for a single schedule.
        3. Every schedule led where the recording has no answers.
    """

    slug = "nothing-to-explore"


class SearchUnsteady(AgentTraceError):
    """A schedule under which a run failed does not make it fail again.

    Common causes:
        1. The run keeps something from one run to the next: a module's list, a cache, a file.
        2. It depends on what no run holds. `agenttrace doctor` finds it.
    """

    slug = "search-unsteady"
