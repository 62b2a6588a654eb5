"""Checks: what a test asked of a trace, and the trace answered otherwise.

The ones that say "the run is not what the test wants" are `AssertionError`s, too.
"""

from __future__ import annotations

from agenttrace.errors.kinds import AgentTraceError


class NothingSelected(AgentTraceError, AssertionError):
    """A selector fits no span, and the test asked something of what it selects.

    Common causes:
        1. A name, kind or agent is misspelt. The message shows the nearest candidates.
        2. The agent did not do it. If it is meant not to, ask for that: `.never()`.
    """

    slug = "nothing-selected"


class SelectionFailed(AgentTraceError, AssertionError):
    """What a selector fits is not what the test says of it: how often, with what, in which order.

    Common causes:
        1. The agent did it more often, or with other arguments. The message shows each call.
        2. `0`, `False` and `None` are three values here, and `1` is not `True`.
    """

    slug = "selection-failed"


class OrderBroken(AgentTraceError, AssertionError):
    """Spans do not stand in the causal order that the test says.

    Common causes:
        1. They are concurrent: nobody waited for the first before the second began.
        2. A race: a lane that a wait may leave behind orders nothing, whatever the clock says.
        3. The one happens inside the other.
    """

    slug = "order-broken"


class PropagationBroken(AgentTraceError, AssertionError):
    """A cause was not passed on as it came, or what belongs to one cause reached another.

    Common causes:
        1. Headers were made by hand, or only for the first try: baggage, or the trace, is lost.
        2. A worker of a pool, or a global, still holds what an earlier request left there.
        3. Several messages became one, and only one of them is linked.
    """

    slug = "propagation-broken"


class BudgetBroken(AgentTraceError, AssertionError):
    """A run used more than its budget allows.

    Common causes:
        1. The agent asks more, or longer. The message lists the spans that spent it.
        2. The budget is relative to a golden of an earlier, cheaper agent.
    """

    slug = "budget-broken"


class TeamFailed(AgentTraceError, AssertionError):
    """What a team of agents did is not what the test says of it.

    Common causes:
        1. The agents work together in another way now. The message names the spans.
        2. An agent is meant by another name: `analysis.team.agents` lists them.
    """

    slug = "team-failed"


class ObjectiveMissed(AgentTraceError, AssertionError):
    """Too many of what an objective speaks of were not good.

    Common causes:
        1. Agents fail or take longer than they did. The message names those that were bad.
        2. There are few of them: of 100 workflows, 99.9 % are all of them.
    """

    slug = "objective-missed"


class NotRecorded(AgentTraceError):
    """A test says something of what the trace does not hold, so nobody knows whether it is so.

    Common causes:
        1. The agents do not say it. The verbs that do are in the reference of attributes.
        2. The trace came from a system that does not keep it.
    """

    slug = "not-recorded"


class UsageUnknown(AgentTraceError):
    """A budget counts tokens or money, and a model call does not say what it used.

    Common causes:
        1. A stream without `stream_options={"include_usage": True}`.
        2. A call that was cancelled, or cut off: nobody knows what it used.
    """

    slug = "usage-unknown"


class PriceUnknown(AgentTraceError):
    """A budget counts money, and nobody knows what a model costs.

    Common causes:
        1. The price list is not installed. It is an extra: `pytest-agenttrace[prices]`.
        2. The model is new, or fine-tuned, or your own. Name its price.
    """

    slug = "price-unknown"


class NothingToCompare(AgentTraceError):
    """A budget is relative to the golden (`"+5%"`), and there is no golden.

    Common causes:
        1. The test was never recorded, or runs on stubs alone. Record it, or say a plain number.
    """

    slug = "nothing-to-compare"
