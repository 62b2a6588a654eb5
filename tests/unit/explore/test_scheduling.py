"""Schedules and faults as strategies: what they make fits the run, and shrinks to nothing much."""

from __future__ import annotations

import random
from pathlib import Path

from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

from agenttrace.explore.proposals import places
from agenttrace.explore.scheduling import faults, schedules
from agenttrace.explore.trial import BROKEN
from agenttrace.model.schedule import Fault, Schedule
from agenttrace.replay.faults import KINDS, fits
from tests.fakes.made_traces import a_trace_with_calls
from tests.fakes.planted_races import lost_update
from tests.fakes.rehearsals import on_stage

TRACE = a_trace_with_calls()
ASKED = dict(places(TRACE))


@given(schedules(TRACE, kinds=KINDS))
def test_a_schedule_moves_calls_of_the_run_and_no_more_than_four(schedule: Schedule) -> None:
    """Each fault is one that its call can meet."""
    assert schedule.latency.keys() <= ASKED.keys()
    assert len(schedule.latency) <= 4
    assert all(fits(one.kind, ASKED[place]) for place, one in schedule.faults.items())


@given(faults(TRACE))
def test_a_fault_is_one_that_some_call_can_meet(one: Fault) -> None:
    """With the settings of its kind."""
    assert any(fits(one.kind, asked) for asked in ASKED.values())


def test_the_smallest_schedule_is_the_recording() -> None:
    """So a failure that needs no schedule is shown without one."""
    assert find(schedules(TRACE, kinds=KINDS), lambda _: True) == Schedule()


def test_hypothesis_finds_a_race_and_shrinks_it_to_one_or_two_answers(tmp_path: Path) -> None:
    """Users compose schedules with data of their own, and keep its database of examples."""
    with on_stage(tmp_path, lost_update, lambda count: count == 2) as rehearsal:
        stage = rehearsal.stage
        smallest = find(
            schedules(stage.golden),
            lambda schedule: stage.run(schedule).outcome == BROKEN,
            random=random.Random(0),
            settings=settings(
                max_examples=300, database=None, suppress_health_check=list(HealthCheck)
            ),
        )

    assert 1 <= smallest.size <= 2


@given(st.data())
def test_a_run_without_calls_has_the_empty_schedule_alone(data: st.DataObject) -> None:
    """There is nothing to move."""
    empty = type(TRACE)(id=TRACE.id, name=TRACE.name)

    assert data.draw(schedules(empty, kinds=KINDS)) == Schedule()
