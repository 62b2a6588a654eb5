"""Sources: where tests stand in files of the head, which are read as text and never imported."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agenttrace.errors import GoldenUnreadable
from agenttrace.golden import place

if TYPE_CHECKING:
    from agenttrace.gate.git import Repository

PATTERNS = (":(top,glob)**/test_*.py", ":(top,glob)**/*_test.py")
"""What pytest takes for files of tests, unless it is told otherwise."""

_DEFINED = re.compile(rb"^[ \t]*(?:async[ \t]+)?(def|class)[ \t]+(\w+)", re.MULTILINE)


class Sources:
    """The files of tests of one commit."""

    def __init__(self, repository: Repository, commit: str) -> None:
        """Take a commit; nothing is read yet."""
        self._repository, self._commit = repository, commit
        self._known: dict[str, dict[str, int] | None] = {}

    def has(self, file: str, test: str) -> bool:
        """Whether a file may hold a test: its function is there, or a class that may inherit it."""
        names = self._names(file)
        if names is None:
            return False
        *classes, function = inside(test)
        return function in names or any(name in names for name in classes)

    def line(self, file: str, test: str) -> int:
        """The line of a test, from 1; 0 where it is not known."""
        names = self._names(file) or {}
        found = (names.get(name, 0) for name in reversed(inside(test)))
        return next((line for line in found if line), 0)

    def _names(self, file: str) -> dict[str, int] | None:
        if file not in self._known:
            try:
                data = self._repository.object(f"{self._commit}:{file}") if file else None
            except GoldenUnreadable:
                data = b""
            self._known[file] = None if data is None else defined(data)
        return self._known[file]


def defined(data: bytes) -> dict[str, int]:
    """The functions and classes that a file defines, each with its first line."""
    found: dict[str, int] = {}
    line, at = 1, 0
    for one in _DEFINED.finditer(data):
        line += data.count(b"\n", at, one.start(1))
        at = one.start(1)
        found.setdefault(one[2].decode(), line)
    return found


def inside(test: str) -> tuple[str, ...]:
    """The classes and the function of a test's id, without parameters or a run's name."""
    return tuple(test.partition("[")[0].partition(" (")[0].split("::")[1:]) or ("",)


def root_of(path: str, folders: tuple[str, ...]) -> tuple[str, str]:
    """Part a golden's path at the folder of goldens: the root of the tests, and what comes after.

    The root is empty or ends in a slash.
    """
    parts = path.split("/")
    at = next((number for number, part in enumerate(parts[:-1]) if part in folders), 0)
    return "".join(f"{part}/" for part in parts[:at]), "/".join(parts[at + 1 :])


def goldens_of(path: str, file: str, names: frozenset[str], folders: tuple[str, ...]) -> bool:
    """Whether a golden is that of a test of some names, in a file; classes may stand between."""
    root, rest = root_of(path, folders)
    if not file.startswith(root):
        return False
    folder = str(place.folder_of(file.removeprefix(root)))
    stem = rest.rpartition("/")[2].partition("[")[0].partition(".")[0]
    return rest.startswith(f"{folder}/") and stem in names
