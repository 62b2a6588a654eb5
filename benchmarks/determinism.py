"""What holding the world still costs: the virtual loop, calls with time-outs, the frozen clock.

    python benchmarks/determinism.py [--rounds N]

*Loop*: four workloads on asyncio's own loop and on the virtual one, in turn. Given is the ratio of
processor time on their sum.

*Calls*: 400 calls, eight agents with 50 each, a time-out around each. On asyncio's own loop they
are answered at once; on the virtual one each takes half a second, and two wait for twenty more.

*Clock*: one start and one stop of freezegun, as it is and as a run uses it, with 400, 800 and 1,800
modules loaded.

Each figure is a ratio of two things measured in one run, in turn; the median of the rounds is
compared with what is promised. Exit code 1 where one is above it.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import gc
import statistics
import sys
import time
import types
from collections.abc import Callable

import freezegun

from agenttrace.determinism.freezing import Freezing
from agenttrace.determinism.instant import Instant
from agenttrace.determinism.loop import VirtualTimeLoop

AT = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
PROMISED = {"loop": 1.0, "calls": 2.0, "clock": 1.3}


async def yields() -> None:
    """One task comes round 20,000 times."""
    for _ in range(20_000):
        await asyncio.sleep(0)


async def many_yields() -> None:
    """A hundred tasks come round 200 times each."""

    async def one() -> None:
        for _ in range(200):
            await asyncio.sleep(0)

    await asyncio.gather(*(one() for _ in range(100)))


async def ping_pong() -> None:
    """Two tasks hand each other 10,000 messages."""
    there: asyncio.Queue[int] = asyncio.Queue()
    back: asyncio.Queue[int] = asyncio.Queue()

    async def echo() -> None:
        for _ in range(10_000):
            await back.put(await there.get())

    task = asyncio.create_task(echo())
    for n in range(10_000):
        await there.put(n)
        await back.get()
    await task


async def timers() -> None:
    """A hundred tasks sleep 50 times each, for a moment."""

    async def one(name: int) -> None:
        for turn in range(50):
            await asyncio.sleep((name * 7 + turn) % 5 / 10_000)

    await asyncio.gather(*(one(name) for name in range(100)))


async def calls(answer_s: float) -> None:
    """Eight agents call 50 times each, with a time-out around each call."""

    async def agent(name: int) -> None:
        for turn in range(50):
            async with asyncio.timeout(30):
                await asyncio.sleep(answer_s)
            if answer_s and (name, turn) in ((1, 7), (5, 30)):
                await asyncio.sleep(20)  # what a model's SDK does after a 429

    await asyncio.gather(*(agent(name) for name in range(8)))


def on(loop: Callable[[], asyncio.AbstractEventLoop], work: Callable[[], object]) -> float:
    """Processor time of some work on a loop of its own."""
    gc.collect()
    began = time.process_time()
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(work())  # type: ignore[arg-type]
    return time.process_time() - began


def loop_ratio() -> float:
    """The virtual loop's processor time on the four workloads, over that of asyncio's own."""
    spent = dict.fromkeys((asyncio.SelectorEventLoop, VirtualTimeLoop), 0.0)
    for work in (yields, many_yields, ping_pong, timers):
        for loop in spent:
            spent[loop] += on(loop, work)
    return spent[VirtualTimeLoop] / spent[asyncio.SelectorEventLoop]


def calls_ratio() -> float:
    """Calls with time-outs in virtual time, over the same calls answered at once."""
    at_once = sum(on(asyncio.SelectorEventLoop, lambda: calls(0)) for _ in range(5))
    virtual = sum(on(VirtualTimeLoop, lambda: calls(0.5)) for _ in range(5))
    return virtual / at_once


def ours() -> None:
    """Hold the clock and let it go, as a run does."""
    clock = Freezing()
    clock.hold(Instant(at=AT))
    clock.release()


def theirs() -> None:
    """Freezegun by itself."""
    freezer = freezegun.freeze_time(AT)
    freezer.start()
    freezer.stop()


def clock_ratio() -> float:
    """One start and stop as a run does it, over freezegun's own."""
    spent = dict.fromkeys((theirs, ours), 0.0)
    for work in (theirs, ours) * 5:
        gc.collect()
        began = time.process_time()
        work()
        spent[work] += time.process_time() - began
    return spent[ours] / spent[theirs]


def load(count: int) -> None:
    """Load modules of forty names until there are so many."""
    for n in range(count - len(sys.modules)):
        module = types.ModuleType(f"made_up_{count}_{n}")
        vars(module).update({f"name_{i}": i for i in range(40)}, datetime=dt.datetime)
        sys.modules[module.__name__] = module


def main() -> int:
    """Measure, and say what holds."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    figures = [("loop", "four workloads", loop_ratio), ("calls", "400 with time-outs", calls_ratio)]
    said = [(kind, what, [ratio() for _ in range(rounds)]) for kind, what, ratio in figures]
    for count in (400, 800, 1800):
        load(count)
        ours(), theirs()  # the first looks at every module
        said.append(
            ("clock", f"{len(sys.modules)} modules", [clock_ratio() for _ in range(rounds)])
        )
    failed = False
    for kind, what, ratios in said:
        median, most = statistics.median(ratios), PROMISED[kind]
        failed |= median > most
        print(
            f"{kind:6} {what:20} {median:5.2f}x  (at most {most}x; "
            f"{min(ratios):.2f} to {max(ratios):.2f} in {rounds} rounds)"
        )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
