"""Parties: who is meant where a step of a team names an agent.

Code that places a task names agents as people call them; a trace tells several beginnings of one
name apart by an ordinal (`van`, `van#1`). A party is an agent's id where the user gave one, else
its name; so agents that bid, work or wait each need a name of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenttrace.model.values import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenttrace.analysis.team import Team
    from agenttrace.model.agent import Agent
    from agenttrace.model.span import Span
    from agenttrace.model.values import Value


class Parties:
    """The parties of one team."""

    def __init__(self, team: Team) -> None:
        """Index the agents of a team."""
        self._doers = team.doers
        self._by_id: Mapping[str, str] = {
            one.id: one.name if _is_counted(one) else one.id for one in team.agents.values()
        }
        by_name: dict[str, set[str]] = {}
        for one in team.agents.values():
            by_name.setdefault(one.name, set()).add(self._by_id[one.id])
        self._by_name = {name: min(ids) for name, ids in by_name.items() if len(ids) == 1}

    def of(self, span: Span) -> str | None:
        """The party that did a span; None: no agent did."""
        agent = self._doers[span.id]
        return None if agent is None else self._by_id[agent]

    def meant(self, said: Value) -> str | None:
        """The party that an attribute names; None: it names nobody."""
        name = plain(said)
        if name is None or name == "":
            return None
        text = str(name)
        return self._by_id.get(text) or self._by_name.get(text, text)


def _is_counted(agent: Agent) -> bool:
    """Whether an agent's id was made from its name: `worker`, `worker#2`."""
    head, mark, number = agent.id.rpartition("#")
    return agent.id == agent.name or (bool(mark) and head == agent.name and number.isdecimal())
