"""Schedule texts: what is written is read again, and whatever else comes is refused by name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenttrace.errors import ScheduleUnfit
from agenttrace.explore.scheduling import schedules
from agenttrace.model.schedule import Fault, Schedule
from agenttrace.replay import draws
from agenttrace.replay.faults import KINDS
from agenttrace.replay.schedule_text import in_words, read, written
from tests.fakes.made_traces import a_trace_with_calls

TRACE = a_trace_with_calls()


@given(schedules(TRACE, kinds=KINDS))
def test_a_schedule_comes_back_from_its_text(schedule: Schedule) -> None:
    """The text is one word that a shell leaves alone."""
    text = written(schedule, TRACE.id)

    assert read(text, TRACE) == schedule
    assert text.replace("-", "").replace("_", "").replace(".", "").isalnum()


def test_a_draw_comes_back_from_its_text() -> None:
    """It is what is written before a run whose factors are not drawn yet."""
    schedule = Schedule(draw=draws.walk(3, 17, 1_000_000))

    assert read(written(schedule, TRACE.id), TRACE) == schedule


@given(st.text(max_size=40), st.binary(max_size=60))
def test_rubbish_is_refused(text: str, data: bytes) -> None:
    """A stranger's text raises nothing else, and unpacks to no more than a megabyte."""
    whole = written(Schedule(), TRACE.id)
    for rubbish in (text, f"1.{text}", f"1.{data.hex()}", whole[:-3], f"{whole}{text}x"):
        with pytest.raises(ScheduleUnfit):
            read(rubbish, TRACE)


def test_a_schedule_of_another_run_or_of_another_recording_is_refused() -> None:
    """One names another run; the other nothing that this one has."""
    call = TRACE.calls[0].position
    elsewhere = (call[-1]._replace(name="nobody"),)

    with pytest.raises(ScheduleUnfit, match="another run"):
        read(written(Schedule(latency={call: 0.0}), "ab" * 16), TRACE)
    with pytest.raises(ScheduleUnfit, match="nothing that the schedule names"):
        read(written(Schedule(latency={elsewhere: 0.0}), TRACE.id), TRACE)


def test_a_schedule_is_said_in_words() -> None:
    """As a person would tell it to another one."""
    step = TRACE.calls[0].position[-1]
    place, other = (step._replace(occurrence=2),), (step._replace(occurrence=3),)
    label = f"{step.kind}:{step.name}"

    assert in_words(Schedule()) == "as recorded"
    assert in_words(Schedule(latency={place: 0.0, other: 8.0})) == (
        f"{label}#2 returns at once; {label}#3 takes 8x"
    )
    assert in_words(Schedule(faults={place: Fault(kind="rate-limit")})) == (
        f"{label}#2 is refused with 429"
    )
