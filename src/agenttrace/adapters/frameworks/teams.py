"""Teams: agents that a framework puts together: who is whom in all turns, and who handed over.

Each turn of an agent is a task of the framework's, and so a lane of its own. An agent's place in
its team (an executor, a participant) has a name that no other place has; by that it is known again.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agenttrace.adapters.frameworks.acting import LIMIT
from agenttrace.adapters.plain.standing import standing
from agenttrace.causal.agents import provisional
from agenttrace.model.span import Status

if TYPE_CHECKING:
    from agenttrace.adapters.plain.doing import Doing


@dataclass
class Team:
    """One run of a team.

    Attributes:
        name: What it is called.
        span: Its span.
        arrivals: Who handed over to a place, by its name: a span.
        acted: The span of who acted last in a place, by its name.
        ids: What who acts in a place is known by, by the place's name and its own.
        given: To how many places work was given last.
        reason: Why who is next is next, where somebody has said so.
        runner: What of the framework's runs it.
    """

    name: str
    span: str = ""
    arrivals: dict[str, str] = field(default_factory=dict)
    acted: dict[str, str] = field(default_factory=dict)
    ids: dict[tuple[str, str], str] = field(default_factory=dict)
    given: int = 0
    reason: str = ""
    runner: Any = None

    def id_of(self, place: str, name: str) -> str:
        """What an agent is known by that acts in a place: the same in all its turns."""
        at = standing()
        if at is None:
            return ""
        return self.ids.setdefault((place, name), provisional(name, at.frame.lane.path))

    def begun(self, place: str, doing: Doing) -> None:
        """Say that somebody has begun to act in a place."""
        self.acted[place] = doing.id
        before = self.arrivals.pop(place, None)
        if before is not None:
            doing.link(before, "handoff")

    def limited(self, limit: str) -> None:
        """Say that a limit has ended it, though it goes on to its end without an exception."""
        at = standing()
        if at is not None:
            at.note(Status(code=LIMIT, message=limit), span=self.span)


team_here: ContextVar[Team | None] = ContextVar("agenttrace_team", default=None)
"""The team that runs where the caller stands."""
