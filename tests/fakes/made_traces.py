"""Traces made by chance from a seed: programs of a team of agents, played."""

from __future__ import annotations

import random

from agenttrace.explore.programs import Act, Ask, AtOnce, Deed, Note, played
from agenttrace.model.trace import Trace

MOST_DEPTH = 3


def a_trace(chance: random.Random) -> Trace:
    """A run of a team that nobody wrote: calls, agents, work at once, states, events and links."""
    return played(_deeds(chance, 0))


def a_trace_with_calls() -> Trace:
    """A run with a good many model and tool calls, the same each time."""
    return next(
        trace for seed in range(100) if len((trace := a_trace(random.Random(seed))).calls) > 8
    )


def _deeds(chance: random.Random, depth: int) -> tuple[Deed, ...]:
    return tuple(_deed(chance, depth) for _ in range(chance.randrange(1, 5)))


def _deed(chance: random.Random, depth: int) -> Deed:
    sort = chance.random() * (1 if depth < MOST_DEPTH else 0.75)
    after = chance.randrange(5) if chance.random() < 0.2 else None
    if sort < 0.25:
        prompt, answer = chance.randrange(4), chance.randrange(4)
        return Ask(body=f"prompt {prompt}", answer=f"says {answer}", after=after)
    if sort < 0.6:
        inside = _deeds(chance, depth + 1) if depth < 2 and chance.random() < 0.2 else ()
        body = {"order": f"A-{chance.randrange(3)}", "n": chance.randrange(2)}
        answer = {"status": chance.randrange(3)}
        tool = chance.choice(["look_up", "pay", "mail"])
        return Ask(tool=tool, body=body, answer=answer, inside=inside, after=after)
    if sort < 0.75:
        event = chance.choice(["planning", "reflection", ""])
        return Note(event=event, value={"v": chance.randrange(3)})
    if sort < 0.87:
        agent = chance.choice(["planner", "critic"])
        return Act(agent=agent, deeds=_deeds(chance, depth + 1))
    branches = tuple(_deeds(chance, depth + 1) for _ in range(chance.randrange(2, 4)))
    alike = branches[:1] * len(branches) if chance.random() < 0.3 else branches
    return AtOnce(branches=alike, waits=chance.random() < 0.8)
