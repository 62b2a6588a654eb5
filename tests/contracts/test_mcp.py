"""MCP: what a client asks is recorded once, and in a replay there is no server."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import mcp_types
import pytest
from mcp import Client, ClientSession, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.server import MCPServer

import agenttrace
from agenttrace.causal.position import trace_id
from agenttrace.errors import ReplayDiverged
from agenttrace.formats import native
from agenttrace.model import names
from agenttrace.model.span import Span, SpanKind
from agenttrace.model.trace import Trace
from tests.fakes.mcp_server import WeatherOffice, over_http, over_pipes
from tests.fakes.sessions import Desk

Talk = Callable[[ClientSession | Client], Coroutine[Any, Any, Any]]


async def over_stdio(office: WeatherOffice, talk: Talk) -> Any:
    """Talk to a server that is started for it."""
    server = StdioServerParameters(
        command=sys.executable, args=[str(office.script), str(office.log)]
    )
    async with stdio_client(server) as streams, ClientSession(*streams) as session:
        await session.initialize()
        return await talk(session)


async def over_a_session(office: WeatherOffice, talk: Talk) -> Any:
    """Talk over streamable HTTP, in a session that greets as older servers want it."""
    async with streamable_http_client(office.url) as streams, ClientSession(*streams) as session:
        await session.initialize()
        return await talk(session)


async def over_a_client(office: WeatherOffice, talk: Talk) -> Any:
    """Talk over streamable HTTP with the SDK's own client, which finds out how."""
    async with Client(office.url) as client:
        return await talk(client)


WAYS = {"stdio": over_stdio, "HTTP": over_a_session, "client": over_a_client}


@dataclass(frozen=True)
class Recorded:
    """What was said at an office that is no more, and how it is said again.

    Attributes:
        way: How one talked.
        office: The office; its program is gone, its port closed.
        desks: The goldens, one a talk.
        said: What each talk gave.
        again: Whether a second recording made the same golden.
    """

    way: str
    office: WeatherOffice
    desks: dict[str, Desk]
    said: dict[str, Any]
    again: bool

    def replay(self, talk: Talk, desk: str = "everything") -> Any:
        """Talk again, to nobody."""
        return self.desks[desk].replay(lambda: asyncio.run(WAYS[self.way](self.office, talk)))

    def trace(self, desk: str = "everything") -> Trace:
        """What was recorded."""
        return native.read(self.desks[desk].golden.read_bytes())


@pytest.fixture(scope="module", params=WAYS)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """For each way of talking, an office at which everything was asked once."""
    way, folder = request.param, tmp_path_factory.mktemp("office")
    desks = {name: Desk(folder / name) for name in TALKS}
    with over_pipes(folder) if way == "stdio" else over_http(folder) as office:
        said = {
            name: desks[name].record(lambda talk=talk: asyncio.run(WAYS[way](office, talk)))
            for name, talk in TALKS.items()
        }
        before = desks["everything"].golden.read_bytes()
        desks["everything"].rewrite(lambda: asyncio.run(WAYS[way](office, everything)))
    again = desks["everything"].golden.read_bytes() == before
    return Recorded(way, office, desks, said, again)


async def everything(client: ClientSession | Client) -> list[Any]:
    """Ask for all that a server has, in all ways in which it can answer."""
    said: list[Any] = [[tool.name for tool in (await client.list_tools()).tools]]
    said.append([prompt.name for prompt in (await client.list_prompts()).prompts])
    said.append(len((await client.list_resource_templates()).resource_templates))
    with agenttrace.agent("planner"):
        for city in ("Paris", "Atlantis"):
            result = await client.call_tool("weather", {"city": city})
            said.append((result.content, result.structured_content, result.is_error))
    said.append((await client.read_resource("notes://a")).contents)
    said.append((await client.get_prompt("greet", {"who": "me"})).messages)
    with pytest.raises(MCPError) as caught:
        await client.read_resource("none://a")
    said.append((type(caught.value), caught.value.code, str(caught.value), caught.value.error))
    cities = ("Rome", "Oslo", "Bonn")
    results = await asyncio.gather(*(client.call_tool("weather", {"city": it}) for it in cities))
    said.append([result.content for result in results])
    return said


async def impatient(client: ClientSession | Client) -> tuple[bool, Any]:
    """Give a slow tool up, and ask a quick one."""
    with anyio.move_on_after(0.3) as scope:
        await client.call_tool("weather", {"city": "Nowhere"})
    return scope.cancelled_caught, (await client.call_tool("weather", {"city": "Rome"})).content


PROGRESS: list[float] = []


async def patient(client: ClientSession | Client) -> Any:
    """Listen to how far a tool has come."""

    async def progress(done: float, *_: object) -> None:
        PROGRESS.append(done)

    asked = {"city": "Paris"}
    said = (await client.call_tool("weather", asked, progress_callback=progress)).content
    return said, tuple(PROGRESS)


TALKS: dict[str, Talk] = {"everything": everything, "impatient": impatient, "patient": patient}


def named(trace: Trace, name: str) -> list[Span]:
    """The spans of a name."""
    return [span for span in trace.spans if span.name == name]


def test_everything_is_answered_without_a_server(
    place: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Objects, errors and all; no process is started, and nothing listens any more."""
    before = place.office.lines
    started: list[object] = []
    monkeypatch.setattr(
        subprocess.Popen, "_execute_child", lambda *args, **_: started.append(args), raising=True
    )

    replayed = place.replay(everything)

    assert replayed == place.said["everything"]
    assert not place.office.script.exists()
    assert (place.office.lines, started) == (before, [])
    assert isinstance(replayed[3][0][0], mcp_types.TextContent)
    verdict = place.desks["everything"].verdict
    assert verdict is not None
    assert (verdict.counts.live, verdict.counts.answered) == (0, len(place.trace().calls))


def test_each_call_is_one_span_with_its_own_words(place: Recorded) -> None:
    """A tool of a server is a tool as any other; of its wire nothing is written down."""
    trace = place.trace()

    paris, atlantis, *others = named(trace, "weather")
    assert {span.kind for span in trace.calls} == {
        SpanKind.TOOL,
        SpanKind.RETRIEVAL,
        SpanKind.INTERNAL,
    }
    assert (paris.kind, paris.question, paris.agent) == (
        SpanKind.TOOL,
        {"city": "Paris"},
        "planner",
    )
    assert paris.attributes == {
        names.MCP_METHOD: "tools/call",
        names.OPERATION: "execute_tool",
        names.TOOL_NAME: "weather",
    }
    assert (atlantis.status.code, atlantis.status.message) == ("ERROR", "tool_error")
    assert len({span.lane for span in others}) == 3
    assert named(trace, "resources/read notes://a")[0].attributes[names.MCP_RESOURCE] == "notes://a"
    assert not [lane for lane in trace.lanes if lane.path and lane.path[-1].kind == "process"]


def test_the_server_is_told_who_asks(place: Recorded) -> None:
    """`traceparent` stands unprefixed in `params._meta`, so a server's own trace can go on."""
    asked = [line.split() for line in place.office.lines if line.startswith("weather")]
    carried = {(city, parent) for _, city, parent in asked}
    wanted = {
        (str(span.question["city"]), f"00-{trace_id('a run')}-{span.id}-01")  # type: ignore[index, call-overload]
        for desk in TALKS
        for span in named(place.trace(desk), "weather")
    }
    assert carried == wanted


def test_a_recording_again_is_the_same(place: Recorded) -> None:
    """What the wire does in between, by chance, is no part of a golden."""
    assert place.again


def test_another_argument_diverges(place: Recorded) -> None:
    """With both values, and before anything is asked."""

    async def other(client: ClientSession | Client) -> None:
        with agenttrace.agent("planner"):
            await client.call_tool("weather", {"city": "Rome"})

    with pytest.raises((ReplayDiverged, BaseExceptionGroup)) as caught:
        place.replay(other)

    stop: BaseException = caught.value
    while isinstance(stop, BaseExceptionGroup):
        (stop,) = stop.exceptions
    assert isinstance(stop, ReplayDiverged)
    assert "golden    tool  weather(city='Paris')" in str(stop)
    assert "this run  tool  weather(city='Rome')" in str(stop)


def test_a_call_that_was_cancelled_never_answers(place: Recorded) -> None:
    """Whoever gave it up when it was recorded does so again, and goes on."""
    assert place.said["impatient"][0]
    assert place.replay(impatient, "impatient") == place.said["impatient"]
    ends = [span.answers[0].end for span in named(place.trace("impatient"), "weather")]
    assert ends == ["cancelled", "complete"]


def test_what_comes_beside_the_answers_harms_nobody(place: Recorded) -> None:
    """Progress is told by a live server alone, and is no part of a recording."""
    said, progress = place.said["patient"]

    assert place.replay(patient, "patient") == (said, tuple(PROGRESS))
    assert progress[-1] == 1


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_server_in_the_same_process_is_not_asked_either(mode: Any, tmp_path: Path) -> None:
    """It is the user's own program; its tools are tools."""
    office, asked = MCPServer("weather"), list[str]()

    def weather(city: str) -> str:
        """Tell the weather."""
        asked.append(city)
        return f"21C in {city}"

    office.add_tool(weather)

    async def talk() -> str:
        async with Client(office, mode=mode) as client:
            return str((await client.call_tool("weather", {"city": "Paris"})).content)

    desk = Desk(tmp_path)
    recorded = desk.record(lambda: asyncio.run(talk()))

    assert desk.replay(lambda: asyncio.run(talk())) == recorded
    assert asked == ["Paris"]


def test_models_alone_can_be_answered_and_the_server_asked(tmp_path: Path) -> None:
    """`stub="llm"` runs tools, and so the server that has them."""
    desk = Desk(tmp_path, stub=frozenset({"llm"}))
    with over_pipes(tmp_path) as office:
        recorded = desk.record(lambda: asyncio.run(over_stdio(office, everything)))
        assert desk.replay(lambda: asyncio.run(over_stdio(office, everything))) == recorded
    assert office.lines.count("started") == 2


def test_outside_a_run_nothing_stands_between(tmp_path: Path) -> None:
    """A client that is used while no run is active talks to its server."""
    from agenttrace.session import World

    with over_pipes(tmp_path) as office, World(live=True):
        said = asyncio.run(over_stdio(office, everything))

    assert said[0] == ["weather"]
    assert office.lines[0] == "started"
