"""Store: goldens on disk, written whole or not at all.

A new golden is written beside the old one, brought to the disk, and only then put in its place; its
outline likewise, just before. Whatever fails on the way, the old golden is still there. A golden
whose content would stay the same is left alone, so that recording twice changes nothing.
"""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from agenttrace.errors import GoldenNotWritten, GoldenUnreadable
from agenttrace.formats import native
from agenttrace.formats.schema import LONGEST_FILE
from agenttrace.golden.outline import outline
from agenttrace.golden.place import outline_of

if TYPE_CHECKING:
    from agenttrace.model.trace import Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What became of a golden that was to be saved.

    Attributes:
        path: The golden.
        changed: Whether it was written; False: its content was the same already.
        digest: sha256 over its content.
    """

    path: Path
    changed: bool
    digest: bytes


def load(path: Path) -> bytes | None:
    """Read a golden's bytes; None where there is none.

    Raises:
        GoldenUnreadable: There is something, and it is no file that can be read.
    """
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise _unreadable(path, "it is not a file")
        if found.st_size > LONGEST_FILE:
            raise _unreadable(path, f"it has {found.st_size} bytes; at most {LONGEST_FILE}")
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as problem:
        raise _unreadable(path, problem.strerror or str(problem)) from problem


def save(path: Path, trace: Trace) -> Saved:
    """Make a trace the golden at a path, with its outline beside it.

    A golden of the same content stays as it is; an outline beside it that is not its own does not.

    Raises:
        GoldenNotWritten: The disk or the folder refuses; the old golden is untouched.
        GoldenTooNew: The old golden is of a newer schema, which this version must not replace.
        NotCanonical: The trace holds what no golden can keep.
    """
    data = native.write(trace)
    digest = native.content_digest(data)
    old = load(path)
    with contextlib.suppress(GoldenUnreadable):  # a broken golden is replaced
        if old is not None and _whole(old) == digest:
            _mend(outline_path(path), _outlined(native.read(old)))
            return Saved(path=path, changed=False, digest=digest)
    written = {outline_path(path): _outlined(trace), path: data}
    replace_all(written)
    return Saved(path=path, changed=True, digest=digest)


def replace_all(files: dict[Path, bytes]) -> None:
    """Put files in place together, the last one last, or none of them if one cannot be written.

    Raises:
        GoldenNotWritten: One could not.
    """
    waiting: dict[Path, Path] = {}
    try:
        for path, data in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            waiting[path] = _beside(path, data)
        for path, whole in tuple(waiting.items()):
            whole.replace(path)
            del waiting[path]
        for folder in {path.parent for path in files}:
            _bring_to_disk(folder)
    except OSError as problem:
        raise GoldenNotWritten(
            f"{list(files)[-1]} could not be written: {problem.strerror or problem}",
            detail="  What was there before is still there, whole.\n"
            "  More: agenttrace explain golden-not-written",
            file=str(list(files)[-1]),
            errno=problem.errno,
        ) from problem
    finally:
        for whole in waiting.values():
            with contextlib.suppress(OSError):
                whole.unlink()


def _mend(path: Path, outlined: bytes) -> None:
    there = load(path)
    if there is None or there.replace(b"\r\n", b"\n") != outlined:
        replace_all({path: outlined})


def _outlined(trace: Trace) -> bytes:
    return outline(trace).encode("utf-8", "backslashreplace")


def outline_path(path: Path) -> Path:
    """Give the place of a golden's outline on disk."""
    return path.with_name(outline_of(PurePosixPath(path.name)).name)


def _whole(data: bytes) -> bytes | None:
    """The content digest of a golden all of whose sections are as they were written."""
    golden = native.read_lazy(data)
    for section in golden.sections:
        golden.section(section)
    return golden.content_digest


def _beside(path: Path, data: bytes) -> Path:
    file, temporary = _fresh(path)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(file, rest) :]
        os.fsync(file)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    finally:
        os.close(file)
    return temporary


def _fresh(path: Path) -> tuple[int, Path]:
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0)
    number = 0
    while True:
        temporary = path.with_name(f".{path.name}.{number}.tmp")
        try:
            return os.open(temporary, flags, 0o666), temporary
        except FileExistsError:  # another writer's, or left by a kill
            number += 1


def _bring_to_disk(folder: Path) -> None:
    """Make a rename last; some file systems cannot, and then nothing is lost but haste."""
    with contextlib.suppress(OSError):
        file = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)


def _unreadable(path: Path, why: str) -> GoldenUnreadable:
    return GoldenUnreadable(
        f"{path} cannot be read: {why}",
        detail="  More: agenttrace explain golden-unreadable",
        file=str(path),
        offset=0,
    )
