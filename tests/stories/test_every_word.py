"""Every word: written by a verb, found after a reload, shown by `agenttrace show`."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

import httpx2
import pytest
from click.testing import CliRunner

import agenttrace
from agenttrace.analysis.collective import at_the_end
from agenttrace.cli import main
from agenttrace.formats import journal, native
from agenttrace.model.message import ModelRequest
from agenttrace.model.span import Fidelity, Span
from agenttrace.model.trace import Trace
from agenttrace.testing import ModelServer, fails, says
from agenttrace.testing.replies import Reply
from tests.fakes.sessions import Desk

REMOTE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@agenttrace.tool(cost_usd=Decimal("0.01"))
async def look_up_order(order: str) -> str:
    """A tool that costs money."""
    return f"{order} was paid twice"


@agenttrace.tool
async def hold_the_line() -> None:
    """A tool that nobody waits for to the end."""
    await asyncio.sleep(60)


@agenttrace.tool
def read_ledger() -> Iterator[str]:
    """A tool that gives line by line."""
    yield "first line"
    yield "second line"


async def chat(client: httpx2.AsyncClient, words: str) -> int:
    """Ask the model; give the status."""
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": words}]}
    return (await client.post("/chat/completions", json=body)).status_code


async def clerk(client: httpx2.AsyncClient, number: int, envelope: agenttrace.Envelope) -> None:
    """One of two clerks of one name: the first works on a message, the second asks a model."""
    with agenttrace.agent("clerk", role="clerk"):
        if number == 0:
            agenttrace.delegation("refund", phase="bid", bid=3)
            with agenttrace.turn(key=agenttrace.receive(envelope)):
                await look_up_order("A-17")
        else:
            await chat(client, "work on the task")
        agenttrace.snapshot(
            goal="refund", beliefs={"paid": 2}, working_memory=["A-17"], status="done"
        )


async def planner(client: httpx2.AsyncClient) -> None:
    """The lead of the team: uses every verb there is."""
    with agenttrace.agent(
        "planner", type="llm", role="lead", version="2", model={"name": "gpt-4o"}, task="refund"
    ) as me:
        agenttrace.event("planning", chosen="ask two", candidates=["one", "two"], reason="faster")
        agenttrace.event("reflection", text="is it enough?")
        while await chat(client, "are you busy?") == 429:
            pass
        with agenttrace.orchestration("supervisor", decision="two clerks", round=1):
            agenttrace.delegation("refund", phase="announcement")
        envelope = agenttrace.send("orders", "A-17", to="clerk")
        await asyncio.gather(*(clerk(client, number, envelope) for number in range(2)))
        with agenttrace.span("find papers", kind="retrieval"):
            agenttrace.event("tool_call", tool="search")
        with agenttrace.span("think again", kind="plan"):
            pass
        with contextlib.suppress(ValueError), agenttrace.span("pay"):
            agenttrace.event("state_change", key="open", before=1, after=2)
            raise ValueError("declined")
        for _ in read_ledger():
            break
        held = asyncio.create_task(hold_the_line())
        await asyncio.sleep(0.01)
        held.cancel()
        await asyncio.wait([held], timeout=1)
        agenttrace.link(me, "stigmergy", strength=1)
        agenttrace.link(agenttrace.extract({"traceparent": REMOTE}))
        board = agenttrace.blackboard("plan")
        board.write("step", 1)
        board.read("step")
        agenttrace.snapshot(goal="rest", status="idle")
        agenttrace.status("TOOL_LIMIT_EXCEEDED", "three turns")


def script(request: ModelRequest, nth: int) -> Reply | object:
    """The model: busy once, then brief."""
    return fails(429) if nth == 0 else says(f"answer to {request.messages[-1].text}")


@dataclass(frozen=True)
class Told:
    """The team's golden: read back, and shown."""

    trace: Trace
    shown: str
    outline: str
    journal: Trace

    def span(self, name: str) -> Span:
        """The span of a name."""
        return next(span for span in self.trace.spans if span.name == name)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Record the team, replay it without its model, reload its golden."""
    desk = Desk(tmp_path_factory.mktemp("team"), "team")

    def team(url: str) -> None:
        async def run() -> None:
            async with httpx2.AsyncClient(base_url=url) as client:
                await planner(client)

        asyncio.run(run())

    with ModelServer(script) as model:
        desk.record(lambda: team(model.url))
    desk.replay(lambda: team("http://127.0.0.1:9/v1"))
    data = desk.golden.read_bytes()
    shown = CliRunner().invoke(main, ["show", str(desk.golden)], catch_exceptions=False)
    assert shown.exit_code == 0
    trace = native.read(data)
    return Told(
        trace=trace,
        shown=shown.output,
        outline=desk.golden.with_suffix(".trace.txt").read_text(),
        journal=journal.read(journal.write(trace)),
    )


def agents(told: Told) -> object:
    """Who did it."""
    return [(a.id, a.name, a.type, a.role, a.version, dict(a.model)) for a in told.trace.agents]


def events(told: Told) -> object:
    """What occurred."""
    return [event.name for span in told.trace.spans for event in span.events]


def links(told: Told) -> object:
    """What had a part in what."""
    return sorted(link.relationship for span in told.trace.spans for link in span.links)


WORDS: dict[str, tuple[Callable[[Told], object], object, str]] = {
    "trace": (lambda told: told.trace.name, "team", "team"),
    "span kinds": (
        lambda told: {str(span.kind) for span in told.trace.spans},
        {
            "run",
            "agent",
            "llm",
            "tool",
            "retrieval",
            "message",
            "orchestration",
            "plan",
            "internal",
        },
        "orchestration supervisor",
    ),
    "wire kind": (lambda told: told.span("send orders").wire_kind, "producer", "producer"),
    "status": (
        lambda told: told.span("planner").status.code,
        "TOOL_LIMIT_EXCEEDED",
        "TOOL_LIMIT_EXCEEDED (three turns)",
    ),
    "task": (lambda told: told.span("planner").task, "refund", "task refund"),
    "agent": (
        agents,
        [
            ("clerk", "clerk", "", "clerk", "", {}),
            ("clerk#1", "clerk", "", "clerk", "", {}),
            ("planner", "planner", "llm", "lead", "2", {"name": "gpt-4o"}),
        ],
        "planner",
    ),
    "event": (events, ["planning", "reflection", "tool_call", "state_change", "error"], "planning"),
    "link": (
        links,
        ["announced_by", "blackboard", "message", "stigmergy", "triggered_by"],
        "stigmergy",
    ),
    "link to another trace": (
        lambda told: told.span("planner").links[-1].trace,
        "0af7651916cd43dd8448eb211c80319c",
        "of trace 0af7651916cd43dd8448eb211c80319c",
    ),
    "state snapshot": (
        lambda told: [(s.agent, s.goal, s.status, s.beliefs) for s in told.trace.snapshots],
        [
            ("planner", "rest", "idle", None),
            ("clerk", "refund", "done", {"paid": 2}),
            ("clerk#1", "refund", "done", {"paid": 2}),
        ],
        'beliefs         {"paid": 2}',
    ),
    "collective state": (
        lambda told: {a: shot.status for a, shot in at_the_end(told.trace).agents.items()},
        {"planner": "idle", "clerk": "done", "clerk#1": "done"},
        "collective state at the end",
    ),
    "usage": (
        lambda told: sorted(told.trace.usage.models),
        ["gpt-4o"],
        "the tool cost $0.01",
    ),
    "money": (lambda told: told.trace.usage.tool_cost_usd, Decimal("0.01"), "$0.01"),
    "lane": (
        lambda told: [len(lane.joins) for lane in told.trace.lanes if len(lane.path) == 2],
        [1, 1, 0],
        "clerk#1",
    ),
    "raced and ragged": (
        lambda told: [(x.raced, x.ragged, x.end) for x in told.trace.lanes if x.ragged],
        [(True, True, "cut")],
        "ragged",
    ),
    "causal position": (
        lambda told: [str(step) for step in told.span("read_ledger").position],
        ["agent:planner#0", "tool:read_ledger#0"],
        "agent:planner#0/tool:read_ledger#0",
    ),
    "attempts": (
        lambda told: [len(span.answers) for span in told.trace.calls if span.kind == "llm"],
        [2, 1],
        "HTTP 429",
    ),
    "an answer left early": (
        lambda told: told.span("read_ledger").answers[0].end,
        "closed",
        "closed",
    ),
    "an answer cut off": (
        lambda told: told.span("hold_the_line").answers[0].end,
        "cancelled",
        "cancelled",
    ),
    "delivery": (
        lambda told: [(d.channel, d.outcome, len(d.turn)) for d in told.trace.deliveries],
        [("orders", "message", 0)],
        "got message planner/message:send orders#0 from orders",
    ),
    "turn": (
        lambda told: told.span("look_up_order").position[-2].kind,
        "turn",
        "turn:A-17#0",
    ),
    "fidelity": (
        lambda told: {span.fidelity.get("answer", Fidelity.PRESENT) for span in told.trace.calls},
        {Fidelity.PRESENT},
        "golden, schema 1",
    ),
}


@pytest.mark.parametrize("word", WORDS)
def test_a_word_is_written_reloaded_and_shown(told: Told, word: str) -> None:
    """What a verb writes is in the golden, and a person sees it there."""
    find, expected, shown = WORDS[word]

    assert find(told) == expected
    assert shown in told.shown


def test_the_outline_tells_the_same_story(told: Told) -> None:
    """What a reviewer reads in a diff names the agents, the calls and what they said."""
    for word in ("planner", "clerk#1", "look_up_order", '"A-17 was paid twice"', "(closed)"):
        assert word in told.outline


def test_a_journal_holds_every_word_too(told: Told) -> None:
    """A recording that was killed is worth as much as a golden, as far as it goes."""
    assert told.journal == told.trace
