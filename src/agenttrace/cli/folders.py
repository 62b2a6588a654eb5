"""Folders: the traces that commands over many of them read, and what came of each file."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from agenttrace.cli import words
from agenttrace.cli.progress import Progress
from agenttrace.errors import AgentTraceError, UnknownFormat
from agenttrace.formats.files import files_below, traces_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from agenttrace.model.trace import Trace

_MOST = 3
_UNREADABLE = 4


class Files:
    """Files and folders that were named, read one after the other.

    Attributes:
        left_out: What is no trace, of folders.
        unreadable: What looks like one and cannot be read, of folders; each with the reason.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        """Find the files; nothing is read yet."""
        self._files = [(file, path.is_dir()) for path in paths for file in files_below(path)]
        self.left_out: list[Path] = []
        self.unreadable: list[tuple[Path, str]] = []

    def traces(self) -> Iterator[Trace]:
        """Every trace of every file.

        Raises:
            AgentTraceError: A file that was named itself is no trace, or cannot be read.
        """
        with Progress("read", len(self._files)) as progress:
            for done, (file, is_found) in enumerate(self._files):
                progress.at(done)
                try:
                    yield from traces_at(file)
                except UnknownFormat:
                    if not is_found:
                        raise
                    self.left_out.append(file)
                except AgentTraceError as problem:
                    if not is_found:
                        raise
                    self.unreadable.append((file, problem.headline))

    def as_dict(self) -> dict[str, Any]:
        """What came of the files that are not shown, as plain JSON data."""
        return {
            "left_out": [*map(str, self.left_out)],
            "unreadable": [{"file": str(file), "why": why} for file, why in self.unreadable],
        }

    def close(self) -> None:
        """Tell on stderr what was not read; leave with 4 where something should have been."""
        if self.left_out:
            named = ", ".join(one.name for one in self.left_out[:_MOST])
            more = len(self.left_out) - _MOST
            also = f" and {more} more" if more > 0 else ""
            click.echo(f"left out, no trace: {words.line(named)}{also}", err=True)
        for file, why in self.unreadable:
            click.echo(f"could not be read: {words.line(str(file))}: {words.line(why)}", err=True)
        if self.unreadable:
            sys.exit(_UNREADABLE)
