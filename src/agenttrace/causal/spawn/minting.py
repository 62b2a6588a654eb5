"""Minting: who spawns, and which lane the spawned gets.

The seams of a spawn are nested (a task group calls a loop, which calls a task's class); what one of
them has decided, the next ones find in `asked`.
"""

from __future__ import annotations

import sys
import threading
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from agenttrace.causal import current

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextvars import Context

    from agenttrace.causal.current import Frame
    from agenttrace.causal.lane import LiveLane

_DEEPEST = 12
_FINALIZING = weakref.finalize.__call__.__code__


class Wish(NamedTuple):
    """What a seam asks of the task that is about to be made of a coroutine.

    Attributes:
        coroutine: The coroutine.
        lane: The lane that the task gets; None: it gets none.
    """

    coroutine: object
    lane: LiveLane | None


class Asked(threading.local):
    """What an outer seam asks of the spawn that it is about to make in the same thread.

    Attributes:
        name: How the lane is to be called.
        minted: The lane that was called so.
        wish: What becomes of one coroutine.
    """

    name: str | None = None
    minted: LiveLane | None = None
    wish: Wish | None = None

    def of(self, coroutine: object) -> Wish | None:
        """What was asked of the task of this coroutine."""
        wish = self.wish
        return wish if wish is not None and wish.coroutine is coroutine else None


asked = Asked()
_promised: dict[int, tuple[object, LiveLane]] = {}
_bridged: weakref.WeakSet[LiveLane] = weakref.WeakSet()


def spawner(context: Context | None = None) -> Frame | None:
    """The frame of the code that spawns; None outside every run, and where several could be meant.

    Its run may have ended: then what it spawns is detached, and gets no lane.
    """
    here = current.carried()
    if here is None and context is not None:
        here = current.carried_in(context)
    if here is None and len(runs := current.active()) == 1:
        here = runs[0].frame()
    return here


def child_of(here: Frame, kind: str, name: str) -> LiveLane:
    """Mint a lane; an outer seam may have another name for it."""
    if asked.name is None:
        return here.lane.child(kind, name, base=here.scope)
    name, asked.name = asked.name, None
    asked.minted = here.lane.child(kind, name, base=here.scope)
    return asked.minted


def promise(coroutine: object, lane: LiveLane) -> None:
    """Say which lane a coroutine gets when another thread makes a task of it."""
    _promised[id(coroutine)] = (coroutine, lane)
    _bridged.add(lane)


def promised(coroutine: object) -> LiveLane | None:
    """The lane that was promised to a coroutine; asked once."""
    found = _promised.pop(id(coroutine), None)
    return None if found is None else found[1]


def is_bridged(lane: LiveLane) -> bool:
    """Whether it is the lane of a task that a thread may be waiting for."""
    return lane in _bridged


@contextmanager
def called(name: str) -> Iterator[Asked]:
    """Ask that the lane spawned inside is called so; `minted` has it afterwards."""
    before = asked.name, asked.minted
    asked.name, asked.minted = name, None
    try:
        yield asked
    finally:
        asked.name, asked.minted = before


@contextmanager
def giving(coroutine: object, lane: LiveLane | None) -> Iterator[None]:
    """Ask that the task made of a coroutine inside gets this lane; with None, that it gets none."""
    before, asked.wish = asked.wish, Wish(coroutine, lane)
    try:
        yield
    finally:
        asked.wish = before


def in_finalizer() -> bool:
    """Whether the collector, and not the program, has decided that the caller runs now.

    Clients of several SDKs spawn `aclose()` in `__del__`: zero to five extra lanes a run.
    """
    frame = sys._getframe(1)
    for _ in range(_DEEPEST):
        if frame.f_code.co_name == "__del__" or frame.f_code is _FINALIZING:
            return True
        if frame.f_back is None:
            return False
        frame = frame.f_back
    return False
