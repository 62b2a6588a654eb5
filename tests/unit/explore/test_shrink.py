"""Shrinking: nothing is left that need not be, and plain factors stand where they will do."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agenttrace.explore.shrink import shrunk
from agenttrace.model.lane import Position, Step
from agenttrace.model.schedule import Schedule

LABELS: list[Position] = [(Step("llm", "chat", number),) for number in range(40)]


@given(st.sets(st.sampled_from(LABELS), max_size=4), st.floats(0.01, 300))
def test_what_is_needed_is_left_and_nothing_else(needed: set[Position], factor: float) -> None:
    """Of forty answers, those that the failure needs."""
    schedule = Schedule(latency=dict.fromkeys(LABELS, factor))

    def fails(tried: Schedule) -> bool:
        return needed <= tried.latency.keys()

    assert shrunk(schedule, fails) == Schedule(latency=dict.fromkeys(needed, 0.0))


def test_a_factor_that_must_be_high_becomes_the_plainest_that_is() -> None:
    """8 before 16, and 37.1 only where no plain one will do."""
    label = LABELS[0]
    schedule = Schedule(latency={label: 37.1})

    assert shrunk(schedule, lambda it: it.latency.get(label, 1) > 5).latency == {label: 8.0}
    assert shrunk(schedule, lambda it: it.latency.get(label, 1) > 9).latency == {label: 16.0}
    assert shrunk(schedule, lambda it: it.latency.get(label) == 37.1).latency == {label: 37.1}


def test_it_asks_no_more_than_it_may() -> None:
    """A program that takes long is not run for ever; what was left by then still fails."""
    asked: list[Schedule] = []

    def fails(tried: Schedule) -> bool:
        asked.append(tried)
        return len(tried.latency) > 20

    left = shrunk(Schedule(latency=dict.fromkeys(LABELS, 8.0)), fails, most=10)

    assert len(asked) == 10
    assert fails(left)
