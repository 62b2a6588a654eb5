"""What agents knew and wanted, at one logical moment each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agenttrace.model.lane import Position
from agenttrace.model.values import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class StateSnapshot:
    """One agent's state at one logical moment.

    Attributes:
        agent: The id of the agent; empty for the run as a whole.
        position: Where it was taken.
        lane: The lane that took it.
        seq: The step of that lane.
        goal: What the agent wants.
        beliefs: What it holds to be true.
        working_memory: What it is working with.
        perceptions: What it has just been told.
        status: How it stands: `waiting`, `working`, `done`, or the user's own word.
        extra: What a user keeps beside these.
        span: The span inside which it was taken, if any.
    """

    agent: str
    position: Position
    lane: Position
    seq: int
    goal: Value = None
    beliefs: Value = None
    working_memory: Value = None
    perceptions: Value = None
    status: str = ""
    extra: Mapping[str, Value] = field(default_factory=dict)
    span: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectiveState:
    """The Collective State Vector: the latest snapshot of every agent over a consistent cut.

    Attributes:
        cut: For each lane, the last step that belongs to the cut.
        agents: The latest snapshot of each agent inside the cut, by agent id.
    """

    cut: Mapping[Position, int]
    agents: Mapping[str, StateSnapshot]
