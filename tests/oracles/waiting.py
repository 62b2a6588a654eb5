"""Deadlock and loops by brute force, from the words of `docs/reference/teams.md`."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import chain, combinations

from agenttrace.model.trace import Trace

Needs = Mapping[str, Sequence[tuple[str, frozenset[str]]]]
"""By agent, its waits: `all` or `any`, and for whom."""


def held(group: frozenset[str], needs: Needs) -> bool:
    """Whether nobody of a group goes on while nobody of it does, whoever else goes on."""
    return all(
        any(
            bool(agents & group) if mode == "all" else agents <= group
            for mode, agents in needs.get(agent, ())
        )
        for agent in group
    )


def groups(needs: Needs) -> Iterable[frozenset[str]]:
    """Every group of agents, but the empty one."""
    people = sorted(needs)
    every = chain.from_iterable(combinations(people, size + 1) for size in range(len(people)))
    return map(frozenset, every)


def stuck(needs: Needs) -> set[str]:
    """Everybody of any group that holds itself."""
    return set().union(*(group for group in groups(needs) if held(group, needs)))


def reached(start: str, needs: Needs) -> set[str]:
    """Whom a way of waits leads to, in one step or more."""
    found: set[str] = set()
    ahead = [start]
    while ahead:
        for _, agents in needs.get(ahead.pop(), ()):
            ahead += sorted(agents - found)
            found |= agents
    return found


def on_cycles(needs: Needs) -> set[str]:
    """Everybody from whom a way of waits leads back."""
    return {agent for agent in needs if agent in reached(agent, needs)}


def in_knots(needs: Needs) -> set[str]:
    """Everybody who waits, and to whom a way leads back from everybody that he leads to."""
    return {
        agent
        for agent in needs
        if reached(agent, needs)
        and all(agent in reached(other, needs) for other in reached(agent, needs))
    }


def hearts(needs: Needs) -> set[frozenset[str]]:
    """The largest groups that hold themselves, and within which each leads to each."""
    found = [
        group
        for group in groups(needs)
        if held(group, needs)
        and all(group <= _reached_within(agent, group, needs) for agent in group)
    ]
    return {group for group in found if not any(group < other for other in found)}


def _reached_within(start: str, group: frozenset[str], needs: Needs) -> set[str]:
    inside = {
        agent: [(mode, agents & group) for mode, agents in needs.get(agent, ())] for agent in group
    }
    return reached(start, inside)


def repeats(keys: Sequence[Hashable], longest: int) -> set[tuple[int, int, int]]:
    """Period, begin and end of each longest stretch that repeats twice or more.

    Of a stretch that has several periods the shortest counts, and none that lies inside one of a
    shorter period.
    """
    found: list[tuple[int, int, int]] = []
    for period in range(1, longest + 1):
        for begin in range(len(keys)):
            for end in range(len(keys), begin + 2 * period - 1, -1):
                is_whole = all(keys[n] == keys[n - period] for n in range(begin + period, end))
                inside = any(b <= begin and end <= e for _, b, e in found)
                if is_whole and not inside:
                    found.append((period, begin, end))
                    break
    return set(found)


def open_waits(trace: Trace) -> list[tuple[str, int]]:
    """Who waits at the end, and since when: nothing that its agent did or said has ended it."""
    found = []
    for span in trace.spans:
        for nth, event in enumerate(span.events):
            if event.name != "waiting" or span.agent is None:
                continue
            said = [one.name for one in span.events[nth + 1 :]]
            went_on = any(name not in ("heartbeat", "error") for name in said)
            later = any(
                one.agent == span.agent and one.lane == span.lane and one.seq > event.seq
                for one in trace.spans
            )
            if not went_on and not later and span.status.code != "OK":
                found.append((span.agent, event.at_ns))
    return sorted(found, key=lambda pair: pair[1])
