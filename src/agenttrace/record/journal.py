"""Journal: the recording on disk while it is made, safe against a kill.

One frame is one `os.write` to a file opened for appending: the system adds it whole at the end,
whichever thread comes first, and no lock is held while anybody's code runs.
"""

from __future__ import annotations

import contextlib
import errno
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from agenttrace.errors import RecordingFailed
from agenttrace.formats.journal import frame
from agenttrace.formats.records import (
    Arrived,
    Began,
    Closed,
    Counted,
    Ended,
    Laned,
    Noted,
    Opened,
    Stopped,
    Warned,
)
from agenttrace.model.span import Span, SpanKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenttrace.formats.records import Noteworthy, Record
    from agenttrace.model.call import Call, Chunk
    from agenttrace.model.lane import Lane, Position
    from agenttrace.model.trace import Trace
    from agenttrace.model.values import Value


class JournalWriter:
    """Appends records to one file of its own; one writer a process.

    Attributes:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        """Make the file, and its folder.

        Raises:
            RecordingFailed: The file is there already, or cannot be made.
        """
        self.path = path
        self._arrived: dict[str, int] = {}
        self._process = os.getpid()
        flags = os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0)
        try:
            self._made = tuple(folder for folder in path.parents if not folder.exists())
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: int | None = os.open(path, flags | getattr(os, "O_CLOEXEC", 0), 0o666)
        except OSError as problem:
            raise _failed(path, problem) from problem

    def append(self, record: Record) -> None:
        """Write one record; when this returns, a kill of the process does not lose it.

        Raises:
            RecordingFailed: The disk is full or broken, or the journal is closed. What was written
                before is still whole.
            NotCanonical: The record holds what msgpack cannot.
        """
        self.write(frame(record))

    def write(self, framed: bytes) -> None:
        """Write whole frames; when this returns, a kill of the process does not lose them.

        Raises:
            RecordingFailed: As `append`.
        """
        if os.getpid() != self._process:
            return  # a fork's: two that write one journal would make it unreadable
        if self._file is None:
            raise RecordingFailed(f"the journal {self.path} is closed")
        try:
            _write_whole(self._file, framed)
        except OSError as problem:
            # Nothing may follow a torn frame: a reader stops there.
            with contextlib.suppress(RecordingFailed):
                self.close()
            raise _failed(self.path, problem) from problem

    # -- what a recorder tells ------------------------------------------------------------------
    def began(
        self,
        run: Span,
        root: Lane,
        *,
        trace: str,
        started: str = "",
        environment: Mapping[str, Value] | None = None,
    ) -> None:
        """A run began: its own span, its own lane."""
        self.append(
            Began(
                name=run.name,
                trace=trace,
                started=started,
                environment=environment or {},
                lane=root.path,
            )
        )
        self.append(Laned(lane=replace(root, end="open")))
        self.append(Noted(what=run))

    def opened(self, call: Call, at_ns: int) -> None:
        """An attempt was asked."""
        self._arrived[call.span] = 0
        self.append(Opened(call=call, at_ns=at_ns))

    def chunk(self, call: Call, chunk: Chunk) -> None:
        """A piece of its answer arrived."""
        self._arrived[call.span] += 1
        self.append(Arrived(span=call.span, chunk=chunk))

    def closed(self, call: Call, span: Span) -> None:
        """Its answer ended; it is the last one of the span."""
        answer = span.answers[-1]
        arrived = self._arrived.pop(call.span, -1) == len(answer.chunks)
        known = replace(span, question=None, answers=())
        told = replace(answer, chunks=()) if arrived else answer
        self.append(Closed(span=known, answer=told, arrived=arrived))

    def noted(
        self, what: Noteworthy, span: str | None = None, *, lane: Position = (), seq: int = 0
    ) -> None:
        """Something else happened; an event, link or status belongs to a span, or to the run."""
        self.append(Noted(what=what, span=span, lane=lane, seq=seq))

    def lane(self, lane: Lane) -> None:
        """A lane was spawned, or has ended."""
        self.append(Laned(lane=lane))

    def stopped(self, slug: str, headline: str, detail: str) -> None:
        """The process cannot go on."""
        self.append(Stopped(slug=slug, headline=headline, detail=detail))

    def counted(self, counts: Counted) -> None:
        """So many calls were asked, and so answered."""
        self.append(counts)

    def warned(self, text: str) -> None:
        """A person should know this of the process."""
        self.append(Warned(text=text))

    def ended(self, trace: Trace) -> None:
        """The run ended; its lanes and its own span are as they stand in the trace."""
        for lane in trace.lanes:
            self.append(Laned(lane=lane))
        for span in trace.spans:
            if span.kind is SpanKind.RUN:
                # its events and links are in the journal already, where they were noted
                self.append(Noted(what=replace(span, events=(), links=())))
        self.append(Ended(at_ns=max((span.end_ns for span in trace.spans), default=0)))

    # -- and then -------------------------------------------------------------------------------
    def close(self, *, durable: bool = True) -> None:
        """Bring everything to the disk, and close the file; twice is once.

        Args:
            durable: Whether to wait for the disk: only a machine that loses power needs it.

        Raises:
            RecordingFailed: The disk refuses.
        """
        file, self._file = self._file, None
        if file is None:
            return
        try:
            if durable:
                os.fsync(file)
        except OSError as problem:
            raise _failed(self.path, problem) from problem
        finally:
            os.close(file)

    def keep(self) -> Path:
        """Close the file, and say where it is."""
        self.close()
        return self.path

    def discard(self) -> None:
        """Remove the file: the recording became a golden, or is not wanted."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)
        if os.getpid() != self._process:
            return
        self.path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # not empty, or not ours to remove
            for folder in self._made:
                folder.rmdir()


def _write_whole(file: int, framed: bytes) -> None:
    written = os.write(file, framed)
    if written < len(framed):
        raise OSError(errno.ENOSPC, f"{written} of {len(framed)} bytes were written")


def _failed(path: Path, problem: OSError) -> RecordingFailed:
    return RecordingFailed(
        f"the journal {path} cannot be written: {problem.strerror or problem}",
        detail="  What was recorded before is in it, whole.\n"
        f"      agenttrace show {path}\n"
        "  More: agenttrace explain recording-failed",
        file=str(path),
        errno=problem.errno,
    )
