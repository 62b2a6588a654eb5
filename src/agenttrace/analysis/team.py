"""Team: who did what in a trace: agents, the spans that each did, and what stands inside what."""

from __future__ import annotations

from collections import defaultdict
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from agenttrace.analysis.telling import MOST
from agenttrace.check.nearest import nearest_line
from agenttrace.check.sides import cut, safe
from agenttrace.errors import NothingSelected, UsageError
from agenttrace.model.agent import Agent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agenttrace.model.span import Span
    from agenttrace.model.trace import Trace


T = TypeVar("T")


class Team:
    """The agents of one trace; each thing is worked out once, in time that grows with the spans.

    Attributes:
        trace: The trace.
    """

    def __init__(self, trace: Trace) -> None:
        """Take a trace; nothing is worked out yet."""
        self.trace = trace

    @cached_property
    def is_timed(self) -> bool:
        """Whether anybody looked at a clock; in a chat log all happens at 0."""
        return any(
            span.end_ns or span.start_ns or any(event.at_ns for event in span.events)
            for span in self.trace.spans
        )

    @cached_property
    def by_id(self) -> Mapping[str, Span]:
        """The spans by id."""
        return {span.id: span for span in self.trace.spans}

    @cached_property
    def children(self) -> Mapping[str, tuple[Span, ...]]:
        """By a span's id, what stands right inside it, in the trace's order."""
        found: dict[str, list[Span]] = defaultdict(list)
        for span in self.trace.spans:
            if span.parent is not None:
                found[span.parent].append(span)
        return {parent: tuple(inside) for parent, inside in found.items()}

    @cached_property
    def downwards(self) -> tuple[Span, ...]:
        """Every span after the one that it stands inside; orphans stand beside the roots."""
        found: list[Span] = []
        ahead = [
            span
            for span in reversed(self.trace.spans)
            if span.parent is None or span.parent not in self.by_id
        ]
        while ahead:
            span = ahead.pop()
            found.append(span)
            ahead.extend(reversed(self.children.get(span.id, ())))
        return tuple(found)

    @cached_property
    def doers(self) -> Mapping[str, str | None]:
        """By span id, the agent that did it: its own, else that of the nearest span around it."""
        found: dict[str, str | None] = {}
        for span in self.downwards:
            around = None if span.parent is None else found.get(span.parent)
            found[span.id] = span.agent if span.agent is not None else around
        return found

    @cached_property
    def agents(self) -> Mapping[str, Agent]:
        """Every agent that is told of or did something, by id, sorted."""
        known = {one.id: one for one in self.trace.agents}
        for one in self.doers.values():
            if one is not None and one not in known:
                known[one] = Agent(id=one, name=one)
        return dict(sorted(known.items()))

    @cached_property
    def spans_of(self) -> Mapping[str, tuple[Span, ...]]:
        """By agent, what it did, in the trace's order."""
        found: dict[str, list[Span]] = {one: [] for one in self.agents}
        for span in self.trace.spans:
            doer = self.doers[span.id]
            if doer is not None:
                found[doer].append(span)
        return {agent: tuple(spans) for agent, spans in found.items()}

    def meant(self, name: str) -> frozenset[str]:
        """The ids of the agents that a person means: by id or name; wildcards.

        Raises:
            NothingSelected: None is called so; the nearest are named.
            UsageError: It is no text.
        """
        if not isinstance(name, str):
            raise UsageError(
                f"{cut(safe(repr(name)))} is no agent: it is a text, an id or a name",
                detail=f"  given     {type(name).__name__}",
            )
        found = frozenset(one.id for one in self.agents.values() if _is(name, one))
        if not found:
            raise NothingSelected(
                f"no agent is called {safe(repr(name))}", detail="\n".join(self._instead(name))
            )
        return found

    def _instead(self, name: str) -> Iterator[str]:
        yield from nearest_line(name, self.agents)
        yield f"  there are {safe(', '.join(self.agents))}" if self.agents else "  there is  none"
        yield ""
        yield "  More: agenttrace explain nothing-selected"


class ByAgent(dict[str, T]):
    """Something of each agent, by id; a name, or wildcards, give the one agent that they mean."""

    def __init__(self, found: Mapping[str, T], team: Team, what: str) -> None:
        """Hold what is said of the agents, the agents, and the words for what it is."""
        super().__init__(found)
        self._team = team
        self._what = what

    def __missing__(self, name: str) -> T:
        """What is said of the one agent that is meant.

        Raises:
            NothingSelected: No agent is called so.
            UsageError: Several are.
        """
        meant = sorted(self._team.meant(name) & self.keys())
        if len(meant) == 1:
            return self[meant[0]]
        raise UsageError(
            f"{safe(repr(name))} means {len(meant)} agents, and {self._what} is of one",
            detail=f"  they are  {safe(', '.join(meant[:MOST]))}",
        )


def _is(name: str, agent: Agent) -> bool:
    return any(one == name or fnmatchcase(one, name) for one in (agent.id, agent.name))
