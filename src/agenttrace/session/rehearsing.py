"""Rehearsing: a replay under another schedule, wired.

Its answers come at other moments, some calls meet faults, and its messages go to whoever asks
first. So it may ask what it did not ask when it was recorded: it is answered as `matching` says
under `rehearsing`, and it is never compared with the golden, nor written anywhere.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from agenttrace.boundary import WIRE_KINDS
from agenttrace.causal.delivery import Book
from agenttrace.causal.delivery.free import FreeBook
from agenttrace.errors import ScheduleUnfit, SearchWentLive
from agenttrace.replay import schedule_text
from agenttrace.replay.draws import drawn_by
from agenttrace.replay.faults import DUPLICATE, LOST, Faults
from agenttrace.replay.matching import REHEARSING, Recording
from agenttrace.replay.retiming import Retimed, typical_ns
from agenttrace.session.rehearsal import Rehearsal

if TYPE_CHECKING:
    from agenttrace.boundary import Recall, Source
    from agenttrace.causal.current import Run
    from agenttrace.model.call import Call
    from agenttrace.model.lane import Position
    from agenttrace.model.schedule import Schedule
    from agenttrace.model.trace import Trace
    from agenttrace.session.plan import Plan


def of_text(plan: Plan, text: str) -> Plan:
    """The plan of a run under the schedule that a command line gives."""
    return rehearsed(plan, Rehearsal(text=text))


def rehearsed(plan: Plan, rehearsal: Rehearsal) -> Plan:
    """The plan of a run that is rehearsed; one that is only watched stays as it is."""
    if not rehearsal.is_free:
        return replace(plan, rehearsal=rehearsal)
    return replace(
        plan,
        rehearsal=rehearsal,
        match=REHEARSING,
        compare=False,
        budget=None,
        update=False,
        keep="none",
        run_dir=None,
    )


def recording_of(plan: Plan, golden: Trace) -> Recording:
    """The index of a golden: the one that a rehearsal brings, or a new one."""
    brought = None if plan.rehearsal is None else plan.rehearsal.recording
    return brought or Recording.of(golden, alone=plan.alone)


def book_of(plan: Plan, run: Run, golden: Trace | None) -> Book:
    """Begin the book of a run's messages."""
    if golden is None or plan.is_live:
        return Book(run, None)
    recorded = () if plan.alone else golden.deliveries
    if plan.rehearsal is not None and plan.rehearsal.is_free:
        return FreeBook(run, recorded, _times(plan.rehearsal, golden))
    return Book(run, recorded)


def around(plan: Plan, run: Run, source: Source, golden: Trace | None) -> Source:
    """What answers a run: the source, under the schedule of its rehearsal.

    Raises:
        ScheduleUnfit: The schedule is one of another run; at the run's first call.
    """
    rehearsal = plan.rehearsal
    if rehearsal is None or golden is None or plan.is_live:
        return source
    return Rehearsed(rehearsal, run, source, golden)


class Rehearsed:
    """A `Source` that answers under a schedule.

    Attributes:
        retimed: The answers, with their moments; None before the first call.
    """

    def __init__(self, rehearsal: Rehearsal, run: Run, source: Source, golden: Trace) -> None:
        """Stand before the source of a replay."""
        self.retimed: Retimed | None = None
        self._rehearsal = rehearsal
        self._run = run
        self._source = source
        self._golden = golden
        run.accesses = []

    def recall(self, call: Call) -> Recall | None:
        """Answer under the schedule.

        Raises:
            RunStopped: The schedule is one of another run, or the recording does not answer.
        """
        if self.retimed is None:
            self.retimed = self._begin()
        recall = self.retimed.recall(call)
        live = recall is None and call.question.kind in WIRE_KINDS
        if live and self._rehearsal.offline:
            raise _went_live(call)
        return recall

    def _begin(self) -> Retimed:
        rehearsal = self._rehearsal
        schedule = _schedule_of(rehearsal, self._golden)
        faults = Faults(schedule.faults, self._source)
        draw = drawn_by(schedule.draw) if schedule.draw else None

        def latency(position: Position, base_ns: int) -> float | None:
            for says in (schedule.latency.get, faults.latency):
                factor = says(position)
                if factor is not None:
                    return factor
            return None if draw is None else draw(position, base_ns)

        return Retimed(
            faults,
            latency,
            now_ns=self._run.clock.now_ns,
            typical_ns=rehearsal.typical_ns or typical_ns(self._golden),
        )


def _schedule_of(rehearsal: Rehearsal, golden: Trace) -> Schedule:
    return schedule_text.read(rehearsal.text, golden) if rehearsal.text else rehearsal.schedule


def _times(rehearsal: Rehearsal, golden: Trace) -> dict[Position, int]:
    """How often messages arrive that are lost, or delivered twice."""
    try:
        met = _schedule_of(rehearsal, golden).faults
    except ScheduleUnfit:  # the run's first call says so, in the place where it can
        return {}
    often = {LOST: 0, DUPLICATE: 2}
    return {place: often[one.kind] for place, one in met.items() if one.kind in often}


def _went_live(call: Call) -> SearchWentLive:
    where = f"      {call.question.site}" if call.question.site else ""
    return SearchWentLive(
        f"{call.question.title} would be asked for real in every schedule",
        detail=f"    asked  {call.question.kind}  {call.question.title}{where}\n\n"
        "  A search answers models and services from the golden. Take the kind out of what runs\n"
        '  live (the marker\'s stub=), or leave tools alone: stub="llm" is not enough for HTTP.\n'
        "  More: agenttrace explain search-went-live",
        position=call.position,
    )
