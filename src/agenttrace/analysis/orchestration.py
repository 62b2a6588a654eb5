"""Orchestration: how work reached workers, what was decided on the way, and what that took.

It is told by the events `enqueued`, `dequeued`, `assigned` and `heartbeat`, by orchestration spans,
and by the announcements of a contract net. What is told by none of them is not recorded, which is
not the same as 0. Each measure is defined in `docs/reference/teams.md`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from agenttrace.analysis.assigning import Assignment, Decision, assignments_of, decisions_of
from agenttrace.analysis.happenings import Happening, happenings
from agenttrace.analysis.leading import Decomposition, Leader, decompositions_of, leaders_of
from agenttrace.analysis.limits import nanoseconds_of
from agenttrace.analysis.parties import Parties
from agenttrace.analysis.queues import Queue, queues_of
from agenttrace.analysis.team import Team
from agenttrace.analysis.telling import not_recorded
from agenttrace.analysis.telling_teams import broken, nothing
from agenttrace.check import given
from agenttrace.check.sides import safe
from agenttrace.errors import OrchestrationBroken
from agenttrace.model import names
from agenttrace.model.amounts import beyond, counted, duration
from agenttrace.model.span import Span

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agenttrace.check.budget import Said
    from agenttrace.model.trace import Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """The signs of life of one agent.

    Attributes:
        agent: Its id or name.
        beats_ns: When it gave each, nanoseconds from the start of the run.
        longest_silence_ns: The longest time without one, from the beginning of its first span to
            the end of its last; None: the trace has no times.
        spans: The spans that tell of them.
    """

    agent: str
    beats_ns: tuple[int, ...]
    longest_silence_ns: int | None
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Orchestration:
    """How the work of one run was led.

    Attributes:
        queues: Each queue, in the order in which they were first used.
        assignments: Who was given which task, by time.
        decisions: What orchestration spans say was decided, by time.
        pulses: The signs of life of each agent that gave any.
        leaders: Each agent that led others, with its own time and what it used.
        decompositions: How long it took each of them to break a goal up into tasks.
        unknown: By the name of an attribute that is empty, why.
    """

    queues: tuple[Queue, ...]
    assignments: tuple[Assignment, ...]
    decisions: tuple[Decision, ...]
    pulses: tuple[Pulse, ...]
    leaders: tuple[Leader, ...]
    decompositions: tuple[Decomposition, ...]
    unknown: Mapping[str, str] = field(default_factory=dict)

    def queue(self, name: str = "") -> Queue:
        """The queue of a name.

        Raises:
            NotRecorded: There is none.
        """
        for one in self.queues:
            if one.name == name:
                return one
        raise nothing(f"no queue is called {name!r}", 'agenttrace.event("enqueued", task=, queue=)')

    @property
    def success_rate(self) -> float | None:
        """Successes as a part of the assignments whose outcome is known; None: none is."""
        known = [one.outcome for one in self.assignments if one.outcome is not None]
        return known.count("success") / len(known) if known else None

    @property
    def passed_over(self) -> Mapping[str, int]:
        """By name, who could have been assigned a task and never was one, and how often so."""
        could = Counter(str(who) for one in self.assignments for who in one.candidates or ())
        did = {one.worker for one in self.assignments}
        return {who: count for who, count in sorted(could.items()) if who not in did}

    def drained(self) -> Literal[True]:
        """Assert that all that was put into queues was taken out.

        Raises:
            OrchestrationBroken: Something was not.
            NotRecorded: No queue is recorded, or of one not what was put in.
        """
        if not self.queues:
            raise nothing("no queue is recorded", 'agenttrace.event("enqueued", task=, queue=)')
        left = [one for queue in self.queues for one in queue.waiting]
        if left:
            raise broken(
                OrchestrationBroken,
                f"{len(left)} of "
                f"{counted(sum(len(one.items) for one in self.queues), 'task')} never left "
                "their queue",
                [(f"{one.task} in {one.queue or 'the queue'}", one.spans) for one in left],
            )
        _require_told(one for one in self.queues if not one.is_told)
        return True

    def depth_at_most(self, limit: int) -> Literal[True]:
        """Assert that no queue ever held more tasks than this.

        Raises:
            OrchestrationBroken: One did.
            NotRecorded: No queue is recorded, or of one not what it held.
            UsageError: The limit is no whole number from 0.
        """
        limit = given.whole("depth_at_most", limit)
        if not self.queues:
            raise nothing("no queue is recorded", 'agenttrace.event("enqueued", task=, queue=)')
        deep = [one for one in self.queues if one.peak is not None and one.peak > limit]
        if deep:
            raise broken(
                OrchestrationBroken,
                f"{len(deep)} of {counted(len(self.queues), 'queue')} held more than "
                f"{counted(limit, 'task')}",
                [(f"{one.name or 'the queue'} held {one.peak}", ()) for one in deep],
            )
        _require_told(one for one in self.queues if one.peak is None)
        return True

    def succeed(self) -> Literal[True]:
        """Assert that every assigned task was done, and ended well.

        Raises:
            OrchestrationBroken: One did not, or it is not known.
            NotRecorded: No assignment is recorded.
        """
        if not self.assignments:
            raise nothing("nothing was assigned", 'agenttrace.event("assigned", task=, worker=)')
        bad = [one for one in self.assignments if one.outcome != "success"]
        if bad:
            raise broken(
                OrchestrationBroken,
                f"{len(bad)} of {counted(len(self.assignments), 'assignment')} did not succeed",
                [(_ended(one), one.spans) for one in bad],
            )
        return True

    def silent_at_most(self, limit: Said) -> Literal[True]:
        """Assert that no agent with a heartbeat was without one for longer than this.

        Args:
            limit: Of recorded time: a number of seconds, or `"300ms"`.

        Raises:
            OrchestrationBroken: One was.
            NotRecorded: No heartbeat is recorded.
            UsageError: It is no length of time.
        """
        limit_ns = nanoseconds_of(limit)
        if not self.pulses:
            raise nothing("no heartbeat is recorded", 'agenttrace.event("heartbeat")')
        told = [(one, ns) for one in self.pulses if (ns := one.longest_silence_ns) is not None]
        if len(told) < len(self.pulses):
            raise not_recorded("for how long an agent was silent", "the trace has no times")
        silent = [(one, ns) for one, ns in told if ns > limit_ns]
        if silent:
            raise broken(
                OrchestrationBroken,
                f"{len(silent)} of {counted(len(self.pulses), 'agent')} "
                f"{'was' if len(silent) == 1 else 'were'} silent for more than "
                f"{duration(limit_ns)}",
                [(f"{one.agent}: {beyond(ns, limit_ns)}", one.spans) for one, ns in silent],
            )
        return True


def _require_told(unknown: Iterable[Queue]) -> None:
    """Refuse to say anything of queues of which some are not known.

    Raises:
        NotRecorded: One is not.
    """
    for one in unknown:
        raise nothing(
            f"what {safe(one.name) or 'the queue'} held is not recorded: nothing was put in "
            "before it was taken out",
            'agenttrace.event("enqueued", task=, queue=)',
        )


def _ended(one: Assignment) -> str:
    how = one.outcome or one.unknown["outcome"]
    return f"{one.task}, {one.worker or 'nobody named'}: {how}"


_NEEDS = {
    "queues": "no event `enqueued` or `dequeued`",
    "assignments": "no event `assigned`",
    "decisions": "no orchestration span says what was decided",
    "pulses": "no event `heartbeat`",
    "leaders": "no agent announces, assigns, puts into a queue or has an orchestration span",
    "decompositions": "no leading agent announces, assigns or puts tasks into a queue",
}


def orchestration(trace: Trace, *, team: Team | None = None) -> Orchestration:
    """Find how the work of a run was led."""
    team = Team(trace) if team is None else team
    parties = Parties(team)
    told = happenings(team, parties, "enqueued", "dequeued", "assigned", "heartbeat")
    by_name: dict[str, list[Happening]] = defaultdict(list)
    for one in told:
        by_name[one.event.name].append(one)
    moved = [one for one in told if one.event.name in ("enqueued", "dequeued")]
    queues = queues_of(moved, timed=team.is_timed)
    leaders = leaders_of(team, parties, told)
    found = Orchestration(
        queues=queues,
        assignments=assignments_of(team, parties, by_name["assigned"], queues),
        decisions=decisions_of(team, parties),
        pulses=_pulses(team, parties, by_name["heartbeat"]),
        leaders=leaders,
        decompositions=decompositions_of(team, parties, told),
    )
    unknown = {
        name: f"not recorded: {why}" for name, why in _NEEDS.items() if not getattr(found, name)
    }
    return Orchestration(
        queues=queues,
        assignments=found.assignments,
        decisions=found.decisions,
        pulses=found.pulses,
        leaders=leaders,
        decompositions=found.decompositions,
        unknown=unknown,
    )


def _pulses(team: Team, parties: Parties, beats: list[Happening]) -> tuple[Pulse, ...]:
    by_agent: dict[str, list[Happening]] = defaultdict(list)
    for one in beats:
        agent = parties.meant(one.event.attributes.get(names.QUEUE_WORKER)) or one.party
        if agent is not None:
            by_agent[agent].append(one)
    lives: dict[str, tuple[int, int]] = {}
    for span in team.trace.spans if by_agent else ():
        agent = parties.of(span)
        if agent in by_agent:
            begun, ended = lives.get(agent, (span.start_ns, span.end_ns))
            lives[agent] = min(begun, span.start_ns), max(ended, span.end_ns)
    found = (_pulse(agent, signs, lives.get(agent)) for agent, signs in by_agent.items())
    return tuple(one if team.is_timed else replace(one, longest_silence_ns=None) for one in found)


def _pulse(agent: str, signs: list[Happening], life: tuple[int, int] | None) -> Pulse:
    beats = [one.at_ns for one in signs]
    begun, ended = (beats[0], beats[-1]) if life is None else life
    instants = sorted([begun, *beats, ended])
    return Pulse(
        agent=agent,
        beats_ns=tuple(beats),
        longest_silence_ns=max(b - a for a, b in pairwise(instants)),
        spans=tuple({one.span.id: one.span for one in signs}.values()),
    )
