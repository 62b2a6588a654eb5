"""Lanes and positions: where in the program's causal order a thing stands.

A position is a path: the lanes that lead to it, minted at spawn in the program order of the
spawner, then the operation and how many of its name went before. It holds no time, no id and no
chance, so it is the same in every run of the same program.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from agenttrace.errors import InvalidTrace


class Step(NamedTuple):
    """One step of a position.

    Attributes:
        kind: `task`, `job`, `thread`, `process` for a lane; `agent` for an agent's scope; `llm`,
            `tool`, `http`, `retrieval`, `message`, `receive`, … for an operation; `turn`.
        name: What was spawned or asked, in words that do not vary from run to run.
        occurrence: How many of this kind and name went before it, at the same place.
    """

    kind: str
    name: str
    occurrence: int

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}#{self.occurrence}"


Position: TypeAlias = tuple[Step, ...]
"""A causal position; the empty one is the run itself."""


def text_of(position: Position) -> str:
    """Write a position for people: `task:worker#1/llm:chat#0`; the run itself is `/`."""
    steps = [f"{kind}:{name}#{occurrence}" for kind, name, occurrence in position]
    return "/".join(steps) or "/"


def label_of(position: Position) -> str:
    """Write a position short, lanes by their function's last name: `worker#1/llm:chat#0`."""
    words = []
    for step in position:
        last = step.name.removesuffix(".py").rpartition(".")[2]  # of a program: its file
        if step.kind == "agent":
            words.append(last if step.occurrence == 0 else f"{last}#{step.occurrence}")
        elif step.kind in LANE_KINDS:
            words.append(f"{last}#{step.occurrence}")
        else:
            words.append(f"{step.kind}:{last}#{step.occurrence}")
    return "/".join(words) or "/"


LANE_KINDS = frozenset({"task", "job", "thread", "process"})
"""The kinds of step that begin a lane of their own by a spawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """The moment from which a lane knows that another one has ended.

    Attributes:
        by: The lane that was told.
        seq: The last step of that lane before it was told; its later steps come after the joined
            lane.
    """

    by: Position
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """The program order of one task, thread, job, process, or of the inside of one call.

    Attributes:
        path: Where it was spawned; the run's own lane has the empty path.
        parent: The path of the lane that spawned it; None for the run's own.
        spawn_seq: The step of the parent at which it was spawned; 0 for the run's own.
        joins: Who was told that it had ended, at which step; sorted.
        raced: It was offered to a wait that need not wait for it, so only its scope joins it.
        ragged: Chance may cut short what it did: it was cancelled, never ended, or lost a race
            that others could have lost. Its content is compared as a prefix.
        end: `complete`, `cut` (cancelled), `open` (never ended while the run lasted), or `hole`
            (its journal is missing).
    """

    path: Position
    parent: Position | None = None
    spawn_seq: int = 0
    joins: tuple[Join, ...] = ()
    raced: bool = False
    ragged: bool = False
    end: str = "complete"

    def __post_init__(self) -> None:
        if (self.parent is None) != (self.path == ()):
            raise InvalidTrace(
                why="a lane has a parent unless it is the run's own", where=text_of(self.path)
            )
        if self.end not in LANE_ENDS:
            raise InvalidTrace(
                why=f"a lane ends in one of {LANE_ENDS}, not {self.end!r}", where=text_of(self.path)
            )


LANE_ENDS = ("complete", "cut", "open", "hole")
"""How a lane may end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Which message a receive got.

    Attributes:
        receive: The position of the receive.
        message: The position of the message, minted on entry to the send; None where there was
            none.
        outcome: `message`, `empty`, `cancelled`, `end` (of the stream) or `timeout`.
        channel: The queue, stream or topic, by a name that does not vary.
        content: The digest of the message; empty where there was none.
        turn: Where several lanes of one spawn site receive from one queue: the positions of the
            messages that the lane had received since its last call; calls that follow stand under
            them. A receive that got no message there names itself: the turn before it is over.
        seq: The last step of the receiving lane before it knew.
        sent: The last step of the sending lane before it sent.
        heard: How many receives the sending lane had begun before it sent.
    """

    receive: Position
    message: Position | None
    outcome: str = "message"
    channel: str = ""
    content: bytes = b""
    turn: tuple[Position, ...] = ()
    seq: int = 0
    sent: int = 0
    heard: int = 0
