"""Verdict: all that one run has to say, and all that a change of goldens has to say, as values."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from agenttrace.errors import (
    AgentTraceError,
    AnswersUnused,
    GoldenMismatch,
    GoldenMissing,
    RunStopped,
)
from agenttrace.model.difference import CLASSES, Difference
from agenttrace.model.lane import Position
from agenttrace.model.trace import Trace
from agenttrace.model.values import Value


class Outcome(enum.StrEnum):
    """What became of a run.

    `unrecorded`: it had no golden. `drifted`: it came to its end, otherwise than its golden.
    `diverged`: it was ended, since what it asked had no answer.
    """

    REPLAYED = "replayed"
    RECORDED = "recorded"
    STUBBED = "stubbed"
    REHEARSED = "rehearsed"
    VERIFIED = "verified"
    UPDATED = "updated"
    UNRECORDED = "unrecorded"
    DRIFTED = "drifted"
    DIVERGED = "diverged"
    FAILED = "failed"
    OFF = "off"

    @classmethod
    def of(cls, problems: Sequence[AgentTraceError | RunStopped]) -> Outcome:
        """Say what became of a run that fails its test."""
        found = (it for kind, it in _TOLD_BY if any(isinstance(one, kind) for one in problems))
        return next(found, cls.FAILED)


_TOLD_BY = (
    (GoldenMissing, Outcome.UNRECORDED),
    (RunStopped, Outcome.DIVERGED),
    (GoldenMismatch | AnswersUnused, Outcome.DRIFTED),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How many calls were asked, and who answered them.

    Attributes:
        asked: Attempts that came to the door.
        answered: Those answered from the recording.
        echoed: Recorded calls below an answered one, copied with it.
        live: Those that the world, or agent code, answered.
        refused: Those that came after the run had ended, and telemetry in a replay.
    """

    asked: int = 0
    answered: int = 0
    echoed: int = 0
    live: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Unused:
    """A recorded answer that nobody asked for: the span's name, where it stands, its ordinal."""

    title: str
    place: Position
    ordinal: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one run has to say.

    Attributes:
        run: The test's id, with the run's own name where a test has several.
        outcome: What became of it.
        golden: Where its golden lies.
        shown: The same, as a person would type it.
        counts: Who answered how many calls.
        differences: What differs from the golden, the first cause first.
        unused: Answers that nobody asked for.
        problems: Errors that fail the test, the first one first.
        warnings: What a person should know, and fails nothing: work that was adopted, calls that
            were moved.
        notes: What a search over its schedules found.
        trace: What happened this time.
        pending: The `.new` file with this run's trace, where one was left.
        journal: The journal that was kept because no golden was written.
        processes: The journals of the run's processes that were kept with it.
        fidelity: F0 to F4 of the golden; recorded by us: F4.
    """

    run: str
    outcome: Outcome
    golden: Path | None = None
    shown: str = ""
    counts: Asked = field(default_factory=Asked)
    differences: tuple[Difference, ...] = ()
    unused: tuple[Unused, ...] = ()
    problems: tuple[AgentTraceError | RunStopped, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    trace: Trace | None = None
    pending: Path | None = None
    journal: Path | None = None
    processes: tuple[Path, ...] = ()
    fidelity: str = "F4"

    @property
    def passed(self) -> bool:
        """Whether nothing in it fails the test."""
        return not self.problems


# -- what a change of goldens has to say ----------------------------------------------------------
class Severity(enum.StrEnum):
    """What a policy makes of a class of findings, the mildest first.

    `allow` is counted, `warn` is shown, `review` waits for an approval, `block` stops the merge
    whoever approves it.
    """

    ALLOW = "allow"
    WARN = "warn"
    REVIEW = "review"
    BLOCK = "block"

    @property
    def rank(self) -> int:
        """How grave it is, from 0."""
        return [*Severity].index(self)


class Movement(enum.StrEnum):
    """What moved between two revisions: the golden, the run, or both.

    `intended`: both, to the same. `regression`: the run alone. `stale`: the golden alone; the run
    still says what the old one said. `forged`: the golden, and a run that replayed it says neither
    what it says nor what the old one said. `conflict`: likewise, and the run was held against
    another golden. `unproven`: the golden, and no run tells. `same`: nothing.
    """

    SAME = "same"
    INTENDED = "intended"
    UNPROVEN = "unproven"
    REGRESSION = "regression"
    STALE = "stale"
    CONFLICT = "conflict"
    FORGED = "forged"


class Standing(enum.StrEnum):
    """How a gate stands, the best first.

    `pass`: exit code 0. `nothing`: nothing was there to compare; 1, as `review` (something waits
    for an approval) and `block` are. `unreadable`: a golden cannot be read, or is unsafe; 4.
    """

    PASS = "pass"  # noqa: S105 - no password
    NOTHING = "nothing"
    REVIEW = "review"
    BLOCK = "block"
    UNREADABLE = "unreadable"


BEYOND = (
    "unreadable",
    "schema",
    "secret",
    "forged",
    "conflict",
    "stale",
    "lent",
    "simulated",
    "missing",
    "unused",
    "budget",
    "policy",
)
"""What a gate can find besides differences, the gravest first: a golden that cannot be read, or
that a newer version wrote; a secret in one; one that its run does not do (three ways); an answer
that the world gave to another question, or that a person gave in its place; no golden where a test
wants one; one that no test wants, or answers that no run asks for; a budget that broke; a policy
that the change itself changes."""

GATE_CLASSES = (*BEYOND, *CLASSES)
"""Every class of a gate's findings, the gravest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What somebody decided about a finding, from the file of approvals.

    Attributes:
        id: The finding's id.
        kind: The class that it was said to be of; it must be the finding's.
        test: The test, likewise.
        reason: Why, in the words of who decided.
        by: Who says so; a name that anybody can write. The review of the file is the control.
        on: The day, as `2026-11-22`.
        expires: The last day on which it holds, likewise.
        live: Whether it holds: it has not expired.
        accepted: Whether it says yes; False: it says no, and the finding blocks.
    """

    id: str
    kind: str
    test: str
    reason: str
    by: str = ""
    on: str = ""
    expires: str = ""
    live: bool = True
    accepted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class GateFinding:
    """One thing that a gate found, a first cause with all that follows from it.

    Attributes:
        id: 16 hex digits over the test and the content of the difference and its consequences; the
            same on every branch, and another one as soon as one of them changes.
        kind: One of `GATE_CLASSES`.
        severity: What the policy makes of the gravest of it and its consequences; at least
            `review` where no run proves the golden.
        test: The test's id, as pytest names it; of a golden of no test, its trace's name; empty
            where neither is known.
        path: The golden, from the top of the repository; the file of a policy or of approvals.
        file: The test's file in the head, from the top of the repository; empty where there is
            none.
        line: The line of the test in it, from 1; 0 where it is not known.
        what: In a few words: `changed`, `missing`, `extra`, `moved`, `lent`, `new`, `deleted`, …
        title: The name of the span, or of what it is about.
        why: What is wrong, in a sentence; empty where both sides say it.
        way_on: What a person types or does next; may be empty.
        reason: Which line of the policy decided, such as `tool_args = "block", of rule 2`.
        agent: Whose span it is; may be empty.
        site: File and line of the call in the code under test, where they are known.
        difference: The first cause, with both sides: `golden` is the old side, `run` the new one.
            None for what is no difference of two traces.
        consequences: What follows from it, the gravest first; of one gravity, by class, and then in
            causal order.
        graver: How many of them, the first ones, the policy takes more gravely than the cause.
        old: The side before, where there is no difference: a number, a path; may be None.
        new: The side now, likewise.
        decision: What somebody decided about it.
    """

    id: str
    kind: str
    severity: Severity
    test: str
    path: str
    file: str = ""
    line: int = 0
    what: str = "changed"
    title: str = ""
    why: str = ""
    way_on: str = ""
    reason: str = ""
    agent: str = ""
    site: str = ""
    difference: Difference | None = None
    consequences: tuple[Difference, ...] = ()
    graver: int = 0
    old: Value = None
    new: Value = None
    decision: Decision | None = None

    @property
    def sides(self) -> tuple[Value, Value]:
        """The side before, and the side now."""
        if self.difference is None:
            return self.old, self.new
        return self.difference.golden, self.difference.run

    @property
    def approved(self) -> bool:
        """Whether an approval that holds says yes to it; one cannot for what is blocked."""
        said = self.decision
        yes = said is not None and said.live and said.accepted
        return yes and self.severity is Severity.REVIEW

    @property
    def waits(self) -> bool:
        """Whether it keeps the gate shut: blocked, or to be reviewed and not approved."""
        return self.severity is Severity.BLOCK or (
            self.severity is Severity.REVIEW and not self.approved
        )

    @property
    def rank(self) -> tuple[bool, int, int, str, str]:
        """What comes before what: what waits, the gravest first; then by class, test and id."""
        kind = GATE_CLASSES.index(self.kind)
        return (not self.waits, -self.severity.rank, kind, self.test, self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class GateGolden:
    """What became of one golden between two revisions.

    Attributes:
        path: Where it lies in the head; where it lay, if it is gone.
        old_path: Where it lay, if that was elsewhere; else empty.
        test: The test's id, or the trace's name; empty where neither is known.
        change: `added`, `deleted`, `renamed`, `modified` or `unchanged`.
        movement: What moved.
        base: 64 hex digits over its content in the base, under the test's name in the head; empty
            where it has none that can be read.
        head: The same in the head.
        outcome: What became of the run, in the words of `Outcome`; empty where there was none.
        tokens: How many a run took, before and now; None where nobody says.
        cost_usd: What one cost, before and now; None where the price is not known.
        findings: What was found about it, the gravest first.
    """

    path: str
    old_path: str = ""
    test: str = ""
    change: str = "modified"
    movement: Movement = Movement.UNPROVEN
    base: str = ""
    head: str = ""
    outcome: str = ""
    tokens: tuple[int | None, int | None] = (None, None)
    cost_usd: tuple[Decimal | None, Decimal | None] = (None, None)
    findings: tuple[GateFinding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """All that a change has to say about the behaviour of agents.

    Attributes:
        base: The commit compared with: where the head parted from the base that was named; 40 hex
            digits or 64.
        head: The commit that is judged.
        base_name: The base as it was named: `origin/main`.
        head_name: The head as it was named: `HEAD`.
        goldens: Every golden that changed, or whose run says something, by path.
        others: What was found about no golden: the policy, approvals.
        unchanged: How many goldens of the head are as in the base; None: nobody counted.
        runs: How many runs were told of by `--run`; None: it was not given.
        warnings: What a person should know, and fails nothing: rules that match nothing.
        policy: Where the policy comes from: `agenttrace.toml in 1a2b3c4d`, or `the defaults`.
    """

    base: str
    head: str
    base_name: str
    head_name: str
    goldens: tuple[GateGolden, ...] = ()
    others: tuple[GateFinding, ...] = ()
    unchanged: int | None = None
    runs: int | None = None
    warnings: tuple[str, ...] = ()
    policy: str = "the defaults"

    @property
    def findings(self) -> tuple[GateFinding, ...]:
        """All that was found: what waits first, the gravest first."""
        found = [one for golden in self.goldens for one in golden.findings]
        return tuple(sorted((*found, *self.others), key=lambda one: one.rank))

    @property
    def standing(self) -> Standing:
        """How the gate stands."""
        found = self.findings
        if any(one.kind in ("unreadable", "schema") and one.waits for one in found):
            return Standing.UNREADABLE
        waiting = [one for one in found if one.waits]
        if waiting:
            return Standing(max((one.severity for one in waiting), key=lambda it: it.rank).value)
        if not self.goldens and not self.unchanged:
            return Standing.NOTHING
        return Standing.PASS

    @property
    def counts(self) -> Mapping[str, int]:
        """How many findings are of each severity; `approved` ones are counted as that alone."""
        counts = dict.fromkeys((*reversed(Severity), "approved"), 0)
        for one in self.findings:
            counts["approved" if one.approved else one.severity] += 1
        return {str(name): count for name, count in counts.items()}
