"""Interaction graph: who led whom to something, over which channels, how often, and how much.

Its answers point at their spans, and its assertions raise, so that they may stand alone or behind
`assert`. A name that means no agent is an error, also where something is said never to happen.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from agenttrace.analysis import graph_forms, graph_shapes
from agenttrace.analysis.channels import Channel, Node, channel
from agenttrace.analysis.interactions import KINDS, MESSAGE, Interaction, interactions
from agenttrace.analysis.team import ByAgent, Team
from agenttrace.analysis.telling import MOST, not_recorded, team_failed
from agenttrace.check import given
from agenttrace.check.fitting import place_of
from agenttrace.check.selector import misspelt
from agenttrace.check.sides import cut, safe
from agenttrace.model import amounts, names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agenttrace.analysis.graph_shapes import Chatter, Redundant, SinglePoint, Unread
    from agenttrace.model.trace import Trace


class InteractionGraph:
    """Who led whom to something.

    Attributes:
        team: The agents.
        interactions: Every interaction, in the trace's order.
    """

    def __init__(self, trace: Trace, *, team: Team | None = None) -> None:
        """Find the interactions of a trace; all else is worked out when it is asked for.

        Args:
            trace: The trace.
            team: Its team, where it is known already.
        """
        self.team = Team(trace) if team is None else team
        self.interactions: tuple[Interaction, ...] = interactions(self.team)

    @cached_property
    def channels(self) -> tuple[Channel, ...]:
        """The interactions by source, target and kind, sorted by these."""
        found: dict[tuple[str, str, str], list[Interaction]] = defaultdict(list)
        for one in self.interactions:
            found[one.source, one.target, one.kind].append(one)
        return tuple(channel(*ends, found[ends]) for ends in sorted(found))

    @cached_property
    def nodes(self) -> Mapping[str, Node]:
        """Every agent by its id, sorted; those that talk to nobody, too.

        A name, or wildcards, give the one agent that they mean.
        """
        reaches: dict[str, set[str]] = defaultdict(set)
        reached: dict[str, set[str]] = defaultdict(set)
        sent: dict[str, int] = defaultdict(int)
        received: dict[str, int] = defaultdict(int)
        for one in self.channels:
            reaches[one.source].add(one.target)
            reached[one.target].add(one.source)
            sent[one.source] += one.count
            received[one.target] += one.count
        found = {
            name: Node(
                agent=agent,
                spans=len(self.team.spans_of[name]),
                sent=sent[name],
                received=received[name],
                reaches=tuple(sorted(reaches[name])),
                reached_by=tuple(sorted(reached[name])),
            )
            for name, agent in self.team.agents.items()
        }
        return ByAgent(found, self.team, "a node")

    # -- shapes that mean something -----------------------------------------------------------
    @cached_property
    def single_points(self) -> tuple[SinglePoint, ...]:
        """Agents without which others who were connected are not, sorted by id."""
        return tuple(graph_shapes.single_points(self.nodes, self.channels))

    @cached_property
    def chatter(self) -> tuple[Chatter, ...]:
        """Rows of messages to and fro in which nothing that was recorded changed."""
        return tuple(graph_shapes.chatter(self.team, self.interactions))

    @cached_property
    def redundant(self) -> tuple[Redundant, ...]:
        """What one agent told others to do, word for word, more than once."""
        return tuple(graph_shapes.redundant(self.interactions))

    @cached_property
    def unread(self) -> tuple[Unread, ...]:
        """What was sent, published or written, and never read."""
        return tuple(graph_shapes.unread(self.team))

    # -- what a test says of it ---------------------------------------------------------------
    def talks(self, source: str, target: str, kind: str | None = None) -> Literal[True]:
        """Assert that one agent led another one to something, at least once.

        Args:
            source: Its id or name; wildcards.
            target: Likewise.
            kind: Only by interactions of this kind.

        Raises:
            TeamFailed: It did not; the message lists whom it did lead to something.
            NothingSelected: No agent is called so.
            UsageError: There is no such kind.
        """
        if self._between(source, target, kind):
            return True
        near = next(
            filter(None, (self._between(*ends, None) for ends in _nearest(source, target))), []
        )
        raise team_failed(
            f"{safe(source)} never talks to {safe(target)}{_by(kind)}",
            "instead",
            map(_line, near),
            "no interaction of the two",
        )

    def never_talks(self, source: str, target: str, kind: str | None = None) -> Literal[True]:
        """Assert that one agent never led another one to something; as `talks`.

        Raises:
            TeamFailed: It did; the message lists how.
            NothingSelected: No agent is called so.
            UsageError: There is no such kind.
        """
        found = self._between(source, target, kind)
        if not found:
            return True
        raise team_failed(
            f"{safe(source)} talks to {safe(target)}{_by(kind)}, {amounts.times(len(found))}",
            "found",
            map(_line, found),
        )

    def fans_out_at_most(self, agents: int, agent: str = "*") -> Literal[True]:
        """Assert that an agent, or each one, leads at most so many others to something.

        Raises:
            TeamFailed: One leads more; the message names them.
            NothingSelected: No agent is called so.
            UsageError: The limit is no whole number from 0.
        """
        agents = given.whole("fans_out_at_most", agents)
        meant = self.team.meant(agent)
        wide = [
            f"{safe(name)} to {len(node.reaches)}: {safe(', '.join(node.reaches))}"
            for name, node in self.nodes.items()
            if name in meant and len(node.reaches) > agents
        ]
        if not wide:
            return True
        raise team_failed(f"a fan-out of more than {agents}", "found", wide)

    def has_no_single_point(self, *, but: str | Sequence[str] = ()) -> Literal[True]:
        """Assert that no agent's loss parts others from each other.

        Args:
            but: Who may be such a point: names, wildcards.

        Raises:
            TeamFailed: One is; the message says whom it parts.
            NothingSelected: No agent is called so, or there is none.
        """
        self.team.meant("*")
        names = given.several("has_no_single_point(but=)", but)
        allowed = frozenset[str]().union(*map(self.team.meant, names))
        found = [one for one in self.single_points if one.agent not in allowed]
        if not found:
            return True
        raise team_failed(
            f"{amounts.counted(len(found), 'single point')} of failure",
            "found",
            (_parted(one) if nth < MOST else "" for nth, one in enumerate(found)),
        )

    def never_chatters(self) -> Literal[True]:
        """Assert that no two agents go to and fro without anything changing.

        Raises:
            TeamFailed: Two do; the message lists the messages.
            NothingSelected: There is no agent.
        """
        self.team.meant("*")
        if not self.chatter:
            return True
        raise team_failed(
            f"{amounts.counted(len(self.chatter), 'row')} of chatter",
            "found",
            (
                f"{safe(' and '.join(one.agents))}, {amounts.times(len(one.interactions))}: "
                f"{_line(one.interactions[0])}"
                for one in self.chatter
            ),
        )

    def never_asks_twice(self, source: str = "*") -> Literal[True]:
        """Assert that an agent, or each one, tells others the same thing to do only once.

        Raises:
            TeamFailed: One does so again; the message lists each time.
            NothingSelected: No agent is called so.
        """
        meant = self.team.meant(source)
        found = [one for one in self.redundant if one.source in meant]
        if not found:
            return True
        raise team_failed(
            f"the same was asked again, {amounts.times(len(found))}",
            "found",
            (_line(inner) for one in found for inner in one.interactions),
        )

    def reads_everything(self, kind: str | None = None) -> Literal[True]:
        """Assert that all that was sent, published or written was read.

        Args:
            kind: Only of this kind: `message`, `publish` or `blackboard`.

        Raises:
            TeamFailed: Something was not; the message lists it.
            NotRecorded: Nothing was said at all, or nothing of this kind.
            UsageError: There is no such kind.
        """
        if kind not in tuple(_VERBS):  # which asks for no hash
            raise misspelt("nothing is said of the kind", str(kind), filter(None, _VERBS))
        said = (
            graph_shapes.kind_of(it) for it in self.team.trace.spans if graph_shapes.is_said(it)
        )
        if not any(kind in (None, one) for one in said):
            raise not_recorded(
                f"whether everything was read{_by(kind)}",
                f"no verb {_VERBS[kind]} anything (what a queue carries is not counted)",
            )
        found = [one for one in self.unread if kind in (None, one.kind)]
        if not found:
            return True
        raise team_failed(
            f"{len(found)} never read{_by(kind)}",
            "unread",
            map(_said, found),
        )

    # -- for others ---------------------------------------------------------------------------
    def as_dict(self) -> dict[str, Any]:
        """The graph as plain JSON data: `agents` and `channels`, each with its spans' ids."""
        return graph_forms.as_dict(self.nodes, self.channels)

    def to_dot(self) -> str:
        """The graph in the language of Graphviz."""
        return graph_forms.dot(self.nodes, self.channels)

    def to_mermaid(self) -> str:
        """The graph in the language of Mermaid, which Markdown on GitHub and GitLab draws."""
        return graph_forms.mermaid(self.nodes, self.channels)

    def to_networkx(self) -> Any:  # noqa: ANN401 - networkx is an extra, and has no types
        """The graph as a `networkx.MultiDiGraph`: an agent a node, a channel an edge, by its kind.

        Raises:
            UsageError: networkx is not installed; it is an extra, `pytest-agenttrace[graph]`.
        """
        return graph_forms.networkx(self.nodes, self.channels)

    @cached_property
    def _kinds(self) -> tuple[str, ...]:
        """What a kind can be: those that there always are, and the words of the trace's links."""
        links = (link.relationship for span in self.team.trace.spans for link in span.links)
        return tuple(dict.fromkeys((*KINDS, *links)))

    def _between(self, source: str, target: str, kind: str | None) -> list[Interaction]:
        sources, targets = self.team.meant(source), self.team.meant(target)
        if kind is not None and kind not in self._kinds:
            raise misspelt("no interaction is of the kind", str(kind), self._kinds)
        return [
            one
            for one in self.interactions
            if one.source in sources and one.target in targets and kind in (None, one.kind)
        ]


def _parted(one: SinglePoint) -> str:
    """Whom an agent's loss parts; of a crowd the first of them."""
    return cut(safe(f"{one.agent} parts {' | '.join(map(', '.join, one.parts))}"), _WIDTH)


_WIDTH = 500
"""How many letters of it a line of a message has."""


_VERBS: Mapping[str | None, str] = {
    None: "sent, published or wrote",
    MESSAGE: "sent",
    "publish": "published",
    "blackboard": "wrote",
}
"""What was done with what is said, by its kind."""


def _line(one: Interaction) -> str:
    where = "" if one.effect is None else f", {safe(one.effect.name)} at {place_of(one.effect)}"
    channel = f" on {safe(one.channel)}" if one.channel else ""
    return f"{safe(one.source)} -> {safe(one.target)}  {safe(one.kind)}{channel}{where}"


def _said(one: Unread) -> str:
    key = one.span.attributes.get(names.MESSAGE_KEY)
    entry = "" if key is None else f"[{cut(safe(str(key)))}]"
    by = safe(one.agent or "nobody")
    return f"{one.kind}: {safe(one.span.name)}{entry} by {by} at {place_of(one.span)}"


def _nearest(source: str, target: str) -> tuple[tuple[str, str], ...]:
    return ((source, target), (source, "*"), ("*", target), (target, source))


def _by(kind: str | None) -> str:
    return "" if kind is None else f" by {safe(kind)}"
