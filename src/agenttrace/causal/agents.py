"""Agents' ids: the name, and a causal ordinal where several agents of one name worked.

While a run lasts, concurrent agents of one name are told apart by the position at which each began
(counted as they come, the ordinals would follow chance). When it is over, positions become
ordinals.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from agenttrace.model.lane import text_of

if TYPE_CHECKING:
    from agenttrace.model.lane import Position
    from agenttrace.model.trace import Trace

_MARK = "\0"


def provisional(name: str, lane: Position) -> str:
    """The id of an agent while the run lasts: one of each name and lane."""
    return f"{name}{_MARK}{text_of(lane)}"


def name_in(agent_id: str) -> str:
    """The name in an agent's id, provisional or not; a given id is its own."""
    return agent_id.partition(_MARK)[0]


def named(trace: Trace) -> Trace:
    """Replace every provisional id: `worker`, `worker#1`, `worker#2`, in causal order."""
    began: dict[str, Position] = {}
    for span in trace.spans:
        if span.agent is not None and _MARK in span.agent:
            began[span.agent] = min(began.get(span.agent, span.lane), span.lane)
    for agent in trace.agents:
        if _MARK in agent.id:
            began.setdefault(agent.id, ())
    if not began:
        return trace
    names = _ordinals(began, {agent.id for agent in trace.agents})
    return replace(
        trace,
        spans=tuple(
            span if span.agent not in names else replace(span, agent=names[span.agent])
            for span in trace.spans
        ),
        agents=tuple(
            sorted(
                (replace(agent, id=names.get(agent.id, agent.id)) for agent in trace.agents),
                key=lambda agent: agent.id,
            )
        ),
        snapshots=tuple(
            replace(shot, agent=names.get(shot.agent, shot.agent)) for shot in trace.snapshots
        ),
    )


def _ordinals(began: dict[str, Position], taken: set[str]) -> dict[str, str]:
    names: dict[str, str] = {}
    used = {name for name in taken if _MARK not in name}
    for provisional_id, _ in sorted(
        began.items(), key=lambda item: (item[0].partition(_MARK)[0], item[1], item[0])
    ):
        name = provisional_id.partition(_MARK)[0]
        ordinal = 0
        while (settled_id := name if ordinal == 0 else f"{name}#{ordinal}") in used:
            ordinal += 1
        used.add(settled_id)
        names[provisional_id] = settled_id
    return names
