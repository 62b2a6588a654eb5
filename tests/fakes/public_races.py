"""Two races that people reported of public agent frameworks, rebuilt as small programs.

They were written before any search was run on them, and are not changed to be easier to find. In
the order in which they are recorded, both are right.

- A lost update of deer-flow (bytedance/deer-flow#3636; how its memory and its files are read,
  changed and written back is told in its pull requests 2251 and 1714): what a conversation taught
  is merged into a memory that was loaded before the model was asked.
- Tool results in another order (langchain-ai/langgraph#2610; langgraphjs#861): the tools that a
  model asked for at once act when they are done, not in the order in which it asked.
"""

from __future__ import annotations

import asyncio
import json

import agenttrace


# -- a memory that forgets ------------------------------------------------------------------------
@agenttrace.tool
async def answer_user(thread: str, turn: int) -> str:
    """A model's answer in a conversation."""
    await asyncio.sleep({"travel": 1.1, "cooking": 2.7}[thread] + 0.2 * turn)
    return f"{thread}: answer {turn}"


@agenttrace.tool
async def extract_facts(thread: str, known: list[str]) -> list[str]:
    """A model reads a conversation, and says what is new beside what is known already."""
    await asyncio.sleep(0.8)
    return [f"likes {thread}"]


class MemoryFile:
    """The memory of all conversations: one text, which is loaded and saved as a whole."""

    def __init__(self) -> None:
        """Remember nothing."""
        self._text = json.dumps({"facts": []})

    def load(self) -> dict[str, list[str]]:
        """Read it."""
        memory: dict[str, list[str]] = json.loads(self._text)
        return memory

    def save(self, memory: dict[str, list[str]]) -> None:
        """Write it, whatever it was."""
        self._text = json.dumps(memory)


async def _conversation(thread: str, memory: MemoryFile) -> None:
    for turn in range(3):
        await answer_user(thread, turn)
    known = memory.load()
    learnt = await extract_facts(thread, known["facts"])
    known["facts"] = sorted({*known["facts"], *learnt})
    memory.save(known)


async def remembering() -> list[str]:
    """Two conversations, each of which teaches one fact; give what is remembered."""
    memory = MemoryFile()
    await asyncio.gather(_conversation("travel", memory), _conversation("cooking", memory))
    return memory.load()["facts"]


def remembers_all(facts: list[str]) -> bool:
    """Whether both facts are still known."""
    return facts == ["likes cooking", "likes travel"]


# -- tools that overtake each other ---------------------------------------------------------------
@agenttrace.tool
async def plan_steps(goal: str) -> list[str]:
    """A model asks for several tools at once."""
    await asyncio.sleep(1.0)
    return ["focus", "type", "submit"]


@agenttrace.tool
async def act(step: str) -> str:
    """A tool that takes a while."""
    await asyncio.sleep({"focus": 0.2, "type": 0.5, "submit": 0.9}[step])
    return f"{step} done"


@agenttrace.tool
async def conclude(results: list[str]) -> str:
    """A model reads the results."""
    await asyncio.sleep(0.7)
    return f"{len(results)} steps done"


async def filling_a_form() -> list[str]:
    """Plan three steps, let tools do them at once, conclude; give the steps as they took effect."""
    effects: list[str] = []

    async def run_tool(step: str) -> str:
        result = await act(step)
        effects.append(step)
        return result

    steps = await plan_steps("fill in the form and send it")
    results = await asyncio.gather(*map(run_tool, steps))
    await conclude(results)
    return effects


def in_the_order_asked(effects: list[str]) -> bool:
    """Whether the steps took effect in the order in which the model asked for them."""
    return effects == ["focus", "type", "submit"]
