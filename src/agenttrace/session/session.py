"""One run: from its plan to its verdict, and to what it leaves on disk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict, fields, replace
from typing import TYPE_CHECKING, Self

from agenttrace.adapters.plain.tools import REFUSALS
from agenttrace.analysis.fidelity import level_of
from agenttrace.boundary import Boundary, Chain, Nobody
from agenttrace.causal import current
from agenttrace.causal.clock import RealClock
from agenttrace.causal.delivery.settling import told
from agenttrace.causal.position import fresh_key
from agenttrace.causal.settle import settled
from agenttrace.check import telling
from agenttrace.formats.records import Counted
from agenttrace.model.lane import label_of
from agenttrace.record.clean import Clean
from agenttrace.record.journal import JournalWriter
from agenttrace.record.recorder import Recorder
from agenttrace.redact import Redactor, numbered
from agenttrace.replay.divergence import Retelling
from agenttrace.replay.matching import LENIENT
from agenttrace.replay.replayer import Refusing, Replayer
from agenttrace.session import budgeting, holding, leaving, rehearsing, stubbing
from agenttrace.session.against import differences, load_golden
from agenttrace.session.children import Children
from agenttrace.session.plan import VERIFY
from agenttrace.verdict import Asked, Outcome, Unused, Verdict

if TYPE_CHECKING:
    from contextvars import Token

    from agenttrace.boundary import Source
    from agenttrace.causal.current import Frame
    from agenttrace.errors import (
        AgentTraceError,
        AnswersUnused,
        GoldenMismatch,
        GoldenMissing,
        RunStopped,
    )
    from agenttrace.model.difference import Difference
    from agenttrace.model.span import Span
    from agenttrace.model.trace import Trace
    from agenttrace.replay.stubbed import Stubbed
    from agenttrace.replay.stubs import Stubs
    from agenttrace.session.ending import Failing
    from agenttrace.session.plan import Plan
    from agenttrace.session.world import World


class Session:
    """One run of a plan, in a world.

    Use it as a context manager; then `settle` it, when it is known whether the test passed.

    Attributes:
        plan: How the run is to go.
        run: The run itself.
        trace: What happened; there once the run has ended.
        golden: What it is replayed from or compared with, if there is any.
        redactor: What takes the secrets out of what the run says and hears.
        notes: What is to be said of it beside its verdict.
    """

    def __init__(self, plan: Plan, world: World, stubs: Stubs | None = None) -> None:
        """Prepare a run; nothing is read or written yet.

        Args:
            plan: How the run is to go; with stubs it is a replay.
            world: The program around it.
            stubs: What the test answers itself: alone where there is no golden, else before it.
                Such a run writes nothing.
        """
        self.plan = plan = plan if plan.key else replace(plan, key=fresh_key())
        self.redactor = Redactor(plan.redact, key=plan.key, environment=os.environ)
        self._stubs = stubs
        self._stubbed: Stubbed | None = None
        self.run = current.Run(plan.name, within=plan.within)
        self.run.clean = self.redactor.said
        self.notes: list[str] = []
        self.trace: Trace | None = None
        self.golden: Trace | None = None
        self._world = world
        self._records = plan.records or (plan.is_live and plan.within is not None)
        self._missing: GoldenMissing | None = None
        self._token: Token[Frame | None] | None = None
        self._door: Boundary | None = None
        self._recorder: Recorder | None = None
        self._clean: Clean | None = None
        self._replayer: Replayer | None = None
        self._journal: JournalWriter | None = None
        self._judged: tuple[Trace, tuple[Difference, ...]] | None = None
        self._children = Children(plan, self.run, live=plan.is_live)

    # -- the run's life ---------------------------------------------------------------------------
    def __enter__(self) -> Self:
        self.begin()
        return self

    def __exit__(self, *exc: object) -> None:
        self.end()

    def begin(self, *, eager: bool = True) -> None:
        """Read the golden where there is one to replay, stand at the door, make the run active.

        Args:
            eager: Raise at once when the golden is missing. Else its first call does, and `settle`.

        Raises:
            GoldenMissing: There is nothing to replay.
            GoldenUnreadable: There is something else.
            UsageError: It is to be recorded, and its world keeps virtual time already.
        """
        plan, live = self.plan, self.plan.is_live
        if self._records and self._world.is_virtual:
            raise telling.late_recording(plan.name, plan.commands.rewrite)
        self.golden = None if self._records else load_golden(plan)
        if self.golden is None and not self._records and self._stubs is None:
            self._missing = telling.missing(plan.name, plan.shown, plan.commands.record)
            if eager:
                raise self._missing
        if self._records or plan.within is not None:
            plan.journal.unlink(missing_ok=True)
            self._journal = JournalWriter(plan.journal)
        self.run.again = plan.commands.rewrite
        self.run.offline = None if live else plan.stub
        if live and plan.within is not None:
            self.run.clock = RealClock(plan.within.at_ns)
        pace = holding.pace_of(self.run, self._world, plan)
        start = holding.start_of(plan, self.golden)
        holding.hold(self.run, self._world, plan, start)
        self._recorder = Recorder(
            self.run, journal=self._journal, started=start.started, environment=start.environment
        )
        self._clean = Clean(self._recorder, self.redactor)
        source = rehearsing.around(plan, self.run, self._source(), self.golden)
        self._door = Boundary(self.run, source=source, scribe=self._clean, pace=pace)
        rehearsing.book_of(plan, self.run, self.golden)
        self._token = current.enter(self.run)
        if plan.within is not None:
            self.run.wakers.append(self._journal_stop)

    def end(self) -> None:
        """End the run: nothing belongs to it any more, and its trace is whole; twice is once."""
        token, self._token = self._token, None
        if token is None or self._recorder is None or self._clean is None:
            return
        if self.plan.within is not None:
            self.run.root.end()
            for one in told(self.run):
                self._recorder.noted(one)
        self._clean.let_go()
        raw = self._recorder.raw()
        self.trace = self._whole(raw)
        if self._children.stopped is not None:
            self.run.stop(self._children.stopped)
        current.leave(self.run, token)
        if self._journal is not None:
            self._journal.counted(Counted(**asdict(self._counts())))
            if self.plan.within is not None:
                for warning in self._warnings():
                    self._journal.warned(warning)
            self._journal.ended(raw)

    def close_journal(self) -> None:
        """Bring a child process's journal to the disk."""
        if self._journal is not None:
            self._journal.close()

    def _journal_stop(self, error: RunStopped) -> None:
        if self._journal is not None:
            self._journal.stopped(error.slug, error.headline, error.detail)

    def stand_aside(self) -> None:
        """Take no calls for now: a run with a place of its own begins, which writes the journal."""
        current.suspend(self.run)
        self.forget_if_idle()

    def forget_if_idle(self) -> None:
        """Leave no journal of a run that has asked nothing."""
        if self._journal is not None and self._recorder is not None and not self.has_asked:
            self._recorder.forget_journal()
            self._journal.discard()
            self._journal = None

    def guard(self, shared: str = "") -> None:
        """Refuse every call from now on: it belongs to no run, or to what tests share."""
        self.run.guard = telling.outside(self.plan.name, shared)
        current.resume(self.run)

    def welcome(self) -> None:
        """Take calls again."""
        self.run.guard = None

    @property
    def has_asked(self) -> bool:
        """Whether the run has put any question to the world."""
        return self._door is not None and self._counts().asked > 0

    def current_trace(self) -> Trace | None:
        """What has happened so far, or in all once the run has ended."""
        if self.trace is not None or self._recorder is None:
            return self.trace
        return self._whole(self._recorder.raw(complete=False))

    def _whole(self, raw: Trace) -> Trace:
        trace = self._children.merged(raw) or settled(raw)
        return numbered(trace) if self.redactor.told_apart or self._children.began else trace

    # -- what there is to say ---------------------------------------------------------------------
    def problems(self) -> list[AgentTraceError | RunStopped]:
        """What fails the test as things stand, if its own code passed; the first cause first."""
        plan = self.plan
        if self.trace is None and self._children.began:
            self.current_trace()  # what they have told so far counts
        if self.run.stopped is not None:
            return [self.run.stopped]
        if self._missing is not None:
            return [self._missing]
        if self._door is None or self._recorder is None:
            return []
        if refused := self._door.kept.get(REFUSALS):
            return list(refused[:1])
        if not self.has_asked and not (self.golden is not None and self.golden.calls):
            return [telling.nothing_asked(plan.name)]
        found: list[AgentTraceError | RunStopped] = [
            telling.left_open(plan.name, span) for span in self._recorder.streams_left_open()[:1]
        ]
        if (left := self._unused()) and self.golden is not None and plan.compare:
            found.append(self._left_unused(left, len(self.golden.calls)))
        if (differences := self.differences()) and plan.compare:
            found.append(self._mismatch(differences))
        return [*found, *budgeting.broken(plan, self.current_trace(), self.golden)]

    def differences(self) -> tuple[Difference, ...]:
        """What differs from the golden as things stand."""
        trace = self.current_trace()
        if self.golden is None or trace is None:
            return ()
        if self._judged is None or self._judged[0] is not trace:
            found = differences(self.golden, trace, self.plan.vary, self.redactor)
            self._judged = trace, found
        return self._judged[1]

    def mismatch_with(self, other: Trace) -> GoldenMismatch | None:
        """Say how the run differs from any trace; None: it does not, or is recorded."""
        if self.run.stopped is not None:
            raise self.run.stopped
        trace, found = self.current_trace(), self.differences()
        if trace is not None and other != self.golden:
            found = differences(other, trace, self.plan.vary, self.redactor)
        return self._mismatch(found) if found and not self._records else None

    def settle(self, *, passed: bool, failing: Failing | None = None) -> Verdict:
        """Give the verdict of an ended run; write its golden, keep its journal, leave a `.new`.

        What is kept of a run that failed says of what: of its first problem, else of `failing`.
        """
        plan, problems = self.plan, self.problems()
        if not passed:
            problems = [] if self.run.stopped is None else [self.run.stopped]
        elif not problems and self._stubbed is not None:
            problems = stubbing.unused(plan.name, self._stubbed)
        judged = passed and self.run.stopped is None
        verdict = Verdict(
            run=plan.name,
            outcome=self._outcome(problems, passed=passed),
            golden=plan.golden,
            shown=plan.shown,
            counts=self._counts(),
            differences=self.differences() if judged else (),
            unused=self._unused() if judged else (),
            problems=tuple(problems),
            warnings=tuple(self._warnings()),
            notes=tuple(self.notes),
            trace=self.trace,
            fidelity="F4" if self.golden is None else level_of(self.golden).level,
        )
        if self.trace is None:
            return verdict
        borrowed = bool(self._borrowed()) or self._stubs is not None
        verdict = leaving.left(
            plan, verdict, self.trace, self._journal, self.redactor, failing, borrowed=borrowed
        )
        if verdict.journal is None:
            self._children.discard()
        return replace(verdict, processes=self._children.journals)

    def _source(self) -> Source:
        if self._missing is not None:
            return Refusing(self._missing)
        plan = self.plan
        if self.golden is None and self._stubs is not None:
            self._stubbed = stubbing.alone(self._stubs, self.run, plan.stub)
            return self._stubbed
        if plan.is_live or self.golden is None:
            return Nobody()
        self._replayer = Replayer(
            rehearsing.recording_of(plan, self.golden),
            retelling=Retelling(
                run=plan.name,
                golden=plan.shown,
                rewrite=plan.commands.rewrite,
                lenient="" if plan.match == LENIENT else plan.commands.lenient,
                vary=plan.vary,
            ),
            match=plan.match,
            stub=plan.stub,
            vary=plan.vary,
        )
        if self._stubs is None:
            return self._replayer
        self._stubbed = stubbing.before(self._replayer, self._stubs, self.run)
        return Chain(self._stubbed, self._replayer)

    def _unused(self) -> tuple[Unused, ...]:
        if self._replayer is None:
            return ()
        order = list(self._replayer.recording.by_position)
        trace = self.current_trace()
        ran = set() if trace is None else {span.position for span in trace.calls}  # `live=True`
        return tuple(
            Unused(title=span.name, place=span.position, ordinal=order.index(span.position) + 1)
            for span in self._replayer.unused()
            if span.position not in ran
        )

    def _left_unused(self, left: tuple[Unused, ...], total: int) -> AnswersUnused:
        plan = self.plan
        if self._stubs is not None:
            way_on, reason = telling.NO_COMPARISON, telling.ELSEWHERE
            return telling.unused(plan.name, plan.shown, left, total, way_on, reason)
        return telling.unused(plan.name, plan.shown, left, total, self._update())

    def _mismatch(self, differences: tuple[Difference, ...]) -> GoldenMismatch:
        plan = self.plan
        if self._stubs is not None:
            way_on, reason = telling.NO_COMPARISON, telling.ELSEWHERE
            names = plan.name, plan.shown
            return telling.mismatch(*names, differences, way_on, "", reason, how=plan.diff)
        if self._borrowed():
            way_on, left = plan.commands.rewrite, ""
        else:
            way_on, left = self._update(), "" if plan.is_live else f"{plan.shown}.new"
        return telling.mismatch(plan.name, plan.shown, differences, way_on, left, how=plan.diff)

    def _update(self) -> str:
        """The command that accepts this run; it must come as far as this run came."""
        lenient = " --agenttrace-match=lenient" if self.plan.match == LENIENT else ""
        return self.plan.commands.update + lenient

    def _borrowed(self) -> tuple[Span, ...]:
        """Calls of this run whose answers are not ones that the world gave to these questions."""
        trace = self.current_trace()
        return () if trace is None else tuple(span for span in trace.spans if span.mark)

    def _counts(self) -> Asked:
        if self._door is None:
            return Asked()
        counts = self._door.counts
        own = Asked(
            asked=counts.asked,
            answered=counts.answered,
            echoed=counts.echoed,
            live=counts.live,
            refused=self.run.refused,
        )
        told = [own, *(part.counted for part in self._children.parts)]
        names = [it.name for it in fields(Asked)]
        return Asked(**{name: sum(getattr(one, name) for one in told) for name in names})

    def _warnings(self) -> Iterator[str]:
        for where in sorted(set(self.run.adopted)):
            yield f"work without the run's context was taken in, at {where}"
        if (golden := self.golden) is not None and self.plan.within is None:
            for name in self.plan.vary.strangers({span.operation for span in golden.calls}):
                yield f"vary names {name}, and no call is called so"
        for where in sorted(set(self.run.bypassed)):
            yield f"past every adapter, so nothing of it is recorded: {where}"
        yield from (*self.run.warnings, *self._world.warnings)
        yield from sorted({*self.run.lost, *self._children.warnings})
        if self._replayer is not None:
            for note in self._replayer.notes:
                place, recorded = label_of(note.position), label_of(note.recorded)
                yield f"{note.title} at {place} was {note.how} from {recorded}"

    def _outcome(self, problems: list[AgentTraceError | RunStopped], *, passed: bool) -> Outcome:
        if problems or not passed:
            return Outcome.of(problems)
        if self._records:
            return Outcome.RECORDED
        rehearsal = self.plan.rehearsal
        if self._stubs is not None or (rehearsal is not None and rehearsal.is_free):
            return Outcome.STUBBED if self._stubs is not None else Outcome.REHEARSED
        return Outcome.VERIFIED if self.plan.mode == VERIFY else Outcome.REPLAYED
