"""A team that uses every word: recorded once, replayed without its desk, the same in each word."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import agenttrace
from agenttrace.causal import spawn
from agenttrace.model.span import Span
from agenttrace.model.trace import Trace
from tests.fakes.twice import twice


@dataclass(frozen=True)
class Order:
    """An order at the refund desk."""

    id: str
    paid: Decimal


class RefundDesk:
    """The world: it counts who comes."""

    def __init__(self) -> None:
        self.visits = 0

    def look_up(self, order: str) -> Order:
        """Find an order."""
        self.visits += 1
        return Order(order, Decimal("9.90"))


def team(desk: RefundDesk) -> Any:
    """A planner announces, two clerks bid and one works; both tell what they know."""

    @agenttrace.tool(cost_usd=Decimal("0.01"))
    async def look_up(order: str) -> Order:
        await asyncio.sleep(0)
        return desk.look_up(order)

    board = agenttrace.blackboard("plan")

    async def clerk(name: str, price: int, orders: list[Any]) -> list[Order]:
        with agenttrace.agent(name, role="clerk"):
            agenttrace.delegation("refund", phase="bid", bid=price)
            found = []
            for envelope in orders:
                with agenttrace.turn(key=agenttrace.receive(envelope)):
                    found.append(await look_up(envelope.content))
            agenttrace.snapshot(goal="refund", beliefs=found, status="done")
            board.write(name, found)
            return found

    async def planner() -> Any:
        with agenttrace.agent("planner", task="refund") as me:
            agenttrace.event("planning", chosen="two clerks", candidates=["one", "two clerks"])
            with agenttrace.orchestration("supervisor", round=1):
                agenttrace.delegation("refund", phase="announcement")
                mail = [agenttrace.send("orders", order) for order in ("A-1", "A-2")]
                await asyncio.gather(clerk("clerk", 3, mail[:1]), clerk("clerk", 2, mail[1:]))
            agenttrace.link(me, "my own")
            agenttrace.status("DONE")
            return board.read("clerk")

    with spawn.installed():
        return asyncio.run(planner())


def timeless(trace: Trace) -> list[Span]:
    """The spans of a trace, without what only a clock knows."""
    return [
        replace(
            span,
            start_ns=0,
            end_ns=0,
            events=tuple(replace(event, at_ns=0) for event in span.events),
            answers=tuple(
                replace(
                    answer,
                    asked_ns=0,
                    ended_ns=0,
                    chunks=tuple(replace(chunk, offset_ns=0) for chunk in answer.chunks),
                )
                for answer in span.answers
            ),
        )
        for span in trace.spans
    ]


def test_a_team_says_the_same_in_record_and_replay() -> None:
    """Spans, agents, states, deliveries, lanes are equal; the desk is visited once an order."""
    desk = RefundDesk()

    ran = twice(lambda: team(desk))

    assert ran.recorded == ran.replayed
    assert desk.visits == 2
    assert timeless(ran.trace) == timeless(ran.replay)
    assert ran.trace.agents == ran.replay.agents
    assert ran.trace.snapshots == ran.replay.snapshots
    assert ran.trace.deliveries == ran.replay.deliveries
    assert ran.trace.lanes == ran.replay.lanes


def test_the_words_of_a_team_are_all_there() -> None:
    """Who, what, in which state, and who had a part in it."""
    trace = twice(lambda: team(RefundDesk())).trace

    assert [agent.id for agent in trace.agents] == ["clerk", "clerk#1", "planner"]
    assert {shot.agent for shot in trace.snapshots} == {"clerk", "clerk#1"}
    assert {link.relationship for span in trace.spans for link in span.links} == {
        "announced_by",
        "blackboard",
        "message",
        "my own",
    }
    assert {call.agent for call in trace.calls} == {"clerk", "clerk#1"}
    assert trace.usage.tool_cost_usd == Decimal("0.02")
    planner = next(span for span in trace.spans if span.name == "planner")
    assert (planner.status.code, [event.name for event in planner.events]) == ("DONE", ["planning"])
