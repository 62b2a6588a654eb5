"""What a type checker says of code that uses the verbs: right code passes, wrong code is rejected.

Checked by mypy, never run. An ignore that nothing calls for fails the check, so every line that is
wrong on purpose has to be.
"""

from collections.abc import AsyncIterator, Iterator
from typing import assert_type

import agenttrace


@agenttrace.tool
def look_up(order: str, region: str = "eu") -> int:
    """A tool keeps its signature."""
    return len(order + region)


@agenttrace.tool(name="pay", cost_usd=0.01)
async def pay(amount: int) -> str:
    """So does an asynchronous one with options."""
    return str(amount)


@agenttrace.tool
def lines() -> Iterator[str]:
    """And a generator."""
    yield "one"


@agenttrace.tool
async def pages() -> AsyncIterator[bytes]:
    """And an asynchronous generator."""
    yield b"one"


@agenttrace.agent("planner", role="lead")
def plan(goal: str) -> list[str]:
    """An agent as a decorator keeps the signature, too."""
    return [goal]


async def right() -> None:
    """Right code."""
    assert_type(look_up("A-17", region="us"), int)
    assert_type(await pay(5), str)
    assert_type(list(lines()), list[str])
    assert_type([page async for page in pages()], list[bytes])
    assert_type(plan("refund"), list[str])
    with agenttrace.agent("critic") as critic, agenttrace.span("think", kind="plan"):
        agenttrace.event("planning", chosen="a", candidates=["a", "b"])
        agenttrace.link(critic)


async def wrong() -> None:
    """Wrong code."""
    look_up(17)  # type: ignore[arg-type]
    look_up("A-17", zone="eu")  # type: ignore[call-arg]
    await pay("5")  # type: ignore[arg-type]
    plan()  # type: ignore[call-arg]
    agenttrace.status(500)  # type: ignore[arg-type]
    agenttrace.turn("key")  # type: ignore[call-arg]
