"""Perfetto: trace events that ui.perfetto.dev and chrome://tracing open. Written only.

A track for each lane, or service, and one more for each that overlaps it; a slice for each span,
with its attributes; an arrow for each link. Times are microseconds from the first span
(Trace Event Format, JSON).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from agenttrace.formats.exported import FOREIGN_LOSS, told_of
from agenttrace.model.names import LANE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agenttrace.formats.told import Told
    from agenttrace.model.trace import Trace

_NS_A_US = 1_000


class PerfettoWriter:
    """Writes trace events in JSON."""

    name = "perfetto"
    suffixes = (".perfetto.json",)
    tick_ns = _NS_A_US

    def write(self, trace: Trace) -> bytes:
        """Encode a trace."""
        return self.write_told(told_of(trace, tick_ns=self.tick_ns))

    def write_told(self, told: Iterable[Told]) -> bytes:
        """Encode spans that are told."""
        listed = sorted(told, key=lambda one: (one.start_ns, -one.end_ns))
        tracks = _Tracks()
        began = listed[0].start_ns if listed else 0
        slices = [_slice(one, began, tracks.of(one)) for one in listed]
        at = {one.id: made for one, made in zip(listed, slices, strict=True)}
        arrows = [arrow for one in listed for arrow in _arrows(one, at)]
        whole = {"traceEvents": [*tracks.names(), *slices, *arrows], "displayTimeUnit": "ms"}
        return json.dumps(whole, separators=(",", ":"), default=repr).encode()

    def loss(self, trace: Trace) -> frozenset[str]:
        """It is a picture: what a slice shows is kept, and it is not read back."""
        return FOREIGN_LOSS | {"spans.scope", "spans.trace_flags", "spans.resource"}


class _Tracks:
    """Where slices lie: a track holds what nests, and nothing that overlaps."""

    def __init__(self) -> None:
        self._groups: dict[str, list[tuple[int, list[int]]]] = {}
        self._count = 0

    def of(self, told: Told) -> int:
        """The number of the first track of the span's group that has room for it."""
        group = str(told.attributes.get(LANE) or told.resource.get("service.name") or "run")
        tracks = self._groups.setdefault(group, [])
        for number, ends in tracks:
            while ends and ends[-1] <= told.start_ns:
                ends.pop()
            if not ends or told.end_ns <= ends[-1]:
                ends.append(told.end_ns)
                return number
        self._count += 1
        tracks.append((self._count, [told.end_ns]))
        return self._count

    def names(self) -> list[dict[str, Any]]:
        """What each track is called."""
        return [
            {
                "ph": "M",
                "name": "thread_name",
                "pid": 1,
                "tid": number,
                "args": {"name": group if place == 0 else f"{group} ({place + 1})"},
            }
            for group, tracks in self._groups.items()
            for place, (number, _) in enumerate(tracks)
        ]


def _slice(told: Told, began: int, track: int) -> dict[str, Any]:
    kind = str(told.attributes.get("agenttrace.kind") or told.wire_kind.value)
    return {
        "ph": "X",
        "name": told.name,
        "cat": kind,
        "ts": (told.start_ns - began) / _NS_A_US,
        "dur": max(0, told.end_ns - told.start_ns) / _NS_A_US,
        "pid": 1,
        "tid": track,
        "args": {
            "span": told.id,
            "parent": told.parent,
            "status": told.status.code,
            **({"message": told.status.message} if told.status.message else {}),
            **told.attributes,
        },
    }


def _arrows(told: Told, at: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for number, (_, span, relationship, _attributes) in enumerate(told.links):
        before, after = at.get(span), at[told.id]
        if before is not None:
            same = {"name": relationship, "cat": "link", "id": f"{told.id}{number}", "pid": 1}
            end = before["ts"] + before["dur"]
            found.append({**same, "ph": "s", "ts": end, "tid": before["tid"]})
            found.append({**same, "ph": "f", "bp": "e", "ts": after["ts"], "tid": after["tid"]})
    return found


CODEC = PerfettoWriter()
