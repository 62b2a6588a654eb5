"""MCP's subscriptions: what a server tells who listens is heard again, without a server."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.subscriptions import (
    ListenNotSupportedError,
    ResourceUpdated,
    SubscriptionLost,
    ToolsListChanged,
)

from agenttrace.errors import ReplayDiverged, StreamReadPast
from agenttrace.formats import native
from agenttrace.model.span import Span
from agenttrace.model.trace import Trace
from tests.fakes.mcp_server import NEWS, WeatherOffice, over_http, over_pipes
from tests.fakes.sessions import Desk

Talk = Callable[[Client], Coroutine[Any, Any, Any]]
Opened = Callable[[Path, str], AbstractContextManager[WeatherOffice]]

CHANGES: list[Any] = [ToolsListChanged(), ResourceUpdated(uri="notes://a")]


async def hears_two(client: Client) -> list[Any]:
    """Listen, have something change, and leave when it was told."""
    async with client.listen(tools_list_changed=True, resource_subscriptions=["notes://a"]) as news:
        said = await client.call_tool("announce")
        heard = [await anext(news), await anext(news)]
    return [heard, news.honored.tools_list_changed, said.structured_content]


async def is_told_to_stop(client: Client) -> list[Any]:
    """Listen in a task of its own, which is cancelled while it waits for more."""
    opened, told, heard = asyncio.Event(), asyncio.Event(), list[Any]()

    async def listen() -> None:
        async with client.listen(tools_list_changed=True) as news:
            opened.set()
            async for change in news:
                heard.append(change)
                told.set()

    listener = asyncio.create_task(listen())
    await opened.wait()
    await client.call_tool("announce")
    await told.wait()
    listener.cancel()
    (ended,) = await asyncio.gather(listener, return_exceptions=True)
    return [heard, type(ended)]


async def is_left_by_somebody_else(client: Client) -> list[Any]:
    """Whoever opened it leaves, while another task waits: that one's loop ends."""
    listening = client.listen(tools_list_changed=True)
    news = await listening.__aenter__()

    async def all_of_it() -> list[Any]:
        return [change async for change in news]

    listener = asyncio.create_task(all_of_it())
    await client.call_tool("announce")
    await client.call_tool("weather", {"city": "Paris"})
    await listening.__aexit__(None, None, None)
    return await listener


async def is_lost(client: Client) -> list[Any]:
    """The server is gone in the middle of it."""
    async with client.listen(tools_list_changed=True) as news:
        with pytest.raises(MCPError):
            await client.call_tool("burn_down")
        with pytest.raises(SubscriptionLost) as caught:
            await anext(news)
    return [type(caught.value)]


TALKS: dict[str, tuple[Talk, Any, str]] = {
    "heard": (hears_two, [CHANGES, True, {"result": "told"}], "closed"),
    "stopped": (is_told_to_stop, [CHANGES[:1], asyncio.CancelledError], "cancelled"),
    "left": (is_left_by_somebody_else, CHANGES[:1], "cancelled"),
    "lost": (is_lost, [SubscriptionLost], "cut"),
}
"""By name: a talk, what it gives, and how the stream ends in the recording."""


def over(office: WeatherOffice, talk: Talk) -> Callable[[], Any]:
    """Talk to an office, over its port or to a program that is started for it."""
    words = [str(office.script), str(office.log)]
    server = StdioServerParameters(command=sys.executable, args=words)

    async def main() -> Any:
        async with Client(office.url or stdio_client(server)) as client:
            return await talk(client)

    return lambda: asyncio.run(main())


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> tuple[Desk, WeatherOffice]:
    """Two changes, heard of an office that is no more."""
    folder = tmp_path_factory.mktemp("heard")
    desk = Desk(folder)
    with over_pipes(folder, NEWS) as office:
        desk.record(over(office, hears_two))
    return desk, office


@pytest.mark.parametrize(
    ("name", "opened"), [("heard", over_http), *((name, over_pipes) for name in TALKS)]
)
def test_what_was_told_is_told_again_without_a_server(
    name: str, opened: Opened, tmp_path: Path
) -> None:
    """Each change in its place, and the end as it was: left, cancelled, or lost."""
    talk, wanted, end = TALKS[name]
    desk = Desk(tmp_path)
    with opened(tmp_path, NEWS) as office:
        said = desk.record(over(office, talk))
    before = office.lines
    (span,) = subscriptions(native.read(desk.golden.read_bytes()))

    assert said == wanted
    assert desk.replay(over(office, talk)) == said
    assert span.answers[0].end == end
    assert (office.lines, office.script.exists()) == (before, False)


def test_a_recording_again_is_the_same(tmp_path: Path) -> None:
    """The numbers that the SDK gives its subscriptions in a process are no part of a golden."""
    desk = Desk(tmp_path)
    with over_pipes(tmp_path, NEWS) as office:
        desk.record(over(office, hears_two))
        before = desk.golden.read_bytes()
        desk.rewrite(over(office, hears_two))

    assert desk.golden.read_bytes() == before


def test_listening_for_something_else_diverges(heard: tuple[Desk, WeatherOffice]) -> None:
    """Which changes a client wants to hear of is what it asks."""

    async def hears_other(client: Client) -> None:
        async with client.listen(tools_list_changed=True, resource_subscriptions=["notes://b"]):
            pass

    desk, office = heard
    with pytest.raises((ReplayDiverged, BaseExceptionGroup)) as caught:
        desk.replay(over(office, hears_other))
    said = str(stop_of(caught.value))
    assert "subscriptions/listen  notifications.resourceSubscriptions[0] = 'notes://a'" in said
    assert "subscriptions/listen  notifications.resourceSubscriptions[0] = 'notes://b'" in said


def test_reading_on_where_the_recording_was_left_stops_the_replay(
    heard: tuple[Desk, WeatherOffice],
) -> None:
    """Nobody knows what the server would have told next: that is said, and nothing hangs."""

    async def hears_three(client: Client) -> None:
        async with client.listen(
            tools_list_changed=True, resource_subscriptions=["notes://a"]
        ) as news:
            await client.call_tool("announce")
            for _ in range(3):
                await anext(news)

    desk, office = heard
    with pytest.raises((StreamReadPast, BaseExceptionGroup)) as caught:
        desk.replay(over(office, hears_three))
    assert isinstance(stop_of(caught.value), StreamReadPast)


def test_a_server_that_is_too_old_is_not_asked(tmp_path: Path) -> None:
    """The SDK itself refuses; that is no question to the world."""

    async def main(office: WeatherOffice) -> str:
        words = [str(office.script), str(office.log)]
        server = StdioServerParameters(command=sys.executable, args=words)
        async with Client(stdio_client(server), mode="legacy") as client:
            with pytest.raises(ListenNotSupportedError) as caught:
                await client.listen(tools_list_changed=True).__aenter__()
        return str(caught.value)

    desk = Desk(tmp_path)
    with over_pipes(tmp_path, NEWS) as office:
        said = desk.record(lambda: asyncio.run(main(office)))

    assert desk.replay(lambda: asyncio.run(main(office))) == said
    assert subscriptions(native.read(desk.golden.read_bytes())) == []


def subscriptions(trace: Trace) -> list[Span]:
    """The subscriptions of a run."""
    return [span for span in trace.spans if span.name == "subscriptions/listen"]


def stop_of(error: BaseException) -> BaseException:
    """What stopped a run, in whatever groups it is raised."""
    while isinstance(error, BaseExceptionGroup):
        (error,) = error.exceptions
    return error
