"""Current: which run, lane, span and agent the calling code belongs to.

This module alone holds the context variable and the process's active runs. The run is found by the
lane that the caller's context carries; without one, the process's only active run takes the caller
in (a server, a loop or a pool older than the run would otherwise go live silently), and says so.
"""

from __future__ import annotations

import threading
from contextvars import ContextVar, Token
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from agenttrace.causal.clock import RealClock, Unhurried
from agenttrace.causal.lane import LiveLane
from agenttrace.causal.position import span_id
from agenttrace.errors import NoRun
from agenttrace.model.lane import Position

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context

    from agenttrace.causal.clock import Clock, Waits
    from agenttrace.errors import RunStopped


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
        refused: How many calls came after the end.
        adopted: Where calls came from that had no lane and were taken in, in order.
    """

    def __init__(
        self, name: str, *, clock: Clock | None = None, waits: Waits | None = None
    ) -> None:
        """Prepare a run; `enter` makes it active."""
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
        self._lock = threading.Lock()
        self.adopted: list[str] = []
        self.root = LiveLane(self, None, (), 0)
        self.lanes: list[LiveLane] = [self.root]

    def spawned(self, lane: LiveLane) -> None:
        """Keep a lane that was minted, and tell the listener."""
        self.lanes.append(lane)
        if self.listener is not None:
            self.listener.lane_spawned(lane)

    def frame(self) -> Frame:
        """The frame of code that stands directly in the run."""
        return Frame(lane=self.root, scope=(), span=self.span, agent=None, task=None)

    def stop(self, error: RunStopped) -> RunStopped:
        """Stop the run; give the error that stopped it first, which is the one to raise."""
        with self._lock:
            first = self.stopped is None
            if first:
                self.stopped = error
        if first:
            for wake in tuple(self.wakers):
                wake(error)
        return self.stopped or error


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What the calling code belongs to.

    Attributes:
        lane: Whose program order it is part of.
        scope: Where positions are counted: the lane's path, or an agent's scope inside it.
        span: The id of the innermost span.
        agent: The id of the innermost agent.
        task: What that agent was asked to do.
    """

    lane: LiveLane
    scope: Position
    span: str | None
    agent: str | None
    task: str | None

    def on(self, lane: LiveLane) -> Frame:
        """The same frame on another lane, which it spawned."""
        return Frame(lane=lane, scope=lane.path, span=self.span, agent=self.agent, task=self.task)


_current: ContextVar[Frame | None] = ContextVar("agenttrace_frame", default=None)
_thread = threading.local()
_active: list[Run] = []
entered = 0
"""How many runs this process has ever entered; while it is 0, no verb needs to look any further."""


def active() -> tuple[Run, ...]:
    """The process's active runs."""
    return tuple(_active)


def carried() -> Frame | None:
    """The frame that the caller's context carries, or that its thread stands for; None: no run.

    A job or thread stands for its own lane for as long as it runs, even where its target is
    `copy_context().run` and brings the frame of whoever submitted it, or of somebody above.
    """
    found = _current.get()
    own: Frame | None = getattr(_thread, "own", None)
    if own is not None and (found is None or found.lane.is_above(own.lane)):
        return own
    return found


def carried_in(context: Context) -> Frame | None:
    """The frame that a context carries."""
    return context.get(_current)


def frame() -> Frame | None:
    """The frame of the calling code; None when no run is active.

    Raises:
        NoRun: The caller belongs to no run and several are active.
    """
    here = carried()
    if here is not None:
        return here
    if not _active:
        return None
    if len(_active) > 1:
        names = ", ".join(run.name for run in _active)
        raise NoRun(
            f"{len(_active)} runs are active and this code belongs to none of them: {names}"
        )
    return _active[0].frame()


def enter(run: Run) -> Token[Frame | None]:
    """Make a run active, and the caller part of it."""
    global entered  # noqa: PLW0603 - this module alone holds what the process knows of runs
    entered += 1
    _active.append(run)
    return _current.set(run.frame())


def leave(run: Run, token: Token[Frame | None]) -> None:
    """End a run: what still belongs to it is detached from now on."""
    run.ended = True
    suspend(run)
    reset(token)


def suspend(run: Run) -> None:
    """Let a run take in no work for now; what carries its frame still belongs to it."""
    if run in _active:
        _active.remove(run)


def resume(run: Run) -> None:
    """Let a suspended run take in work again."""
    if run not in _active:
        _active.append(run)


def stand(frame: Frame | None) -> Token[Frame | None]:
    """Make the caller's context carry a frame; `reset` takes it back."""
    return _current.set(frame)


def reset(token: Token[Frame | None]) -> None:
    """Take back what `stand` or `enter` set; another context's token is let go."""
    try:
        _current.reset(token)
    except ValueError:  # a generator or task that is closed in another context than it began in
        token.var.set(None if token.old_value is Token.MISSING else token.old_value)


def stand_for(own: Frame | None) -> None:
    """Make the calling thread stand for a frame, where its context carries none or one above."""
    _thread.own = own
