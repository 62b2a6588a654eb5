"""A search in the project's own tests: two critics share a verdict, and either may be first."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import agenttrace

if TYPE_CHECKING:
    from pytest_agenttrace.fixtures import AgentTrace


@agenttrace.tool
async def opinion(who: str) -> bool:
    """Ask a critic."""
    await asyncio.sleep({"auditor": 0.25}.get(who, 0.02))
    return True


async def verdict() -> int:
    """Let two critics count themselves, each in one step; give how many were counted."""
    desk = agenttrace.TracedState(agreed=0, name="desk")

    async def criticise(who: str) -> None:
        if await opinion(who):
            desk["agreed"] += 1

    await asyncio.gather(criticise("critic"), criticise("auditor"))
    return desk["agreed"]


def test_both_critics_are_counted_whoever_is_first(agent_trace: AgentTrace) -> None:
    """What is read and written without waiting between is safe in every order of answers."""
    report = agent_trace.explore(
        verdict, invariant=lambda agreed: agreed == 2, budget="50 schedules"
    )

    assert report.found is None
    assert report.schedules in (0, 50)  # none, while it is recorded
