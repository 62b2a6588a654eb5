"""Reviewing: what a review walks through, and where each answer goes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from agenttrace.cli.deciding import Answer, Desk
from agenttrace.gate import replays
from agenttrace.golden import pending, store
from agenttrace.verdict import GateFinding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from agenttrace.golden.pending import Pending

STATE = Path(".agenttrace", "review.json")
"""Where the answers are kept that do not settle a whole golden yet; never committed."""


@dataclass(frozen=True, slots=True)
class Step:
    """One question of a review: findings that are one and the same, in one test or in many."""

    findings: tuple[GateFinding, ...]

    @property
    def first(self) -> GateFinding:
        """The one that is shown."""
        return self.findings[0]

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all."""
        return tuple(one.id for one in self.findings)


class Queue(Protocol):
    """What waits, and what an answer does."""

    needs_reason: bool

    def steps(self) -> tuple[Step, ...]:
        """What waits, worst first."""
        ...

    def refusal(self, step: Step) -> str:
        """Why a step cannot be accepted; empty: it can."""
        ...

    def answer(self, steps: Sequence[Step], reason: str, *, accepted: bool) -> None:
        """Take an answer."""
        ...

    def forget(self, steps: Sequence[Step]) -> None:
        """Take an answer back."""
        ...

    def finish(self) -> Iterator[str]:
        """Do what the answers call for; say what was done."""
        ...


def grouped(findings: Iterable[GateFinding]) -> tuple[Step, ...]:
    """Group findings by class and cause, the worst first: one question, however many tests."""
    groups: dict[tuple[object, ...], list[GateFinding]] = {}
    for one in findings:
        cause = one.id if one.difference is None else one.difference.id
        below = tuple(sorted(it.id for it in one.consequences))
        groups.setdefault((one.severity, one.kind, cause, below), []).append(one)
    return tuple(Step(tuple(group)) for group in groups.values())


class Findings:
    """A gate's findings; answers go into the file of approvals at once."""

    needs_reason = True

    def __init__(self, base: str, by: str) -> None:
        """Compare with a base."""
        self._desk, self._by = Desk(base), by
        self._answered = 0

    def steps(self) -> tuple[Step, ...]:
        """What waits, worst first."""
        return grouped(one for one in self._desk.result.findings if one.waits)

    def refusal(self, step: Step) -> str:
        """Why a step cannot be accepted."""
        said = step.first.decision
        blocked = step.first.severity is Severity.BLOCK and (said is None or said.accepted)
        return "it is blocked: no approval opens the gate for it" if blocked else ""

    def answer(self, steps: Sequence[Step], reason: str, *, accepted: bool) -> None:
        """Write answers."""
        found = [one for step in steps for one in step.findings]
        answers = [Answer(finding=one, accepted=accepted, reason=reason) for one in found]
        self._answered += len(self._desk.answer(answers, by=self._by))

    def forget(self, steps: Sequence[Step]) -> None:
        """Take answers back."""
        ids = [name for step in steps for name in step.ids]
        self._desk.forget(ids)
        self._answered -= len(ids)

    def finish(self) -> Iterator[str]:
        """Say where the answers are."""
        if self._answered > 0:
            yield f"commit    {self._desk.path}"


class Replays:
    """Replays that wait beside goldens; a golden is replaced once all that it changes is accepted.

    Answers that settle no whole golden yet are kept, so a review can be left and taken up again.
    """

    needs_reason = False

    def __init__(self, folder: Path) -> None:
        """Look below a folder."""
        policy = replays.policy_in(Path.cwd())
        self._waiting: dict[str, Pending] = {}
        self._findings: dict[str, tuple[GateFinding, ...]] = {}
        for one in pending.waiting(folder):
            path = str(one.golden)
            self._waiting[path] = one
            self._findings[path] = replays.judged(one, policy).findings
        self._answers: dict[str, bool] = _kept()

    def steps(self) -> tuple[Step, ...]:
        """What waits, worst first, and has no answer yet."""
        found = [one for ones in self._findings.values() for one in ones]
        left = [one for one in found if one.id not in self._answers]
        return grouped(sorted(left, key=lambda one: one.rank))

    def refusal(self, step: Step) -> str:
        """Why a step cannot be accepted: nothing that waits here is refused."""
        return ""

    def answer(self, steps: Sequence[Step], reason: str, *, accepted: bool) -> None:
        """Keep answers."""
        self._answers.update((name, accepted) for step in steps for name in step.ids)
        self._keep()

    def forget(self, steps: Sequence[Step]) -> None:
        """Drop answers."""
        for name in (name for step in steps for name in step.ids):
            self._answers.pop(name, None)
        self._keep()

    def finish(self) -> Iterator[str]:
        """Accept and reject the goldens that are settled; keep the rest for the next time."""
        for path, found in self._findings.items():
            said = [self._answers.get(one.id) for one in found]
            if False in said:
                pending.reject(self._waiting[path])
                yield f"rejected  {path}"
            elif None not in said:
                pending.accept(self._waiting[path])
                yield f"accepted  {path}"
            else:
                continue
            for one in found:
                self._answers.pop(one.id, None)
        self._keep()

    def _keep(self) -> None:
        known = {one.id for ones in self._findings.values() for one in ones}
        left = {name: yes for name, yes in self._answers.items() if name in known}
        if left:
            files = {STATE.with_name(".gitignore"): b"*\n", STATE: json.dumps(left).encode()}
            store.replace_all(files)
        else:
            STATE.unlink(missing_ok=True)


def _kept() -> dict[str, bool]:
    """The answers of a review that was left; none, where the file is not one of ours."""
    try:
        said = json.loads(STATE.read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(said, dict):
        return {}
    return {name: yes for name, yes in said.items() if isinstance(yes, bool)}
