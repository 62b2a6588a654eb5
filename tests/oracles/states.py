"""Collective State Vectors again, from the words of `docs/reference/states.md`, pair by pair."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TypeAlias

from agenttrace.model.lane import Position
from agenttrace.model.span import Span
from agenttrace.model.state import StateSnapshot
from agenttrace.model.trace import Trace
from agenttrace.model.values import Value
from tests.oracles.knowing import Moment, Ways, known_from, last_steps, ways

States: TypeAlias = Mapping[str, StateSnapshot]
"""By agent, one snapshot."""


def at_the_end(trace: Trace) -> dict[str, StateSnapshot]:
    """The vector of the whole run."""
    return latest(trace.snapshots, ways(trace))


def at(trace: Trace, span: Span) -> dict[str, StateSnapshot]:
    """The vector when a span had ended."""
    ahead = ways(trace)
    return latest(
        [one for one in trace.snapshots if span.id in known_from(ahead, _moment(one))], ahead
    )


def latest(shots: Iterable[StateSnapshot], ahead: Ways) -> dict[str, StateSnapshot]:
    """By agent, the snapshot that no other of it comes after; of several, the later lane's."""
    found = {}
    kept = list(shots)
    for who in {one.agent for one in kept}:
        own = [one for one in kept if one.agent == who]
        last = [one for one in own if not any(follows(one, other, ahead) for other in own)]
        found[who] = max(last, key=lambda one: one.lane)
    return found


def follows(one: StateSnapshot, two: StateSnapshot, ahead: Ways) -> bool:
    """Whether the second comes after the first in causal order."""
    return one is not two and _moment(two) in known_from(ahead, _moment(one))


def _moment(shot: StateSnapshot) -> Moment:
    return (shot.lane, shot.seq)


def cut_at(trace: Trace, span: Span) -> dict[Position, int]:
    """By lane of which anything was known when a span had ended: its last step that was."""
    ahead = ways(trace)
    return {
        path: max(steps)
        for path, last in last_steps(trace).items()
        if (steps := [n for n in range(last + 1) if span.id in known_from(ahead, (path, n))])
    }


def beliefs(states: States) -> dict[str, dict[str, Value]]:
    """By key, who believes what; a belief that is no object has the empty key."""
    found: dict[str, dict[str, Value]] = {}
    for who, shot in states.items():
        held = shot.beliefs
        keys = held if isinstance(held, dict) else {} if held is None else {"": held}
        for key, value in keys.items():
            found.setdefault(key, {})[who] = value
    return found


def agreed(states: States) -> set[str]:
    """The keys of which two or more believe the same, and nobody anything else."""
    return {
        key
        for key, held in beliefs(states).items()
        if len(held) >= 2 and all(one == two for one in held.values() for two in held.values())
    }


def conflicts(states: States) -> dict[str, dict[str, Value]]:
    """The keys of which two believe different things, with who believes what."""
    return {
        key: held
        for key, held in beliefs(states).items()
        if any(one != two for one in held.values() for two in held.values())
    }


def unlike(one: States, two: States) -> set[str]:
    """Who differs in two vectors: in what it holds, or in that it is there at all."""
    held = [{who: _held(shot) for who, shot in states.items()} for states in (one, two)]
    return {who for who in {**one, **two} if held[0].get(who) != held[1].get(who)}


def _held(shot: StateSnapshot) -> StateSnapshot:
    """What a snapshot holds, wherever it was taken."""
    return replace(shot, position=(), lane=(), seq=0, span=None)


def regressions(
    trace: Trace, goal: Callable[[States], float]
) -> tuple[list[float], set[tuple[Position, int]]]:
    """What a goal says at each snapshot, and the snapshots at which that is less than before.

    Of all snapshots of a lane that come before one, the last counts.
    """
    ahead = ways(trace)
    values: dict[Moment, float] = {}
    for shot in trace.snapshots:
        past = [one for one in trace.snapshots if one is shot or follows(one, shot, ahead)]
        values[_moment(shot)] = goal(latest(past, ahead))
    fell = set()
    for shot in trace.snapshots:
        past = [one for one in trace.snapshots if follows(one, shot, ahead)]
        for path in {one.lane for one in past}:
            last = max((one for one in past if one.lane == path), key=lambda one: one.seq)
            if values[_moment(shot)] < values[_moment(last)]:
                fell.add((shot.lane, shot.seq))
    return [values[_moment(shot)] for shot in trace.snapshots], fell
