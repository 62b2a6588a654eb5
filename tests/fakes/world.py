"""A world whose answers take as long as chance will have it, and how a run in it looks."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from agenttrace.causal import current
from agenttrace.causal.current import Run
from agenttrace.causal.lane import LiveLane
from agenttrace.causal.ragged import raggedness
from agenttrace.causal.spawn import installed
from agenttrace.model.lane import Lane, Position

LONGEST_S = 0.002


@dataclass(slots=True)
class JitteryWorld:
    """Answers each call after a time drawn from a seed, and remembers how calls ended."""

    seed: int
    asked: list[tuple[Position, int, str]] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    _chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)

    async def call(self, what: str) -> str:
        """Ask, and wait as a coroutine does."""
        self._ask(what)
        await asyncio.sleep(self._latency_s())
        self.ended.append(what)
        return what

    def call_blocking(self, what: str) -> str:
        """Ask, and wait as a thread does."""
        self._ask(what)
        time.sleep(self._latency_s())
        self.ended.append(what)
        return what

    async def work(self, number: int) -> int:
        """Two calls if the number is odd, else one."""
        await self.call(f"work {number}")
        if number % 2:
            await self.call(f"more work {number}")
        return number

    def _latency_s(self) -> float:
        return self._chance.random() * LONGEST_S if self._chance.random() < 0.8 else 0

    def _ask(self, what: str) -> None:
        frame = current.frame()
        assert frame is not None, f"{what}: asked outside every run"
        position = frame.lane.mint("llm", "model", frame.scope)
        self.asked.append((position, frame.lane.seq, what))


Program = Callable[[JitteryWorld], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one run of a program looked like.

    Attributes:
        calls: Where each call stood, at which step, what it asked; nothing that chance may cut.
        lanes: Path, step of the spawn, joins and raced of each lane, likewise.
        ended: In which order calls ended.
        live: Every lane, as it was in the end.
    """

    calls: tuple[tuple[Position, int, str], ...]
    lanes: tuple[tuple[object, ...], ...]
    ended: tuple[str, ...]
    live: tuple[Lane, ...]

    @property
    def structure(self) -> tuple[object, ...]:
        """All that must be the same in every run."""
        return self.calls, self.lanes

    @property
    def digest(self) -> str:
        """A few digits over the structure, equal on every Python."""
        plain = (
            [[str(list(map(tuple, p))), n, w] for p, n, w in self.calls],
            [str(lane) for lane in self.lanes],
        )
        return hashlib.sha256(repr(plain).encode()).hexdigest()[:16]


def run(program: Program, seed: int = 0, *, factory: object = None) -> Seen:
    """Run a program in a world of its own, under a task factory if one is given."""
    world, active = JitteryWorld(seed), Run(program.__name__)

    async def main() -> None:
        if factory is not None:
            asyncio.get_running_loop().set_task_factory(factory)
        await program(world)

    with installed():
        token = current.enter(active)
        try:
            if inspect.iscoroutinefunction(program):
                asyncio.run(main())
            else:
                program(world)
        finally:
            current.leave(active, token)
    return seen(world, active.lanes)


def seen(world: JitteryWorld, lanes: list[LiveLane]) -> Seen:
    """Take a look at a run that is over."""
    frozen = tuple(lane.frozen() for lane in sorted(lanes, key=lambda lane: lane.path))
    may_be_cut = raggedness(frozen)
    return Seen(
        calls=tuple(sorted(call for call in world.asked if not may_be_cut(call[0]))),
        lanes=tuple(
            (lane.path, lane.spawn_seq, lane.joins, lane.raced, lane.ragged)
            for lane in frozen
            if lane.parent is None or not may_be_cut(lane.parent)
        ),
        ended=tuple(world.ended),
        live=frozen,
    )
