"""Who: by which names the calling thread is counted, so that it can be taken out while it waits.

A thread may be known under two names at once: the lane that its spawn minted, and the ticket of the
loop that handed it a job. Both must be laid down for it to count as waiting.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Final

from agenttrace.causal import current
from agenttrace.model.lane import label_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenttrace.causal.lane import LiveLane


class Guest:
    """A thread that the run did not start, and that asks something of it all the same."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


HOME: Final = Guest("the run itself")
"""The thread that the run was begun in."""

_standing = threading.local()


@contextlib.contextmanager
def standing_for(ticket: object) -> Iterator[None]:
    """Let the calling thread also count as a ticket, for as long as it does that job."""
    before = ticket_here()
    _standing.ticket = ticket
    try:
        yield
    finally:
        _standing.ticket = before


def ticket_here() -> object:
    """The ticket that the calling thread counts as; None where it has none."""
    return getattr(_standing, "ticket", None)


class Roll:
    """The names of one run's threads. Not safe by itself: asked under the heap's lock."""

    def __init__(self) -> None:
        """Begin with the calling thread as the run's own."""
        self._lanes: set[LiveLane] = set()
        self._owners: dict[object, int] = {}
        self._native: dict[object, int] = {}
        self._guests: dict[int, tuple[threading.Thread, Guest]] = {}
        self._looping: set[object] = set()
        self.claim()

    def claim(self) -> None:
        """Make the calling thread the run's own."""
        self._home = threading.get_ident()
        self._native[HOME] = threading.get_native_id()
        self._looping.discard(HOME)

    def loops(self) -> None:
        """The calling thread runs a loop whose time is not ours: it rests where we cannot see."""
        self._looping |= self.mine()

    def enrol(self, lane: LiveLane) -> None:
        """A thread or job will run on this lane."""
        self._lanes.add(lane)

    def strike(self, lane: LiveLane) -> None:
        """It will not run any more."""
        self._lanes.discard(lane)
        self._owners.pop(lane, None)
        self._native.pop(lane, None)

    def mine(self) -> frozenset[object]:
        """The names of the calling thread; a thread that nobody knows becomes a guest."""
        me = threading.get_ident()
        if me == self._home:
            return frozenset({HOME})
        names: set[object] = {
            name for name in (ticket_here(), self._lane_of(me)) if name is not None
        }
        if not names:
            names = {self._guest(me)}
        for name in names:
            self._native[name] = threading.get_native_id()
        return frozenset(names)

    def natives(self, names: set[object]) -> list[int | None]:
        """The system's thread ids of these names.

        None where a thread has not been seen yet, and of one that runs a loop: a loop that rests
        waits for the world, and for the others' answers as well.
        """
        return [None if name in self._looping else self._native.get(name) for name in names]

    def gone(self) -> list[object]:
        """The guests whose threads have ended."""
        dead = {me: guest for me, (thread, guest) in self._guests.items() if not thread.is_alive()}
        for me in dead:
            del self._guests[me]
        return list(dead.values())

    def _lane_of(self, me: int) -> LiveLane | None:
        frame = current.carried()
        lane = None if frame is None else frame.lane
        while lane is not None and lane not in self._lanes:
            lane = lane.parent
        # a worker that inherits a task's context must not be taken for the loop's own thread
        return lane if lane is not None and self._owners.setdefault(lane, me) == me else None

    def _guest(self, me: int) -> Guest:
        thread = threading.current_thread()
        known = self._guests.get(me)
        if known is None or known[0] is not thread:
            known = self._guests[me] = (thread, Guest(thread.name))
        return known[1]


def label(names: frozenset[object]) -> str:
    """Name a thread for people: by its lane where it has one."""
    for name in names:
        path = getattr(name, "path", None)
        if path is not None:
            return label_of(path) if path else HOME.name
    return min((str(getattr(name, "name", name)) for name in names), default="somebody")


def is_thread(names: frozenset[object]) -> bool:
    """Whether these are the names of a thread that the run started, no pool's worker."""
    paths = [getattr(name, "path", None) for name in names]
    return any(path and path[-1].kind == "thread" for path in paths)
