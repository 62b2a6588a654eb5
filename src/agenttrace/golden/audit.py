"""Audit: what is wrong with a folder of goldens that no test would notice, or only too late."""

from __future__ import annotations

import ast
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from agenttrace.check.invariants import violations
from agenttrace.errors import AgentTraceError, GoldenTooNew
from agenttrace.formats import native
from agenttrace.golden import store
from agenttrace.golden.outline import outline
from agenttrace.golden.place import OUTLINE_SUFFIX, PENDING_SUFFIX, SUFFIX, golden_of
from agenttrace.redact import left_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from agenttrace.model.trace import Trace
    from agenttrace.redact import Redactor

UNREADABLE = frozenset({"unreadable", "too-new", "conflict", "lfs-pointer"})
"""The findings that say that a file is no golden that we can read."""

_LFS = b"version https://git-lfs.github.com/spec/"
_CONFLICT = (b"<<<<<<< ", b"=======", b">>>>>>> ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        kind: `stale-outline`, `orphan`, `secret`, `impossible`, `too-new`, `unreadable`,
            `case-collision`, `conflict` or `lfs-pointer`.
        path: The file.
        why: What is wrong with it.
        way_on: What a person types or does next.
    """

    kind: str
    path: Path
    why: str
    way_on: str


def audited(folder: Path, root: Path, redactor: Redactor) -> Iterator[Finding]:
    """Look at every golden, outline and waiting trace below a folder, in the order of their names.

    Args:
        folder: The folder of the goldens.
        root: Where the tests' files are found; nothing in them is run or imported.
        redactor: Knows what a secret looks like.
    """
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.name.endswith((SUFFIX, OUTLINE_SUFFIX, PENDING_SUFFIX)) and path.is_file()
    )
    yield from _colliding(files)
    known: dict[Path, frozenset[str] | None] = {}
    for path in files:
        if path.name.endswith(OUTLINE_SUFFIX):
            yield from _outline_alone(path, redactor)
        else:
            yield from _golden(path, root, redactor, known)


def write_outline(golden: Path) -> None:
    """Write a golden's outline anew.

    Raises:
        AgentTraceError: The golden cannot be read, or the folder refuses.
    """
    trace = native.read(store.load(golden) or b"", name=str(golden))
    store.replace_all({store.outline_path(golden): _outlined(trace)})


def _golden(
    path: Path, root: Path, redactor: Redactor, known: dict[Path, frozenset[str] | None]
) -> Iterator[Finding]:
    try:
        data = store.load(path) or b""
        if (marked := _marked(path, data)) is not None:
            yield marked
            return
        trace = native.read(data, name=str(path))
    except GoldenTooNew as problem:
        yield Finding(
            kind="too-new",
            path=path,
            why=problem.headline,
            way_on="pip install --upgrade pytest-agenttrace",
        )
        return
    except AgentTraceError as problem:
        yield Finding(
            kind="unreadable",
            path=path,
            why=problem.headline,
            way_on=f"git checkout -- {path}",
        )
        return
    yield from _secrets(path, trace, redactor)
    yield from _impossible(path, trace)
    if path.name.endswith(SUFFIX):
        yield from _outline_of(path, trace)
        yield from _orphaned(path, trace, root, known)


def _marked(path: Path, data: bytes) -> Finding | None:
    """What version control left in a file's place, or in it."""
    if data.startswith(_LFS):
        return Finding(
            kind="lfs-pointer",
            path=path,
            why="it is a pointer to a large file that was not fetched",
            way_on=f"git lfs pull --include {path}",
        )
    lines = data.split(b"\n") if data.startswith(_CONFLICT[0]) or b"\n<<<<<<< " in data else []
    if all(any(line.startswith(mark) for line in lines) for mark in _CONFLICT):
        return Finding(
            kind="conflict",
            path=path,
            why="it holds the marks of a merge that nobody ended",
            way_on=f"git checkout --theirs -- {path}, then record the test again",
        )
    return None


def _secrets(path: Path, trace: Trace, redactor: Redactor) -> Iterator[Finding]:
    for kind, span in dict.fromkeys((left.kind, left.span) for left in left_in(trace, redactor)):
        yield Finding(
            kind="secret",
            path=path,
            why=f"it holds a secret of the kind {kind}, in {f'span {span}' if span else 'no span'}",
            way_on="revoke it, then record the test again: secrets are out of new recordings",
        )


def _impossible(path: Path, trace: Trace) -> Iterator[Finding]:
    for one in violations(trace):
        yield Finding(
            kind="impossible",
            path=path,
            why=f"{one.rule}: {one.text}",
            way_on="record the test again",
        )


def has_stale_outline(path: Path, trace: Trace) -> bool:
    """Whether an outline lies beside a golden that does not say what it holds."""
    beside = store.outline_path(path)
    return beside.is_file() and beside.read_bytes().replace(b"\r\n", b"\n") != _outlined(trace)


def _outline_of(path: Path, trace: Trace) -> Iterator[Finding]:
    beside = store.outline_path(path)
    if not beside.is_file():
        why = "there is none"
    elif has_stale_outline(path, trace):
        why = "it does not say what its golden holds"
    else:
        return
    yield Finding(kind="stale-outline", path=beside, why=why, way_on="agenttrace check --fix")


def _outline_alone(path: Path, redactor: Redactor) -> Iterator[Finding]:
    golden = path.with_name(golden_of(PurePosixPath(path.name)).name)
    data = path.read_bytes()
    marked = _marked(path, data)
    if marked is not None:
        yield marked
    elif not golden.exists():
        yield Finding(kind="orphan", path=path, why="its golden is gone", way_on=f"git rm {path}")
    elif found := redactor.find(data.decode("utf-8", "replace")):
        yield Finding(
            kind="secret",
            path=path,
            why=f"it holds a secret of the kind {found[0].kind}",
            way_on="revoke it, then record the test again",
        )


def _orphaned(
    path: Path, trace: Trace, root: Path, known: dict[Path, frozenset[str] | None]
) -> Iterator[Finding]:
    """A golden whose test is gone; one that was not made by a test is nobody's orphan."""
    file, _, inside = trace.name.partition("::")
    if not file.endswith(".py") or not inside:
        return
    source = root / file
    if source not in known:
        known[source] = _names_in(source)
    names, wanted = known[source], inside.partition("[")[0].partition(" (")[0]
    if names is None:
        why = f"{file} is gone"
    elif wanted.rpartition("::")[2] not in names:
        why = f"{file} has no {wanted}"
    else:
        return
    yield Finding(
        kind="orphan",
        path=path,
        why=f"no test replays it: {why}",
        way_on=f"git rm {path} {store.outline_path(path)}",
    )


def _names_in(source: Path) -> frozenset[str] | None:
    """The names of the functions in a file, which is read and never run; None: there is no file."""
    try:
        tree = ast.parse(source.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, SyntaxError, ValueError):
        return _Any()
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    named = {node.name for node in ast.walk(tree) if isinstance(node, kinds)}
    bases = any(node.bases for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    return _Any() if bases else frozenset(named)  # a test may be inherited from another file


class _Any(frozenset[str]):
    """Every name: what is in a file cannot be known without running it."""

    def __contains__(self, name: object) -> bool:
        return True


def _colliding(files: Iterable[Path]) -> Iterator[Finding]:
    by_place: defaultdict[str, list[Path]] = defaultdict(list)
    for path in files:
        by_place[str(path).casefold()].append(path)
    for paths in by_place.values():
        for path in paths[1:]:
            yield Finding(
                kind="case-collision",
                path=path,
                why=f"it is one file with {paths[0]} where upper and lower case are one",
                way_on="rename one of the two tests",
            )


def _outlined(trace: Trace) -> bytes:
    return outline(trace).encode("utf-8", "backslashreplace")
