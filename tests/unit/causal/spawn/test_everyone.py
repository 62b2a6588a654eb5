"""Everyone: waiting for the first again and again, until nobody is left, is no race."""

from __future__ import annotations

import asyncio

from agenttrace.causal import spawn
from agenttrace.causal.spawn.everyone import Everyone
from agenttrace.model.lane import Lane
from tests.fakes.replayed import a_run


def lanes_of(*, patient: bool, cancelled: bool = False) -> list[Lane]:
    """The lanes of two tasks that are waited for one after another, or of which one is cut."""

    async def work(number: int) -> None:
        await asyncio.sleep(number / 1000)

    async def wait_for_all() -> None:
        pending = {asyncio.create_task(work(number)) for number in range(2)}
        while pending:
            _, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            if cancelled:
                for task in pending:
                    task.cancel()

    async def main() -> None:
        everyone = Everyone()
        with everyone.spawned():
            await wait_for_all()
        if patient:
            everyone.joined()

    with spawn.installed(), a_run() as one:
        asyncio.run(main())
        raw = one.recorder.raw()
    return [lane for lane in raw.lanes if lane.path and "work" in lane.path[-1].name]


def test_who_is_waited_for_in_the_end_is_joined() -> None:
    """Their parts of the trace are compared as a whole, and come before what follows."""
    assert [(lane.ragged, len(lane.joins)) for lane in lanes_of(patient=True)] == [(False, 1)] * 2


def test_nobody_is_patient_who_does_not_say_so() -> None:
    """The same waits may be a race; then how far each came is chance."""
    assert [(lane.ragged, len(lane.joins)) for lane in lanes_of(patient=False)] == [(True, 0)] * 2


def test_who_was_cut_stays_cut() -> None:
    """A task that was cancelled meanwhile got as far as chance let it."""
    found = lanes_of(patient=True, cancelled=True)

    assert [lane.ragged for lane in found] == [False, True]
