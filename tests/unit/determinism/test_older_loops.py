"""Loops that are older than a run: a notebook's, into whose cells runs come and go."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import agenttrace
from agenttrace.session import RECORD, REPLAY, Plan, Session, World


def test_a_thread_is_answered_while_an_older_loop_waits_for_it(tmp_path: Path) -> None:
    """The loop rests in its selector, where nobody sees that it waits for this very thread."""
    threads = []

    @agenttrace.tool
    def look_up(order: str) -> str:
        threads.append(threading.current_thread())
        return f"{order} was paid twice"

    async def cell(mode: str) -> list[str]:
        golden = tmp_path / "cell.trace"
        plan = Plan(
            name="cell", golden=golden, shown=golden.name, journal=tmp_path / "journal", mode=mode
        )
        with World(live=plan.is_live) as world:
            session = Session(plan, world)
            with session:
                asked = (asyncio.to_thread(look_up, order) for order in ("A-17", "A-18"))
                said = await asyncio.gather(*asked)
            verdict = session.settle(passed=True)
        assert verdict.problems == ()
        return said

    async def kernel() -> list[list[str]]:
        return [await cell(mode) for mode in (RECORD, REPLAY)]

    recorded, replayed = asyncio.run(kernel())

    assert recorded == replayed == ["A-17 was paid twice", "A-18 was paid twice"]
    assert len(threads) == 2
