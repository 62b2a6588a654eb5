"""States: what one agent knew and wanted at a moment of a trace, to be asked and asserted on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenttrace.analysis.collective import at_the_end
from agenttrace.causal.order import collective_state
from agenttrace.check import given
from agenttrace.check.content import state_of
from agenttrace.check.sides import safe
from agenttrace.check.telling_states import state_lines
from agenttrace.errors import NothingSelected, UsageError
from agenttrace.model.lane import label_of
from agenttrace.model.values import canonical, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agenttrace.model.span import Span
    from agenttrace.model.state import StateSnapshot
    from agenttrace.model.trace import Trace
    from agenttrace.model.values import Value


class State(dict[str, "Value"]):
    """One agent's state at one moment: a dict, by key; `goal`, `beliefs` and the like among them.

    Values are what a person would write as JSON: a set is its items, a date its text.

    Attributes:
        agent: The id of the agent; empty for the run as a whole.
        snapshot: The snapshot itself, with the place where it was taken.
    """

    def __init__(self, snapshot: StateSnapshot) -> None:
        """Read a snapshot."""
        super().__init__({key: plain(value) for key, value in state_of(snapshot).items()})
        self.agent = snapshot.agent
        self.snapshot = snapshot

    def __missing__(self, key: str) -> Value:
        """Say what there is instead.

        Raises:
            KeyError: Always.
        """
        there = ", ".join(map(safe, self)) or "nothing"
        raise KeyError(f"{key!r} is not in {self.title}; there is {there}")

    @property
    def title(self) -> str:
        """Whose it is, and where it was taken."""
        whose = f"state of {safe(self.agent)}" if self.agent else "state of the run"
        return f"{whose} at {safe(label_of(self.snapshot.position))}"

    def unlike(self, expected: Mapping[str, object]) -> list[str]:
        """Say how it differs from what is expected, key by key: `- goal = 1`, `+ goal = 2`.

        Raises:
            UsageError: What is expected is no dict.
        """
        given.table("unlike", expected, example='{"goal": "refund"}')
        return state_lines(canonical(dict(expected)), canonical(dict(self)))


def state_of_agent(trace: Trace, agent: str | None, at: Span | None = None) -> State:
    """Give the latest state of an agent that came before a span's end, or of the whole run.

    Before in causal order: what a concurrent agent kept meanwhile is not yet known there.

    Args:
        trace: The trace.
        agent: Its id, or its name where only one is called so.
        at: The span; None: the end of the run.

    Raises:
        NothingSelected: No state of such an agent was kept by then.
        UsageError: No agent is named, or by no text; or several are called so.
    """
    if agent is None:
        raise UsageError(
            "state(): whose? no agent is named",
            detail="\n".join([*_known(trace), '  Name it by its id or its name: state("planner")']),
        )
    given.text("state", agent)
    states = (at_the_end(trace) if at is None else collective_state(trace, at)).agents
    ids = [one.id for one in trace.agents if one.name == agent and one.id in states]
    if agent in states:
        return State(states[agent])
    if len(ids) > 1:
        raise UsageError(
            f"state({agent!r}): several agents are called so",
            detail=f"  Name one by its id: {', '.join(map(safe, ids))}",
        )
    if ids:
        return State(states[ids[0]])
    where = "" if at is None else f" before the end of {safe(at.name)}"
    raise NothingSelected(
        f"no state of {safe(agent)!r} is kept{where}",
        detail="\n".join(_kept(trace, states)),
    )


def _kept(trace: Trace, by_then: Mapping[str, StateSnapshot]) -> Iterator[str]:
    yield from _known(trace, by_then)
    yield ""
    yield "  More: agenttrace explain nothing-selected"


def _known(trace: Trace, by_then: Mapping[str, StateSnapshot] | None = None) -> Iterator[str]:
    """The agents that keep a state, and which of them had kept none by then."""
    known = {shot.agent: None for shot in trace.snapshots}
    for agent in known:
        late = "" if by_then is None or agent in by_then else ", not in the past of that span"
        name = safe(agent) or "the run's own: state('')"
        yield f"  there is  {name}{late}"
    if not known:
        yield "  there is  none; `agenttrace.snapshot(state)` keeps one"
