"""Place: which file is the golden of a test, and which test a file belongs to.

The path says the test's file, classes and name, so that a reviewer finds one from the other. Every
character that some file system refuses, changes or reads as a path is escaped, and no two tests
share an escaped name; what some file system takes for one file all the same, `collisions` finds.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from agenttrace.errors import GoldenCollision, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

FOLDER = "golden"
"""Where goldens live, below the root of the tests."""
SUFFIX, OUTLINE_SUFFIX, PENDING_SUFFIX = ".trace", ".trace.txt", ".trace.new"

LONGEST_NAME = 120
"""Longer names are cut; 255 bytes are what file systems allow, and suffixes come after."""

_PLAIN = re.compile(r"[A-Za-z0-9_\-+=,@\[\].]")
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(?=\.|$)", re.IGNORECASE)
_CUT = "~"


def golden_path(test_id: str, *, run: str = "", ordinal: int = 1) -> PurePosixPath:
    """Give the place of a run's golden, relative to the folder of goldens.

    Args:
        test_id: The test as pytest names it: `tests/test_refund.py::TestDesk::test_refund[eu]`.
        run: The name of the run inside the test, where it has one.
        ordinal: Which unnamed run of the test it is, from 1.

    Raises:
        UsageError: The run's name is a number, as unnamed ones have.
    """
    if run.isdecimal():
        raise UsageError(f"a run cannot be named {run!r}: unnamed runs are numbered")
    file, *inside = test_id.split("::") if "[" not in test_id else _split(test_id)
    *folders, last = file.split("/")
    names = [*folders, last.removesuffix(".py"), *inside[:-1]]
    suffix = run or (str(ordinal) if ordinal > 1 else "")
    stem = _stem(inside[-1] if inside else "")
    if suffix:
        stem = f"{stem}.{_cut(_escaped(suffix, also='.[]'), suffix)}"
    return PurePosixPath(*(_name(name) for name in names if name), stem + SUFFIX)


def folder_of(test_file: str) -> PurePosixPath:
    """Give the folder of all goldens of a test file, relative to the folder of goldens."""
    return golden_path(f"{test_file}::x").parent


def outline_of(golden: PurePosixPath) -> PurePosixPath:
    """Give the place of a golden's outline."""
    return golden.with_name(golden.name.removesuffix(SUFFIX) + OUTLINE_SUFFIX)


def pending_of(golden: PurePosixPath) -> PurePosixPath:
    """Give the place of the trace that waits to replace a golden."""
    return golden.with_name(golden.name.removesuffix(SUFFIX) + PENDING_SUFFIX)


def golden_of(path: PurePosixPath) -> PurePosixPath:
    """Give the golden that an outline or a waiting trace stands beside; a golden is its own."""
    for suffix in (OUTLINE_SUFFIX, PENDING_SUFFIX):
        if path.name.endswith(suffix):
            return path.with_name(path.name.removesuffix(suffix) + SUFFIX)
    return path


def collisions(test_ids: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Find tests whose goldens would be one file, here or where upper and lower case are one."""
    by_place: defaultdict[str, list[str]] = defaultdict(list)
    for test_id in dict.fromkeys(test_ids):
        by_place[str(golden_path(test_id)).casefold()].append(test_id)
    return tuple(tuple(tests) for tests in by_place.values() if len(tests) > 1)


def refuse_collisions(test_ids: Iterable[str]) -> None:
    """Raise where two tests would share a golden.

    Raises:
        GoldenCollision: They would; the error names them.
    """
    found = collisions(test_ids)
    if found:
        tests = "".join(f"      {test}\n" for group in found for test in group)
        place = golden_path(found[0][0])
        raise GoldenCollision(
            f"{len(found[0])} tests would write the same golden, {FOLDER}/{place}",
            detail=f"  tests\n{tests}  Rename one. More: agenttrace explain golden-collision",
            tests=found,
        )


def _split(test_id: str) -> list[str]:
    """Part a test id at the `::` before its parameters, which may hold anything."""
    head, bracket, parameters = test_id.partition("[")
    parts = head.split("::")
    if len(parts) == 1:  # the bracket is in a folder's name
        return test_id.split("::")
    return [*parts[:-1], parts[-1] + bracket + parameters]


def _stem(name: str) -> str:
    function, bracket, parameters = name.partition("[")
    escaped = _escaped(function, also=".]") + bracket + _escaped(parameters)
    return _cut(_safe(escaped) if escaped else "%", name)


def _name(name: str) -> str:
    return _cut(_safe(_escaped(name)), name)


def _escaped(text: str, *, also: str = "") -> str:
    return "".join(
        character
        if _PLAIN.fullmatch(character) and character not in also
        else "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))
        for character in text
    )


def _safe(name: str) -> str:
    """Escape what is special about a name: hidden files, `..`, Windows' devices, a last dot."""
    if name.startswith(".") or _RESERVED.match(name):
        name = f"%{ord(name[0]):02X}{name[1:]}"
    return f"{name[:-1]}%2E" if name.endswith(".") else name


def _cut(name: str, whole: str) -> str:
    if len(name) <= LONGEST_NAME:
        return name
    digest = hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    kept = re.sub(r"%[0-9A-F]?$", "", name[: LONGEST_NAME - len(digest) - len(_CUT)])
    return kept + _CUT + digest
