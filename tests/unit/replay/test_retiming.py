"""Retiming: an answer comes when the schedule says; the others as if it had been so."""

from __future__ import annotations

import asyncio
from pathlib import Path

import agenttrace
from agenttrace.model.schedule import Schedule
from tests.fakes.rehearsals import on_stage


@agenttrace.tool
async def ask(step: str, takes_s: float) -> str:
    """A model that takes a while."""
    await asyncio.sleep(takes_s)
    return step


@agenttrace.tool
async def pieces(takes_s: float) -> list[str]:
    """Another one."""
    await asyncio.sleep(takes_s)
    return ["a", "b"]


async def times() -> dict[str, float]:
    """Two calls in a row, beside one alone; when each was answered."""
    told: dict[str, float] = {}
    loop = asyncio.get_running_loop()
    began = loop.time()

    async def first() -> None:
        await ask("one", 2.0)
        told["one"] = round(loop.time() - began, 3)
        await asyncio.wait_for(ask("two", 1.0), 1.5)
        told["two"] = round(loop.time() - began, 3)

    async def second() -> None:
        await pieces(5.0)
        told["pieces"] = round(loop.time() - began, 3)

    await asyncio.gather(first(), second())
    return told


def test_answers_come_when_the_schedule_says(tmp_path: Path) -> None:
    """After one that comes at once, its lane goes on as quickly as it did, without a timeout."""
    seen: list[dict[str, float]] = []
    with on_stage(tmp_path, times, seen.append) as rehearsal:
        place = {
            span.name + str(span.question): span.position for span in rehearsal.stage.golden.calls
        }
        one = next(at for name, at in place.items() if "'one'" in name)
        alone = next(at for name, at in place.items() if "pieces" in name)
        for latency in ({}, {one: 0.0}, {one: 2.0}, {alone: 0.5, one: 8.0}):
            trial = rehearsal.stage.run(Schedule(latency=latency))
            assert trial.outcome == "held"

    assert seen == [
        {"one": 2.0, "two": 3.0, "pieces": 5.0},
        {"one": 0.0, "two": 1.0, "pieces": 5.0},
        {"one": 4.0, "two": 5.0, "pieces": 5.0},
        {"pieces": 2.5, "one": 16.0, "two": 17.0},
    ]
