"""A door small enough to see through: it records when calls end, and replays them on a pace."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agenttrace.boundary import Recall
from agenttrace.causal import current, spawn
from agenttrace.causal.clock import RealClock
from agenttrace.causal.current import Run
from agenttrace.determinism.clock import VirtualClock
from agenttrace.determinism.heap import Heap
from agenttrace.determinism.install import virtual_time
from agenttrace.model.call import Answer
from agenttrace.model.lane import Step
from agenttrace.replay.pace import Recorded

Key = tuple[object, ...]
Program = Callable[["ScriptedDoor"], Any]


class ScriptedDoor:
    """Answers calls that have a key each; the world takes a few milliseconds, more or less."""

    def __init__(self, chance: random.Random) -> None:
        self.answers: dict[Key, Answer] = {}
        self.ended: list[Key] = []
        self._chance = chance
        self._clock = RealClock()

    async def call(self, *key: object) -> None:
        """Ask as a coroutine does."""
        await self._live(key)

    def call_blocking(self, *key: object) -> None:
        """Ask as a thread does."""
        asked_ns = self._clock.now_ns()
        time.sleep(self._latency_s())
        self._end(key, "complete", asked_ns)

    def order(self) -> list[Key]:
        """The calls that were answered, in the order of their answers."""
        done = [key for key in self.answers if self.answers[key].end == "complete"]
        return sorted(done, key=lambda key: self.answers[key].ended_ns)

    async def _live(self, key: Key) -> None:
        """Take a while, as the world does."""
        asked_ns = self._clock.now_ns()
        try:
            await asyncio.sleep(self._latency_s())
        except asyncio.CancelledError:
            self._end(key, "cancelled", asked_ns)
            raise
        self._end(key, "complete", asked_ns)

    def _latency_s(self) -> float:
        """Say how long the world takes this time."""
        return self._chance.random() * 0.004

    def _end(self, key: Key, end: str, asked_ns: int) -> None:
        """Write down how a call ended."""
        self.answers[key] = Answer(end=end, asked_ns=asked_ns, ended_ns=self._clock.now_ns())
        self.ended.append(key)


class ReplayingDoor(ScriptedDoor):
    """The same door with a recording behind it."""

    def __init__(self, recording: Mapping[Key, Answer], clock: VirtualClock) -> None:
        super().__init__(random.Random(0))
        self._recording = recording
        self._pace = Recorded(clock)

    async def call(self, *key: object) -> None:
        """Wait for the recorded answer."""
        await self._pace.arrive(self._recall(key), None)
        self.ended.append(key)

    def call_blocking(self, *key: object) -> None:
        """Wait for the recorded answer."""
        self._pace.arrive_blocking(self._recall(key), None)
        self.ended.append(key)

    def _recall(self, key: Key) -> Recall:
        """Give the recorded answer to a call."""
        name = "-".join(map(str, key))
        return Recall(answer=self._recording[key], position=(Step("tool", name, 0),))


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What came of one run: the value of the program, and its calls as they were answered."""

    value: object
    order: list[Key]


def record(program: Program, seed: int) -> tuple[Played, dict[Key, Answer]]:
    """Run a program against the scripted world."""
    door = ScriptedDoor(random.Random(seed))
    value = _ran(program, door)
    return Played(value=value, order=door.order()), door.answers


def replay(program: Program, recording: Mapping[Key, Answer]) -> Played:
    """Run it again with the recording behind the door, in virtual time."""
    with virtual_run() as run:
        assert isinstance(run.clock, VirtualClock)
        door = ReplayingDoor(recording, run.clock)
        value = _ran(program, door)
    return Played(value=value, order=door.ended)


@contextlib.contextmanager
def virtual_run(name: str = "a replay") -> Iterator[Run]:
    """A run in virtual time, as a session makes it."""
    run = Run(name)
    heap = Heap(on_stuck=run.stop)
    run.clock, run.waits = VirtualClock(heap), heap
    run.wakers.append(heap.stop)
    with spawn.installed(), virtual_time(run.clock):
        token = current.enter(run)
        try:
            yield run
        finally:
            current.leave(run, token)


def _ran(program: Program, door: ScriptedDoor) -> object:
    """Run a program to its end, and see that it leaves no thread behind."""
    before = set(threading.enumerate())
    value = program(door)
    if isinstance(value, Coroutine):
        value = asyncio.run(value)
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=10)
        assert not thread.is_alive(), f"{thread.name} is left behind"
    return value
