"""Records a program on the real loop, or replays it; prints what must be the same in every world.

Run as a script: `record FOLDER`, or `replay FOLDER TIMES`.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import random
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import agenttrace
from agenttrace.formats import native
from tests.fakes.sessions import Desk

chance = random.SystemRandom()
seen: list[str] = []


@agenttrace.tool
async def ask(who: str, what: str) -> str:
    """A model, which takes its time."""
    await asyncio.sleep(chance.random() / 50)
    return f"{who} said {what}"


@agenttrace.tool
def look(who: str, what: str) -> str:
    """A tool, which takes its time."""
    time.sleep(chance.random() / 50)
    return f"{who} found {what}"


async def team() -> None:
    """Agents in tasks, each asked what the others have said; time-outs, chance, the day."""

    async def agent(name: str) -> None:
        for turn in range(3):
            draw = random.randrange(10**6)
            said = await ask(name, f"{dt.date.today()} {uuid.uuid4()} {draw} turn {turn}")
            await ask(name, f"after {len(seen)}: {said}")
            seen.append(name)

    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        for name in ("planner", "critic", "coder", "tester"):
            group.create_task(agent(name))


def crew() -> None:
    """Agents in threads; what others have done by then is a race of real threads', so unasked."""

    def agent(name: str) -> None:
        for turn in range(2):
            look(name, f"{uuid.uuid4()} {random.random()} turn {turn}")
            seen.append(name)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(agent, ("x", "y", "z")))
    loose = threading.Thread(target=agent, args=("last",))
    loose.start()
    loose.join()


def program() -> None:
    """Both."""
    seen.clear()
    asyncio.run(team())
    crew()


def replayed(desk: Desk) -> str:
    """What one replay was: its events in order, their virtual times, and its trace's bytes."""
    desk.replay(program)
    assert desk.verdict is not None
    trace = desk.verdict.trace
    assert trace is not None
    events = [
        (span.answers[-1].ended_ns, span.start_ns, str(span.position)) for span in trace.calls
    ]
    said = hashlib.sha256(repr(sorted(events)).encode())
    said.update(repr(seen).encode())
    said.update(native.content_bytes(trace))
    return said.hexdigest()


def main() -> None:
    """Do what the words say."""
    desk = Desk(Path(sys.argv[2]))
    if sys.argv[1] == "record":
        desk.record(program)
    else:
        sys.stdout.write(" ".join(sorted({replayed(desk) for _ in range(int(sys.argv[3]))})))


if __name__ == "__main__":
    main()
