"""Live lanes: the program order of a task, thread or job while it runs.

A lane is minted at spawn, in the program order of its spawner. (Minted when it starts to run, up to
78 % of concurrent calls stood at another position in the next run; minted at spawn, none.)
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from agenttrace.model.lane import Join, Lane, Position, Step

if TYPE_CHECKING:
    from agenttrace.causal.current import Run
    from agenttrace.model.call import Answer, Call


class LiveLane:
    """One lane of an active run.

    Minting takes no lock: a collector that runs inside it may mint again (with a lock, that was a
    deadlock). `itertools.count` and `dict.setdefault` are atomic.
    """

    __slots__ = (
        "__weakref__",
        "_counts",
        "_steps",
        "cut",
        "ended",
        "fresh",
        "joins",
        "last_call",
        "now_ns",
        "parent",
        "path",
        "raced",
        "received",
        "rivals",
        "run",
        "seq",
        "spawn_seq",
        "turn",
    )

    def __init__(self, run: Run, parent: LiveLane | None, path: Position, spawn_seq: int) -> None:
        """Begin a lane; `mint` and `child` are how others are made."""
        self.run = run
        self.parent = parent
        self.path = path
        self.spawn_seq = spawn_seq
        self.seq = 0
        self._steps = itertools.count(1)
        self._counts: dict[tuple[Position, str, str], itertools.count[int]] = {}
        self.joins: dict[Position, int] = {}
        self.raced = False
        self.rivals: list[LiveLane] | None = None
        self.ended = False
        self.cut = False
        self.now_ns: int = parent.now_ns if parent is not None else 0
        self.last_call: tuple[Call, Answer | None] | None = None
        self.turn: frozenset[Position] | None = None
        self.fresh = False
        self.received = 0

    def step(self) -> int:
        """Take one step of this lane's program order and give its number."""
        self.seq = next(self._steps)
        return self.seq

    def mint(self, kind: str, name: str, base: Position | None = None) -> Position:
        """Take one step, and give the position of the next thing of this kind and name.

        Args:
            kind: The kind of step.
            name: Its name.
            base: The scope it is counted in; the lane's own path when None.
        """
        self.step()
        return self.next_position(kind, name, base)

    def next_position(self, kind: str, name: str, base: Position | None = None) -> Position:
        """Give the position of the next thing of this kind and name, without a step."""
        root = self.path if base is None else base
        occurrence = next(self._counts.setdefault((root, kind, name), itertools.count()))
        return (*root, Step(kind, name, occurrence))

    def child(self, kind: str, name: str, base: Position | None = None) -> LiveLane:
        """Spawn a lane: one step of this one."""
        path = self.mint(kind, name, base)
        lane = LiveLane(self.run, self, path, self.seq)
        self.run.spawned(lane)
        return lane

    def inside(self, position: Position) -> LiveLane:
        """Begin the lane of a call's own live code, at the call's position; no step of this one."""
        lane = LiveLane(self.run, self, position, self.seq)
        self.run.spawned(lane)
        return lane

    def end(self, *, cut: bool = False) -> None:
        """Say that the lane has ended; `cut`: it was cancelled."""
        self.ended = True
        self.cut = self.cut or cut

    def joined_by(self, other: LiveLane) -> None:
        """Note that another lane has been told of this one's end; the first time counts."""
        if other is not self and other.run is self.run:
            self.joins.setdefault(other.path, other.seq)
            other.now_ns = max(other.now_ns, self.now_ns)

    def is_above(self, other: LiveLane) -> bool:
        """Whether it spawned the other, or somebody who did."""
        above = other.parent
        while above is not None and above is not self:
            above = above.parent
        return above is not None

    @property
    def ragged(self) -> bool:
        """Whether chance may cut short what this lane does."""
        return self.cut or not self.ended or self.rivals is not None

    def frozen(self) -> Lane:
        """Give the lane as a value, as it stands."""
        return Lane(
            path=self.path,
            parent=None if self.parent is None else self.parent.path,
            spawn_seq=self.spawn_seq,
            joins=tuple(Join(by=by, seq=seq) for by, seq in sorted(self.joins.items())),
            raced=self.raced,
            ragged=self.path != () and self.ragged,
            end="cut" if self.cut else "complete" if self.ended or self.path == () else "open",
        )
