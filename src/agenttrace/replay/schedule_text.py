"""Schedule texts: a schedule on a command line, and in words.

The text is one word that a shell leaves alone: a version, then compressed JSON. It says which run
it was found for, so that it is never tried on another one.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import zlib
from typing import TYPE_CHECKING, Any

from agenttrace.errors import InvalidTrace, ScheduleUnfit
from agenttrace.model import amounts
from agenttrace.model.lane import Step, label_of
from agenttrace.model.schedule import Fault, Schedule
from agenttrace.replay.draws import drawn_by
from agenttrace.replay.faults import KINDS, SLOW, SLOW_FACTOR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenttrace.model.lane import Position
    from agenttrace.model.trace import Trace

_VERSION = "1"
_LONGEST = 1_000_000
"""How long a text may be once it is unpacked."""
_ID = 12
"""How much of a trace's id is said."""


def written(schedule: Schedule, trace_id: str) -> str:
    """Write a schedule that was found for the run with an id, as one word."""
    said: dict[str, Any] = {
        "run": trace_id[:_ID],
        "latency": [[_path(place), factor] for place, factor in sorted(schedule.latency.items())],
        "faults": [
            [_path(place), one.kind, dict(one.settings)]
            for place, one in sorted(schedule.faults.items(), key=lambda item: item[0])
        ],
    }
    if schedule.draw:
        said["draw"] = schedule.draw
    packed = zlib.compress(json.dumps(said, separators=(",", ":")).encode(), 9)
    return f"{_VERSION}.{base64.urlsafe_b64encode(packed).decode().rstrip('=')}"


def read(text: str, trace: Trace) -> Schedule:
    """Read a schedule for a run that is replayed from a trace.

    Raises:
        ScheduleUnfit: It is no schedule, or one of another run.
    """
    said = _unpacked(text)
    try:
        schedule = Schedule(
            latency={_position(place): _factor(factor) for place, factor in said["latency"]},
            faults={
                _position(place): Fault(kind=_kind(kind), settings=dict(settings))
                for place, kind, settings in said["faults"]
            },
            draw=_draw(said.get("draw", "")),
        )
        run = str(said["run"])
    except (KeyError, TypeError, ValueError, InvalidTrace) as error:
        raise _unreadable(text, f"it is no schedule ({type(error).__name__}: {error})") from None
    if run != trace.id[:_ID]:
        raise ScheduleUnfit(
            f"{trace.name}: the schedule was found for another run",
            detail=f"    the schedule  of the run {run}\n"
            f"    this run      {trace.id[:_ID]}, {trace.name}\n\n"
            "  Run the test that it was printed for, under the name that it had.\n"
            "  More: agenttrace explain schedule-unfit",
        )
    places = {span.position for span in trace.spans}
    places |= {one.message for one in trace.deliveries if one.message is not None}
    named = [*schedule.latency, *schedule.faults]
    if named and places.isdisjoint(named):
        raise ScheduleUnfit(
            f"{trace.name}: nothing that the schedule names is in the golden",
            detail=f"    the schedule  {in_words(schedule)}\n"
            f"    the golden    {amounts.counted(len(trace.calls), 'call')}, none of them there\n\n"
            "  The run has changed since the schedule was found: search again.\n"
            "  More: agenttrace explain schedule-unfit",
        )
    return schedule


def phrases(schedule: Schedule) -> tuple[str, ...]:
    """Say a schedule for people, an answer a phrase."""
    return tuple(_phrases(schedule)) or ("as recorded",)


def in_words(schedule: Schedule) -> str:
    """Say a schedule for people: `planner/llm:chat#2 returns at once; critic/tool:pay#0 takes 8x`.

    An empty one is `as recorded`.
    """
    return "; ".join(phrases(schedule))


def _phrases(schedule: Schedule) -> Iterator[str]:
    for place, factor in sorted(schedule.latency.items()):
        yield f"{label_of(place)} {_takes(factor)}"
    for place, met in sorted(schedule.faults.items(), key=lambda item: item[0]):
        if met.kind == SLOW:
            slow = met.settings.get("factor", SLOW_FACTOR)
            yield f"{label_of(place)} {_takes(float(str(slow)))}"
        else:
            yield f"{label_of(place)} {_MEETS.get(met.kind, met.kind)}"
    if schedule.draw:
        yield f"the others come by chance ({schedule.draw})"


_MEETS = {
    "timeout": "times out",
    "rate-limit": "is refused with 429",
    "server-error": "fails with 500",
    "cut": "breaks off",
    "malformed": "answers nonsense",
    "empty": "answers nothing",
    "tool-error": "raises an error",
    "duplicate": "is delivered twice",
    "lost": "is lost",
}


def _takes(factor: float) -> str:
    return "returns at once" if factor == 0 else f"takes {factor:.3g}x"


def _path(place: Position) -> list[list[object]]:
    return [list(step) for step in place]


def _position(said: object) -> Position:
    if not isinstance(said, list):
        raise TypeError(said)
    steps = []
    for step in said:
        kind, name, occurrence = step
        if not (isinstance(kind, str) and isinstance(name, str) and type(occurrence) is int):
            raise TypeError(step)
        steps.append(Step(kind, name, occurrence))
    return tuple(steps)


def _factor(said: object) -> float:
    if isinstance(said, bool) or not isinstance(said, int | float) or not math.isfinite(said):
        raise TypeError(said)
    if said < 0:
        raise ValueError(said)
    return float(said)


def _draw(said: object) -> str:
    if said:
        drawn_by(str(said))
    return str(said)


def _kind(said: object) -> str:
    if said not in KINDS:
        raise ValueError(said)
    return str(said)


def _unpacked(text: str) -> dict[str, Any]:
    version, _, packed = text.partition(".")
    if version != _VERSION or not packed:
        raise _unreadable(text, f"it begins with {_VERSION}. and goes on")
    unpacker = zlib.decompressobj()
    try:
        data = base64.b64decode(packed + "=" * (-len(packed) % 4), altchars=b"-_", validate=True)
        said = json.loads(unpacker.decompress(data, _LONGEST))
    except (binascii.Error, zlib.error, ValueError, RecursionError):
        raise _unreadable(text, "it is cut off or changed") from None
    whole = unpacker.eof and not unpacker.unused_data
    if not whole or base64.urlsafe_b64encode(data).decode().rstrip("=") != packed:
        raise _unreadable(text, "it is cut off or changed")
    if not isinstance(said, dict):
        raise _unreadable(text, "it is no schedule")
    return said


def _unreadable(text: str, why: str) -> ScheduleUnfit:
    shown = text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004 - a line's worth
    return ScheduleUnfit(
        f"{shown!r} is no schedule: {why}",
        detail="  Paste the whole word that a search printed behind --agenttrace-schedule=\n"
        "  More: agenttrace explain schedule-unfit",
    )
