"""Joins: who is told that a lane has ended, and which lanes were offered to a race."""

from __future__ import annotations

import sys
import weakref
from typing import TYPE_CHECKING, Any

from agenttrace.causal.lane import LiveLane
from agenttrace.causal.spawn.minting import spawner

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import CodeType

_LANE = "_agenttrace_lane"
_firsts: weakref.WeakKeyDictionary[LiveLane, list[LiveLane]] = weakref.WeakKeyDictionary()
_INTERNAL = ("asyncio.", "anyio.", "agenttrace.")


def mark(thing: object, lane: LiveLane) -> None:
    """Say that a task, future or thread is the end of a lane."""
    setattr(thing, _LANE, lane)


def lane_of(thing: object) -> LiveLane | None:
    """The lane whose end a task, future or thread is; None where it has none."""
    lane: LiveLane | None = getattr(thing, _LANE, None)
    return lane


def tell(thing: Any) -> None:
    """Note that the caller has been told of the end of whatever a future stands for.

    One that stands for several lanes, or for another future, has an `agenttrace_tell`.
    """
    lane = lane_of(thing)
    if lane is not None:
        told(lane)
    elif hasattr(thing, "agenttrace_tell"):
        thing.agenttrace_tell()


def told(lane: LiveLane, *, scope: bool = False) -> None:
    """Note that the caller has been told of a lane's end.

    Args:
        lane: The lane that has ended.
        scope: The scope that owns the lane was left; it alone joins a lane that was raced.
    """
    if lane.raced and not scope:
        return
    here = spawner()
    if here is not None:
        lane.joined_by(here.lane)


def offered(things: Iterable[object], *, some: bool) -> None:
    """Note that lanes are offered to a wait that tells of the first first.

    Args:
        things: What is waited for.
        some: Whether not all need to be waited for, so that chance may cut the others short.
    """
    lanes = [lane for thing in things if (lane := lane_of(thing)) is not None]
    for lane in lanes:
        lane.raced = True
        if some:
            lane.rivals = lanes


def blocks(lanes: Iterable[LiveLane | None], *, every: bool = True) -> None:
    """Say that the caller's thread is about to wait for all of these lanes, or for one of them."""
    here = spawner()
    if here is None:
        return
    on = {lane for lane in lanes if lane is not None and not lane.ended and lane is not here.lane}
    if not on:
        return
    if not every:
        on = {_first_of(on)}
    here.lane.run.waits.block(here.lane, on)


def finished(lane: LiveLane, *, cut: bool = False) -> None:
    """Say that a lane that a thread may wait for has ended, or will never run."""
    lane.end(cut=cut)
    waits = lane.run.waits
    for first in _firsts.pop(lane, ()):
        if not first.ended:
            first.end()
            waits.ended(first)
    waits.ended(lane)


def _first_of(lanes: set[LiveLane]) -> LiveLane:
    """A lane of nobody's, which ends as soon as one of these does."""
    some = min(lanes, key=lambda lane: lane.path)
    first = LiveLane(some.run, some.parent, some.path, some.spawn_seq)
    for lane in lanes:
        _firsts.setdefault(lane, []).append(first)
    if any(lane.ended for lane in lanes):
        first.end()
    return first


def is_internal(depth: int, *, but: CodeType | None = None) -> bool:
    """Whether the caller's caller, `depth` frames up, is a loop's own machinery.

    What a loop does in its callbacks, it does when something completes: a join noted there would
    stand at a step of the waiting lane that time has chosen.
    """
    frame = sys._getframe(depth + 1)
    name = frame.f_globals.get("__name__", "")
    return isinstance(name, str) and name.startswith(_INTERNAL) and frame.f_code is not but
