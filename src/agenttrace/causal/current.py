"""Current: which run, lane, span and agent the calling code belongs to.

This module alone holds the context variable and the process's active runs. The run is found by the
lane that the caller's context carries; without one, the process's only active run takes the caller
in (a server, a loop or a pool older than the run would otherwise go live silently), and says so.
"""

from __future__ import annotations

import contextlib
import threading
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING

from agenttrace.causal.lane import Frame, Run
from agenttrace.errors import NoRun

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextvars import Context

    from agenttrace.causal.lane import LiveLane

__all__ = [
    "Frame",
    "Run",
    "active",
    "aside",
    "carried",
    "carried_in",
    "enter",
    "frame",
    "is_outside",
    "leave",
    "reset",
    "resume",
    "stand",
    "stand_for",
    "suspend",
]


ASIDE = "aside"
"""The name of the runs that what is done aside belongs to; nobody enters them."""

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
    run.home = threading.get_ident()
    _active.append(run)
    return _current.set(run.frame())


def meet(run: Run) -> None:
    """Know of a run that is one of many: who stands in its frame belongs to it, and nobody else."""
    global entered  # noqa: PLW0603 - likewise
    entered += 1
    run.home = threading.get_ident()


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


@contextlib.contextmanager
def aside() -> Iterator[None]:
    """Do something, and all that it spawns, outside every run: the wire below an adapter's seam.

    No position is minted there, no message followed, and no request asked at a door. Beside a
    replay the network guard lets nothing out, and says nothing, but where a call has gone out live.
    """
    token = stand(beside())
    try:
        yield
    finally:
        reset(token)


def beside() -> Frame:
    """A frame of no run of the caller's, for `aside`, and for a thread that shall stand there."""
    outside, here = Run(ASIDE), carried()
    if here is not None and not is_outside(here.lane):
        outside.offline = here.lane.run.offline
        outside.ended = outside.offline is not None
    return outside.frame()


def is_outside(lane: LiveLane | None) -> bool:
    """Whether code runs in a crossing that goes to the world."""
    while lane is not None:
        if lane.outside:
            return True
        lane = lane.parent
    return False


def stand_for(own: Frame | None) -> None:
    """Make the calling thread stand for a frame, where its context carries none or one above."""
    _thread.own = own
