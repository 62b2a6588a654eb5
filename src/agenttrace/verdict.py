"""Verdict: all that one run has to say, as values."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from pathlib import Path

from agenttrace.errors import AgentTraceError, RunStopped
from agenttrace.model.difference import Difference
from agenttrace.model.lane import Position
from agenttrace.model.trace import Trace


class Outcome(enum.StrEnum):
    """What became of a run."""

    REPLAYED = "replayed"
    RECORDED = "recorded"
    STUBBED = "stubbed"
    REHEARSED = "rehearsed"
    VERIFIED = "verified"
    UPDATED = "updated"
    DRIFTED = "drifted"
    DIVERGED = "diverged"
    FAILED = "failed"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How many calls were asked, and who answered them.

    Attributes:
        asked: Attempts that came to the door.
        answered: Those answered from the recording.
        echoed: Recorded calls below an answered one, copied with it.
        live: Those that the world, or agent code, answered.
        refused: Those that came after the run had ended, and telemetry in a replay.
    """

    asked: int = 0
    answered: int = 0
    echoed: int = 0
    live: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Unused:
    """A recorded answer that nobody asked for: the span's name, where it stands, its ordinal."""

    title: str
    place: Position
    ordinal: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one run has to say.

    Attributes:
        run: The test's id, with the run's own name where a test has several.
        outcome: What became of it.
        golden: Where its golden lies.
        shown: The same, as a person would type it.
        counts: Who answered how many calls.
        differences: What differs from the golden, the first cause first.
        unused: Answers that nobody asked for.
        problems: Errors that fail the test, the first one first.
        warnings: What a person should know, and fails nothing: work that was adopted, calls that
            were moved.
        notes: What a search over its schedules found.
        trace: What happened this time.
        pending: The `.new` file with this run's trace, where one was left.
        journal: The journal that was kept because no golden was written.
        processes: The journals of the run's processes that were kept with it.
        fidelity: F0 to F4 of the golden; recorded by us: F4.
    """

    run: str
    outcome: Outcome
    golden: Path | None = None
    shown: str = ""
    counts: Asked = field(default_factory=Asked)
    differences: tuple[Difference, ...] = ()
    unused: tuple[Unused, ...] = ()
    problems: tuple[AgentTraceError | RunStopped, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    trace: Trace | None = None
    pending: Path | None = None
    journal: Path | None = None
    processes: tuple[Path, ...] = ()
    fidelity: str = "F4"

    @property
    def passed(self) -> bool:
        """Whether nothing in it fails the test."""
        return not self.problems
