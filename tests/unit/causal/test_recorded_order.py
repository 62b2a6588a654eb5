"""The causal order of recorded runs: what a message tells, and how long the run itself lasts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import agenttrace
from agenttrace.causal.known_at_end import known_at_end
from agenttrace.causal.order import Order, collective_state
from agenttrace.causal.reach import Reach
from agenttrace.causal.ticks import times
from agenttrace.model.span import Span
from agenttrace.model.trace import Trace
from tests.fakes.sessions import Desk

Queue = asyncio.Queue[str]


@agenttrace.tool
def help_out() -> str:
    """Do what somebody waits for."""
    return "helped"


@agenttrace.tool
def pay() -> str:
    """Do what the message asks for."""
    return "paid"


async def helper() -> None:
    """Take a while, and help."""
    await asyncio.sleep(0)
    help_out()


def told_by(folder: Path, writer: Callable[[Queue, Queue], Awaitable[None]]) -> Trace:
    """Record a reader that pays when a writer puts a message; another queue holds one for it."""

    async def main() -> None:
        full, empty = Queue(), Queue()

        async def read() -> None:
            await empty.get()
            pay()

        async def write() -> None:
            await writer(full, empty)

        tasks = [asyncio.create_task(read()), asyncio.create_task(write())]
        full.put_nowait("begin")
        await asyncio.gather(*tasks)

    desk = Desk(folder)
    desk.record(lambda: asyncio.run(main()))
    assert desk.verdict is not None
    assert desk.verdict.trace is not None
    return desk.verdict.trace


def named(trace: Trace, name: str) -> Span:
    """The one span of a name."""
    (found,) = (one for one in trace.spans if one.name == name)
    return found


def test_a_message_after_a_state_tells_of_whom_its_sender_had_waited_for(tmp_path: Path) -> None:
    """A state is a step: whoever hears of it hears of all that came before it."""

    async def writer(full: Queue, empty: Queue) -> None:
        await asyncio.create_task(helper())
        agenttrace.snapshot({"goal": "done"}, agent="writer")
        empty.put_nowait("go")

    trace = told_by(tmp_path, writer)
    helped, paid = named(trace, "help_out"), named(trace, "pay")
    (shot,) = trace.snapshots
    assert Order(trace).happens_before(helped, paid)
    assert helped.id in known_at_end(trace, paid).ended
    assert Reach(trace, paid).knew(shot)
    assert Reach(trace, helped).told(shot)
    assert collective_state(trace, paid).agents["writer"] == shot


def test_a_message_does_not_tell_of_whom_its_sender_waited_for_later(tmp_path: Path) -> None:
    """Not even if the sender had got a message, and took no step before and after its own."""

    async def writer(full: Queue, empty: Queue) -> None:
        task = asyncio.create_task(helper())
        await full.get()
        empty.put_nowait("go")
        await task

    trace = told_by(tmp_path, writer)
    helped, paid = named(trace, "help_out"), named(trace, "pay")
    assert Order(trace).concurrent(helped, paid)
    assert helped.lane not in collective_state(trace, paid).cut


def test_a_message_does_not_tell_of_the_end_of_what_it_was_sent_in(tmp_path: Path) -> None:
    """The position of a message says in which agent's turn it was sent; what was over, it tells."""

    async def writer(full: Queue, empty: Queue) -> None:
        with agenttrace.agent("first"):
            pass
        with agenttrace.agent("second"):
            empty.put_nowait("go")

    trace = told_by(tmp_path, writer)
    order, paid = Order(trace), named(trace, "pay")
    assert order.happens_before(named(trace, "first"), paid)
    assert order.concurrent(named(trace, "second"), paid)


def test_a_run_ends_after_all_that_its_lane_does(tmp_path: Path) -> None:
    """A recording gives its own span no last step; it is before nothing, in no reader."""

    async def writer(full: Queue, empty: Queue) -> None:
        empty.put_nowait("go")

    trace = told_by(tmp_path, writer)
    (run,) = (one for one in trace.spans if one.parent is None)
    assert run.end_seq == 0
    order, reach = Order(trace), Reach(trace, run)
    assert not order.after_any([run.id])
    assert not reach.later
    told = times(trace)
    assert max(told.values(), key=lambda at: at[1]) == told[run.id]
    assert known_at_end(trace, run).ended == {one.id for one in trace.spans}
