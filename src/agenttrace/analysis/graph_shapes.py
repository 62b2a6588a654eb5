"""Shapes of the interaction graph that mean something, each with the spans that it is made of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from agenttrace.analysis.interactions import AS_TOOL, INSIDE, MESSAGE, Interaction
from agenttrace.analysis.ranks import Ranks
from agenttrace.check.content import state_of
from agenttrace.model import names
from agenttrace.model.span import Event, Span, SpanKind, WireKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from agenttrace.analysis.channels import Channel, Node
    from agenttrace.analysis.team import Team
    from agenttrace.model.state import StateSnapshot

LEAST_CHATTER = 4
"""How many times two agents go to and fro until it is chatter: two full rounds."""

_TOLD = (MESSAGE, "handoff", AS_TOOL, INSIDE)
"""The kinds by which one agent is told something to do; what is published is for everybody."""


@dataclass(frozen=True, kw_only=True)
class SinglePoint:
    """An agent without which others, who were connected by channels, would not be.

    Attributes:
        agent: Its id.
        interactions: Its own.
        beside: By agent, whom it has a channel with, in any direction.
    """

    agent: str
    interactions: tuple[Interaction, ...]
    beside: Mapping[str, Sequence[str]] = field(repr=False, compare=False)

    @cached_property
    def parts(self) -> tuple[tuple[str, ...], ...]:
        """What would be left of those that it is connected with: at least two groups, sorted."""
        return _parts(self.beside, self.agent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chatter:
    """Two agents that go to and fro, and nothing changes.

    Attributes:
        agents: The two, sorted.
        interactions: The row, each in the other direction than the one before; at least
            `LEAST_CHATTER`.
        unknown: `state`, where neither agent says anything of its state: then nobody knows whether
            it changed.
    """

    agents: tuple[str, str]
    interactions: tuple[Interaction, ...]
    unknown: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Redundant:
    """The same thing, told word for word, that one agent told others to do more than once.

    Attributes:
        source: The agent that told it.
        targets: Whom it told, sorted.
        interactions: Each time; at least 2.
    """

    source: str
    targets: tuple[str, ...]
    interactions: tuple[Interaction, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """Something that was said and never read.

    Attributes:
        span: The span that said it.
        agent: Who said it; None: nobody.
        kind: `message`, `publish` or `blackboard`.
    """

    span: Span
    agent: str | None
    kind: str


def single_points(nodes: Mapping[str, Node], channels: Sequence[Channel]) -> Iterator[SinglePoint]:
    """Find the articulation points of the graph without directions (Hopcroft and Tarjan, 1973)."""
    beside: dict[str, list[str]] = {
        name: sorted({*node.reaches, *node.reached_by}) for name, node in nodes.items()
    }
    points = _articulations(beside)
    own: dict[str, list[Interaction]] = {name: [] for name in points}
    for channel in channels:
        for end in {channel.source, channel.target} & points:
            own[end] += channel.interactions
    for name in sorted(points):
        yield SinglePoint(agent=name, interactions=tuple(own[name]), beside=beside)


def _articulations(beside: Mapping[str, Sequence[str]]) -> set[str]:
    found: set[str] = set()
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    for root in beside:
        if root in number:
            continue
        number[root] = lowest[root] = len(number)
        branches = 0
        ahead: list[tuple[str, str | None, Iterator[str]]] = [(root, None, iter(beside[root]))]
        while ahead:
            at, came_from, rest = ahead[-1]
            other = next(rest, None)
            if other is None:
                ahead.pop()
                if came_from is not None:
                    lowest[came_from] = min(lowest[came_from], lowest[at])
                    if came_from != root and lowest[at] >= number[came_from]:
                        found.add(came_from)
            elif other not in number:
                number[other] = lowest[other] = len(number)
                branches += at == root
                ahead.append((other, at, iter(beside[other])))
            elif other != came_from:
                lowest[at] = min(lowest[at], number[other])
        if branches > 1:
            found.add(root)
    return found


def _parts(beside: Mapping[str, Sequence[str]], without: str) -> tuple[tuple[str, ...], ...]:
    seen = {without}
    parts = []
    for start in beside[without]:
        if start in seen:
            continue
        seen.add(start)
        part, ahead = [], [start]
        while ahead:
            at = ahead.pop()
            part.append(at)
            for other in beside[at]:
                if other not in seen:
                    seen.add(other)
                    ahead.append(other)
        parts.append(tuple(sorted(part)))
    return tuple(sorted(parts))


def chatter(team: Team, interactions: Iterable[Interaction]) -> Iterator[Chatter]:
    """Find the rows to and fro, in the order of their causes (`_Clock`)."""
    pairs: dict[tuple[str, str], list[Interaction]] = defaultdict(list)
    for one in interactions:
        first, second = sorted((one.source, one.target))
        pairs[first, second].append(one)
    long = {pair: row for pair, row in pairs.items() if len(row) >= LEAST_CHATTER}
    if not long:
        return
    clock = _Clock(team)
    changes = _changes(team, clock)
    for pair, row in sorted(long.items()):
        keeps = [changes[one] for one in pair if one in changes]
        when = sorted(rank for one in keeps for rank in one)
        unknown = {} if keeps else {"state": "not recorded: neither agent says what it knows"}
        for part in _rows(row, clock, when):
            if len(part) >= LEAST_CHATTER:
                yield Chatter(agents=pair, interactions=tuple(part), unknown=unknown)


def _rows(
    row: Sequence[Interaction], clock: _Clock, changes: Sequence[int]
) -> Iterator[list[Interaction]]:
    ranked = sorted(
        ((clock.of(one), place, one) for place, one in enumerate(row)), key=lambda it: it[:2]
    )
    part: list[Interaction] = []
    before = 0
    left = list(reversed(changes))
    for rank, _, one in ranked:
        changed = False
        while left and left[-1] < rank:
            changed = left.pop() >= before or changed
        if part and (changed or part[-1].source == one.source):
            yield part
            part = []
        part.append(one)
        before = rank
    yield part


class _Clock:
    """When something happened: by Lamport's clock, and in a trace without lanes by its times."""

    def __init__(self, team: Team) -> None:
        self._ranks = Ranks(team.trace) if team.trace.lanes else None
        self._by_id = team.by_id

    def of(self, one: Interaction) -> int:
        """When the effect began; of a queue's message, when it was received."""
        if one.received is not None and self._ranks is not None:
            return self._ranks.at(*one.received)
        return 0 if one.effect is None else self.begun(one.effect)

    def begun(self, span: Span) -> int:
        return span.start_ns if self._ranks is None else self._ranks.of(span)

    def told(self, event: Event, span: Span) -> int:
        if self._ranks is None:
            return event.at_ns
        return max(self._ranks.of(span), self._ranks.at(span.lane, event.seq))

    def kept(self, shot: StateSnapshot) -> int:
        if self._ranks is not None:
            return self._ranks.at(shot.lane, shot.seq)
        span = None if shot.span is None else self._by_id.get(shot.span)
        return 0 if span is None else span.start_ns


def _changes(team: Team, clock: _Clock) -> dict[str, list[int]]:
    """By agent that says anything of its state, when that changed."""
    found: dict[str, list[int]] = {}
    last: dict[str, object] = {}
    for shot in team.trace.snapshots:
        changes = found.setdefault(shot.agent, [])
        state = state_of(shot)
        if shot.agent in last and last[shot.agent] != state:
            changes.append(clock.kept(shot))
        last[shot.agent] = state
    for span in team.trace.spans:
        agent = team.doers[span.id]
        if agent is None:
            continue
        for event in span.events:
            if event.name == "state_change":
                found.setdefault(agent, []).append(clock.told(event, span))
        if is_write(span):
            found.setdefault(agent, []).append(clock.begun(span))
    return found


def redundant(interactions: Iterable[Interaction]) -> Iterator[Redundant]:
    """Find what was told again, in the order in which it was first told."""
    groups: dict[tuple[str, bytes], list[Interaction]] = defaultdict(list)
    for one in interactions:
        if one.said and one.kind in _TOLD:
            groups[one.source, one.said].append(one)
    for (source, _), told in groups.items():
        if len({_telling(one) for one in told}) > 1:
            targets = tuple(sorted({one.target for one in told}))
            yield Redundant(source=source, targets=targets, interactions=tuple(told))


def _telling(one: Interaction) -> str:
    """What was done to tell it: a message or a call is one, however many it reaches."""
    is_one = one.kind == AS_TOOL or (one.cause and one.cause.kind is SpanKind.MESSAGE)
    span = one.cause if is_one else one.effect
    return "" if span is None else span.id


def unread(team: Team) -> Iterator[Unread]:
    """Find what was said to somebody, and no link and no delivery names, and nobody received."""
    read = {link.span for span in team.trace.spans for link in span.links if link.trace is None}
    read |= {one.parent or "" for one in team.trace.spans if one.wire_kind is WireKind.CONSUMER}
    delivered = {one.message for one in team.trace.deliveries if one.message is not None}
    for span in team.trace.spans:
        if is_said(span) and span.id not in read and span.position not in delivered:
            yield Unread(span=span, agent=team.doers[span.id], kind=kind_of(span))


def kind_of(span: Span) -> str:
    """The kind of what a span said: `message`, `publish` or `blackboard`."""
    if is_write(span):
        return "blackboard"
    return "publish" if span.operation.startswith("publish ") else MESSAGE


def is_said(span: Span) -> bool:
    """Whether something was sent, published or written."""
    return span.kind is SpanKind.MESSAGE and span.wire_kind is WireKind.PRODUCER


def is_write(span: Span) -> bool:
    """Whether a value was written on a board."""
    return is_said(span) and names.MESSAGE_KEY in span.attributes
