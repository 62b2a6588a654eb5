"""Schedules: how a replay's answers are to be timed, and what is to go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agenttrace.model.lane import Position
from agenttrace.model.values import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that goes wrong at a call.

    Attributes:
        kind: `timeout`, `rate-limit`, `server-error`, `cut`, `malformed`, `empty`, `duplicate`,
            `lost`, `tool-error`, `slow`.
        settings: What the kind needs: `retry_after_s`, `after_chunk`, `factor`.
    """

    kind: str
    settings: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Causal positions that are to be answered otherwise than recorded.

    Attributes:
        latency: A factor on the recorded duration, by position; 0 answers at once.
        faults: What goes wrong, by position.
        draw: By which chance latencies are drawn where `latency` has none, and from which seed;
            empty: they are as recorded.
    """

    latency: Mapping[Position, float] = field(default_factory=dict)
    faults: Mapping[Position, Fault] = field(default_factory=dict)
    draw: str = ""

    @property
    def size(self) -> int:
        """How many answers it moves, and how many calls meet a fault."""
        return len(self.latency) + len(self.faults)

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing."""
        return not (self.size or self.draw)
