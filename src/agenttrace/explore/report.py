"""Report: what a search over schedules has to say, and why one had nothing to search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agenttrace.errors import NothingToExplore, SearchUnsteady
from agenttrace.explore.trial import Trial
from agenttrace.model import amounts
from agenttrace.replay.schedule_text import in_words

if TYPE_CHECKING:
    from agenttrace.explore.trial import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A schedule under which the run breaks.

    Attributes:
        trial: The run under the smallest schedule that was found.
        nth: Which schedule of the search broke it first.
        by: Which strategy proposed it.
        labels: How many answers that one moved.
        shrinking: How many schedules it took to make it smaller.
    """

    trial: Trial
    nth: int = 1
    by: str = ""
    labels: int = 0
    shrinking: int = 0

    @property
    def size(self) -> int:
        """How many answers its schedule moves, and how many calls meet a fault."""
        return self.trial.schedule.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a search has to say.

    Attributes:
        run: The run's name.
        schedules: How many schedules were tried, the recorded one included.
        choice_points: How many answers of the recorded run came while another was on its way.
        found: The first violation; None: there was none among them.
        left: How many left the recording and were not judged, by where.
        lent: In how many an answer was given to another call than it was recorded for.
        seconds: How long it took.
        interrupted: Whether it was stopped from outside.
    """

    run: str
    schedules: int
    choice_points: int
    found: Found | None = None
    left: tuple[tuple[str, int], ...] = ()
    lent: int = 0
    seconds: float = 0.0
    interrupted: bool = False

    def __str__(self) -> str:
        """One line, for a person; it never says that there is no race."""
        what = "a violation" if self.found is not None else "no violation"
        said = (
            f"{what} in {amounts.counted(self.schedules, 'schedule')} of "
            f"{amounts.counted(self.choice_points, 'choice point')}"
        )
        unjudged = sum(count for _, count in self.left)
        if unjudged:
            said += f"; {unjudged} left the recording and were not judged"
        return f"{said}, interrupted" if self.interrupted else said


def refuse_empty(report: Report) -> None:
    """Refuse a search that judged nothing: it is not a pass.

    Raises:
        NothingToExplore: It is empty.
    """
    unjudged = sum(count for _, count in report.left)
    if report.schedules - 1 > unjudged:
        return
    where = "\n".join(f"    {count:>5} x  {what}" for what, count in report.left[:5])
    if report.schedules == 1:
        why = "the budget was over before the first one"
        detail = '  Give it more: budget="10s".'
    else:
        why = f"each of {amounts.counted(unjudged, 'schedule')} left the recording"
        detail = (
            f"{where}\n\n  A tool answers only what it has been asked. Let it run in every\n"
            '  schedule (the marker\'s stub=["llm", "http", "retrieval"]), or say what it\n'
            "  answers, with agent_stubs; or name it in lend= if it asks a model itself."
        )
    raise NothingToExplore(
        f"{report.run}: no schedule could be judged: {why}",
        detail=f"{detail}\n  More: agenttrace explain nothing-to-explore",
    )


def nothing(stage: Stage) -> NothingToExplore:
    """The error for a run in which no answer can overtake another one."""
    calls = len(stage.golden.calls)
    return NothingToExplore(
        f"{stage.name}: no answer can overtake another one, so there is nothing to search",
        detail=f"    golden  {amounts.counted(calls, 'call')}, never two on their way at once\n\n"
        "  Let agents work at the same time, or let something go wrong:\n"
        '      agent_trace.explore(run, faults=["rate-limit", "timeout"])\n'
        "  More: agenttrace explain nothing-to-explore",
    )


def unsteady(stage: Stage, first: Trial) -> SearchUnsteady:
    """The error for a schedule that broke the run once, and does not again."""
    return SearchUnsteady(
        f"{stage.name}: a schedule broke the run, and does not break it again",
        detail=f"    broken    {first.message}\n"
        f"    schedule  {in_words(first.schedule)}\n\n"
        "  The run keeps something from one run to the next. Let it make its own state:\n"
        "  what explore() is given is called once a schedule.\n"
        "  More: agenttrace explain search-unsteady",
    )
