"""A refund desk that was recorded: a planner, a model that asks for a tool, workers that race."""

from __future__ import annotations

import asyncio
import functools
import json
from typing import Any

import httpx2

import agenttrace
from agenttrace.analysis.selecting import spans_of
from agenttrace.check.select import Selection
from agenttrace.model.message import ModelRequest
from agenttrace.model.trace import Trace
from agenttrace.testing import ModelServer, Reply, calls_tool, recorded, says


@agenttrace.tool
def look_up_order(order: str, region: str = "eu") -> dict[str, str]:
    """What the shop knows."""
    return {"order": order, "status": "paid twice"}


@agenttrace.tool(cost_usd=0.25)
def pay(order: str, amount: int) -> int | None:
    """Pay something back; nothing comes back for nothing."""
    return amount or None


@agenttrace.tool
async def ask(who: str) -> str:
    """Ask an expert, who answers at once."""
    await asyncio.sleep(0)
    return f"{who} agrees"


TOOLS = [
    {
        "type": "function",
        "function": {"name": "look_up_order", "parameters": {"type": "object", "properties": {}}},
    }
]


def chat(url: str, prompt: str, model: str = "gpt-4o") -> dict[str, Any]:
    """Ask the model one thing."""
    body = {"model": model, "messages": [{"role": "user", "content": prompt}], "tools": TOOLS}
    with httpx2.Client(base_url=url) as client:
        said: dict[str, Any] = client.post("/chat/completions", json=body).json()
    message: dict[str, Any] = said["choices"][0]["message"]
    return message


async def experts() -> None:
    """Two experts at once, of whom the first to answer is heard, and two who are both heard."""
    both = [asyncio.create_task(ask(who)) for who in ("ann", "bob")]
    await asyncio.gather(*both)
    race = [asyncio.create_task(ask(who)) for who in ("cay", "dan")]
    await asyncio.wait(race, return_when=asyncio.FIRST_COMPLETED)
    await ask("eve")
    for one in race:
        await one


def refund(url: str) -> None:
    """The whole desk at work on one order."""
    with agenttrace.agent("planner"):
        asked = chat(url, "Refund A-17?")
        agenttrace.event("planning", chosen="look_up_order", candidates=["pay"], reason="careful")
        call = asked["tool_calls"][0]["function"]
        found = look_up_order(**json.loads(call["arguments"]))
    with agenttrace.agent("payer"):
        pay(found["order"], 5)
        pay(found["order"], 0)
        agenttrace.event("reflection", said="done")
    asyncio.run(experts())
    with agenttrace.agent("writer"):
        chat(url, f"It was {found['status']}. Write.", model="gpt-4o-mini")


def answered(request: ModelRequest, nth: int) -> Reply:
    """The model asks for the order first, and then writes."""
    return calls_tool("look_up_order", {"order": "A-17"}) if nth == 0 else says("It is on its way.")


@functools.cache
def desk_trace() -> Trace:
    """One recording of the desk, made once a process."""
    with ModelServer(answered) as server, recorded("refund") as run:
        refund(server.url)
    return run.trace


def desk() -> Selection:
    """Its spans."""
    return spans_of(desk_trace())
