"""Git: two revisions of a repository, read as objects; nothing is checked out, imported or run.

A few processes do it, however many goldens there are: one that says where things are, one that
finds where the head parted from the base, one that lists what changed, and one that hands out the
objects that are asked for by name.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from agenttrace.errors import (
    GitFailed,
    GitIncomplete,
    GoldenUnreadable,
    NoMergeBase,
    RevisionUnknown,
)
from agenttrace.formats.schema import LONGEST_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Self

LINK, SUBMODULE, NOTHING = "120000", "160000", "000000"
"""Modes of entries that are no files: a symbolic link, another repository, nothing."""

MOST_RENAMES = 400
"""Of more goldens that went and came, only those with the same content are followed."""

_MISSING_OID = "0"
_PIECE = 1 << 16
_NOT_A_REPOSITORY = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file that differs between two trees.

    Attributes:
        status: `A` added, `D` deleted, `M` changed, `R` renamed, `T` of another type.
        old_path: Where it was; where it is, if it is new. Bytes that are no text are escaped.
        path: Where it is; where it was, if it is gone.
        old_oid: The object it was; empty where it was none.
        oid: The object it is; empty where it is none.
        old_mode: Its mode before, six digits.
        mode: Its mode now.
    """

    status: str
    old_path: str
    path: str
    old_oid: str
    oid: str
    old_mode: str
    mode: str


@dataclass(slots=True)
class Repository:
    """A repository, and what was asked of it.

    Attributes:
        place: Where the commands run.
        prefix: Where that is, from the top of the repository: empty, or `services/desk/`.
        started: How many git processes were started.
        read: How many objects were read.
    """

    place: Path
    prefix: str = ""
    started: int = 0
    read: int = 0
    _shallow: bool = False
    _batch: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @classmethod
    def at(cls, place: Path) -> Self:
        """Find the repository that a folder is in.

        Raises:
            GitFailed: There is none, or no git.
        """
        found = cls(place)
        words = ("rev-parse", "--show-prefix", "--is-shallow-repository", "--is-bare-repository")
        prefix, shallow, _ = found.run(*words).decode("utf-8", "backslashreplace").split("\n")[:3]
        found.prefix, found._shallow = prefix, shallow == "true"
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process that hands out objects."""
        batch, self._batch = self._batch, None
        if batch is None:
            return
        for stream in (batch.stdin, batch.stdout, batch.stderr):
            if stream is not None:
                stream.close()
        batch.wait()

    # -- revisions --------------------------------------------------------------------------------
    def commit(self, name: str) -> str:
        """The commit that a revision names; 40 hex digits or 64.

        Raises:
            RevisionUnknown: It names none.
            GitIncomplete: It names none, and the clone is shallow.
        """
        try:
            words = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
            return self.run(*words).decode().strip()
        except GitFailed:
            pass
        if self._shallow:
            raise _shallow(f"{name!r} is not in this shallow clone")
        raise RevisionUnknown(
            f"the repository has no revision {name!r}",
            detail="  Fetch it, or name another one:\n"
            "      git fetch origin\n"
            "      agenttrace gate --base REVISION\n"
            "  More: agenttrace explain revision-unknown",
        )

    def commits(self, *names: str) -> list[str]:
        """The commits that revisions name, asked for at once; as `commit` does of each."""
        if not any(name.startswith("-") for name in names):
            try:
                said = self.run("rev-parse", *(f"{name}^{{commit}}" for name in names)).split()
            except GitFailed:
                said = []
            if len(said) == len(names):
                return [one.decode() for one in said]
        return [self.commit(name) for name in names]

    def merge_bases(self, base: str, head: str) -> tuple[str, ...]:
        """The commits where the head parted from the base, the best first; usually one.

        Raises:
            NoMergeBase: There is none.
            GitIncomplete: There is none, and the clone is shallow.
        """
        try:
            said = self.run("merge-base", "--all", base, head).decode()
        except GitFailed:
            said = ""
        if said.strip():
            return tuple(said.split())
        if self._shallow:
            raise _shallow("this shallow clone does not reach back to where the head parted")
        raise NoMergeBase(
            f"{base[:12]} and {head[:12]} have no commit in common",
            detail="  Name a base that the head grew from:\n"
            "      agenttrace gate --base REVISION\n"
            "  More: agenttrace explain no-merge-base",
        )

    # -- trees ------------------------------------------------------------------------------------
    def changed(self, base: str, head: str, patterns: Sequence[str]) -> tuple[Entry, ...]:
        """List the files that differ between two commits, by path; no content is read by us."""
        out = self.run(
            "diff-tree",
            "-r",
            "-z",
            "--raw",
            "--no-abbrev",
            "--find-renames",
            f"-l{MOST_RENAMES}",
            base,
            head,
            "--",
            *patterns,
        )
        return tuple(_entries(out))

    def files(self, commit: str, *, below: str = "") -> Iterator[str]:
        """Name every file of a commit, or those below a folder."""
        out = self.run("ls-tree", "-r", "-z", "--name-only", commit, "--", f":(top){below}")
        return (_text(name) for name in out.split(b"\0") if name)

    def uncommitted(self, *patterns: str) -> tuple[str, ...]:
        """Name the files of the working folder that are not as `HEAD` has them, or not in it.

        Raises:
            GitFailed: There is no working folder.
        """
        words = ("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--")
        return tuple(_text(one[3:]) for one in self.run(*words, *patterns).split(b"\0") if one)

    # -- objects ----------------------------------------------------------------------------------
    def object(self, name: str) -> bytes | None:
        """Read a file by its object id, or by `COMMIT:PATH`; None where it is not there.

        Raises:
            GitIncomplete: The clone knows of it, and does not hold it.
            GoldenUnreadable: It is larger than any golden may be.
        """
        if "\n" in name:  # git's protocol has one name a line
            return None
        batch = self._batch = self._batch or self._handing_out()
        if batch.stdin is None or batch.stdout is None:  # pragma: no cover - both are pipes
            raise AssertionError
        try:
            batch.stdin.write(name.encode("utf-8", "surrogateescape") + b"\n")
            batch.stdin.flush()
            head = batch.stdout.readline().split()
        except OSError:
            head = []
        if not head:
            raise _missing(name)
        if head[-1] in (b"missing", b"ambiguous", b"dangling", b"loop", b"notdir"):
            return None
        size = int(head[-1])
        self.read += 1
        if size > LONGEST_FILE:
            _skip(batch, size)
            raise GoldenUnreadable(f"it has {size} bytes; at most {LONGEST_FILE}")
        data = batch.stdout.read(size + 1)[:-1]
        return data if head[1] == b"blob" else None

    def blob(self, oid: str, what: str) -> bytes:
        """Read an object that is known to be there.

        Raises:
            GitIncomplete: The clone does not hold it.
        """
        data = self.object(oid)
        if data is None:
            raise _missing(what)
        return data

    # -- git itself -------------------------------------------------------------------------------
    def run(self, *words: str) -> bytes:
        """Run git, and give what it says.

        Raises:
            GitFailed: There is no git, or it fails.
        """
        self.started += 1
        try:
            done = subprocess.run(  # noqa: S603 - git, with words of our own and revisions after `--`
                ("git", *words),  # noqa: S607 - the git that the user runs
                cwd=self.place,
                env=_environment(),
                capture_output=True,
                check=False,
            )
        except OSError as problem:
            raise _failed(f"git cannot be started: {problem.strerror or problem}") from problem
        if done.returncode:
            said = done.stderr.decode("utf-8", "backslashreplace").strip().split("\n")[0]
            raise _failed(f"git {words[0]} failed: {said or f'it ended with {done.returncode}'}")
        return done.stdout

    def _handing_out(self) -> subprocess.Popen[bytes]:
        self.started += 1
        return subprocess.Popen(
            ("git", "cat-file", "--batch"),  # noqa: S607 - as above
            cwd=self.place,
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )


def _environment() -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}


def _entries(out: bytes) -> Iterator[Entry]:
    fields = iter(out.split(b"\0"))
    for head in fields:
        if not head.startswith(b":"):
            continue
        old_mode, mode, old_oid, oid, status = head[1:].decode("ascii").split(" ")
        old_path = path = _text(next(fields))
        if status[0] in "RC":
            path = _text(next(fields))
        yield Entry(
            status=status[0],
            old_path=old_path,
            path=path,
            old_oid="" if not old_oid.strip(_MISSING_OID) else old_oid,
            oid="" if not oid.strip(_MISSING_OID) else oid,
            old_mode=old_mode,
            mode=mode,
        )


def _text(name: bytes) -> str:
    """A path as text; bytes that are none are escaped, so that a report can always say it."""
    return name.decode("utf-8", "backslashreplace")


def _skip(batch: subprocess.Popen[bytes], size: int) -> None:
    left = size + 1
    while left and batch.stdout is not None:
        piece = batch.stdout.read(min(left, _PIECE))
        if not piece:
            return
        left -= len(piece)


def _failed(why: str) -> GitFailed:
    return GitFailed(
        why,
        detail="  Run it inside the repository, with git on PATH.\n"
        "  More: agenttrace explain git-failed",
    )


def _shallow(why: str) -> GitIncomplete:
    return GitIncomplete(
        why,
        detail="  Fetch the whole history; in a pipeline, check out with depth 0:\n"
        "      git fetch --unshallow origin\n"
        "  More: agenttrace explain git-incomplete",
    )


def _missing(what: str) -> GitIncomplete:
    return GitIncomplete(
        f"this clone does not hold {what}",
        detail="  It is a partial clone, and its remote did not answer. Fetch what is missing:\n"
        "      git fetch --refetch origin\n"
        "  More: agenttrace explain git-incomplete",
    )
