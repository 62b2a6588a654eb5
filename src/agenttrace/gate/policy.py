"""Policy: which classes of findings are allowed, warned of, to be reviewed, or blocked, as values.

Without a file the defaults hold: what an agent does is reviewed, what a model says is not, and what
makes a golden worthless is blocked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import NamedTuple

from agenttrace.check.budget import Budget
from agenttrace.check.vary import NOTHING_VARIES, Vary
from agenttrace.redact import NO_WISHES, Wishes
from agenttrace.verdict import GATE_CLASSES, Severity

APPROVALS = "golden/approvals.toml"
"""Where approvals are kept, unless the policy says otherwise."""

EXPIRE_DAYS = 90
"""How long an approval holds, unless the policy says otherwise."""

FOLDERS = ("golden",)
"""The names of folders that hold goldens, wherever they stand."""

DEFAULTS: Mapping[str, Severity] = {
    "structure": Severity.REVIEW,
    "order": Severity.REVIEW,
    "link": Severity.REVIEW,
    "tool_args": Severity.REVIEW,
    "tool_result": Severity.WARN,
    "llm_input": Severity.WARN,
    "llm_output": Severity.ALLOW,
    "state": Severity.REVIEW,
    "event": Severity.WARN,
    "status": Severity.REVIEW,
    "cost": Severity.WARN,
    "latency": Severity.ALLOW,
    "metadata": Severity.WARN,
    "unreadable": Severity.BLOCK,
    "schema": Severity.BLOCK,
    "secret": Severity.BLOCK,
    "forged": Severity.BLOCK,
    "conflict": Severity.BLOCK,
    "stale": Severity.BLOCK,
    "lent": Severity.BLOCK,
    "simulated": Severity.BLOCK,
    "missing": Severity.BLOCK,
    "unused": Severity.BLOCK,
    "budget": Severity.REVIEW,
    "policy": Severity.REVIEW,
}
"""What holds where no file says otherwise."""

FIXED = ("unreadable", "policy")
"""Classes that no policy changes: what nobody can read nobody can judge, and no change may say of
itself that it needs no review."""


class Subject(NamedTuple):
    """What a severity is asked for.

    Attributes:
        kind: The class.
        path: The golden, from the top of the repository.
        test: The test's id.
        agent: Whose span it is; empty: nobody's.
        tool: The name of the tool, where it is one; else empty.
    """

    kind: str
    path: str
    test: str = ""
    agent: str = ""
    tool: str = ""


class Ruling(NamedTuple):
    """A severity, and which line of the policy says so."""

    severity: Severity
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Severities for a part of the goldens; what is not said fits everything.

    Attributes:
        path: The golden's path from the top of the repository; wildcards.
        test: The test's id or its file; wildcards.
        agent: The agent; wildcards.
        tool: The tool; wildcards.
        classes: What holds there, by class.
    """

    path: str = ""
    test: str = ""
    agent: str = ""
    tool: str = ""
    classes: Mapping[str, Severity] = field(default_factory=dict)

    def fits(self, subject: Subject) -> bool:
        """Whether the rule speaks of a subject."""
        pairs = (
            (self.path, subject.path),
            (self.agent, subject.agent),
            (self.tool, subject.tool),
        )
        if not all(fnmatchcase(said, pattern) for pattern, said in pairs if pattern):
            return False
        return not self.test or self.fits_test(subject.test)

    def fits_test(self, test: str) -> bool:
        """Whether it speaks of a test: of its whole id, or of its file."""
        return fnmatchcase(test, self.test) or fnmatchcase(test.partition("::")[0], self.test)

    def __str__(self) -> str:
        names = ("path", "test", "agent", "tool")
        said = [f"{name} {getattr(self, name)!r}" for name in names if getattr(self, name)]
        return " and ".join(said)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What is allowed, warned of, to be reviewed, or blocked.

    Attributes:
        classes: By class; what is not said is as in `DEFAULTS`.
        rules: The last one that fits, and names the class, holds.
        budgets: What a changed golden may use; each is held.
        vary: What may differ from recording to recording.
        redact: What counts as a secret, beside what is known.
        folders: The names of the folders that hold goldens.
        approvals: The file of approvals, from where the policy lies.
        expire_days: How many days an approval holds, at most.
        source: Where the policy comes from.
    """

    classes: Mapping[str, Severity] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    budgets: tuple[Budget, ...] = ()
    vary: Vary = NOTHING_VARIES
    redact: Wishes = NO_WISHES
    folders: tuple[str, ...] = FOLDERS
    approvals: str = APPROVALS
    expire_days: int = EXPIRE_DAYS
    source: str = "the defaults"

    def ruling(self, subject: Subject) -> Ruling:
        """Say what the policy makes of a subject, and by which line."""
        kind = subject.kind
        if kind in FIXED:
            return Ruling(DEFAULTS[kind], f"{kind} is always {DEFAULTS[kind]}")
        for number in range(len(self.rules), 0, -1):
            rule = self.rules[number - 1]
            severity = rule.classes.get(kind)
            if severity is not None and rule.fits(subject):
                return Ruling(severity, f'{kind} = "{severity}", rule {number}: {rule}')
        if kind in self.classes:
            return Ruling(self.classes[kind], f'{kind} = "{self.classes[kind]}"')
        return Ruling(DEFAULTS[kind], f'{kind} = "{DEFAULTS[kind]}", the default')

    def holds(self, path: str) -> bool:
        """Whether a path lies in a folder of goldens."""
        return any(part in self.folders for part in path.split("/")[:-1])

    def explained(self, subject: Subject | None = None) -> list[str]:
        """Say the whole policy, a line a class; of one golden, as it applies to it."""
        lines = []
        for kind in GATE_CLASSES:
            ruled = self.ruling(subject._replace(kind=kind) if subject else Subject(kind, ""))
            lines.append(f"{kind:<12}{ruled.severity:<8}{ruled.reason}")
        return lines
