"""Scheduling: schedules and faults of a recorded run, as strategies for Hypothesis.

@given(data=st.data())
def test_no_refund_twice(data, agent_trace): ...

A schedule is a small map: few answers, each at once or late. Numbers drawn at every choice point
shrank to 5 to 14 of them; such maps shrink to one or two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from agenttrace.explore.proposals import places
from agenttrace.model.schedule import Fault, Schedule
from agenttrace.replay.faults import KINDS, choices, fault

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agenttrace.model.lane import Position
    from agenttrace.model.trace import Trace

_FACTORS = (0.0, 8.0, 2.0, 32.0)
_MOST = 4
"""How many answers are moved at most: nobody reads a longer schedule."""


def schedules(
    trace: Trace, *, kinds: Iterable[str] = (), most: int = _MOST
) -> st.SearchStrategy[Schedule]:
    """Schedules of a run: some of its answers at once or late, some of its calls met by faults.

    The smallest is the run as it was recorded.

    Args:
        trace: The recording.
        kinds: The kinds of fault that calls may meet; none by default.
        most: How many answers are moved at most, and how many calls meet a fault.
    """
    calls = [place for place, asked in places(trace) if asked != "message"]
    met = _met(trace, tuple(kinds))
    latency = _some(calls, st.sampled_from(_FACTORS), most)
    faults: st.SearchStrategy[dict[Position, Fault]] = st.just({})
    if met:
        faults = st.lists(st.sampled_from(met), max_size=most).map(dict)
    return st.builds(Schedule, latency=latency, faults=faults)


def faults(trace: Trace, kinds: Iterable[str] = KINDS) -> st.SearchStrategy[Fault]:
    """Faults that some call of a run can meet, with their settings.

    Args:
        trace: The recording.
        kinds: Which kinds of fault.
    """
    wanted = {one.kind for _, one in _met(trace, tuple(kinds))}
    return st.sampled_from(sorted(wanted)).flatmap(_with_settings) if wanted else st.nothing()


def _met(trace: Trace, kinds: tuple[str, ...]) -> list[tuple[Position, Fault]]:
    return [(place, one) for place, asked in places(trace) for one in choices(kinds, asked)]


def _some(
    calls: list[Position], factors: st.SearchStrategy[float], most: int
) -> st.SearchStrategy[dict[Position, float]]:
    if not calls:
        return st.just({})
    return st.dictionaries(st.sampled_from(calls), factors, max_size=most)


def _with_settings(kind: str) -> st.SearchStrategy[Fault]:
    match kind:
        case "rate-limit":
            return st.sampled_from((1, 0, 20)).map(lambda s: fault(kind, retry_after_s=s))
        case "slow" | "timeout":
            return st.sampled_from((8.0, 2.0, 64.0)).map(lambda by: fault(kind, factor=by))
        case "cut":
            return st.integers(0, 3).map(lambda number: fault(kind, after_chunk=number))
        case _:
            return st.just(fault(kind))
