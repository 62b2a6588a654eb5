"""Waiting traces by what a person names: a golden, its `.new` file, or a folder of them."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from agenttrace.errors import UsageError
from agenttrace.golden import pending
from agenttrace.golden.place import FOLDER, PENDING_SUFFIX, golden_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agenttrace.golden.pending import Pending


def named(paths: Sequence[Path], *, everything: bool) -> list[Pending]:
    """Find what waits at some paths, or everything below the folder of the goldens.

    Raises:
        UsageError: Neither is said, or both, or nothing is there.
        GoldenMissing: Nothing waits beside a golden that was named.
    """
    if bool(paths) == everything:
        raise UsageError("name goldens or folders, or say --all")
    found: list[Pending] = []
    for path in paths or [Path(FOLDER)]:
        if path.is_dir():
            found.extend(pending.waiting(path))
            continue
        name = path.name
        if name.endswith(PENDING_SUFFIX):
            name = golden_of(PurePosixPath(name)).name
        one = pending.pending_for(path.with_name(name))
        if not one.path.exists():
            raise pending.nothing(one.golden)
        found.append(one)
    return list(dict.fromkeys(found))
