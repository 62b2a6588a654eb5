"""World: the program around a test's runs, held so that they can be recorded or replayed."""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING, Self

from agenttrace.adapters import a2a, aiohttp, http_client, httpx, mcp, opentelemetry, urllib3, vcr
from agenttrace.adapters.frameworks.catalog import INSTALLED as FRAMEWORKS
from agenttrace.causal import current, delivery, spawn
from agenttrace.causal.spawn.installing import Installation
from agenttrace.causal.spawn.processes import any_alive
from agenttrace.determinism import entropy, freezing, sources
from agenttrace.determinism.clock import RealTime, VirtualClock
from agenttrace.determinism.heap import Heap
from agenttrace.determinism.held import CHANCE, TIME, held_references
from agenttrace.determinism.install import virtual_time
from agenttrace.determinism.instant import FREEZEGUN
from agenttrace.determinism.network import guarded
from agenttrace.determinism.wall import Wall
from agenttrace.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agenttrace.determinism.instant import Instant
    from agenttrace.errors import RunStopped

_LIBRARIES = Installation(
    {"numpy.random": entropy.seams_of_numpy, "pydantic": freezing.seams_of_pydantic}
)
"""What is held in libraries that may be loaded in the middle of a run."""


class World:
    """The program around the runs of one test, held so that they can be recorded or replayed.

    Used as a context manager: every patch and hook that runs need is entered, and undone to the
    letter. It is entered before the code under test makes its event loop.

    Attributes:
        wall: The wall clock, once a run has held it.
    """

    def __init__(
        self,
        *,
        live: bool,
        allowed_hosts: Iterable[str] = (),
        is_virtual: bool = True,
        holds: bool = True,
    ) -> None:
        """Prepare it.

        Args:
            live: Whether calls go to the world. Else time is virtual from the beginning.
            allowed_hosts: What may be reached in a replay, past every adapter.
            is_virtual: Whether time is virtual where calls do not go to the world.
            holds: Whether queues, chance and the network are held; in production they are let be.
        """
        self._holds = holds
        self._holds_time = is_virtual and not live
        self._allowed_hosts = tuple(allowed_hosts)
        self._clock: VirtualClock | None = None
        self.wall: Wall | None = None
        self._run: current.Run | None = None
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        self._stack.enter_context(spawn.installed())
        if self._holds:
            self._stack.enter_context(delivery.installed())
        for adapter in (httpx, aiohttp, urllib3, http_client, vcr, mcp, a2a, opentelemetry):
            self._stack.enter_context(adapter.installed())
        self._stack.enter_context(FRAMEWORKS.installed())
        if not self._holds:
            return self
        self._stack.enter_context(guarded(self._allowed_hosts))
        self._stack.enter_context(entropy.seeded())
        self._stack.enter_context(_LIBRARIES.installed())
        self._stack.enter_context(sources.watched())
        if self._holds_time:
            self.clock()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def hold_wall(self, start: Instant, kind: str) -> None:
        """Let the wall clock stand at a run's start, and move with virtual time.

        Raises:
            UsageError: What is to hold it is not installed.
        """
        clock = self._clock
        if self.wall is None:
            self.wall = Wall(kind, ticks=clock is None)
            self._stack.callback(self.wall.end)
            if clock is not None:
                clock.heap.on_time.append(self.wall.tell)
        self.wall.begin(start, 0 if clock is None else clock.heap.now_ns)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should know of how it is held."""
        kinds = {CHANCE}
        if self.wall is not None and self.wall.is_held and self.wall.kind == FREEZEGUN:
            kinds.add(TIME)
        wall = () if self.wall is None else self.wall.warnings
        return (*wall, *held_references(frozenset(kinds)), *FRAMEWORKS.warnings)

    @property
    def is_virtual(self) -> bool:
        """Whether time is virtual already."""
        return self._clock is not None

    def clock(self) -> VirtualClock:
        """Give the virtual time that its runs share; it begins at the first call."""
        if self._clock is None:
            self._clock = VirtualClock(Heap(on_stuck=self._stuck))
            self._stack.enter_context(virtual_time(self._clock))
        return self._clock

    def hold(self, run: current.Run) -> VirtualClock:
        """Give a run virtual time, from zero; what is stuck in it stops it.

        Raises:
            UsageError: Another run of this process is being replayed.
        """
        for other in current.active():
            if other is not run and isinstance(other.clock, VirtualClock):
                raise UsageError(
                    f"{run.name} cannot be replayed while {other.name} is: "
                    "the two would share one clock",
                    detail="  Begin the second when the first has ended, or replay each in a "
                    "process of its own (pytest -n).",
                )
        clock = self.clock()
        clock.begin()
        self._run = run
        run.clock, run.waits = clock, clock.heap
        clock.heap.is_held = functools.partial(any_alive, run)
        run.wakers.append(clock.heap.stop)
        return clock

    def pass_time(self, run: current.Run) -> RealTime:
        """Let a run's time pass as it does."""
        run.clock = clock = RealTime()
        run.wakers.append(clock.stop)
        self._stack.callback(clock.stop)
        return clock

    def _stuck(self, error: RunStopped) -> RunStopped:
        return error if self._run is None else self._run.stop(error)
