"""Races that were planted: each is right in the order in which it is recorded, and wrong in others.

- `lost_update`: two agents read a number, ask, and write back one more.
- `double_refund`: three agents; it is paid twice only if two or three things come otherwise.
- `twenty_agents`: twenty agents of ten calls each, and one pair of them races.
- `first_in_first_out`: no race at all; it relies on what asyncio promises.
"""

from __future__ import annotations

import asyncio

import agenttrace


@agenttrace.tool
async def ask(who: str, step: str, takes_s: float) -> str:
    """A model that takes a while."""
    await asyncio.sleep(takes_s)
    return f"{who} {step} done"


async def _read_then_write(
    board: agenttrace.TracedState[int], who: str, plan_s: float, llm_s: float
) -> None:
    await ask(who, "plan", plan_s)
    number = board["n"]
    await ask(who, "llm", llm_s)
    board["n"] = number + 1


async def _noise(who: int, calls: int) -> None:
    for step in range(calls):
        await ask(f"noise {who}", str(step), 0.7 + 0.31 * who + step * 0.13)


async def lost_update() -> int:
    """Two agents count; give the count, which is 2."""
    board = agenttrace.TracedState(n=0, name="board")
    await asyncio.gather(
        _read_then_write(board, "A", 0.5, 1.0),
        _read_then_write(board, "B", 6.0, 1.0),
        *(_noise(who, 4) for who in range(3)),
    )
    return board["n"]


async def double_refund() -> int:
    """Two agents refund an order, a third may reopen it; give how often it was paid, which is 1."""
    desk = agenttrace.TracedState(paid=False, locked=False, reopened=False, refunds=0, name="desk")

    async def refund(who: str, lookup_s: float) -> None:
        await ask(who, "lookup", lookup_s)
        if desk["paid"]:
            return
        await ask("order A-17", "approve", 0.5)
        if desk["locked"] and not desk["reopened"]:
            return
        desk["locked"] = True
        await ask("order A-17", "pay", 0.5)
        desk["refunds"] += 1
        desk["paid"] = True

    async def reopen() -> None:
        await ask("supervisor", "triage", 9)
        if desk["locked"] and not desk["paid"]:
            desk["reopened"] = True
            await ask("order A-17", "approve", 0.5)
            desk["reopened"] = False

    await asyncio.gather(
        refund("A", 1.0), refund("B", 7.0), reopen(), *(_noise(who, 5) for who in range(3))
    )
    return int(desk["refunds"])


async def twenty_agents() -> int:
    """Twenty agents, of which two count; give the count, which is 2."""
    board = agenttrace.TracedState(n=0, name="board")
    await asyncio.gather(
        _read_then_write(board, "A", 0.4, 0.2),
        _read_then_write(board, "B", 30.0, 0.2),
        *(_noise(who, 10) for who in range(18)),
    )
    return board["n"]


async def first_in_first_out() -> list[str]:
    """Tasks begin in the order in which they are made, and a queue keeps its order."""
    queue: asyncio.Queue[str] = asyncio.Queue()
    begun: list[str] = []

    async def worker(who: str) -> None:
        begun.append(who)
        await ask(who, "work", 1.0)
        await queue.put(f"{who} first")
        await queue.put(f"{who} second")

    async with asyncio.TaskGroup() as group:
        for who in ("A", "B", "C"):
            group.create_task(worker(who))
        got = [await queue.get() for _ in range(6)]
    assert begun == ["A", "B", "C"]
    for who in begun:
        assert got.index(f"{who} first") < got.index(f"{who} second")
    return begun
