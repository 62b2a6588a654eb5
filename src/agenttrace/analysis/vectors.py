"""Vectors: what all agents of a team knew and wanted at one moment, where they agree, and progress.

Each measure is defined, with cases worked out by hand, in `docs/reference/states.md`.
"""

from __future__ import annotations

import bisect
import math
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias

from agenttrace.analysis.collective import at_the_end
from agenttrace.analysis.states import State
from agenttrace.analysis.telling import not_recorded, team_failed
from agenttrace.causal.order import collective_state, collective_states
from agenttrace.check import given
from agenttrace.check.nearest import nearest
from agenttrace.check.sides import cut, safe, shown
from agenttrace.check.telling_states import state_lines
from agenttrace.errors import UsageError
from agenttrace.model import amounts
from agenttrace.model.lane import label_of
from agenttrace.model.state import StateSnapshot
from agenttrace.model.values import canonical, digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agenttrace.model.lane import Position
    from agenttrace.model.span import Span
    from agenttrace.model.state import CollectiveState
    from agenttrace.model.trace import Trace
    from agenttrace.model.values import Value

NOBODY = "no state is kept; `agenttrace.snapshot(state)` keeps one"


class Vector(dict[str, State]):
    """The Collective State Vector at one moment: a dict from agent id to its latest state.

    Attributes:
        cut: For each lane, the last step that belongs to the moment. It is consistent: whatever is
            known to a step of it belongs to it as well.
    """

    def __init__(
        self, known: CollectiveState, read: Callable[[StateSnapshot], State] = State
    ) -> None:
        """Read a collective state, each snapshot of it by `read`."""
        super().__init__({agent: read(shot) for agent, shot in known.agents.items()})
        self.cut: Mapping[Position, int] = known.cut

    def __missing__(self, agent: str) -> State:
        """Say who keeps a state instead.

        Raises:
            KeyError: Always.
        """
        near = ", ".join(map(safe, nearest(agent, self)))
        close = f"; nearest {near}" if near else ""
        there = ", ".join(safe(name) or "the run's own: ''" for name in self) or "none"
        raise KeyError(f"no state of {agent!r} is kept{close}; there is {there}")

    @cached_property
    def beliefs(self) -> Mapping[str, Mapping[str, Value]]:
        """By key, what each agent that believes anything of it believes; sorted.

        Beliefs that are no object have the empty key.
        """
        found: dict[str, dict[str, Value]] = defaultdict(dict)
        for agent, state in self.items():
            held = state.get("beliefs")
            for key, value in (held if isinstance(held, dict) else {"": held}).items():
                if held is not None:
                    found[key][agent] = value
        return dict(sorted(found.items()))

    @cached_property
    def agreed(self) -> tuple[str, ...]:
        """The keys of which two agents or more believe one and the same."""
        return tuple(key for key, held in self.beliefs.items() if len(held) > 1 and _one(held))

    @cached_property
    def conflicts(self) -> Mapping[str, Mapping[str, Value]]:
        """By key, what the agents believe, where they do not all believe the same."""
        return {key: held for key, held in self.beliefs.items() if not _one(held)}

    def agree(self, *keys: str) -> Literal[True]:
        """Assert that no two agents believe different things of these keys, or of any.

        Raises:
            TeamFailed: Two do; who believes what is shown.
            NotRecorded: No two agents say what they believe of one of these, or of anything.
            UsageError: A key is no text.
        """
        for key in keys:
            given.text("agree", key)
        shared = {key for key, held in self.beliefs.items() if len(held) > 1}
        for key in keys or ("",):
            if not (key in shared if keys else shared):
                what = f"what agents believe of {safe(key)!r}" if keys else "what agents believe"
                raise not_recorded(what, "no two agents say so in their states")
        broken = {key: held for key, held in self.conflicts.items() if not keys or key in keys}
        if broken:
            raise team_failed(
                f"agents believe different things of {', '.join(map(safe, broken))}",
                "believed",
                (
                    f"{safe(key)}: {safe(agent)} {safe(shown(value))}"
                    for key, held in broken.items()
                    for agent, value in held.items()
                ),
            )
        return True

    def unlike(self, other: Mapping[str, Mapping[str, object]]) -> Mapping[str, tuple[str, ...]]:
        """Say how another vector differs: by agent, `- goal = 1` here, `+ goal = 2` there.

        Raises:
            UsageError: It is no dict, or what it says of an agent is none.
        """
        for said in (other, *given.table("unlike", other, example=_VECTOR).values()):
            given.table("unlike", said, example=_VECTOR)
        found = {}
        for agent in sorted({*self, *other}):
            sides = (canonical(dict(one.get(agent, {}))) for one in (self, other))
            if lines := state_lines(*sides):
                found[agent] = tuple(lines)
        return found


_VECTOR = '{"planner": {"goal": "refund"}}'

Goal: TypeAlias = "Callable[[Vector], float]"
"""Says how far a team is: whether it is there, or a number of which more is better."""


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a team was when a state was kept.

    Attributes:
        snapshot: The state.
        value: What the goal says of the vector over all that happened before it, and it.
    """

    snapshot: StateSnapshot
    value: float

    def __str__(self) -> str:
        """Tell where it was, and how far."""
        return f"{self.value:g} at {safe(label_of(self.snapshot.position))}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a team got.

    Attributes:
        steps: Each state that was kept, with how far the team was; in the trace's order.
        regressions: Pairs of which the second comes after the first in causal order, and is less.
            Each state is held against the last one of each lane that it can know of.
        end: How far the team was at the end; None: no state is kept.
    """

    steps: tuple[Reached, ...]
    regressions: tuple[tuple[Reached, Reached], ...]
    end: float | None

    def never_regresses(self) -> Literal[True]:
        """Assert that a team that had got so far never fell behind it.

        Raises:
            TeamFailed: It did; the message shows from where to where.
            NotRecorded: No state is kept.
        """
        if not self.steps:
            raise not_recorded("the progress of a team", NOBODY)
        if self.regressions:
            raise team_failed(
                f"the team fell back {amounts.times(len(self.regressions))}",
                "fell",
                (f"from {before}, to {after}" for before, after in self.regressions),
            )
        return True


def vector(trace: Trace, at: Span | None = None) -> Vector:
    """Give the Collective State Vector.

    Args:
        trace: The trace.
        at: A span: what was kept before it ended, in causal order. None: at the end of the run.
    """
    return Vector(at_the_end(trace) if at is None else collective_state(trace, at))


def progress(trace: Trace, goal: Goal) -> Progress:
    """Ask a goal of the vector at each snapshot; time grows with snapshots times agents and lanes.

    Args:
        trace: The trace.
        goal: Says how far the team is.

    Raises:
        UsageError: The goal is no function, or says what is no number.
    """
    given.function("progress", goal, example="lambda states: len(states.agreed)")
    steps: dict[tuple[Position, int], Reached] = {}
    cuts: dict[tuple[Position, int], Mapping[Position, int]] = {}
    states = {id(shot): State(shot) for shot in trace.snapshots}
    for shot, known in collective_states(trace):
        vector_then = Vector(known, lambda one: states[id(one)])
        steps[shot.lane, shot.seq] = Reached(shot, _how_far(goal, vector_then, shot))
        cuts[shot.lane, shot.seq] = known.cut
    lanes: dict[Position, list[int]] = defaultdict(list)
    for lane, seq in sorted(steps):
        lanes[lane].append(seq)
    return Progress(
        steps=tuple(steps.values()),
        regressions=tuple(
            (steps[earlier], later)
            for place, later in steps.items()
            for earlier in _known(lanes, place, cuts[place])
            if later.value < steps[earlier].value
        ),
        end=_how_far(goal, vector(trace), None) if steps else None,
    )


def _how_far(goal: Goal, now: Vector, shot: StateSnapshot | None) -> float:
    """What a goal says; what is no number would be less than nothing, and never fall back."""
    said = goal(now)
    try:
        is_number = not math.isnan(said)
    except TypeError:
        is_number = False
    if is_number:
        return said
    where = "the end" if shot is None else safe(label_of(shot.position))
    raise UsageError(
        f"the goal says {cut(safe(repr(said)))} at {where}, and that is no number",
        detail="  It says whether it is reached, or how far the team is: more is better.\n"
        "  An agent that had kept no state by then is not there; ask with a way out:\n"
        '      lambda now: len(now.get("planner", {}).get("refunds", ()))',
    )


def _known(
    lanes: Mapping[Position, Sequence[int]],
    place: tuple[Position, int],
    cut: Mapping[Position, int],
) -> Iterator[tuple[Position, int]]:
    """The last state of each lane that lies inside the cut of another one."""
    for lane, seqs in lanes.items():
        most = place[1] - 1 if lane == place[0] else cut.get(lane, -1)
        inside = bisect.bisect_right(seqs, most)
        if inside:
            yield lane, seqs[inside - 1]


def _one(held: Mapping[str, Value]) -> bool:
    return len({digest(value) for value in held.values()}) == 1
