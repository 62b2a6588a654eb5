"""Deadlock: who, in a graph of who waits for whom, can never go on.

An agent that waits for all of some others goes on when each of them can; one that waits for any,
when one of them can. Where all waits are of the first sort, there is a deadlock if and only if
there is a cycle; where all are of the second, if and only if there is a knot: a group from which no
way leads out (Knapp, "Deadlock detection in distributed databases", 1987). Both are one rule here,
and so is what lies between them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

ALL, ANY = "all", "any"
"""What a wait needs: that each of the agents goes on, or that one of them does."""


class Need(NamedTuple):
    """One wait of one agent: for whom, and whether all of them must go on."""

    mode: str
    agents: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlock:
    """Some agents that keep one another waiting, whoever else goes on.

    Attributes:
        agents: Their ids or names, sorted. From each a way of waits leads to each other one.
        kind: Of their waits that cannot end while none of them goes on: `cycle`: all are for all;
            `knot`: all are for any; `mixed`.
    """

    agents: tuple[str, ...]
    kind: str


def stuck(needs: Mapping[str, Sequence[Need]]) -> frozenset[str]:
    """The agents that can never go on, those included that wait for a deadlock from outside.

    Whoever waits for nothing goes on, and lets others go on; who is left when that ends is stuck.
    """
    open_waits = {agent: len(waits) for agent, waits in needs.items() if waits}
    lacking: dict[tuple[str, int], int] = {}
    watched: dict[str, list[tuple[str, int]]] = defaultdict(list)
    going: list[str] = []
    for agent, waits in needs.items():
        for number, wait in enumerate(waits):
            lacking[agent, number] = len(wait.agents) if wait.mode == ALL else 1
            for other in wait.agents:
                watched[other].append((agent, number))
    going = [other for other in watched if other not in open_waits]
    while going:
        for agent, number in watched[going.pop()]:
            lacking[agent, number] -= 1
            if lacking[agent, number] == 0:
                open_waits[agent] -= 1
                if open_waits[agent] == 0:
                    going.append(agent)
    return frozenset(agent for agent, count in open_waits.items() if count > 0)


def deadlocks(needs: Mapping[str, Sequence[Need]]) -> tuple[Deadlock, ...]:
    """The groups at the heart of what is stuck, by their first agent.

    They are the largest ones that hold themselves, whoever else goes on, and in which a way of
    waits leads from each to each: of a connected group, as much as holds itself is looked at again.
    """
    found = []
    ahead = [stuck(needs)]
    while ahead:
        held = ahead.pop()
        for group in _components(held, needs):
            kept = stuck({agent: needs[agent] for agent in sorted(group)})
            if kept == group:
                found.append(Deadlock(agents=tuple(sorted(group)), kind=_kind(group, needs)))
            elif kept:
                ahead.append(kept)
    return tuple(sorted(found, key=lambda one: one.agents))


def _kind(group: frozenset[str], needs: Mapping[str, Sequence[Need]]) -> str:
    modes = {wait.mode for agent in group for wait in needs[agent] if _holds(wait, group)}
    return "cycle" if modes == {ALL} else "knot" if modes == {ANY} else "mixed"


def _holds(wait: Need, group: frozenset[str]) -> bool:
    """Whether a wait cannot end while none of a group goes on."""
    return bool(wait.agents & group) if wait.mode == ALL else wait.agents <= group


def _components(
    agents: frozenset[str], needs: Mapping[str, Sequence[Need]]
) -> Iterator[frozenset[str]]:
    """The strongly connected components of who waits for whom (Tarjan, 1972), not recursively."""
    edges = {
        agent: sorted({other for wait in needs[agent] for other in wait.agents} & agents)
        for agent in sorted(agents)
    }
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    on_path: dict[str, None] = {}
    for start, first in edges.items():
        ahead = [] if start in index else [(start, iter(first))]
        while ahead:
            agent, others = ahead[-1]
            if agent not in index:
                index[agent] = low[agent] = len(index)
                on_path[agent] = None
            for other in others:
                if other not in index:
                    ahead.append((other, iter(edges[other])))
                    break
                if other in on_path:
                    low[agent] = min(low[agent], index[other])
            else:
                ahead.pop()
                if ahead:
                    low[ahead[-1][0]] = min(low[ahead[-1][0]], low[agent])
                if low[agent] == index[agent]:
                    yield frozenset(_taken_down_to(agent, on_path))


def _taken_down_to(agent: str, on_path: dict[str, None]) -> Iterator[str]:
    last = None
    while last != agent:
        last, _ = on_path.popitem()
        yield last
