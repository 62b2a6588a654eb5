"""Deciding: yes or no to a gate's findings, written into the file of approvals."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agenttrace.cli.gating import finding, today
from agenttrace.errors import UsageError
from agenttrace.gate import approvals
from agenttrace.gate.compare import Asked, Comparison
from agenttrace.gate.git import Repository
from agenttrace.golden import store
from agenttrace.verdict import GateFinding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agenttrace.gate.approvals import Entry
    from agenttrace.gate.policy import Policy
    from agenttrace.verdict import GateResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Yes or no to one finding, and why."""

    finding: GateFinding
    accepted: bool
    reason: str


class Desk:
    """What waits between two revisions, and the file into which answers are written.

    The file is the one in this folder: an answer holds for the gate once it is committed.

    Attributes:
        result: What the gate says, under the answers in the file.
    """

    def __init__(self, base: str, head: str = "HEAD") -> None:
        """Compare.

        Raises:
            AgentTraceError: The two cannot be compared.
        """
        self._before: dict[str, Entry | None] = {}
        with Repository.at(Path.cwd()) as repository:
            asked = Asked(base=base, head=head, today=today(), here=True)
            comparison = Comparison(repository, asked)
            self._policy: Policy = comparison.policy
            self.result: GateResult = comparison.result()

    @property
    def path(self) -> Path:
        """The file of approvals."""
        return Path(self._policy.approvals)

    def meant(self, ids: Iterable[str], kinds: Iterable[str]) -> list[GateFinding]:
        """The findings of some ids, and those of some classes that wait.

        Raises:
            FindingUnknown: An id is none's.
            UsageError: Nothing of a class waits.
        """
        found = [finding(self.result, one) for one in ids]
        for kind in kinds:
            of_kind = [one for one in self.result.findings if one.kind == kind and one.waits]
            if not of_kind:
                raise UsageError(f"nothing of the class {kind} waits")
            found += of_kind
        return list({one.id: one for one in found}.values())

    def answer(self, answers: Iterable[Answer], *, by: str = "") -> list[Entry]:
        """Write answers into the file; one that is given again replaces the first.

        Raises:
            UsageError: A finding is blocked, and no approval opens the gate for it.
            GoldenNotWritten: The disk or the folder refuses.
        """
        day, days = today(), self._policy.expire_days
        who = by or author()
        entries = []
        for one in answers:
            if one.accepted and one.finding.severity is not Severity.REVIEW and not _no(one):
                raise _not_approvable(one.finding)
            entries.append(
                approvals.decided(
                    one.finding,
                    accepted=one.accepted,
                    reason=one.reason,
                    by=who,
                    today=day,
                    expire_days=days,
                )
            )
        known = self._known()
        for entry in entries:
            name = entry.decision.id
            self._before.setdefault(name, known.get(name))
            known[name] = entry
        self._write(known.values())
        return entries

    def forget(self, ids: Iterable[str]) -> None:
        """Take answers back: what the file said before holds again."""
        known = self._known()
        for name in ids:
            known.pop(name, None)
            if (before := self._before.pop(name, None)) is not None:
                known[name] = before
        self._write(known.values())

    def _known(self) -> dict[str, Entry]:
        data = store.load(self.path)
        days = self._policy.expire_days
        file = approvals.approvals_of(data, str(self.path), today=today(), expire_days=days)
        return dict(file.entries)

    def _write(self, entries: Iterable[Entry]) -> None:
        store.replace_all({self.path: approvals.written(entries)})


def author() -> str:
    """Who git says is at work here; empty where it does not know."""
    done = subprocess.run(
        ("git", "config", "user.name"),  # noqa: S607 - the git that the user runs
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip()


def _no(answer: Answer) -> bool:
    """Whether a finding is blocked by nothing but an answer that said no to it."""
    said = answer.finding.decision
    return said is not None and not said.accepted


def _not_approvable(one: GateFinding) -> UsageError:
    why = (
        "it is blocked, and no approval opens the gate for it"
        if one.severity is Severity.BLOCK
        else "it does not wait"
    )
    way_on = [f"  {one.way_on}"] if one.way_on else []
    return UsageError(
        f"{one.id} ({one.kind}): {why}", detail="\n".join([f"  {one.reason}", *way_on])
    )
