"""Trial: one run of a program under one schedule, and what became of it."""

from __future__ import annotations

import asyncio
import inspect
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from agenttrace.causal.accesses import Access
from agenttrace.determinism.clock import VirtualClock
from agenttrace.errors import (
    Deadlock,
    EgressRefused,
    InvariantRaised,
    RunNeverEnds,
    ScheduleUnfit,
    SearchWentLive,
    UsageError,
)
from agenttrace.model.schedule import Schedule
from agenttrace.replay.matching import Recording
from agenttrace.replay.retiming import Passage, typical_ns
from agenttrace.session import Session
from agenttrace.session.rehearsal import Rehearsal
from agenttrace.session.rehearsing import Rehearsed, rehearsed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator

    from agenttrace.model.lane import Position
    from agenttrace.model.trace import Trace
    from agenttrace.replay.stubs import Stubs
    from agenttrace.session import Plan, World

HELD, BROKEN, LEFT = "held", "broken", "left"
"""The invariant held; it did not; the run asked what the recording does not answer."""

_ENDS_THE_SEARCH = (ScheduleUnfit, SearchWentLive, EgressRefused)
_FINDINGS = (Deadlock, RunNeverEnds)
_RESULT_AND_TRACE = 2
_FEWEST_STEPS, _MORE_STEPS = 20_000, 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One schedule, tried.

    Attributes:
        schedule: The schedule, with every factor that was drawn.
        outcome: `held`, `broken` or `left`.
        kind: How it is broken, in a word that stays while it is made smaller: an exception's class.
        message: What is broken, or where the recording was left.
        passages: The answers, in the order in which they were asked for.
        accesses: Who read and wrote what agents share.
        steps: How many steps of virtual time it took.
        lent: How many answers were given to other calls than they were recorded for.
    """

    schedule: Schedule
    outcome: str
    kind: str = ""
    message: str = ""
    passages: tuple[Passage, ...] = ()
    accesses: tuple[Access, ...] = ()
    steps: int = 0
    lent: int = 0

    @property
    def choice_points(self) -> int:
        """How many answers came while another one was on its way."""
        return sum(
            any(
                other is not one and other.asked_ns < one.due_ns <= (other.due_ns or one.due_ns)
                for other in self.passages
            )
            for one in self.passages
            if one.due_ns is not None
        )


class Stage:
    """A program, and the golden from which it is run again and again.

    Attributes:
        golden: The recording.
        tried: How many schedules were tried.
    """

    def __init__(
        self,
        plan: Plan,
        world: World,
        program: Callable[[], object],
        *,
        golden: Trace,
        invariant: Callable[..., object] | None = None,
        allowed: tuple[type[BaseException], ...] = (),
        lend: Iterable[str] = (),
        stubs: Stubs | None = None,
    ) -> None:
        """Prepare it.

        Args:
            plan: How its replays go.
            world: The program around them.
            program: What is run; a coroutine function has a loop of its own.
            golden: The recording.
            invariant: Asked after each run: with nothing, with what the program returned, or with
                that and the trace. False and `AssertionError` say that it is broken.
            allowed: Exceptions that the program may end in.
            lend: Tools that may give a recorded answer to another question, as a model may.
            stubs: What the test answers itself.
        """
        self.golden = golden
        self.tried = 0
        self._plan = plan
        self._world = world
        self._program = program
        self._invariant = invariant
        self._takes = 0 if invariant is None else _taken(invariant)
        self._allowed = allowed
        self._stubs = stubs
        self._recording = replace(Recording.of(golden, alone=plan.alone), lends=frozenset(lend))
        self._typical_ns = typical_ns(golden)

    def run(self, schedule: Schedule) -> Trial:
        """Try a schedule.

        Raises:
            InvariantRaised: The invariant raised something else than `AssertionError`.
            RunStopped: The run asks for real, or leaves the machine.
        """
        self.tried += 1
        rehearsal = Rehearsal(
            schedule=schedule,
            recording=self._recording,
            typical_ns=self._typical_ns,
            offline=True,
        )
        session = Session(rehearsed(self._plan, rehearsal), self._world, self._stubs)
        outcome, kind, message = self._tried(session)
        return _trial(session, schedule, outcome, kind, message)

    def begin(self, session: Session) -> Callable[[], Trial | None]:
        """Run the program once, as it was recorded, inside a session; judge when that has ended.

        Gives what judges it; that gives None where the run diverged.
        """
        session.run.accesses = []
        returned = self._returned()

        def judge() -> Trial | None:
            if isinstance(session.run.stopped, _ENDS_THE_SEARCH):
                raise session.run.stopped
            outcome, kind, message = self._judged(session, *returned)
            trial = Trial(
                schedule=Schedule(),
                outcome=outcome,
                kind=kind,
                message=message,
                passages=tuple(self._passages(session.trace)),
                accesses=tuple(session.run.accesses or ()),
                steps=_steps(session),
            )
            return None if outcome == LEFT else trial

        return judge

    def _passages(self, trace: Trace | None) -> Iterator[Passage]:
        """The answers of a plain replay, as its trace tells of them."""
        for span in () if trace is None else trace.calls:
            answer = span.answer
            if answer is None or span.position in self._recording.composite:
                continue
            ends = answer.end not in ("cancelled", "open")
            yield Passage(
                position=span.position,
                lane=span.lane,
                asked_ns=answer.asked_ns,
                due_ns=answer.ended_ns if ends else None,
                base_ns=max(answer.ended_ns - answer.asked_ns, self._typical_ns),
                how="same",
            )

    @property
    def name(self) -> str:
        """The run's name."""
        return self._plan.name

    def limit(self, first: Trial) -> None:
        """Let no run take much longer than the recorded one; retries and polls may take some."""
        steps = min(self._plan.limit_steps, max(_FEWEST_STEPS, _MORE_STEPS * first.steps))
        self._plan = replace(self._plan, limit_steps=steps)

    def _tried(self, session: Session) -> tuple[str, str, str]:
        """What became of a run: its outcome, in which way, in words."""
        session.begin()
        try:
            returned = self._returned()
        finally:
            session.end()
        if isinstance(session.run.stopped, _ENDS_THE_SEARCH):
            raise session.run.stopped
        return self._judged(session, *returned)

    def _returned(self) -> tuple[object, BaseException | None]:
        """What the program returned, or what it raised."""
        try:
            return _result(self._program), None
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            if type(error).__name__ == "Skipped":
                raise
            return None, error

    def _judged(
        self, session: Session, result: object, raised: BaseException | None
    ) -> tuple[str, str, str]:
        stopped = session.run.stopped
        if stopped is not None:
            found = BROKEN if isinstance(stopped, _FINDINGS) else LEFT
            return found, type(stopped).__name__, stopped.headline
        if raised is not None and not isinstance(raised, self._allowed):
            return BROKEN, type(raised).__name__, _said(raised)
        if self._invariant is None or (raised is not None and self._takes):
            return HELD, "", ""
        given: tuple[object, ...] = (result, session.trace)[: self._takes]
        return _asked(self._invariant, given, session.plan.name)


def once(program: Callable[[], object], invariant: Callable[..., object] | None) -> Trial:
    """Run a program once, under no schedule at all; what it raises is raised.

    Raises:
        InvariantRaised: The invariant raised something else than `AssertionError`.
    """
    result = _result(program)
    takes = 0 if invariant is None else _taken(invariant)
    if invariant is None or takes == _RESULT_AND_TRACE:
        return Trial(schedule=Schedule(), outcome=HELD)
    outcome, kind, message = _asked(invariant, (result,)[:takes], "the program")
    return Trial(schedule=Schedule(), outcome=outcome, kind=kind, message=message)


def _result(program: Callable[[], object]) -> object:
    result = program()
    if not inspect.isawaitable(result):
        return result
    if _is_in_a_loop():
        if inspect.iscoroutine(result):
            result.close()
        raise UsageError(
            "a coroutine cannot be explored inside a running loop",
            detail="  Call explore() from a plain test: `def test_…`, not `async def`.\n"
            "  Each schedule gets a loop of its own.",
        )
    return asyncio.run(_awaited(result))


def _asked(
    invariant: Callable[..., object], given: tuple[object, ...], run: str
) -> tuple[str, str, str]:
    """What an invariant says."""
    try:
        said = invariant(*given)
    except AssertionError as error:
        return BROKEN, "AssertionError", _said(error)
    except Exception as error:
        raise InvariantRaised(
            f"{run}: the invariant raised {type(error).__name__}: {error}",
            detail=f"    invariant  {_named(invariant)}\n"
            f"    given      {', '.join(map(_shown, given)) or 'nothing'}\n\n"
            "  It is to return True or False, or to assert.\n"
            "  More: agenttrace explain invariant-raised",
        ) from error
    if said is None or bool(said):
        return HELD, "", ""
    return BROKEN, "invariant", f"{_named(invariant)} does not hold{_of(given)}"


async def _awaited(result: Awaitable[object]) -> object:
    return await result


def _is_in_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _trial(session: Session, schedule: Schedule, outcome: str, kind: str, message: str) -> Trial:
    door: Any = session.run.door
    source = door.source
    retimed = source.retimed if isinstance(source, Rehearsed) else None
    return Trial(
        schedule=schedule if retimed is None else _drawn(schedule, retimed.drawn),
        outcome=outcome,
        kind=kind,
        message=message,
        passages=() if retimed is None else tuple(retimed.passages),
        accesses=tuple(session.run.accesses or ()),
        steps=_steps(session),
        lent=0
        if retimed is None
        else sum(one.how in ("lent", "moved") for one in retimed.passages),
    )


def _steps(session: Session) -> int:
    clock = session.run.clock
    return clock.heap.budget.steps if isinstance(clock, VirtualClock) else 0


def _drawn(schedule: Schedule, drawn: dict[Position, float]) -> Schedule:
    return replace(schedule, latency=drawn, draw="") if schedule.draw else schedule


def _taken(invariant: Callable[..., object]) -> int:
    """How many arguments an invariant takes: none, the result, or the result and the trace."""
    try:
        parameters = inspect.signature(invariant).parameters.values()
    except (TypeError, ValueError):
        return 1
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    wanted = [one for one in parameters if one.kind in kinds and one.default is one.empty]
    return min(len(wanted), _RESULT_AND_TRACE)


def _said(error: BaseException) -> str:
    first = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def _named(invariant: object) -> str:
    name = getattr(invariant, "__qualname__", type(invariant).__name__)
    return "the invariant" if "<lambda>" in name else str(name).rpartition(".")[2]


def _of(given: tuple[object, ...]) -> str:
    return f" of {_shown(given[0])}" if given else ""


_LONGEST = 100


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
