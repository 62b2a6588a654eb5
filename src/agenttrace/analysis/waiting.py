"""Waiting: whether a team waited for itself, went round in circles, or let a task wait for ever.

Each measure is defined, with cases worked out by hand, in `docs/reference/teams.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from agenttrace.analysis.deadlock import Deadlock, Need, deadlocks, stuck
from agenttrace.analysis.happenings import happenings
from agenttrace.analysis.loops import RULES, Loop, loops_of
from agenttrace.analysis.parties import Parties
from agenttrace.analysis.queues import Item, Queue, queues_of
from agenttrace.analysis.team import Team
from agenttrace.analysis.telling import not_recorded
from agenttrace.analysis.telling_teams import broken, nothing
from agenttrace.analysis.waits import Wait, open_waits, unknown_waits
from agenttrace.check.sides import safe
from agenttrace.errors import TeamStuck
from agenttrace.model.amounts import counted, times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agenttrace.model.span import Span
    from agenttrace.model.trace import Trace


_SILENCE = {
    "waits": "no agent says that it waits",
    "deadlocks": "no agent says for which agents it waits",
}
"""By what is not known, why nothing can be said of deadlocks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Who waited for what.

    Attributes:
        waits: The waits that were not over; each is an edge to every agent that it waits for.
        deadlocks: The groups of agents that keep one another waiting. A wait with a timeout ends by
            itself, and is no part of one.
        stuck: All agents that can never go on, sorted: those, and who waits for them.
        loops: Rows of steps that came again and again, by where they begin; at the end of a run.
        starved: The tasks that were left in a queue, though one that was put in later was taken
            out; at the end of a run.
        unknown: By the name of an attribute, why it cannot be told.
    """

    waits: tuple[Wait, ...]
    deadlocks: tuple[Deadlock, ...]
    stuck: tuple[str, ...]
    loops: tuple[Loop, ...]
    starved: tuple[Item, ...]
    unknown: Mapping[str, str] = field(default_factory=dict)

    @property
    def edges(self) -> tuple[tuple[str, str], ...]:
        """The wait-for graph: who waits, and for whom; sorted, each once."""
        found = {(one.agent, other) for one in self.waits for other in one.agents}
        return tuple(sorted(found))

    @property
    def livelocks(self) -> tuple[Loop, ...]:
        """The loops in which a run ended, and during which no state shows that anybody got on."""
        return tuple(one for one in self.loops if one.at_end and one.progress is not True)

    def never_deadlocks(self) -> Literal[True]:
        """Assert that no agents keep one another waiting.

        Raises:
            TeamStuck: Some do; the message shows the circle.
            NotRecorded: No agent says that it waits, or none for whom.
        """
        for name, why in _SILENCE.items():
            if name in self.unknown:
                raise nothing(why, 'agenttrace.event("waiting", agents=[...])')
        if self.deadlocks:
            raise broken(
                TeamStuck,
                f"{counted(len(self.deadlocks), 'deadlock')}: agents that wait for each other",
                [(self._told(one), self._spans(one)) for one in self.deadlocks],
            )
        return True

    def never_loops(self) -> Literal[True]:
        """Assert that nothing was done again and again while no state changed.

        Raises:
            TeamStuck: Something was.
            NotRecorded: A moment was asked for, and this is told at the end of a run.
        """
        self._needs("loops", "what went round in a circle")
        return _refuse([one for one in self.loops if one.progress is not True], "")

    def never_livelocks(self) -> Literal[True]:
        """Assert that the run did not end in steps that repeat while no state changes.

        Raises:
            TeamStuck: It did.
            NotRecorded: A moment was asked for, and this is told at the end of a run.
        """
        self._needs("loops", "what the run ended in")
        return _refuse(self.livelocks, " at the end of the run")

    def _needs(self, name: str, what: str) -> None:
        if name in self.unknown:
            raise not_recorded(what, self.unknown[name])

    def never_starves(self) -> Literal[True]:
        """Assert that no task was left in a queue that a later one left.

        Raises:
            TeamStuck: One was.
            NotRecorded: No queue is recorded, or of one not what was put in.
        """
        if self.starved:
            raise broken(
                TeamStuck,
                f"{counted(len(self.starved), 'task')} starved in a queue",
                [(f"{one.task}: {one.overtaken} overtook it", one.spans) for one in self.starved],
            )
        if "starved" in self.unknown:
            raise nothing(
                f"whether a task starves: {self.unknown['starved']}",
                'agenttrace.event("enqueued", task=, queue=)',
            )
        return True

    def _told(self, group: Deadlock) -> str:
        waits = (one for one in self.waits if one.agent in group.agents)
        return f"{group.kind}: {'; '.join(map(str, waits))}"

    def _spans(self, group: Deadlock) -> tuple[Span, ...]:
        return tuple(one.span for one in self.waits if one.agent in group.agents)


def waiting(trace: Trace, *, at: Span | None = None, team: Team | None = None) -> Waiting:
    """Find who waited for what.

    Args:
        trace: The trace.
        at: A span at whose end it is asked who waits, of all that happened before it, in causal
            order; None: the end of the run, where loops and starved tasks are told as well.
        team: The team, where it is known already.
    """
    team = Team(trace) if team is None else team
    parties = Parties(team)
    waits = open_waits(team, parties, at)
    needs: dict[str, list[Need]] = {}
    for one in waits:
        if one.agents and not one.ends_by_itself:
            needs.setdefault(one.agent, []).append(Need(one.mode, frozenset(one.agents)))
        elif one.agents:
            needs.setdefault(one.agent, [])
    told = happenings(team, parties, "enqueued", "dequeued") if at is None else []
    queues = queues_of(told, timed=team.is_timed)
    return Waiting(
        waits=waits,
        deadlocks=deadlocks(needs),
        stuck=tuple(sorted(stuck(needs))),
        loops=loops_of(team, parties) if at is None else (),
        starved=tuple(
            item for queue in queues for item in queue.items if item.is_waiting and item.overtaken
        ),
        unknown=_unknown(
            waits=unknown_waits(team, parties),
            starved=_untold(queues) if at is None else "",
            whole=at is None,
        ),
    )


def _untold(queues: Sequence[Queue]) -> str:
    """Why it is not known what starved; empty: it is."""
    if not queues:
        return "not recorded: no event `enqueued` or `dequeued`"
    for one in queues:
        if not one.is_told:
            return f"not recorded: no event `enqueued` of {safe(one.name) or 'the queue'}"
    return ""


def _unknown(*, waits: Mapping[str, str], starved: str, whole: bool) -> dict[str, str]:
    found = dict(waits)
    if starved:
        found["starved"] = starved
    if not whole:
        asked = "asked at a moment: it is told at the end of a run"
        found |= {"loops": asked, "starved": asked}
    return found


def _refuse(loops: Sequence[Loop], where: str) -> Literal[True]:
    if loops:
        raise broken(
            TeamStuck,
            f"{counted(len(loops), 'loop')}{where}, without progress",
            [
                (
                    f"{', '.join(one.agents)}: {one.rule}, {times(one.times)} ({RULES[one.rule]})",
                    one.spans,
                )
                for one in loops
            ],
        )
    return True
