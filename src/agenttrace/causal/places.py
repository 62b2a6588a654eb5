"""Places: where a caller stands, in a header, so that who serves it stands there too.

Requests come to a server in the order of the network, and messages to a consumer in that of a
queue. What they cause is put in a lane of the caller's, which is the same in every run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from agenttrace.causal.lane import LiveLane
from agenttrace.model.lane import Position, Step, text_of

if TYPE_CHECKING:
    from agenttrace.causal.lane import Run

POSITION = "agenttrace-position"
"""The header that says where in the run the caller stands; names are percent-encoded."""

CARRIER = "carrier"
"""The kind of step at which headers were asked for."""

WORK = "work"
"""The kind of step at which a pool of processes was given a job."""

_SERVED = frozenset({CARRIER, WORK, "http", "llm", "retrieval"})
_STEP = re.compile(r"([^:/#;]+):([^:/#;]*)#(\d{1,9})")
_FORM = re.compile(r"([^;]+);lane=(\d{1,4});seq=(\d{1,9})")
_LONGEST = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a caller stands.

    Attributes:
        at: The position of its call or message.
        lane: The lane that what it causes is spawned by.
        seq: The step of that lane at which it is.
    """

    at: Position
    lane: Position
    seq: int

    @property
    def text(self) -> str:
        """The value of the header."""
        words = ((quote(s.kind, safe=""), quote(s.name, safe=""), s.occurrence) for s in self.at)
        steps = "/".join(f"{kind}:{name}#{occurrence}" for kind, name, occurrence in words)
        return f"{steps};lane={len(self.lane)};seq={self.seq}"

    @property
    def shown(self) -> str:
        """The same for people: of headers that were asked for, where that was."""
        return text_of(self.at[:-1] if self.at[-1].kind == CARRIER else self.at)

    def lane_in(self, run: Run) -> LiveLane | None:
        """The lane in which a process serves this caller; None where it is the caller's own.

        Served again (the client tries again), it goes on in the same lane.
        """
        if any(lane.path == self.lane for lane in run.lanes):
            return None
        path = served_path(self.at, _name(run))
        for lane in run.lanes:
            if lane.path == path:
                lane.ended = False
                return lane
        served = LiveLane(run, LiveLane(run, None, self.lane, 0), path, self.seq)
        served.serves = True
        run.spawned(served)
        return served

    def leave(self, lane: LiveLane) -> None:
        """Say that the caller has been served; one that waits for the answer is told so."""
        lane.end()
        if self.lane == self.at:
            lane.joins.setdefault(self.lane, self.seq)


def _name(run: Run) -> str:
    return run.root.path[-1].name if run.root.path else "run"


def is_served(path: Position) -> bool:
    """Whether it is the lane in which a process serves somebody of another one."""
    return len(path) > 1 and path[-1].kind == "process" and path[-2].kind in _SERVED


def served_path(at: Position, name: str) -> Position:
    """The lane in which a process of a name serves who stands there."""
    return (*at, Step("process", name, 0))


def is_own(position: Position, run: Run) -> bool:
    """Whether what stands there is of this process: in its own lanes, or in one where it serves."""
    kinds = [step.kind for step in position]
    process = position[: len(kinds) - kinds[::-1].index("process")] if "process" in kinds else ()
    own = run.root.path
    return process == own or (is_served(process) and process[-1].name == _name(run))


def place_of(text: str) -> Place | None:
    """Read a header; None where it says nothing."""
    found = _FORM.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        return None
    steps = [_STEP.fullmatch(word) for word in found[1].split("/")]
    if not all(steps) or int(found[2]) > len(steps):
        return None
    at = tuple(Step(unquote(s[1]), unquote(s[2]), int(s[3])) for s in steps if s is not None)
    return Place(at=at, lane=at[: int(found[2])], seq=int(found[3]))
