"""Folder: where the journals of production lie: one a run, within a limit, the oldest going first.

Several processes may share one. A name begins with the moment at which the run began, so that names
in order are runs in order, and ends with the id by which a person looks for it.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

from agenttrace.causal.clock import RealClock
from agenttrace.causal.position import fresh_key
from agenttrace.record.journal import JournalWriter

SUFFIX = ".journal"
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_LONGEST_NAME = 60
_LOOK_AGAIN_NS = 1_000_000_000


class Folder:
    """The folder of the journals of production.

    Attributes:
        path: Where it is; it is made with the first journal, for its owner alone.
        removed: How many journals were removed to keep the limit.
    """

    def __init__(self, path: Path, limit_bytes: int) -> None:
        """Make nothing yet.

        Args:
            path: Where it is.
            limit_bytes: How much its journals may hold together; the oldest go first.
        """
        self.path = path
        self.removed = 0
        self._limit = limit_bytes
        self._clock = RealClock()
        self._looked_ns: int | None = None
        self._open: set[Path] = set()
        self._grown = 0

    def begin(self, started: str, name: str, trace: str) -> JournalWriter:
        """Begin the journal of one run.

        Args:
            started: When it began, ISO 8601 in UTC.
            name: What is run.
            trace: The id by which a person looks for it.

        Raises:
            RecordingFailed: It cannot be made.
        """
        if not self.path.exists():
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            with contextlib.suppress(OSError):
                (self.path / ".gitignore").write_text("*\n", "utf-8")
        when = started.partition(".")[0].replace(":", "-").removesuffix("Z")
        title = _UNSAFE.sub("-", name).strip("-")[:_LONGEST_NAME] or "run"
        path = self.path / f"{when}.{title}.{trace}{SUFFIX}"
        if path.exists():  # one trace may come through a process more than once
            path = self.path / f"{when}.{title}.{trace}.{fresh_key().hex()[:8]}{SUFFIX}"
        writer = JournalWriter(path)
        self._open.add(path)
        return writer

    def end(self, path: Path) -> None:
        """A journal is written to no more."""
        self._open.discard(path)

    def grew(self, size: int) -> None:
        """So many bytes were written; look now and then whether that was too much."""
        self._grown += size
        now = self._clock.now_ns()
        late = self._looked_ns is None or now - self._looked_ns > _LOOK_AGAIN_NS
        if late or self._grown > self._limit // 16:
            self._looked_ns, self._grown = now, 0
            self._keep_limit()

    def _keep_limit(self) -> None:
        found = sorted(_sizes(self.path))
        total = sum(size for _, size in found)
        for path, size in found:
            if total <= self._limit:
                return
            if path in self._open:
                continue
            with contextlib.suppress(OSError):
                path.unlink()
                self.removed += 1
                total -= size


def _sizes(folder: Path) -> Iterator[tuple[Path, int]]:
    with contextlib.suppress(OSError):
        for path in folder.glob(f"*{SUFFIX}"):
            with contextlib.suppress(OSError):  # another process may have removed it meanwhile
                yield path, path.stat().st_size
