"""A2A: agents elsewhere are asked once, and need not be there in a replay; ours run as ever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from a2a.client import Client, ClientConfig, create_client
from a2a.helpers import get_stream_response_text, new_text_message
from a2a.types import GetTaskRequest, Role, SendMessageRequest
from a2a.utils.errors import TaskNotFoundError

import agenttrace
from agenttrace.causal.position import trace_id
from agenttrace.errors import ReplayDiverged
from agenttrace.formats import native
from agenttrace.model import names
from agenttrace.model.span import Link, Span, SpanKind
from agenttrace.model.trace import Trace
from tests.fakes.a2a_agent import Echo, Served, application, served
from tests.fakes.sessions import Desk

Talk = Callable[[Client], Coroutine[Any, Any, Any]]
WAYS = {
    "stream of JSON-RPC": ("JSONRPC", True),
    "JSON-RPC": ("JSONRPC", False),
    "stream of REST": ("HTTP+JSON", True),
    "REST": ("HTTP+JSON", False),
}


def message(text: str) -> SendMessageRequest:
    """What is said to an agent."""
    return SendMessageRequest(message=new_text_message(text, role=Role.ROLE_USER))


async def tell(client: Client, text: str) -> list[Any]:
    """Say something, and give all that comes back."""
    return [event async for event in client.send_message(message(text))]


async def talk(url: str, binding: str, streaming: bool, what: Talk) -> Any:
    """Talk to an agent, over one of its bindings."""
    config = ClientConfig(streaming=streaming, supported_protocol_bindings=[binding])
    async with await create_client(url, config) as client:
        return await what(client)


async def everything(client: Client) -> list[Any]:
    """Say several things, at once as well, and ask for what is not there."""
    said: list[Any] = []
    with agenttrace.agent("planner"):
        said.append(await tell(client, "hello"))
        events = await tell(client, "task one")
        said.append(events)
        task = await client.get_task(GetTaskRequest(id=events[0].task.id))
        said.append(task)
    with pytest.raises(TaskNotFoundError) as caught:
        await client.get_task(GetTaskRequest(id="nobody"))
    said.append((str(caught.value), caught.value.data))
    said.append(await asyncio.gather(*(tell(client, name) for name in "abc")))
    return said


async def impatient(client: Client) -> tuple[bool, list[Any]]:
    """Give a slow agent up, and ask it something that it does at once."""
    gave_up = False
    try:
        await asyncio.wait_for(tell(client, "slowly"), 0.5)
    except TimeoutError:
        gave_up = True
    return gave_up, await tell(client, "quickly")


TALKS: dict[str, Talk] = {"everything": everything, "impatient": impatient}


@dataclass(frozen=True)
class Recorded:
    """What was said to an agent that is no more, and how it is said again."""

    way: tuple[str, bool]
    agent: Served
    desks: dict[str, Desk]
    said: dict[str, Any]

    def replay(self, what: Talk, desk: str = "everything") -> Any:
        """Talk again, to nobody."""
        return self.desks[desk].replay(lambda: asyncio.run(talk(self.agent.url, *self.way, what)))

    @property
    def trace(self) -> Trace:
        """What was recorded."""
        return native.read(self.desks["everything"].golden.read_bytes())


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recorded]:
    """What was said in each way to one agent, which is gone by now."""
    folder = tmp_path_factory.mktemp("agent")
    found: dict[str, Recorded] = {}
    with served(folder) as agent:
        for name, way in WAYS.items():
            desks = {it: Desk(folder / name / it) for it in TALKS}
            said = {
                it: desks[it].record(
                    lambda way=way, what=what: asyncio.run(talk(agent.url, *way, what))
                )
                for it, what in TALKS.items()
            }
            found[name] = Recorded(way, agent, desks, said)
    return found


@pytest.fixture(params=WAYS)
def one(request: pytest.FixtureRequest, recorded: dict[str, Recorded]) -> Recorded:
    """Each way of talking to an agent."""
    return recorded[request.param]


def turns(trace: Trace) -> list[Span]:
    """The turns of the agent elsewhere."""
    return [span for span in trace.spans if span.agent == "echo"]


def test_everything_is_answered_without_the_agent(one: Recorded) -> None:
    """Messages, tasks, streams and typed errors; its port is closed, and nothing goes out."""
    before = one.agent.told

    assert one.replay(everything) == one.said["everything"]
    assert one.agent.told == before
    verdict = one.desks["everything"].verdict
    assert verdict is not None
    assert (verdict.counts.live, verdict.counts.answered) == (0, len(one.trace.calls))


def test_each_call_is_a_turn_of_the_agent_that_is_linked_to_who_asked(one: Recorded) -> None:
    """It is known by its card, and of the wire nothing is written down but where it is."""
    trace, streamed = one.trace, one.way[1]
    sent = "SendStreamingMessage" if streamed else "SendMessage"
    planner = next(span for span in trace.spans if span.name == "planner")
    first, *_ = found = turns(trace)

    assert [span.operation for span in found] == [sent, sent, "GetTask", "GetTask", *[sent] * 3]
    assert [(it.id, it.type, it.version) for it in trace.agents if it.id == "echo"] == [
        ("echo", "a2a", "1.0.0")
    ]
    assert (first.kind, first.name, first.parent) == (SpanKind.AGENT, f"{sent} echo", planner.id)
    assert first.links == (Link(span=planner.id, relationship="handoff"),)
    assert first.attributes == {names.OPERATION: "invoke_agent", names.A2A_METHOD: sent}
    assert "messageId" not in str(first.question)
    assert len({span.lane for span in found[4:]}) == 3
    assert [it.name for it in trace.calls if it.kind is SpanKind.HTTP] == [
        "GET /.well-known/agent-card.json"
    ]


def test_the_agent_is_told_who_asks(recorded: dict[str, Recorded]) -> None:
    """By `traceparent`, with the span of the call, so its own trace can go on."""
    told = {parent for _, parent in next(iter(recorded.values())).agent.told}
    wanted = {
        f"00-{trace_id('a run')}-{span.id}-01"
        for one in recorded.values()
        for span in turns(one.trace)
        if span.operation.startswith("Send")
    }

    assert wanted <= told


def test_other_words_diverge(one: Recorded) -> None:
    """With both values, before anything is sent."""

    async def other(client: Client) -> None:
        with agenttrace.agent("planner"):
            await tell(client, "goodbye")

    with pytest.raises(ReplayDiverged, match=r"(?s)text = 'hello'.*text = 'goodbye'"):
        one.replay(other)


def test_a_turn_that_was_given_up_never_ends(one: Recorded) -> None:
    """Whoever gave it up does so again, and goes on."""
    assert one.said["impatient"][0]
    assert one.replay(impatient, "impatient") == one.said["impatient"]


def test_an_agent_in_this_process_runs(tmp_path: Path) -> None:
    """It is the user's own program: its turn stands inside who asked, what it asks is recorded."""
    asked: list[str] = []

    @agenttrace.tool
    async def look_up(word: str) -> str:
        asked.append(word)
        return f"task {word}"

    def program() -> list[str]:
        async def both() -> list[str]:
            app = application("http://echo", Echo(work=look_up))
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport) as http:
                config = ClientConfig(streaming=True, httpx_client=http)
                client = await create_client("http://echo", config)
                with agenttrace.agent("planner"):
                    return [get_stream_response_text(it) for it in await tell(client, "one")]

        return asyncio.run(both())

    desk = Desk(tmp_path)
    said = desk.record(program)

    assert desk.replay(program) == said
    assert asked == ["one"]
    trace = native.read(desk.golden.read_bytes())
    spans = {span.id: span for span in trace.spans}
    turn = next(span for span in trace.spans if span.name == "echo")
    (call,) = trace.calls
    assert (turn.kind, spans[turn.parent or ""].name) == (SpanKind.AGENT, "planner")
    assert (call.name, call.agent, call.parent) == ("look_up", "echo", turn.id)


@pytest.mark.parametrize("path", ["/rpc", "/message:send"])
def test_an_agent_that_is_asked_is_linked_to_the_callers_trace(tmp_path: Path, path: str) -> None:
    """A test of a server alone: the request says which trace it comes from."""
    parent = f"00-{'a' * 32}-{'b' * 16}-01"
    said = {"message": {"messageId": "1", "role": "ROLE_USER", "parts": [{"text": "hello"}]}}
    rpc = {"jsonrpc": "2.0", "id": "1", "method": "SendMessage", "params": said}

    @agenttrace.tool
    async def think(word: str) -> str:
        return word

    async def program() -> int:
        app = application("http://echo", Echo(work=think))
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://echo") as http:
            headers = {"traceparent": parent, "A2A-Version": "1.0"}
            answer = await http.post(path, json=rpc if path == "/rpc" else said, headers=headers)
        return answer.status_code

    desk = Desk(tmp_path)
    assert desk.record(lambda: asyncio.run(program())) == 200
    assert desk.replay(lambda: asyncio.run(program())) == 200
    trace = native.read(desk.golden.read_bytes())
    turn = next(span for span in trace.spans if span.name == "echo")
    assert turn.links == (Link(span="b" * 16, trace="a" * 32, relationship="handoff"),)
