"""Live lanes: the program order of a task, thread or job while it runs.

A lane is minted at spawn, in the program order of its spawner. (Minted when it starts to run, up to
78 % of concurrent calls stood at another position in the next run; minted at spawn, none.)
"""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from agenttrace.causal.clock import RealClock
from agenttrace.causal.position import span_id
from agenttrace.model.lane import Join, Lane, Position, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from agenttrace.causal.accesses import Access
    from agenttrace.causal.clock import Clock
    from agenttrace.causal.joining import Identity
    from agenttrace.errors import RunStopped
    from agenttrace.model.call import Answer, Call

T = TypeVar("T")


class Clean(Protocol):
    """Gives a thing without the secrets in it."""

    def __call__(self, thing: T) -> T:
        """Give it, the same object where there are none."""
        ...


def as_it_is(thing: T) -> T:
    """Give a thing unchanged."""
    return thing


class LiveLane:
    """One lane of an active run.

    Attributes:
        turn: In a replay: where the turn stands that it has taken as one of a pool.
        log: In a recording, once it has received a message: where what it mints is noted, so that
            it can be moved under a turn when it is known who else received.

    Minting takes no lock: a collector that runs inside it may mint again (with a lock, that was a
    deadlock). `itertools.count` and `dict.setdefault` are atomic.
    """

    __slots__ = (
        "__weakref__",
        "_counts",
        "_steps",
        "cut",
        "ended",
        "joins",
        "last_call",
        "log",
        "outside",
        "parent",
        "path",
        "raced",
        "rivals",
        "run",
        "seq",
        "serves",
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
        self.last_call: tuple[Call, Answer | None] | None = None
        self.turn: Position | None = None
        self.log: list[object] | None = None
        self.outside = False
        self.serves: bool = parent is not None and parent.serves

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
        if self.turn is not None and root[: len(self.path)] == self.path:
            root = self.turn + root[len(self.path) :]
        occurrence = next(self._counts.setdefault((root, kind, name), itertools.count()))
        position = (*root, Step(kind, name, occurrence))
        if self.log is not None:
            self.log.append((self, position))
        return position

    @property
    def place(self) -> Position:
        """Where what it does now stands: the turn that it has taken in a pool, or itself."""
        return self.path if self.turn is None else self.turn

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


class Waits(Protocol):
    """Who of a run's threads can still do something; virtual time moves only when none can.

    `causal.spawn` tells it about every thread and job of the run. All methods are quick and may be
    called from any thread.
    """

    def started(self, lane: LiveLane) -> None:
        """A thread or job of the run is about to run: it counts from its spawn on.

        A job that waits for a free worker of its pool has not started; whoever ends and leaves it
        the place says `started` of it first, then `ended` of itself.
        """
        ...

    def ended(self, lane: LiveLane) -> None:
        """It has ended, or will never start, and whoever waits for it may go on."""
        ...

    def block(self, lane: LiveLane, on: Iterable[LiveLane]) -> None:
        """A lane is about to wait, without a loop, until all of these have ended.

        Raises:
            RunStopped: With that, everybody in the run waits for somebody else.
        """
        ...

    def hold(self, waits_for: tuple[str, Callable[[], str], str]) -> Hold:
        """Prepare a wait of the calling thread, which somebody else will end.

        Args:
            waits_for: What for, what is there instead, and whose fault it is if nobody ends it.
        """
        ...


class Hold(Protocol):
    """A wait that somebody else ends, be it before it begins."""

    def wait(self, limit_ns: int | None = None) -> bool:
        """Wait, in the run's time and no longer than that; whether somebody has ended it.

        Raises:
            RunStopped: The run has stopped.
        """
        ...

    def let_go(self) -> None:
        """End it; from any thread."""
        ...


class RealHold:
    """A wait in real time."""

    def __init__(self) -> None:
        """Begin nothing yet."""
        self._bell = threading.Event()

    def wait(self, limit_ns: int | None = None) -> bool:
        """Wait."""
        return self._bell.wait(None if limit_ns is None else limit_ns / 1_000_000_000)

    def let_go(self) -> None:
        """End it."""
        self._bell.set()


class Unhurried:
    """The `Waits` of a run in real time: nobody needs to know."""

    def started(self, lane: LiveLane) -> None:
        """Do nothing."""

    def ended(self, lane: LiveLane) -> None:
        """Do nothing."""

    def block(self, lane: LiveLane, on: Iterable[LiveLane], *, every: bool = True) -> None:
        """Do nothing."""

    def hold(self, waits_for: tuple[str, Callable[[], str], str]) -> Hold:
        """Wait in real time."""
        return RealHold()


class Listener(Protocol):
    """Is told what happens to the lanes of a run; the recorder is one."""

    def lane_spawned(self, lane: LiveLane) -> None:
        """A lane was minted."""
        ...


class Run:
    """One active run: its lanes, its time, and the door that its calls go through.

    Attributes:
        name: What is run: the test's id.
        root: The run's own lane.
        lanes: Every lane minted so far.
        clock: How the run tells the time.
        waits: Who of its threads can still do something.
        door: The run's `Boundary`; causal code only carries it.
        span: The id of the run's own span.
        stopped: The run's first `RunStopped`; it is sticky.
        guard: What a call is refused with from now on; None: calls are welcome.
        wakers: Told when the run stops, so that whoever waits at a door wakes.
        ended: Whether the run is over; calls that still come are refused.
        offline: The kinds of call that it answers itself; None: it goes to the world.
        bypassed: What went to the world past every adapter, and from where, in order.
        reports: Where telemetry goes that is meant to: the hosts are told apart by path alone.
        refused: How many calls came after the end, or were a library's own in a replay.
        again: The command that records it again, for messages; empty: nobody said.
        adopted: Where calls came from that had no lane and were taken in, in order.
        deliveries: The run's `Book` of messages; causal code that needs it knows its kind.
        chance: What its draws are made from; None: the world's chance.
        warnings: What its verdict is to warn of, in order.
        lost: What was begun that is no part of the run, and where: a fork, a foreign process.
        invite: Gives what a child's environment is to hold, so that it joins; None: none may.
        shared: The folder that its processes share; None: it has begun none.
        processes: The ids of the child processes that may have joined, and may be alive.
        home: The thread that entered it.
        within: Of a child process: which part of the run it is.
        clean: Takes secrets out of what the agent's side says, before it is hashed or kept.
        accesses: Who touched what agents share, in order; None: nobody asks.
    """

    def __init__(
        self,
        name: str,
        *,
        clock: Clock | None = None,
        waits: Waits | None = None,
        within: Identity | None = None,
    ) -> None:
        """Prepare a run, or this process's part of it; `enter` makes it active."""
        self.name = name
        self.clock: Clock = clock if clock is not None else RealClock()
        self.waits: Waits = waits if waits is not None else Unhurried()
        self.door: object = None
        self.listener: Listener | None = None
        self.span = span_id(name, ())
        self.stopped: RunStopped | None = None
        self.guard: RunStopped | None = None
        self.wakers: list[Callable[[RunStopped], None]] = []
        self.ended = False
        self.refused = 0
        self.offline: frozenset[str] | None = None
        self.bypassed: list[str] = []
        self.reports: set[str] = set()
        self._lock = threading.Lock()
        self.again = ""
        self.adopted: list[str] = []
        self.deliveries: object = None
        self.chance: object = None
        self.warnings: list[str] = []
        self.lost: list[str] = []
        self.invite: Callable[[Frame], dict[str, str]] | None = None
        self.shared: Path | None = None
        self.processes: list[int] = []
        self.home = 0
        self.within = within
        self.clean: Clean = as_it_is
        self.accesses: list[Access] | None = None
        if within is None:
            self.root = LiveLane(self, None, (), 0)
        else:
            spawner = LiveLane(self, None, within.parent, 0)
            self.root = LiveLane(self, spawner, within.lane, within.seq)
            self.span = within.span or self.span
        self.lanes: list[LiveLane] = [self.root]

    def spawned(self, lane: LiveLane) -> None:
        """Keep a lane that was minted, and tell the listener."""
        self.lanes.append(lane)
        if self.listener is not None:
            self.listener.lane_spawned(lane)

    def frame(self) -> Frame:
        """The frame of code that stands directly in the run."""
        root, within = self.root, self.within
        if within is None:
            return Frame(root, root.path, self.span, None, None)
        return Frame(root, root.path, self.span, within.agent, within.task, within.baggage)

    def stop(self, error: RunStopped) -> RunStopped:
        """Stop the run; give the error that stopped it first, which is the one to raise."""
        with self._lock:
            first = self.stopped is None
            if first:
                self.stopped = error
        for wake in tuple(self.wakers) if first else ():
            wake(error)
        return self.stopped or error


class Frame(NamedTuple):
    """What the calling code belongs to; a tuple, for one is made wherever code stands inside more.

    Attributes:
        lane: Whose program order it is part of.
        scope: Where positions are counted: the lane's path, or an agent's scope inside it.
        span: The id of the innermost span.
        agent: The id of the innermost agent.
        task: What that agent was asked to do.
        baggage: What the application sends along, as the header has it.
    """

    lane: LiveLane
    scope: Position
    span: str | None
    agent: str | None
    task: str | None
    baggage: str = ""

    def inside(self, span: str | None) -> Frame:
        """The same frame, inside a span."""
        return Frame(self.lane, self.scope, span, self.agent, self.task, self.baggage)

    def on(self, lane: LiveLane) -> Frame:
        """The same frame on another lane, which it spawned."""
        return self._replace(lane=lane, scope=lane.path)
