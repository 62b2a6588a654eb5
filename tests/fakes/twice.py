"""An agent that is run twice: recorded against the world, then replayed without it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agenttrace.model.trace import Trace
from tests.fakes.replayed import a_run, replay_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Twice:
    """What an agent gave in both runs, and what was written down of them."""

    recorded: Any
    replayed: Any
    trace: Trace
    replay: Trace


def twice(agent: Callable[[], Any]) -> Twice:
    """Record an agent, then replay it."""
    trace, recorded = traced(agent)
    with replay_of(trace) as second:
        replayed = agent()
    return Twice(recorded=recorded, replayed=replayed, trace=trace, replay=second.trace)


def traced(agent: Callable[[], Any]) -> tuple[Trace, Any]:
    """Record an agent."""
    with a_run() as one:
        given = agent()
    return one.trace, given
