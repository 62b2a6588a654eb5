"""Following: goldens that lie elsewhere now, because their test or its file was renamed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agenttrace.golden.place import OUTLINE_SUFFIX, SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from agenttrace.gate.git import Entry
    from agenttrace.gate.policy import Policy

_CHANGES = {"A": "added", "D": "deleted", "M": "modified", "T": "modified", "R": "renamed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One golden before and now.

    Attributes:
        path: Where it lies; where it lay, if it is gone.
        old_path: Where it lay, if that was elsewhere; else empty.
        change: `added`, `deleted`, `renamed` or `modified`.
        old_oid: The object it was; empty where it was none.
        oid: The object it is; empty where it is none.
        old_mode: Its mode before.
        mode: Its mode now.
        moved_to: Where it lies, of one that left every folder of goldens; else empty.
    """

    path: str
    old_path: str
    change: str
    old_oid: str
    oid: str
    old_mode: str
    mode: str
    moved_to: str = ""


def followed(entries: Sequence[Entry], policy: Policy) -> tuple[Pair, ...]:
    """Pair what went with what came: as git did, then by outline, then by name.

    A golden that was recorded again under its test's new name is no copy of the old one, since ids
    are made from names; its outline is nearly one. And one name that went and came exactly once,
    in another folder, is the same golden.

    Args:
        entries: What changed, goldens and outlines.
        policy: Says which files are goldens.
    """
    goldens = [
        one for one in entries if _is_golden(one.path, policy) or _is_golden(one.old_path, policy)
    ]
    went = {one.path: one for one in goldens if one.status == "D"}
    came = {one.path: one for one in goldens if one.status == "A"}
    both: dict[str, Entry] = {}
    for old, new in (*_by_outline(entries), *_by_name(went, came)):
        if old in went and new in came:
            both[new] = went.pop(old)
            del came[new]
    return tuple(_pairs(goldens, both, policy))


def _by_outline(entries: Sequence[Entry]) -> Iterator[tuple[str, str]]:
    for one in entries:
        if one.status == "R" and one.path.endswith(OUTLINE_SUFFIX):
            yield (
                one.old_path.removesuffix(OUTLINE_SUFFIX) + SUFFIX,
                one.path.removesuffix(OUTLINE_SUFFIX) + SUFFIX,
            )


def _by_name(went: Iterable[str], came: Iterable[str]) -> Iterator[tuple[str, str]]:
    old, new = _named(went), _named(came)
    for name in old.keys() & new.keys():
        if len(old[name]) == len(new[name]) == 1:
            yield old[name][0], new[name][0]


def _named(paths: Iterable[str]) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path in paths:
        found[path.rpartition("/")[2]].append(path)
    return found


def _is_golden(path: str, policy: Policy) -> bool:
    return path.endswith(SUFFIX) and policy.holds(path)


def _pairs(entries: Sequence[Entry], both: Mapping[str, Entry], policy: Policy) -> Iterator[Pair]:
    gone = {old.path for old in both.values()}
    for entry in entries:
        if entry.path in gone and entry.status == "D":
            continue
        old = both.get(entry.path)
        if entry.status == "R" or old is not None:
            yield _renamed(entry, old or entry, policy)
        else:
            yield Pair(
                path=entry.path,
                old_path="",
                change=_CHANGES.get(entry.status, "modified"),
                old_oid=entry.old_oid,
                oid=entry.oid,
                old_mode=entry.old_mode,
                mode=entry.mode,
            )


def _renamed(entry: Entry, old: Entry, policy: Policy) -> Pair:
    stays = _is_golden(entry.path, policy)
    came = not _is_golden(old.old_path, policy)
    return Pair(
        path=entry.path if stays else old.old_path,
        old_path="" if came or not stays else old.old_path,
        change="added" if came else "renamed" if stays else "deleted",
        old_oid="" if came else old.old_oid,
        oid=entry.oid if stays else "",
        old_mode=old.old_mode,
        mode=entry.mode,
        moved_to="" if stays else entry.path,
    )
