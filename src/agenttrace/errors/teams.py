"""Teams: what a test says of agents that work together, and what they did otherwise."""

from __future__ import annotations

from agenttrace.errors.kinds import AgentTraceError


class CascadeSpread(AgentTraceError, AssertionError):
    """A failure spread further than the test says: to other agents, to the run, or by retries.

    Common causes:
        1. An agent raises what a tool of its own raised, and nobody above it has a fallback.
        2. A failed call is asked again without end. Stop after some: a circuit breaker.
        3. An agent caught its error, and told others what it made of it: the message names them.
    """

    slug = "cascade-spread"


class DelegationBroken(AgentTraceError, AssertionError):
    """A task was not placed, done or reported as the test says.

    Common causes:
        1. A rule of the contract net is not kept: an award to nobody who bid, a bid without answer.
        2. A step is told under another name: bids and awards meet by the agent's name, or its id.
        3. A bid is no number. Say what it costs: `award_the_best(cost=lambda bid: bid["eur"])`.
    """

    slug = "delegation-broken"


class OrchestrationBroken(AgentTraceError, AssertionError):
    """A queue, an assignment or a heartbeat is not as the test says.

    Common causes:
        1. A task was put into a queue, and nobody took it out before the run ended.
        2. A worker did its task and ended in an error, or nobody said how it ended.
        3. A worker gave no sign of life for longer than it may.
    """

    slug = "orchestration-broken"


class TeamStuck(AgentTraceError, AssertionError):
    """A team of agents waited for itself, went round in circles, or let a task wait for ever.

    Common causes:
        1. A deadlock: each agent waits for one that waits for it. The message shows the circle.
        2. A loop: the same steps again and again, while nobody learns anything.
        3. Starvation: what came later was served first, and what came first never was.
    """

    slug = "team-stuck"
