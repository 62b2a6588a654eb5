"""Rehearsal: what a replay is to do otherwise than its golden says, as a value."""

from __future__ import annotations

from dataclasses import dataclass, field

from agenttrace.model.schedule import Schedule
from agenttrace.replay.matching import Recording


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What a replay is to do otherwise than its golden says.

    Attributes:
        text: The schedule as a command line gives it; empty: `schedule` is it.
        schedule: The schedule.
        recording: The golden's trace, indexed before; None: it is read.
        typical_ns: What its answers take; 0: it is reckoned.
        is_free: Whether messages go to whoever asks first, and what was not recorded is answered
            where it can be. Else it is a plain replay that is only watched.
        offline: Whether a model or service that is to be asked for real ends the run.
    """

    text: str = ""
    schedule: Schedule = field(default_factory=Schedule)
    recording: Recording | None = None
    typical_ns: int = 0
    is_free: bool = True
    offline: bool = False
