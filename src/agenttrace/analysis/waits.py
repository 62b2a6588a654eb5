"""Waits: which agents wait for which, at the end of a run or at a moment of it.

A wait is told by the event `waiting`. It is over when its span says anything after it (`resumed`,
for one; a heartbeat or an error is no such thing), when that span ends well, or when its agent does
something later in the same lane.
"""

from __future__ import annotations

import bisect
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from agenttrace.analysis.deadlock import ALL, ANY
from agenttrace.analysis.happenings import Happening, happenings
from agenttrace.causal.known_at_end import known_at_end
from agenttrace.model import names
from agenttrace.model.span import OK, Event, Span
from agenttrace.model.values import Value, plain

if TYPE_CHECKING:
    from agenttrace.analysis.parties import Parties
    from agenttrace.analysis.team import Team
    from agenttrace.model.lane import Position

_SAYS_NOTHING = ("heartbeat", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """One agent that waits for others.

    Attributes:
        agent: Who waits: an id or a name.
        agents: For whom, sorted; empty: for something outside the team.
        mode: `all`: each of them must go on; `any`: one of them.
        ends_by_itself: Whether it has a timeout.
        since_ns: When it began, nanoseconds from the start of the run.
        span: The span inside which it is told.
    """

    agent: str
    agents: tuple[str, ...]
    mode: str
    ends_by_itself: bool
    since_ns: int
    span: Span

    def __str__(self) -> str:
        """`critic waits for any of editor, writer`."""
        if not self.agents:
            return f"{self.agent} waits"
        several = f"{self.mode} of " if len(self.agents) > 1 else ""
        return f"{self.agent} waits for {several}{', '.join(self.agents)}"


def open_waits(team: Team, parties: Parties, at: Span | None = None) -> tuple[Wait, ...]:
    """The waits that are not over, by when they began.

    Args:
        team: The team.
        parties: Its parties.
        at: A span at whose end it is asked, of all that happened before; None: the end of the run.
    """
    told = happenings(team, parties, "waiting")
    if not told:
        return ()
    past = _All() if at is None else _Timed(at) if not team.trace.lanes else _Caused(team, at)
    steps = _Steps(team, parties)
    return tuple(
        _wait(one, parties)
        for one in told
        if one.party is not None
        and past.has_said(one.span, one.event)
        and not _is_over(one, past, steps)
    )


def unknown_waits(team: Team, parties: Parties) -> dict[str, str]:
    """Why nobody knows who waits, or whether anybody waits for a deadlock; empty: it is known."""
    if not any(event.name == "waiting" for span in team.trace.spans for event in span.events):
        return {"waits": "not recorded: no event `waiting`"}
    told = happenings(team, parties, "waiting")
    if not any(one.party is not None and _agents(one, parties) for one in told):
        return {"deadlocks": "not recorded: no event `waiting` of an agent names an agent"}
    return {}


def _wait(one: Happening, parties: Parties) -> Wait:
    return Wait(
        agent=one.party or "",
        agents=_agents(one, parties),
        mode=ANY if one.text(names.WAITING_MODE) == ANY else ALL,
        ends_by_itself=one.said(names.WAITING_TIMEOUT) is not None,
        since_ns=one.at_ns,
        span=one.span,
    )


def _agents(one: Happening, parties: Parties) -> tuple[str, ...]:
    agents = {parties.meant(name) for name in _several(one.said(names.WAITING_FOR))}
    return tuple(sorted(agent for agent in agents if agent is not None))


def _several(said: Value) -> list[Value]:
    if isinstance(said, dict):  # a set
        said = said.get("items")
    return said if isinstance(said, list) else [plain(said)]


def _is_over(one: Happening, past: _Past, steps: _Steps) -> bool:
    span = one.span
    for nth in range(one.nth + 1, len(span.events)):
        later = span.events[nth]
        if later.name not in _SAYS_NOTHING and past.has_said(span, later):
            return True
    if span.status.code == OK and past.has_ended(span):
        return True
    did = steps.after(one)
    return did is not None and past.has_begun(did)


class _Steps:
    """What each party did in each lane, in order."""

    def __init__(self, team: Team, parties: Parties) -> None:
        self._has_lanes = bool(team.trace.lanes)
        self._spans: dict[tuple[str | None, Position], list[Span]] = defaultdict(list)
        for span in team.trace.spans:
            self._spans[parties.of(span), span.lane].append(span)
        for spans in self._spans.values():
            spans.sort(key=self._place)

    def after(self, one: Happening) -> Span | None:
        """The first thing that a party did in the same lane after an event; None: nothing."""
        spans = self._spans[one.party, one.span.lane]
        since = one.event.seq if self._has_lanes else one.at_ns
        place = bisect.bisect_right(spans, since, key=self._place)
        later = (span for span in spans[place:] if span is not one.span)
        return next(later, None)

    def _place(self, span: Span) -> int:
        return span.seq if self._has_lanes else span.start_ns


class _Past(Protocol):
    """What had happened by a moment."""

    def has_begun(self, span: Span) -> bool: ...
    def has_ended(self, span: Span) -> bool: ...
    def has_said(self, span: Span, event: Event) -> bool: ...


class _All:
    """The end of the run, by which all had."""

    def has_begun(self, span: Span) -> bool:
        return True

    def has_ended(self, span: Span) -> bool:
        return True

    def has_said(self, span: Span, event: Event) -> bool:
        return True


class _Timed:
    """The end of a span of a trace without lanes, by the clock."""

    def __init__(self, at: Span) -> None:
        self._at_ns = at.end_ns

    def has_begun(self, span: Span) -> bool:
        return span.start_ns <= self._at_ns

    def has_ended(self, span: Span) -> bool:
        return span.end_ns <= self._at_ns

    def has_said(self, span: Span, event: Event) -> bool:
        return event.at_ns <= self._at_ns


class _Caused:
    """The end of a span, in causal order: an event of a step is known with what comes after it.

    Clocks tell nothing here: in a replay, in which computing takes no time, all that follows a step
    may have its instant.
    """

    def __init__(self, team: Team, at: Span) -> None:
        self._steps, self._ended = known_at_end(team.trace, at)

    def has_begun(self, span: Span) -> bool:
        return span.seq <= self._steps.get(span.lane, -1)

    def has_ended(self, span: Span) -> bool:
        return span.id in self._ended

    def has_said(self, span: Span, event: Event) -> bool:
        return event.seq + 1 <= self._steps.get(span.lane, -1) or span.id in self._ended
