"""Approvals: what somebody decided about differences, in a file that is itself reviewed.

An approval names the content of a difference, and no commit: it holds after a rebase, a squash and
in a merge queue, and stops as soon as the difference is another one. The name in it is what its
author wrote. What makes it worth something is that the file is part of the change, and that the
right people must review it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from agenttrace.errors import ApprovalsInvalid
from agenttrace.verdict import GATE_CLASSES, Decision, GateFinding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

HEAD = """\
# Written by `agenttrace accept`, `reject` and `review`. Each entry names the content of one
# difference; it stops applying when the difference changes. The review of this file is the
# control, not the names in it: let CODEOWNERS say who must review it.
"""

MOST = 10_000
"""How many entries a file may have."""

_ID = re.compile(r"[0-9a-f]{16}")
_KEYS = ("id", "class", "test", "title", "verdict", "reason", "by", "on", "expires")
_NEEDED = ("id", "class", "verdict", "reason", "on", "expires")
_VERDICTS = {"accepted": True, "rejected": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of the file.

    Attributes:
        decision: What was decided.
        title: What the finding is about, for who reads the file.
    """

    decision: Decision
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvals:
    """The file.

    Attributes:
        path: Where it lies, from the top of the repository.
        entries: By the finding's id.
    """

    path: str
    entries: Mapping[str, Entry]

    def applied(self, finding: GateFinding) -> tuple[GateFinding, GateFinding | None]:
        """Give a finding with what was decided about it, and one about the entry, if it lies.

        An entry that says another class or test than the finding has misleads who reviews it.
        """
        entry = self.entries.get(finding.id)
        if entry is None:
            return finding, None
        said = entry.decision
        if (said.kind, said.test) != (finding.kind, finding.test):
            return finding, GateFinding(
                id=finding.id[::-1],
                kind="forged",
                severity=Severity.BLOCK,
                test=finding.test,
                path=self.path,
                what="forged",
                title=f"approval {finding.id}",
                why=f"it says {said.kind} of {said.test}, and the difference is {finding.kind} of "
                f"{finding.test}",
                way_on=f"take it out of {self.path}, and accept again",
                reason="an approval that says another thing than it approves is always blocked",
            )
        if said.live and not said.accepted:
            blocked = replace(finding, severity=Severity.BLOCK, decision=said)
            return replace(blocked, reason=f"rejected: {said.reason}"), None
        return replace(finding, decision=said), None


def approvals_of(data: bytes | None, path: str, *, today: str, expire_days: int) -> Approvals:
    """Read the file; none is one without entries.

    Args:
        data: Its bytes.
        path: What errors call it.
        today: The day, as `2026-11-22`.
        expire_days: How long an approval holds at most, whatever it says itself.

    Raises:
        ApprovalsInvalid: It is no TOML, or an entry is none.
    """
    if data is None:
        return Approvals(path=path, entries={})
    try:
        said = tomllib.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as problem:
        raise _invalid(path, f"it is no TOML: {problem}") from None
    tables = said.pop("approval", [])
    if said or not isinstance(tables, list) or len(tables) > MOST:
        raise _invalid(path, f"it holds [[approval]] tables, at most {MOST}, and nothing else")
    entries: dict[str, Entry] = {}
    for number, table in enumerate(tables, 1):
        entry = _entry(table, f"{path}, entry {number}", date.fromisoformat(today), expire_days)
        if entry.decision.id in entries:
            raise _invalid(path, f"it has two entries for {entry.decision.id}")
        entries[entry.decision.id] = entry
    return Approvals(path=path, entries=entries)


def written(entries: Iterable[Entry]) -> bytes:
    """Write the file: one entry after the other, by test and id, so that branches merge."""
    parts = [HEAD]
    for entry in sorted(entries, key=lambda one: (one.decision.test, one.decision.id)):
        said = entry.decision
        values = {
            "id": said.id,
            "class": said.kind,
            "test": said.test,
            "title": entry.title,
            "verdict": "accepted" if said.accepted else "rejected",
            "reason": said.reason,
            "by": said.by,
            "on": said.on,
            "expires": said.expires,
        }
        lines = [f"{name} = {_quoted(value)}\n" for name, value in values.items() if value]
        parts.append("".join(["\n[[approval]]\n", *lines]))
    return "".join(parts).encode("utf-8")


def decided(
    finding: GateFinding, *, accepted: bool, reason: str, by: str, today: str, expire_days: int
) -> Entry:
    """Make the entry for a finding."""
    last = date.fromisoformat(today) + timedelta(days=expire_days)
    decision = Decision(
        id=finding.id,
        kind=finding.kind,
        test=finding.test,
        reason=reason,
        by=by,
        on=today,
        expires=last.isoformat(),
        accepted=accepted,
    )
    return Entry(decision=decision, title=f"{finding.title}: {finding.what}")


def path_beside(prefix: str, said: str) -> str:
    """Where the file lies, from the top of the repository; never above it."""
    return str(PurePosixPath(prefix, said))


def _entry(table: object, whose: str, today: date, expire_days: int) -> Entry:
    if not isinstance(table, dict):
        raise _invalid(whose, "it is no table")
    for key in table:
        if key not in _KEYS:
            raise _invalid(whose, f"there is no key {key!r}; there are {', '.join(_KEYS)}")
    values: dict[str, Any] = {key: table.get(key, "") for key in _KEYS}
    for key, value in values.items():
        if not isinstance(value, str) or (key in _NEEDED and not value.strip()):
            raise _invalid(whose, f"{key} = {value!r}: it is a text, and must be said")
    if not _ID.fullmatch(values["id"]):
        raise _invalid(whose, f"id = {values['id']!r}: it is 16 hex digits")
    if values["class"] not in GATE_CLASSES:
        raise _invalid(whose, f"class = {values['class']!r} is none")
    if values["verdict"] not in _VERDICTS:
        raise _invalid(whose, f"verdict = {values['verdict']!r}: accepted or rejected")
    try:
        made, last = date.fromisoformat(values["on"]), date.fromisoformat(values["expires"])
    except ValueError as problem:
        raise _invalid(whose, f"on and expires are days, such as 2026-11-22: {problem}") from None
    last = min(last, made + timedelta(days=expire_days))
    accepted = _VERDICTS[values["verdict"]]
    decision = Decision(
        id=values["id"],
        kind=values["class"],
        test=values["test"],
        reason=values["reason"],
        by=values["by"],
        on=values["on"],
        expires=last.isoformat(),
        live=(made <= today + timedelta(days=1) and today <= last) or not accepted,
        accepted=accepted,
    )
    return Entry(decision=decision, title=values["title"])


def _quoted(text: str) -> str:
    """Write a TOML string, in which nothing hides: what does not print is escaped."""
    return f'"{"".join(map(_written, text))}"'


def _written(letter: str) -> str:
    if letter in '"\\':
        return f"\\{letter}"
    if letter.isprintable():
        return letter
    if "\ud800" <= letter <= "\udfff":  # half of a character is none in TOML
        return "?"
    return f"\\U{ord(letter):08X}"


def _invalid(whose: str, why: str) -> ApprovalsInvalid:
    return ApprovalsInvalid(
        f"{whose}: {why}",
        detail="  Restore it from version control, and accept again.\n"
        "  More: agenttrace explain approvals-invalid",
    )
