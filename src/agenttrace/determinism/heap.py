"""Heap: one virtual time for all of a run; when nobody runs, it moves to the earliest thing due.

A clock for each lane reproduced the recorded order in 0 of 40 runs of threads, one heap for all in
40 of 40. Loops, their workers and plain threads wait in the same heap, so a loop in a thread and
the thread that waits for it are no deadlock.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from typing import TYPE_CHECKING

from agenttrace.determinism.budget import Budget
from agenttrace.determinism.holds import Held
from agenttrace.determinism.still import GRACE_S, PATIENCE_S, Desk, Stillness
from agenttrace.determinism.stuck import Wait, stopped
from agenttrace.determinism.waiter import ANSWER, TIMER, Released, Waiter
from agenttrace.determinism.who import HOME, Roll, is_thread, label
from agenttrace.errors import RunStopped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from agenttrace.causal.lane import LiveLane

_SELDOM_S = 0.25


class Heap:
    """The virtual time of a run, and who waits in it; the `Waits` of a replay.

    Attributes:
        now_ns: Virtual nanoseconds since it was made.
        on_time: Told, with the new time in nanoseconds, each time virtual time moves. They are
            quick, and ask nothing of the heap.
        error: What the run stopped with; every later wait raises it.
        budget: How long the run may go on.
        is_held: Whether a process of the run is at work: a timeout must not pass before it answers.
    """

    def __init__(self, *, on_stuck: Callable[[RunStopped], RunStopped] | None = None) -> None:
        """Begin at zero, in the calling thread.

        Args:
            on_stuck: Is told the error when nothing can happen any more, and gives the one to
                raise: the run's first.
        """
        self.on_time: list[Callable[[int], None]] = []
        self.error: BaseException | None = None
        self.budget = Budget()
        self.is_held: Callable[[], bool] = bool
        self._on_stuck = on_stuck
        self._lock = Desk()
        self.now_ns = 0
        self._order = itertools.count()
        self._roll = Roll()
        self._busy: set[object] = {HOME}
        self._timed: list[Waiter] = []
        self._untimed: dict[Waiter, None] = {}
        self._outside: set[Waiter] = set()
        self._loops: set[Waiter] = set()
        self._parked: set[threading.Thread] = set()
        self._blocked: dict[frozenset[object], set[LiveLane]] = {}

    def claim(self) -> None:
        """Make the calling thread the run's own."""
        with self._lock:
            self._roll.claim()

    def begin(self) -> None:
        """Begin another run, in the calling thread: what stopped the last one is over."""
        with self._lock:
            self._roll.claim()
            self.error = None
            self.budget.begin(self.now_ns)

    # -- who runs ---------------------------------------------------------------------------
    def started(self, lane: LiveLane) -> None:
        """A thread or job of the run is about to run."""
        with self._lock:
            self._roll.enrol(lane)
            self._busy.add(lane)

    def ended(self, lane: LiveLane) -> None:
        """It has ended; whoever waits for it runs from this moment, before it has woken."""
        with self._lock:
            self._roll.strike(lane)
            for who, on in list(self._blocked.items()):
                on.discard(lane)
                if not on:
                    del self._blocked[who]
                    self._busy |= who
            self._busy.discard(lane)
            # a job's future is told after the job has ended: a loop that waits for it looks soon
            if not (self._loops and lane.path and lane.path[-1].kind == "job"):
                self._settle()

    def block(self, lane: LiveLane, on: Iterable[LiveLane]) -> None:
        """A lane waits, without a loop, until all of these have ended.

        Raises:
            RunStopped: With that, everybody in the run waits for somebody else.
        """
        with self._lock:
            left = {other for other in on if not other.ended}
            if not left:
                return
            who = self._here()
            self._blocked[who] = left
            self._busy -= who
            before = self.error
            self._settle()
            if self.error is not None and before is None:
                raise self.error

    def count(self, ticket: object) -> None:
        """Count a job that a loop has handed to a thread."""
        with self._lock:
            self._busy.add(ticket)

    def discount(self, ticket: object) -> None:
        """It does not run any more."""
        with self._lock:
            self._busy.discard(ticket)
            self._settle()

    # -- waiting in a thread -------------------------------------------------------------------
    def sleep_until(self, at_ns: int, tie_ns: int = 0) -> None:
        """Let the calling thread sleep until a moment.

        Raises:
            RunStopped: The run has stopped.
            Released: The run is over.
        """
        self._sit(at_ns, tie_ns, "")

    def never(self, what: str) -> None:
        """Let the calling thread wait for an answer that never comes, until the run stops."""
        self._sit(None, 0, what)

    def hold(self, waits_for: tuple[str, Callable[[], str], str]) -> Held:
        """Prepare a wait of the calling thread, which somebody else will end."""
        return Held(self, waits_for)

    def _sit(self, at_ns: int | None, tie_ns: int, what: str) -> None:
        bell = threading.Event()
        with self._lock:
            self._refuse()
            who = self._here()

            def waits() -> list[Wait]:
                return [Wait(label(who), what, unanswered=True)] if at_ns is None else []

            waiter = self._park(who, bell, waits, at_ns=at_ns, tie_ns=tie_ns)
        self._wait(waiter, bell)

    def _park(
        self,
        who: frozenset[object],
        bell: threading.Event,
        waits: Callable[[], list[Wait]],
        *,
        at_ns: int | None,
        tie_ns: int = 0,
    ) -> Waiter:
        waiter = Waiter(who, bell.set, waits, at_ns=at_ns, tie_ns=tie_ns, order=next(self._order))
        self._enter(waiter)
        if is_thread(who):
            self._parked.add(threading.current_thread())
        self._settle()
        return waiter

    def _wait(self, waiter: Waiter, bell: threading.Event) -> None:
        stillness = Stillness()
        while not waiter.over:
            every_s = self._turn_s(waiter)
            rung = bell.wait(every_s)
            bell.clear()
            if not rung and every_s is not None:
                self.look(stillness, every_s)
        self._parked.discard(threading.current_thread())
        if waiter.error is not None:
            raise waiter.error

    def _turn_s(self, waiter: Waiter) -> float | None:
        """How often a thread that waits looks whether the others are stalled; the first does."""
        if waiter.at_ns is None:
            return _SELDOM_S
        return GRACE_S if self._timed and self._timed[0] is waiter else None

    # -- waiting in a loop -----------------------------------------------------------------------
    def add(self, at_ns: int | None, wake: Callable[[], None], *, tie_ns: int = 0) -> Waiter:
        """Wait on behalf of a task, whose loop rests for itself.

        Raises:
            RunStopped: The run has stopped.
        """
        with self._lock:
            self._refuse()
            waiter = Waiter(
                frozenset(), wake, list, at_ns=at_ns, tie_ns=tie_ns, order=next(self._order)
            )
            self._enter(waiter)
            return waiter

    def rest(self, waiter: Waiter) -> None:
        """A loop has nothing to do before `waiter.at_ns`; `waiter.over` says when it has."""
        with self._lock:
            if not waiter.over:  # somebody may have given the loop work since it looked
                self._enter(waiter)
                self._settle()

    def here(self) -> frozenset[object]:
        """The names that the calling thread counts by; from now on it runs."""
        with self._lock:
            return self._here()

    def rouse(self, waiter: Waiter) -> None:
        """Somebody gives a resting loop work: it runs from this moment, before it has woken."""
        with self._lock:
            if not waiter.over:
                self._finish(waiter)

    def drop(self, waiter: Waiter) -> None:
        """Nobody waits here any more."""
        with self._lock:
            waiter.over = True
            self._forget(waiter)

    def next_order(self) -> int:
        """The next number in the order of waiting."""
        return next(self._order)

    # -- what happens next -------------------------------------------------------------------------
    def look(self, stillness: Stillness, every_s: float, *, held: bool = False) -> None:
        """Nothing has come for a while: if the others are all still, let the earliest go on.

        Where the caller is `held`, or a process is at work, not before it is really due.
        """
        with self._lock.quietly:
            for guest in self._roll.gone():
                self._busy.discard(guest)
            threads, visits = self._roll.natives(self._busy), self._lock.visits
        still = stillness.seen(threads, visits)  # whoever waits for our lock meanwhile looks still
        with self._lock.quietly:
            if self._lock.visits != visits or not (still or not self._busy):
                return
            if (held or self.is_held()) and stillness.is_early(self._first(), self.now_ns):
                return
            patient = stillness.looks * every_s >= PATIENCE_S and None not in threads
            self._settle(pressed=True, patient=patient)

    def looping(self) -> None:
        """The calling thread runs a loop whose time is not ours."""
        with self._lock:
            self._roll.loops()

    def pass_by(self, at_ns: int) -> None:
        """A moment has come on a loop whose time is not ours."""
        with self._lock:
            self._move(at_ns)

    def stop(self, error: BaseException) -> None:
        """The run has stopped: every thread and task that waits wakes with its first error."""
        with self._lock:
            if self.error is None:
                self.error = error
            for waiter in [*self._timed, *self._untimed]:
                if waiter.rank == ANSWER and not waiter.over:
                    self._finish(waiter, self.error)
                    waiter.wake()

    def close(self) -> list[threading.Thread]:
        """The run is over: who is still parked is let go; give the threads that will end of it."""
        with self._lock:
            self._busy = {HOME}
            self.stop(Released("the run is over"))
            return list(self._parked)

    def _refuse(self) -> None:
        if self.error is not None:
            raise self.error

    def _here(self) -> frozenset[object]:
        who = self._roll.mine()
        self._blocked.pop(who, None)
        self._busy |= who
        return who

    def _enter(self, waiter: Waiter) -> None:
        self._busy -= waiter.who
        if waiter.at_ns is None:
            self._untimed[waiter] = None
        else:
            heapq.heappush(self._timed, waiter)
        if waiter.outside:
            self._outside.add(waiter)
        if waiter.rank == TIMER:
            self._loops.add(waiter)

    def _forget(self, waiter: Waiter) -> None:
        self._untimed.pop(waiter, None)
        self._outside.discard(waiter)
        self._loops.discard(waiter)

    def _finish(self, waiter: Waiter, error: BaseException | None = None) -> None:
        waiter.over = True
        waiter.error = error
        self._busy |= waiter.who
        self._forget(waiter)

    def _first(self) -> Waiter | None:
        while self._timed and self._timed[0].over:
            heapq.heappop(self._timed)
        return self._timed[0] if self._timed else None

    def _settle(self, *, pressed: bool = False, patient: bool = False) -> None:
        """While nobody runs, let the earliest go on.

        One at a time, so that what follows from it comes before the next.
        """
        while pressed or not (self._busy or self._outside):
            first = self._first()
            if first is None or first.at_ns is None:
                if patient or not (self._busy or self._outside):
                    self._stick()
                return
            self.budget.steps += 1
            if self.error is None and self.budget.is_spent(first.at_ns):
                self._end_all()
                return
            heapq.heappop(self._timed)
            self._move(first.at_ns)
            self._finish(first)
            first.wake()
            pressed = False
            following = self._first()
            if following is not None and following.who and following.rank == ANSWER:
                following.wake()  # it is the first now, and looks whether the others are stalled

    def _move(self, at_ns: int) -> None:
        if at_ns > self.now_ns:
            self.now_ns = at_ns
            for tell in self.on_time:
                tell(at_ns)

    def _stick(self) -> None:
        """Nobody runs and nothing is due: stop the run, unless a wait has ended unseen."""
        gone_on = [who for who, on in self._blocked.items() if all(lane.ended for lane in on)]
        for who in gone_on:
            del self._blocked[who]
            self._busy |= who
        waits = [wait for waiter in self._untimed for wait in waiter.waits()]
        if gone_on or not (waits or self._blocked):
            return
        for who, on in self._blocked.items():
            ends = ", ".join(sorted(label(frozenset({lane})) for lane in on))
            waits.append(Wait(label(who), f"the end of {ends}"))
        self._end(self.error or stopped(waits))

    def spent(self) -> BaseException:
        """A loop goes round and round: stop the run; give the error."""
        with self._lock:
            if self.error is None:
                self._end_all()
            self.budget.steps = 0  # whoever swallows it meets it again
            return self.error or Released("the run is over")

    def _end_all(self) -> None:
        """The run has gone on for too long."""
        waiting = [*self._timed, *self._untimed]
        waits = [wait for waiter in waiting for wait in waiter.waits()]
        self._end(self.budget.error(self.now_ns, waits))

    def _end(self, error: BaseException) -> None:
        """Stop the run with its first error; loops, which rest for their tasks, end in it."""
        if self.error is None and self._on_stuck is not None and isinstance(error, RunStopped):
            error = self._on_stuck(error)
        loops = [waiter for waiter in self._loops if waiter.waits()]
        self.stop(error)
        for waiter in loops:
            self._finish(waiter, self.error)
            waiter.wake()
