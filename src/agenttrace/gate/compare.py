"""Compare: the goldens of two revisions, held against a policy, approvals and what runs said.

Both sides are git objects: the commit where the head parted from the base, and the head. Nothing is
checked out, no code of the change is imported or run, and a golden that did not change is not read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from agenttrace.errors import AgentTraceError
from agenttrace.formats import native
from agenttrace.gate import approvals, findings, policy_file, sources
from agenttrace.gate.findings import Whereabouts
from agenttrace.gate.following import Pair, followed
from agenttrace.gate.goldens import DISAGREES, Both, Judge
from agenttrace.gate.opening import decoded, opened, under_name
from agenttrace.gate.policy import Policy
from agenttrace.gate.sources import Sources, goldens_of, root_of
from agenttrace.golden import run_results, store
from agenttrace.golden.place import OUTLINE_SUFFIX, SUFFIX
from agenttrace.model.collector import resting
from agenttrace.verdict import GateFinding, GateGolden, GateResult, Movement

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agenttrace.gate.approvals import Approvals
    from agenttrace.gate.git import Entry, Repository
    from agenttrace.gate.policy import Rule
    from agenttrace.golden.run_results import RunResult
    from agenttrace.model.trace import Trace

_GOLDENS = (f":(top,glob)**/*{SUFFIX}", f":(top,glob)**/*{OUTLINE_SUFFIX}")
_SHORT = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a gate is asked.

    Attributes:
        base: The revision that the head is to be merged into.
        head: The revision that is judged.
        runs: The folder that `--agenttrace-run-dir` filled; None: no run tells.
        today: The day, as `2026-11-22`: approvals expire.
        here: Whether the file of approvals on disk holds, and not the head's: what somebody decides
            now is not committed yet.
    """

    base: str
    today: str
    head: str = "HEAD"
    runs: Path | None = None
    here: bool = False


def policy_at(repository: Repository, commit: str) -> Policy:
    """The policy of a commit; the defaults, where it has none.

    Raises:
        PolicyInvalid: It is none.
    """
    names = (policy_file.OWN, policy_file.SHARED)
    files = {name: repository.object(f"{commit}:{repository.prefix}{name}") for name in names}
    return policy_file.policy_of(files, commit[:_SHORT])


class Comparison:
    """One comparison in the making.

    Attributes:
        policy: The policy that holds.
    """

    def __init__(self, repository: Repository, asked: Asked) -> None:
        """Find both commits, and read the policy.

        Raises:
            GitFailed: There is no git, or it fails.
            RevisionUnknown: A revision is not in the repository.
            GitIncomplete: The clone does not hold what is needed.
            NoMergeBase: The two have no commit in common.
            PolicyInvalid: The policy is none.
            GoldenUnreadable: The folder of runs holds what no run wrote.
        """
        self._repository, self._asked = repository, asked
        base, self._head = repository.commits(asked.base, asked.head)
        self._bases = repository.merge_bases(base, self._head)
        self._base = self._bases[0]
        self.policy, self._changed_policy = self._policies()
        self._judge = Judge(self.policy)
        self._sources = Sources(repository, self._head)
        self._runs = {} if asked.runs is None else self._told(asked.runs)

    def result(self) -> GateResult:
        """Say all that a change does to the behaviour of agents.

        Raises:
            GitIncomplete: The clone does not hold what is needed.
            ApprovalsInvalid: The file of approvals is none.
        """
        with resting():
            return self._result()

    def _result(self) -> GateResult:
        said = self._approvals()
        goldens = [self._decided(one, said) for one in self._goldens()]
        others = [it for one in self._changed_policy for it in _both_of(said.applied(one))]
        return GateResult(
            base=self._base,
            head=self._head,
            base_name=self._asked.base,
            head_name=self._asked.head,
            goldens=tuple(sorted(goldens, key=lambda one: one.path)),
            others=findings.gravest(others),
            unchanged=self._unchanged(goldens),
            runs=None if self._asked.runs is None else len(self._runs),
            warnings=tuple(self._warnings()),
            policy=self.policy.source,
        )

    # -- what holds -------------------------------------------------------------------------------
    def _policies(self) -> tuple[Policy, tuple[GateFinding, ...]]:
        """Take the base's policy, if it has one: no change says of itself that it may pass."""
        new = policy_at(self._repository, self._head)
        if self._head == self._base:
            return new, ()
        old = policy_at(self._repository, self._base)
        if replace(old, source=new.source) == new:
            return new, ()
        holds = new if old.source == Policy().source else old
        path = self._repository.prefix + new.source.partition(" ")[0]
        changed = findings.one(
            Whereabouts(path=path if new.source != Policy().source else "the policy"),
            "policy",
            holds,
            what="changed",
            title="the policy of the gate",
            why=f"the change is judged by {holds.source}",
            old=[*old.explained(), *_beside(old)],
            new=[*new.explained(), *_beside(new)],
        )
        return holds, (changed,)

    def _approvals(self) -> Approvals:
        path = approvals.path_beside(self._repository.prefix, self.policy.approvals)
        days = self.policy.expire_days
        if self._asked.here:
            data = store.load(self._repository.place / self.policy.approvals)
        else:
            data = self._repository.object(f"{self._head}:{path}")
        return approvals.approvals_of(data, path, today=self._asked.today, expire_days=days)

    def _told(self, folder: Path) -> dict[str, tuple[RunResult, Path]]:
        """What the runs said, by their golden's path from the top of the repository."""
        prefix = self._repository.prefix
        return {prefix + one.golden: (one, path) for one, path in run_results.read_all(folder)}

    def _decided(self, golden: GateGolden, said: Approvals) -> GateGolden:
        found = [it for one in golden.findings for it in _both_of(said.applied(one))]
        return replace(golden, findings=findings.gravest(found))

    # -- goldens ----------------------------------------------------------------------------------
    def _goldens(self) -> Iterator[GateGolden]:
        entries = self._entries
        pairs = followed(entries, self.policy)
        outlines = {one.path: one for one in entries if one.path.endswith(OUTLINE_SUFFIX)}
        done = set()
        for pair in pairs:
            done |= {pair.path, pair.old_path}
            yield self._judge.judged(self._both(pair, outlines))
        for path, entry in outlines.items():
            golden = path.removesuffix(OUTLINE_SUFFIX) + SUFFIX
            if golden not in done and entry.status != "D" and self.policy.holds(golden):
                done.add(golden)
                yield from self._outline_alone(golden, entry)
        for path in sorted(self._left_alone() - done):
            done.add(path)
            yield self._unused(path)
        yield from self._regressions(done)

    @cached_property
    def _entries(self) -> tuple[Entry, ...]:
        patterns = (*_GOLDENS, *sources.PATTERNS)
        return self._repository.changed(self._base, self._head, patterns)

    def _both(self, pair: Pair, outlines: Mapping[str, Entry]) -> Both:
        repository = self._repository
        base = opened(repository, pair.old_oid, pair.old_mode, pair.old_path or pair.path)
        head = opened(repository, pair.oid, pair.mode, pair.path)
        trace = head.trace or base.trace
        if pair.old_path and head.trace is not None:
            base = under_name(base, head.trace.name)
        result = self._runs.get(pair.path)
        where = self._where(pair.path, "" if trace is None else trace.name, result)
        gone = pair.change == "deleted"
        file, test = (where.file, where.test) if gone else ("", "")
        return Both(
            where=where,
            old_path=pair.old_path,
            change=pair.change,
            base=base,
            head=head,
            outline=None if head.golden is None else self._outline(pair.path, outlines),
            result=None if result is None else result[0],
            run=_trace_of(result),
            test_left=gone and self._sources.has(file, test),
            moved_to=pair.moved_to,
        )

    def _where(
        self, path: str, name: str, result: tuple[RunResult, Path] | None = None
    ) -> Whereabouts:
        """Say which golden it is; its test's file is where the head has it."""
        test = result[0].run if result is not None else name
        root, _ = root_of(path, self.policy.folders)
        inside = test.partition("::")[0]
        file = f"{root}{inside}" if inside.endswith(".py") and inside != test else ""
        line = self._sources.line(file, test) if file else 0
        return Whereabouts(path=path, test=test, file=file, line=line)

    def _outline(self, golden: str, outlines: Mapping[str, Entry]) -> bytes | None:
        path = golden.removesuffix(SUFFIX) + OUTLINE_SUFFIX
        entry = outlines.get(path)
        name = f"{self._head}:{path}" if entry is None else entry.oid
        return self._repository.object(name) if name else None

    def _outline_alone(self, path: str, entry: Entry) -> Iterator[GateGolden]:
        """Look at a golden whose outline alone changed."""
        head = decoded(self._repository.object(f"{self._head}:{path}"), path)
        if head.golden is None or head.trace is None:
            return
        told = self._runs.get(path)
        judged = self._judge.judged(
            Both(
                where=self._where(path, head.trace.name, told),
                base=head,
                head=head,
                outline=self._repository.blob(entry.oid, entry.path) if entry.oid else None,
                result=None if told is None else told[0],
                run=_trace_of(told),
            )
        )
        if judged.findings:
            yield judged

    # -- goldens that did not change --------------------------------------------------------------
    def _left_alone(self) -> set[str]:
        """The goldens whose tests the change took away."""
        gone: dict[str, frozenset[str]] = {}
        for entry in self._entries:
            if entry.old_path.endswith(".py") and entry.status in "DMR":
                before = sources.defined(self._repository.object(entry.old_oid) or b"")
                stays = entry.status == "M"
                now = sources.defined(self._repository.object(entry.oid) or b"") if stays else {}
                if names := frozenset(before.keys() - now.keys()):
                    gone[entry.old_path] = names
        folders = self.policy.folders
        return {
            path
            for path in (self._listed if gone else ())
            for file, names in gone.items()
            if goldens_of(path, file, names, folders)
        }

    def _unused(self, path: str) -> GateGolden:
        where = replace(self._where(path, ""), movement=Movement.SAME)
        found = findings.one(
            where,
            "unused",
            self.policy,
            what="unused",
            title=path,
            why="no test replays it any more: the change took its test away",
            way_on=f"git rm {path} {path}.txt",
        )
        return GateGolden(path=path, change="unchanged", movement=Movement.SAME, findings=(found,))

    def _regressions(self, done: set[str]) -> Iterator[GateGolden]:
        """Look at goldens that did not change, and whose runs say something else."""
        for path, told in sorted(self._runs.items()):
            if path in done or told[0].outcome not in DISAGREES:
                continue
            head = decoded(self._repository.object(f"{self._head}:{path}"), path)
            yield self._judge.judged(
                Both(
                    where=self._where(path, told[0].run),
                    change="unchanged",
                    base=head,
                    head=head,
                    result=told[0],
                    run=_trace_of(told),
                )
            )

    # -- what is counted --------------------------------------------------------------------------
    @cached_property
    def _listed(self) -> tuple[str, ...]:
        """Every golden of the head, by name alone."""
        holds = self.policy.holds
        names = self._repository.files(self._head)
        return tuple(one for one in names if one.endswith(SUFFIX) and holds(one))

    def _unchanged(self, goldens: list[GateGolden]) -> int | None:
        if goldens and "_listed" not in vars(self):
            return None
        changed = {one.path for one in goldens if one.change != "unchanged"}
        return sum(1 for path in self._listed if path not in changed)

    def _warnings(self) -> Iterator[str]:
        if len(self._bases) > 1:
            names = ", ".join(one[:_SHORT] for one in self._bases)
            yield f"the head parted from the base at {names}; it is compared with the first"
        policy = self.policy
        for number, rule in enumerate(policy.rules, 1):
            placed = rule.test or rule.path
            if placed and not any(_speaks_of(rule, path, policy) for path in self._listed):
                yield f"{policy.source}, rule {number} matches no golden: {rule}"
        if self._asked.runs is not None and not self._runs:
            yield f"{self._asked.runs} holds no run's result: pytest --agenttrace-run-dir=DIR"


def _trace_of(told: tuple[RunResult, Path] | None) -> Trace | None:
    """The trace of a run that disagrees; None where none was left that can be read."""
    if told is None or told[0].outcome not in DISAGREES:
        return None
    try:
        return native.read(told[1].read_bytes(), name=str(told[1]))
    except (OSError, AgentTraceError):
        return None


def _speaks_of(rule: Rule, path: str, policy: Policy) -> bool:
    """Whether a rule's path and test fit a golden, by its name alone."""
    if rule.path and not fnmatchcase(path, rule.path):
        return False
    _, rest = root_of(path, policy.folders)
    said = rule.test.replace(".py::", "/").replace("::", "/").removesuffix(".py")
    stem = rest.removesuffix(SUFFIX)
    return not said or fnmatchcase(stem, said) or fnmatchcase(stem, f"{said}/*")


def _beside(policy: Policy) -> list[str]:
    """What of a policy no class says."""
    said = (policy.rules, policy.budgets, policy.folders, policy.approvals, policy.expire_days)
    return [str(one) for one in (*said, policy.vary.paths, policy.redact)]


def _both_of(found: tuple[GateFinding, GateFinding | None]) -> Iterator[GateFinding]:
    return (one for one in found if one is not None)
