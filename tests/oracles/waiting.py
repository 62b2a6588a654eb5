"""Who waits and who can never go on, again, from the words of `teams.md`.

Groups of agents are all looked at, one by one. Imports nothing of `agenttrace.analysis`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

from agenttrace.model import names
from agenttrace.model.span import Event, Span
from agenttrace.model.trace import Trace
from tests.oracles.knowing import Moment, Ways, known_from, last_steps, ways
from tests.oracles.orchestration import meant, told, who

SILENT = ("heartbeat", "error")
"""What says nothing of a wait."""


class Wait(NamedTuple):
    """Who waits for whom since when, where it is told; `holds`: nothing but they can end it."""

    agent: str
    agents: tuple[str, ...]
    mode: str
    since: int
    span: str
    holds: bool


class Past(NamedTuple):
    """What had happened by a moment: what had begun, ended, been said; by times without lanes."""

    at_ns: int | None
    known: set[Moment] | None

    @classmethod
    def of(cls, trace: Trace, at: Span | None) -> Past:
        """That of the end of a span; None: the end of the run, by which all had."""
        if at is None or not trace.lanes:
            return cls(None if at is None else at.end_ns, None)
        ends: set[Moment] = {at.id}
        if at.kind == "run" and at.parent is None:  # it lasts as long as its lane
            ends.add((at.lane, last_steps(trace)[at.lane] + 1))
        ahead = ways(trace)
        back: Ways = {}
        for one, later in ahead.items():
            for two in later:
                back.setdefault(two, set()).add(one)
        return cls(None, set().union(*(known_from(back, end) for end in ends)))

    def has_begun(self, span: Span) -> bool:
        """Whether a span had begun."""
        return self._knows([(span.lane, span.seq)], span.start_ns)

    def has_ended(self, span: Span) -> bool:
        """Whether a span had ended; its own end is a part of the moment."""
        return self._knows([span.id], span.end_ns)

    def has_said(self, span: Span, event: Event) -> bool:
        """Whether an event had occurred: it does so after its step, before the next and its end."""
        return self._knows([(span.lane, event.seq + 1), span.id], event.at_ns)

    def _knows(self, any_of: list[Moment], at_ns: int) -> bool:
        if self.known is not None:
            return not self.known.isdisjoint(any_of)
        return self.at_ns is None or at_ns <= self.at_ns


def waits(trace: Trace, at: Span | None = None) -> list[Wait]:
    """Every wait that is not over at the end of the run, or of a span."""
    past = Past.of(trace, at)
    found = []
    for event, span, nth in told(trace, "waiting"):
        agent = who(trace, span)
        if agent is None or not past.has_said(span, event):
            continue
        said = [later for later in span.events[nth + 1 :] if past.has_said(span, later)]
        if any(later.name not in SILENT for later in said):
            continue
        if span.status.code == "OK" and past.has_ended(span):
            continue
        if any(_goes_on(trace, one, span, event) and past.has_begun(one) for one in trace):
            continue
        found.append(_wait(trace, agent, event, span))
    return found


def _goes_on(trace: Trace, one: Span, span: Span, event: Event) -> bool:
    """Whether a span is something that the agent does after its wait began, in its lane."""
    if one is span or who(trace, one) != who(trace, span) or one.lane != span.lane:
        return False
    return one.seq > event.seq if trace.lanes else one.start_ns > event.at_ns


def _wait(trace: Trace, agent: str, event: Event, span: Span) -> Wait:
    said = event.attributes.get(names.WAITING_FOR)
    whom = [said] if isinstance(said, str) else list(said) if isinstance(said, list) else []
    agents = tuple(sorted({meant(trace, one) for one in whom}))
    is_any = event.attributes.get(names.WAITING_MODE) == "any"
    by_itself = event.attributes.get(names.WAITING_TIMEOUT) is not None
    return Wait(
        agent,
        agents,
        "any" if is_any else "all",
        event.at_ns,
        span.id,
        holds=bool(agents) and not by_itself,
    )


def edges(found: Iterable[Wait]) -> list[tuple[str, str]]:
    """Who waits for whom, each once."""
    return sorted({(one.agent, other) for one in found for other in one.agents})


# -- groups -----------------------------------------------------------------------------
def holds_itself(group: Sequence[str], found: Sequence[Wait]) -> bool:
    """Whether each of a group has a wait that cannot end while none of them goes on."""
    return all(
        any(one.agent == agent and _cannot_end(one, group) for one in found) for agent in group
    )


def _cannot_end(one: Wait, group: Sequence[str]) -> bool:
    if not one.holds:
        return False
    inside = [agent in group for agent in one.agents]
    return any(inside) if one.mode == "all" else all(inside)


def groups(found: Sequence[Wait]) -> Iterator[tuple[str, ...]]:
    """Every group that holds itself, of whoever waits."""
    agents = sorted({one.agent for one in found})
    for size in range(1, len(agents) + 1):
        for group in combinations(agents, size):
            if holds_itself(group, found):
                yield group


def stuck(found: Sequence[Wait]) -> list[str]:
    """Everybody in any group that holds itself."""
    return sorted({agent for group in groups(found) for agent in group})


def deadlocks(found: Sequence[Wait]) -> list[tuple[tuple[str, ...], str]]:
    """The largest groups that hold themselves and lead from each to each; what each is called."""
    tied = [group for group in groups(found) if _leads_from_each_to_each(group, found)]
    return sorted(
        (group, _kind(group, found))
        for group in tied
        if not any(set(group) < set(other) for other in tied)
    )


def _leads_from_each_to_each(group: Sequence[str], found: Sequence[Wait]) -> bool:
    return all(two in _led_to(one, group, found) for one in group for two in group if one != two)


def _led_to(start: str, group: Sequence[str], found: Sequence[Wait]) -> set[str]:
    seen: set[str] = set()
    ahead = [start]
    while ahead:
        at = ahead.pop()
        new = {
            other
            for one in found
            if one.agent == at and one.holds
            for other in one.agents
            if other in group
        } - seen
        seen |= new
        ahead += new
    return seen


def _kind(group: Sequence[str], found: Sequence[Wait]) -> str:
    modes = {one.mode for one in found if one.agent in group and _cannot_end(one, group)}
    if len(modes) > 1:
        return "mixed"
    return "cycle" if modes == {"all"} else "knot"


def on_cycles(found: Sequence[Wait]) -> set[str]:
    """Everybody whom waits lead back to."""
    return {one.agent for one in found if one.agent in _reach(one.agent, found)}


def in_knots(found: Sequence[Wait]) -> set[str]:
    """Everybody who waits, and whom waits lead back to from wherever they lead."""
    return {
        one.agent
        for one in found
        if all(one.agent in _reach(other, found) for other in _reach(one.agent, found))
    }


def _reach(start: str, found: Sequence[Wait]) -> set[str]:
    everybody = {one for wait in found for one in (wait.agent, *wait.agents)}
    return _led_to(start, sorted(everybody), found)
