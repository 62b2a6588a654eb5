"""Proposals: which schedule is tried next, by several strategies in turns.

No strategy finds everything: what agents share and do not show is found by chance, what needs two
turns in a row by looking. So each gets every third turn, and a race is found in at most three times
the runs of whoever finds it first.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from agenttrace.explore.moves import Moves
from agenttrace.model.schedule import Fault, Schedule
from agenttrace.replay import draws
from agenttrace.replay.faults import choices

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from agenttrace.explore.trial import Trial
    from agenttrace.model.lane import Position
    from agenttrace.model.trace import Trace

ACCESSES, WALK, LATENCIES, FAULTS = (
    "conflicting accesses",
    "a random walk over answers",
    "answers at once and late",
    "faults",
)
"""The strategies, as a report names them."""


class Proposals:
    """Proposes schedules for one run."""

    def __init__(self, first: Trial, trace: Trace, *, faults: Sequence[str], seed: int) -> None:
        """Begin with the run as it was recorded.

        Args:
            first: That run.
            trace: The recording.
            faults: The kinds of fault that may be tried.
            seed: What chance is made from.
        """
        self._moves = Moves(first)
        self._faults = _FaultDraws(trace, faults, seed)
        self._seed = seed
        self._scales = _scales(first)
        self._numbers = {WALK: 0, LATENCIES: 0}
        self._turns: deque[tuple[str, Callable[[], Schedule | None]]] = deque()
        if first.choice_points:
            self._turns += [(ACCESSES, self._moves.propose), (WALK, self._walk)]
            self._turns.append((LATENCIES, self._spread))
        if faults:
            self._turns.append((FAULTS, self._faults.propose))

    def propose(self) -> tuple[str, Schedule] | None:
        """Give the next schedule, and whose it is; None: nobody has one."""
        for _ in range(len(self._turns)):
            name, propose = self._turns[0]
            self._turns.rotate(-1)
            schedule = propose()
            if schedule is not None:
                return name, schedule
        return None

    def learn(self, trial: Trial) -> None:
        """Look at what became of a schedule."""
        self._moves.learn(trial)

    def _walk(self) -> Schedule:
        number = self._next(WALK)
        scale_ns = self._scales[number % len(self._scales)]
        return Schedule(draw=draws.walk(self._seed, number, scale_ns))

    def _spread(self) -> Schedule:
        return Schedule(draw=draws.sparse(self._seed, self._next(LATENCIES)))

    def _next(self, name: str) -> int:
        number = self._numbers[name]
        self._numbers[name] = number + 1
        return number


class _FaultDraws:
    """Schedules with faults: each fault at each call alone, then several by chance."""

    def __init__(self, trace: Trace, kinds: Sequence[str], seed: int) -> None:
        """Draw faults of these kinds for the calls and messages of a trace."""
        self._seed = seed
        self._meets = [
            (position, fault)
            for position, asked in places(trace)
            for fault in choices(kinds, asked)
        ]
        self._number = 0

    def propose(self) -> Schedule | None:
        """Give the next one; None: no call can meet any of the faults."""
        if not self._meets:
            return None
        number, self._number = self._number, self._number + 1
        if number < len(self._meets):
            position, fault = self._meets[number]
            return Schedule(faults={position: fault})
        several: dict[Position, Fault] = {}
        for nth in range(1 + number % 3):
            drawn = draws.share(self._seed, "fault", number, nth)
            position, fault = self._meets[int(drawn * len(self._meets))]
            several.setdefault(position, fault)
        return Schedule(faults=several)


def places(trace: Trace) -> list[tuple[Position, str]]:
    """Where faults can strike: the calls of a trace that nothing stands below, and its messages."""
    calls = [(span.position, str(span.kind)) for span in trace.calls]
    above = {place[:size] for place, _ in calls for size in range(1, len(place))}
    found = [(place, kind) for place, kind in calls if place not in above]
    return found + [(place, "message") for place in _messages(trace)]


def _messages(trace: Trace) -> Iterable[Position]:
    return dict.fromkeys(one.message for one in trace.deliveries if one.message is not None)


def _scales(first: Trial) -> tuple[int, ...]:
    """How long the answers of a random walk take, in turns: like most, and like the longest."""
    bases = sorted(one.base_ns for one in first.passages) or [1]
    return bases[len(bases) // 2], bases[-1]
