"""Kept: one run of production on its way to the disk; what of it is kept, and where it ends.

A run that was not chosen may still be kept because it failed: it is held in memory until that is
known. What is written is a whole record, or the whole of it up to a point that the journal names.
"""

from __future__ import annotations

import functools
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agenttrace.formats.journal import frame
from agenttrace.formats.records import Began, Cut

if TYPE_CHECKING:
    from collections.abc import Callable

    from agenttrace.formats.records import Record
    from agenttrace.record.folder import Folder
    from agenttrace.record.journal import JournalWriter


@dataclass(slots=True)
class Tally:
    """What became of the runs of production.

    Attributes:
        begun: How many were begun, chosen or not.
        written: How many have a journal.
        failed: How many of these were kept because they failed.
        cut: How many journals end before their run did.
        forgotten: How many were held until it was known whether they failed, and there was no room.
        dropped: How many records were dropped because too much waited.
        late: How many calls came when their run was over, or had been cut.
        errors: How often the recorder itself failed.
        removed: How many journals were removed to keep the limit of the folder.
    """

    begun: int = 0
    written: int = 0
    failed: int = 0
    cut: int = 0
    forgotten: int = 0
    dropped: int = 0
    late: int = 0
    errors: int = 0
    removed: int = 0


class Room:
    """What all runs of a process share on their way: the folder, the limits, the tally."""

    def __init__(self, folder: Folder, *, limit_trace_bytes: int, limit_held_bytes: int) -> None:
        """Begin with nothing.

        Args:
            folder: Where journals lie.
            limit_trace_bytes: How much one journal may hold.
            limit_held_bytes: How much of runs that were not chosen may be held in memory.
        """
        self.folder = folder
        self.limit_trace_bytes = limit_trace_bytes
        self.tally = Tally()
        self._limit_held, self._held_bytes = limit_held_bytes, 0
        self._held: OrderedDict[int, tuple[Kept, int]] = OrderedDict()

    def hold(self, kept: Kept, size: int) -> None:
        """Hold something of a run until it is known whether it failed; the oldest makes room."""
        self._held_bytes += size
        _, before = self._held.get(id(kept), (kept, 0))
        self._held[id(kept)] = kept, before + size
        while self._held_bytes > self._limit_held and self._held:
            oldest, _ = next(iter(self._held.values()))
            self.tally.forgotten += 1
            oldest.forget()

    def forget(self) -> None:
        """Leave what is held to the process that this one was forked from."""
        self._held.clear()
        self._held_bytes = 0

    def let_go(self, kept: Kept) -> None:
        """Hold it no more."""
        _, size = self._held.pop(id(kept), (kept, 0))
        self._held_bytes -= size


class Kept:
    """One run on its way to the disk; used by the writing thread alone.

    Attributes:
        over: Whether nothing more of it is taken.
    """

    def __init__(
        self,
        room: Room,
        began: Began,
        *,
        title: str,
        told: str,
        chosen: bool,
        stop: Callable[[], None],
    ) -> None:
        """Begin with the first record.

        Args:
            room: What it shares with the others.
            began: The first record.
            title: What is run, for people.
            told: The id by which a person looks for it.
            chosen: Whether it is kept in any case; else only if it failed.
            stop: Tells the agent's side to say nothing more of it.
        """
        self._room, self._stop = room, stop
        self._begin = functools.partial(room.folder.begin, began.started, title, told)
        self._chosen = chosen
        self._frames: list[bytes] = [frame(began)]
        self._bytes = self._size = len(self._frames[0])
        self._writer: JournalWriter | None = None
        self.over = False

    def add(self, record: Record) -> None:
        """Take a record."""
        if self.over:
            return
        framed = frame(record)
        if self._size + len(framed) > self._room.limit_trace_bytes:
            self.cut("size")
            return
        self._frames.append(framed)
        self._bytes += len(framed)
        self._size += len(framed)
        if not self._chosen:
            self._room.hold(self, len(framed))

    def settle(self) -> None:
        """Bring what was taken to the disk.

        Raises:
            RecordingFailed: The disk or the folder refuses; nothing more is taken.
        """
        if not self._chosen or not self._frames:
            return
        whole, self._frames, size, self._bytes = b"".join(self._frames), [], self._bytes, 0
        try:
            if self._writer is None:
                self._writer = self._begin()
                self._room.tally.written += 1
            self._writer.write(whole)
        except Exception:
            self._end()
            self._room.tally.cut += 1
            raise
        self._room.folder.grew(size)
        self._room.tally.removed = self._room.folder.removed

    def end(self, *, failed: bool) -> None:
        """The run has ended; keep it if it is to be kept.

        Raises:
            RecordingFailed: As `settle`.
        """
        if not self._chosen and failed and not self.over:
            self._room.let_go(self)
            self._chosen = True
            self._room.tally.failed += 1
        self.settle()
        self._end()

    def cut(self, why: str, dropped: int = 0) -> None:
        """Nothing more of it is recorded, though it may go on.

        Raises:
            RecordingFailed: As `settle`.
        """
        if self.over:
            return
        self.over = True
        if self._chosen:
            self._frames.append(frame(Cut(why=why, dropped=dropped)))
            self._room.tally.cut += 1
        self.settle()
        self._end()

    def forget(self) -> None:
        """Keep nothing of it."""
        self._end()

    def _end(self) -> None:
        self.over = True
        if not self._chosen:
            self._room.let_go(self)
        self._frames, self._bytes = [], 0
        self._stop()
        writer, self._writer = self._writer, None
        if writer is not None:
            self._room.folder.end(writer.path)
            writer.close(durable=False)
