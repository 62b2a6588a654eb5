"""Engine: looks for a schedule under which a run breaks what must always hold.

A schedule moves only when recorded answers come, and what goes wrong with them; so each is one that
a provider could have produced. It says "no violation in N schedules", never "no race": what was not
tried is not known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from agenttrace.causal.clock import RealClock
from agenttrace.errors import InvariantBroken, UsageError
from agenttrace.explore.budget import Budget, Progress
from agenttrace.explore.moves import DEEPEST
from agenttrace.explore.proposals import Proposals
from agenttrace.explore.report import Found, Report, nothing, refuse_empty, unsteady
from agenttrace.explore.shrink import shrunk
from agenttrace.explore.trial import BROKEN, LEFT, Stage, Trial
from agenttrace.model import amounts
from agenttrace.model.schedule import Schedule
from agenttrace.replay.faults import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable

_NS = 1_000_000_000
_SPARER = 400
"""How many more schedules are tried for one that moves no more than `DEEPEST` answers."""


@dataclass(slots=True)
class _Search:
    """A search under way."""

    stage: Stage
    budget: Budget
    tell: Callable[[Progress], None]
    note: Callable[[Schedule], None]
    clock: RealClock = field(default_factory=RealClock)
    tried: int = 1
    violations: int = 0
    lent: int = 0
    left: Counter[str] = field(default_factory=Counter)

    def seconds(self) -> float:
        return self.clock.now_ns() / _NS

    def is_over(self) -> bool:
        return self.tried >= self.budget.schedules or self.seconds() >= self.budget.seconds

    def run(self, schedule: Schedule) -> Trial:
        self.note(schedule)
        trial = self.stage.run(schedule)
        self.tell(
            Progress(
                schedules=self.tried,
                violations=self.violations,
                left=self._left(),
                seconds=self.seconds(),
            )
        )
        return trial

    def judged(self, trial: Trial) -> None:
        self.tried += 1
        self.lent += bool(trial.lent)
        if trial.outcome == LEFT:
            self.left[trial.message] += 1

    def _left(self) -> str:
        seconds = self.budget.seconds - self.seconds()
        if self.budget.seconds < float("inf"):
            return f"{max(0.0, seconds):.0f} s"
        return amounts.counted(max(0, int(self.budget.schedules) - self.tried), "schedule")


def search(
    stage: Stage,
    first: Trial,
    *,
    budget: Budget,
    faults: Iterable[str] = (),
    seed: int = 0,
    tell: Callable[[Progress], None] = lambda _: None,
    note: Callable[[Schedule], None] = lambda _: None,
) -> Report:
    """Look for a schedule that breaks a run; the same seed tries the same schedules.

    Args:
        stage: The program and its golden.
        first: The run as it was recorded.
        budget: How long to look.
        faults: Which kinds of fault may be tried, beside other orders.
        seed: What chance is made from.
        tell: Is told how far it is, after each schedule.
        note: Is told each schedule before it is tried.

    Raises:
        NothingToExplore: Nothing can come in another order, or no schedule could be judged.
        SearchUnsteady: A schedule that broke the run does not break it again.
        UsageError: There is no such fault.
        KeyboardInterrupt: It was stopped, and had found nothing.
    """
    kinds = faults_of(faults)
    running = _Search(stage, budget, tell, note)
    found: Found | None = None
    interrupted = False
    proposals = Proposals(first, stage.golden, faults=kinds, seed=seed)
    if first.outcome == BROKEN:
        found = Found(trial=first)
    else:
        if not first.choice_points and not kinds:
            raise nothing(stage)
        stage.limit(first)
        try:
            found = _look(running, proposals)
        except KeyboardInterrupt:
            interrupted = True
    report = Report(
        run=stage.name,
        schedules=running.tried,
        choice_points=first.choice_points,
        left=tuple(running.left.most_common()),
        lent=running.lent,
        seconds=running.seconds(),
        interrupted=interrupted,
    )
    if found is None and not interrupted:
        refuse_empty(report)
    if found is None:
        return report
    found = _smallest(running, found)
    if not interrupted and found.size > DEEPEST:
        found = _sparer(running, proposals, found)
    return replace(report, found=found)


def faults_of(kinds: Iterable[str]) -> tuple[str, ...]:
    """The kinds of fault that a search may try.

    Raises:
        UsageError: There is no such fault.
    """
    wanted = (kinds,) if isinstance(kinds, str) else tuple(kinds)
    for kind in wanted:
        if kind not in KINDS:
            raise UsageError(f"there is no fault {kind!r}; it is one of {', '.join(KINDS)}")
    return wanted


def again(stage: Stage, first: Trial, schedule: Schedule) -> Report:
    """Try one schedule, which was found before."""
    trial = stage.run(schedule)
    return Report(
        run=stage.name,
        schedules=1,
        choice_points=first.choice_points,
        found=Found(trial=trial) if trial.outcome == BROKEN else None,
        left=((trial.message, 1),) if trial.outcome == LEFT else (),
    )


def alone(run: str, trial: Trial | None) -> Report:
    """The report of a program that ran once, and was not explored.

    Raises:
        InvariantBroken: It is broken as it is.
    """
    report = Report(run=run, schedules=0, choice_points=0)
    if trial is not None and trial.outcome == BROKEN:
        raise InvariantBroken(
            f"{run}: {trial.message}",
            detail="  It is broken in this run already, in the order in which the world answered.\n"
            "  More: agenttrace explain invariant-broken",
        )
    return report


def _look(running: _Search, proposals: Proposals) -> Found | None:
    while not running.is_over():
        proposed = proposals.propose()
        if proposed is None:
            return None
        by, schedule = proposed
        trial = running.run(schedule)
        running.judged(trial)
        if trial.outcome == BROKEN:
            return Found(trial=trial, nth=running.tried, by=by, labels=trial.schedule.size)
        proposals.learn(trial)
    return None


def _smallest(running: _Search, found: Found) -> Found:
    """Make the schedule smaller, until nothing can be left out."""
    first = found.trial
    if first.schedule.is_empty:
        return found
    running.violations = 1
    before = running.stage.tried
    best = first

    def fails(schedule: Schedule) -> bool:
        nonlocal best
        trial = running.run(schedule)
        if (trial.outcome, trial.kind) != (BROKEN, first.kind):
            return False
        best = trial
        return True

    try:
        if not fails(first.schedule):
            raise unsteady(running.stage, first)
        shrunk(first.schedule, fails)
    except KeyboardInterrupt:  # what was found is kept as far as it came
        pass
    return replace(found, trial=best, shrinking=running.stage.tried - before)


def _sparer(running: _Search, proposals: Proposals, found: Found) -> Found:
    """Look for a schedule that nobody needs to study: taking away led only so far."""
    before = running.stage.tried
    try:
        while running.stage.tried - before < _SPARER and running.seconds() < running.budget.seconds:
            proposed = proposals.propose()
            if proposed is None:
                break
            trial = running.run(proposed[1])
            if (trial.outcome, trial.kind) != (BROKEN, found.trial.kind):
                proposals.learn(trial)
                continue
            other = _smallest(running, replace(found, trial=trial))
            if other.size < found.size:
                found = other
            if found.size <= DEEPEST:
                break
    except KeyboardInterrupt:
        pass
    return replace(found, shrinking=found.shrinking + running.stage.tried - before)
