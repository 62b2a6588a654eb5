"""Matching: which call of an incident this one is, as a pure decision.

A foreign trace has no positions, so a cursor through its calls would hand one agent's answer to
another as soon as two work at once. A call is known by its content instead: who asks, and what.
Where that could mean several calls whose answers differ and which nothing orders, nobody guesses.
Where a trace does not hold what was asked, the next call of that agent is meant: the next in
causal order, not in time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from agenttrace.model.values import Value
from agenttrace.replay.incident.asked import UNKNOWN, agree
from agenttrace.replay.incident.known import Known

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from agenttrace.replay.incident.known import Calls


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A call of today's code.

    Attributes:
        kind: `llm`, `tool` or `retrieval`.
        operation: What it is called: a tool's name.
        agent: Who asks; empty: nobody by name.
        asked: What is asked, in the form that is compared.
    """

    kind: str
    operation: str
    agent: str
    asked: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """It is this one.

    Attributes:
        known: The call of the incident.
        how: `same`: it asked the same. `next`: what it asked nobody wrote down.
    """

    known: Known
    how: str = "same"


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """It is none of them, or one of several.

    Attributes:
        why: `drift` (the next call of this agent asked something else), `ambiguous`, or `extra`
            (the incident has no such call left).
        candidates: The calls that could be meant, the likeliest first.
    """

    why: str
    candidates: tuple[Known, ...] = ()


Decision: TypeAlias = Found | Missed


def decide(calls: Calls, taken: Container[int], asking: Asking) -> Decision:
    """Decide which call of the incident a call of today's code is.

    Args:
        calls: The calls of the incident.
        taken: The places, in `calls.all`, of those that are used up.
        asking: The call.
    """
    free = [
        one
        for place, one in enumerate(calls.all)
        if place not in taken and _may_be(one, asking, calls)
    ]
    same = [one for one in free if one.asked != UNKNOWN and agree(one.asked, asking.asked)]
    if same:
        first = _first(calls, same)
        return (
            Found(known=first)
            if first is not None
            else Missed(why="ambiguous", candidates=tuple(same))
        )
    ahead = _frontier(calls, free)
    unseen = [one for one in ahead if one.asked == UNKNOWN]
    if unseen:
        only = _first(calls, unseen)
        if only is not None:
            return Found(known=only, how="next")
        return Missed(why="ambiguous", candidates=tuple(unseen))
    if not ahead:
        return Missed(why="extra")
    return Missed(
        why="drift",
        candidates=tuple(sorted(ahead, key=lambda one: -_alike(one.asked, asking.asked))),
    )


def _may_be(one: Known, asking: Asking, calls: Calls) -> bool:
    if one.kind != asking.kind or (one.kind != "llm" and one.operation != asking.operation):
        return False
    both_named = asking.agent in calls.agents and one.agent
    return not both_named or one.agent == asking.agent


def _first(calls: Calls, several: Sequence[Known]) -> Known | None:
    """The first of calls that cannot be told apart; None: nothing orders them, and they differ."""
    first = several[0]
    alone = all(one.said == first.said or _before(calls, first, one) for one in several[1:])
    return first if alone else None


def _frontier(calls: Calls, free: Sequence[Known]) -> list[Known]:
    """Those that none of the others happens before."""
    found: list[Known] = []
    for one in free:  # in causal order: only an earlier one can come before
        if not any(_before(calls, other, one) for other in found):
            found.append(one)
    return found


def _before(calls: Calls, one: Known, other: Known) -> bool:
    if one.span.id == other.span.id:  # two calls that one answer asked for
        return False
    return calls.order.happens_before(one.span, other.span)


def _alike(recorded: Value, asked: Value) -> int:
    """How much two conversations have in common from the beginning; of arguments, how many."""
    if isinstance(recorded, list) and isinstance(asked, list):
        pairs = zip(recorded, asked, strict=False)
        return next(
            (place for place, (left, right) in enumerate(pairs) if left != right),
            min(len(recorded), len(asked)),
        )
    if isinstance(recorded, dict) and isinstance(asked, dict):
        return sum(recorded.get(key) == value for key, value in asked.items())
    return 0
