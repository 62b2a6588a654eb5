"""Journals: what all that is recorded in production shares: folder, backlog, redactor, tally."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from agenttrace.causal.position import fresh_key
from agenttrace.errors import AgentTraceError, UsageError
from agenttrace.record.backlog import Backlog
from agenttrace.record.folder import Folder
from agenttrace.record.kept import Room, Tally
from agenttrace.redact import Redactor, Wishes

LOG = logging.getLogger("agenttrace")
"""Where a recorder of production says, once for each sort, that something of its own failed."""

MEGABYTE = 1 << 20
_LOW_HALF = 1 << 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What recording in production may use.

    Attributes:
        trace_bytes: How much the journal of one run may hold; what comes then is not recorded.
        folder_bytes: How much all journals of the folder may hold; the oldest are removed.
        waiting_bytes: How much may wait in memory to be written; what comes then is dropped.
        held_bytes: How much of runs that were not chosen is held in memory until it is known
            whether they failed; the oldest are forgotten.
    """

    trace_bytes: int = 16 * MEGABYTE
    folder_bytes: int = 1024 * MEGABYTE
    waiting_bytes: int = 64 * MEGABYTE
    held_bytes: int = 64 * MEGABYTE

    def __post_init__(self) -> None:
        for name in ("trace_bytes", "folder_bytes", "waiting_bytes", "held_bytes"):
            if getattr(self, name) <= 0:
                raise UsageError(f"Limits({name}={getattr(self, name)}): a limit is above 0")


class Journals:
    """The journals of one process, and the one thread that writes them.

    Attributes:
        room: What runs share on their way to the disk.
        backlog: What waits to be written.
        redactor: What takes the secrets out.
        keeps_failed: Whether runs that were not chosen are kept where they fail.
        forgets: What is done in a forked process.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        sample: float,
        keep_failed: bool,
        limits: Limits,
        redact: Iterable[str] | Wishes,
    ) -> None:
        """Begin to write; no file is made before there is something to write.

        Raises:
            UsageError: `sample` is no share, or a line of `redact` is none.
        """
        if not 0 <= sample <= 1:
            raise UsageError(f"sample={sample!r}: it is a share of all runs, from 0 to 1")
        wishes = redact if isinstance(redact, Wishes) else Wishes.of(redact)
        self.sample, self.keeps_failed = sample, keep_failed
        self.redactor = Redactor(wishes, key=fresh_key(), environment=os.environ)
        self.room = Room(
            Folder(Path(folder).absolute(), limits.folder_bytes),
            limit_trace_bytes=limits.trace_bytes,
            limit_held_bytes=limits.held_bytes,
        )
        self.backlog = Backlog(limits.waiting_bytes, self.failed)
        self.backlog.on_fork(self.forget)
        self.forgets: list[Callable[[], None]] = [self.room.forget]
        self._said: set[str] = set()

    def chooses(self, trace: int) -> bool:
        """Whether a trace is chosen, by its id alone: alike in every process that has a part in it.

        The lower 64 bits count, as they do for OpenTelemetry's `TraceIdRatioBased`.
        """
        return trace % _LOW_HALF < round(self.sample * _LOW_HALF)

    @property
    def tally(self) -> Tally:
        """What became of the runs so far."""
        return replace(self.room.tally, dropped=self.backlog.dropped)

    def forget(self) -> None:
        """In a forked process: leave what is open to the process that it is of."""
        for forget in self.forgets:
            forget()

    def late(self) -> None:
        """A call came when its run was over, and is in no journal."""
        self.room.tally.late += 1

    def failed(self, error: BaseException) -> None:
        """Something of the recorder's own failed: count it, and say it once for each sort."""
        self.room.tally.errors += 1
        kind = type(error).__qualname__
        if kind in self._said:
            return
        self._said.add(kind)
        said = error.headline if isinstance(error, AgentTraceError) else repr(error)
        LOG.warning(
            "a part of a run was not recorded, and the program went on: %s",
            self.redactor.text(said),
        )

    def close(self, timeout_s: float, then: Callable[[], None]) -> bool:
        """Write what waits, do a last thing, and take nothing any more; whether all was written."""
        done = self.backlog.close(timeout_s)
        if done:
            then()
        tally = self.tally
        if tally.dropped or tally.cut:
            LOG.warning(
                "%d records were dropped and %d journals end before their runs did; "
                "`agenttrace doctor FOLDER` names them",
                tally.dropped,
                tally.cut,
            )
        return done
