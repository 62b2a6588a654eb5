"""Waits: which agents wait for which, at the end of a run or at a moment of it.

A wait is told by the event `waiting`. It is over when its span says anything after it (`resumed`,
for one; a heartbeat or an error is no such thing), when that span ends well, or when its agent does
something later in the same lane.
"""

from __future__ import annotations

import bisect
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from agenttrace.analysis.deadlock import ALL, ANY
from agenttrace.analysis.happenings import Happening, happenings
from agenttrace.causal.past import Past
from agenttrace.model import names
from agenttrace.model.span import OK, Span
from agenttrace.model.values import Value, plain

if TYPE_CHECKING:
    from agenttrace.analysis.parties import Parties
    from agenttrace.analysis.team import Team
    from agenttrace.model.lane import Position

Moment: TypeAlias = "tuple[Position, int, int]"
"""A lane, a step of it, and nanoseconds from the start of the run."""

Cut: TypeAlias = "Callable[[Moment], bool]"
"""Whether a moment belongs to what is looked at."""

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
    cut = _cut(team, at)
    steps = _Steps(team, parties)
    return tuple(
        _wait(one, parties)
        for one in told
        if one.party is not None and cut(_moment(one)) and not _is_over(one, cut, steps)
    )


def told_waits(team: Team) -> bool:
    """Whether anybody told of any wait at all."""
    return any(event.name == "waiting" for span in team.trace.spans for event in span.events)


def _wait(one: Happening, parties: Parties) -> Wait:
    said = one.said(names.WAITING_FOR)
    agents = {parties.meant(name) for name in _several(said)}
    return Wait(
        agent=one.party or "",
        agents=tuple(sorted(agent for agent in agents if agent is not None)),
        mode=ANY if one.text(names.WAITING_MODE) == ANY else ALL,
        ends_by_itself=one.said(names.WAITING_TIMEOUT) is not None,
        since_ns=one.at_ns,
        span=one.span,
    )


def _several(said: Value) -> list[Value]:
    if isinstance(said, dict):  # a set
        said = said.get("items")
    return said if isinstance(said, list) else [plain(said)]


def _moment(one: Happening) -> Moment:
    return one.span.lane, one.event.seq, one.at_ns


def _is_over(one: Happening, cut: Cut, steps: _Steps) -> bool:
    span = one.span
    for nth in range(one.nth + 1, len(span.events)):
        later = span.events[nth]
        if later.name not in _SAYS_NOTHING and cut((span.lane, later.seq, later.at_ns)):
            return True
    if span.status.code == OK and cut((span.lane, span.end_seq, span.end_ns)):
        return True
    return any(cut((each.lane, each.seq, each.start_ns)) for each in steps.after(one))


class _Steps:
    """What each party did in each lane, in order."""

    def __init__(self, team: Team, parties: Parties) -> None:
        self._has_lanes = bool(team.trace.lanes)
        self._spans: dict[tuple[str | None, Position], list[Span]] = defaultdict(list)
        for span in team.trace.spans:
            self._spans[parties.of(span), span.lane].append(span)
        for spans in self._spans.values():
            spans.sort(key=self._place)

    def after(self, one: Happening) -> Iterator[Span]:
        """The first thing that a party did in the same lane after an event."""
        spans = self._spans[one.party, one.span.lane]
        since = one.event.seq if self._has_lanes else one.at_ns
        place = bisect.bisect_right(spans, since, key=self._place)
        yield from spans[place : place + 1]

    def _place(self, span: Span) -> int:
        return span.seq if self._has_lanes else span.start_ns


def _cut(team: Team, at: Span | None) -> Cut:
    if at is None:
        return lambda _: True
    if not team.trace.lanes:
        return lambda moment: moment[2] <= at.end_ns
    known = Past(team.trace).of_span(at)

    def is_within(moment: Moment) -> bool:
        lane, seq, at_ns = moment
        if lane == at.lane or seq == known.get(lane):
            return seq <= known.get(lane, -1) and at_ns <= at.end_ns
        return seq < known.get(lane, -1)

    return is_within
