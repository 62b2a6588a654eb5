"""The egress guard: what leaves the machine in a replay, and what is only named in a recording."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import aiohttp
import httpx2
import pytest
import requests

import agenttrace
from agenttrace.causal import current
from agenttrace.errors import EgressRefused
from agenttrace.session import REPLAY, REWRITE, Plan, Session, World
from agenttrace.verdict import Outcome, Verdict
from tests.fakes.plain_server import PlainServer

AWAY = "192.0.2.1"
"""An address that is nobody's, by RFC 5737."""

UNKNOWN = "tools.example.test"


@agenttrace.tool
def look_up(order: str) -> str:
    """What the golden answers."""
    return f"{order} was paid"


def run(
    tmp_path: Path, program: Callable[[], object], mode: str, *, allowed: tuple[str, ...] = ()
) -> Verdict:
    """Run a program as the plugin does; give the verdict, whatever the program made of it."""
    plan = Plan(
        name="a run",
        golden=tmp_path / "a.trace",
        shown="a.trace",
        journal=tmp_path / "a.journal",
        mode=mode,
        allowed_hosts=allowed,
    )
    with World(live=plan.is_live, allowed_hosts=allowed) as world:
        session = Session(plan, world)
        with session:
            look_up("A-17")
            with contextlib.suppress(Exception, EgressRefused):
                program()
        return session.settle(passed=True)


def judged(
    tmp_path: Path, program: Callable[[], object], *, allowed: tuple[str, ...] = ()
) -> Verdict:
    """Record a run that only looks up, then replay it with a program that goes out."""
    run(tmp_path, lambda: None, REWRITE)
    return run(tmp_path, program, REPLAY, allowed=allowed)


def connects(address: object = (AWAY, 443), family: int = socket.AF_INET) -> Callable[[], None]:
    """Make a plain connection."""

    def connect() -> None:
        with socket.socket(family) as one:
            one.settimeout(0.05)
            one.connect(address)

    return connect


def sends() -> None:
    """Send a datagram."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.sendto(b"hi", (AWAY, 53))


def opens() -> None:
    """Connect as coroutines do."""
    asyncio.run(open_connection(AWAY))


def opens_by_name() -> None:
    """Likewise, by a name."""
    asyncio.run(open_connection(UNKNOWN))


async def open_connection(host: str) -> None:
    """Connect."""
    await asyncio.wait_for(asyncio.open_connection(host, 443), 0.05)


def in_a_job() -> None:
    """Connect in a thread of a pool."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(connects()).result()


def swallowing() -> None:
    """Connect, and take every exception for an answer."""
    with contextlib.suppress(Exception):
        connects()()


def starts(command: object, **options: Any) -> Callable[[], object]:
    """Start a program."""
    return lambda: subprocess.run(command, check=False, **options)


WAYS: dict[str, tuple[Callable[[], object], str]] = {
    "a socket": (connects(), f"{AWAY}:443"),
    "version 6": (connects((AWAY, 1, 0, 0), socket.AF_INET6), f"{AWAY}:1"),
    "a unix socket": (connects("/run/docker.sock", socket.AF_UNIX), "unix:/run/docker.sock"),
    "a datagram": (sends, f"{AWAY}:53"),
    "asyncio": (opens, f"{AWAY}:443"),
    "asyncio by name": (opens_by_name, UNKNOWN),
    "a thread": (in_a_job, f"{AWAY}:443"),
    "swallowed": (swallowing, f"{AWAY}:443"),
    "create_connection": (lambda: socket.create_connection((AWAY, 443), 0.05), f"{AWAY}:443"),
    "getaddrinfo": (lambda: socket.getaddrinfo(UNKNOWN, 443), UNKNOWN),
    "gethostbyname": (lambda: socket.gethostbyname(UNKNOWN), UNKNOWN),
    "curl": (starts(["curl", f"https://{UNKNOWN}/x"]), f"curl would reach {UNKNOWN}"),
    "aws": (starts(["aws", "s3", "ls"]), "aws would reach the network"),
    "a shell": (starts(f"true && curl -s https://{UNKNOWN}", shell=True), UNKNOWN),
    "system": (lambda: os.system(f"wget https://{UNKNOWN}"), UNKNOWN),
    "git": (starts(["git", "clone", f"https://{UNKNOWN}/a"]), f"git would reach {UNKNOWN}"),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_replay_refuses_what_goes_past_every_recorded_call(tmp_path: Path, way: str) -> None:
    """By whatever way it goes: the run stops, and says who would have reached what, and where."""
    program, where = WAYS[way]
    verdict = judged(tmp_path, program)

    (problem,) = verdict.problems
    assert isinstance(problem, EgressRefused)
    assert where in str(problem)
    assert "test_network.py:" in str(problem)
    assert verdict.outcome is Outcome.DIVERGED


def test_the_first_egress_stops_the_run_for_good(tmp_path: Path) -> None:
    """An agent that goes on meets the same error at its next call."""
    met: list[BaseException] = []

    def program() -> None:
        for attempt in (connects(), lambda: look_up("B-2")):
            try:
                attempt()
            except BaseException as error:
                met.append(error)

    verdict = judged(tmp_path, program)

    assert met[0] is met[1]
    assert verdict.problems == (met[0],)


@pytest.fixture
def server() -> Iterator[PlainServer]:
    """A server on this machine."""
    with PlainServer() as one:
        yield one


def test_this_machine_is_allowed_unless_it_is_not(tmp_path: Path, server: PlainServer) -> None:
    """A test may have servers of its own, and a person may say that it may not."""
    port = int(server.url.rpartition(":")[2])
    program = connects(("127.0.0.1", port))

    assert judged(tmp_path, program).problems == ()
    assert judged(tmp_path, program, allowed=("!loopback",)).problems != ()


@pytest.mark.parametrize("allowed", [AWAY, "192.0.*", "tools.example.test"])
def test_what_a_person_allows_is_let_through(tmp_path: Path, allowed: str) -> None:
    """By number, by pattern, by name."""
    host = UNKNOWN if allowed.startswith("tools") else AWAY

    assert judged(tmp_path, connects((host, 9)), allowed=(allowed,)).problems == ()


def test_a_tool_that_is_live_in_every_replay_may_go_out(
    tmp_path: Path, server: PlainServer
) -> None:
    """`live=True` says so; an ordinary tool that is agent code may not."""
    reached: list[str] = []

    @agenttrace.tool(live=True)
    def upload(name: str) -> str:
        """Goes out whenever it is called."""
        with contextlib.suppress(OSError):
            connects()()
        reached.append(name)
        return name

    @agenttrace.tool
    def delegate(name: str) -> str:
        """Agent code: it has a call below it."""
        look_up(name)
        connects()()
        return name

    run(tmp_path, lambda: upload("x"), REWRITE)
    assert run(tmp_path, lambda: upload("x"), REPLAY).problems == ()
    assert reached == ["x", "x"]

    def delegating() -> None:
        delegate("y")

    run(tmp_path, delegating, REWRITE)
    (problem,) = run(tmp_path, delegating, REPLAY).problems
    assert isinstance(problem, EgressRefused)


def test_telemetry_is_refused_and_counted_and_fails_nothing(tmp_path: Path) -> None:
    """Its library meets a network that is down; by socket and by request, by host and by path."""
    met: list[BaseException] = []

    def report(to: Callable[[], object]) -> None:
        try:
            to()
        except Exception as error:
            met.append(error)

    def program() -> None:
        report(lambda: socket.getaddrinfo("api.smith.langchain.com", 443))
        report(lambda: requests.post("https://eu.i.posthog.com/batch", json={}, timeout=1))
        report(lambda: requests.post("https://api.openai.com/v1/traces/ingest", timeout=1))
        report(lambda: httpx2.post("https://api.openai.com/v1/traces/ingest", timeout=1))
        report(lambda: asyncio.run(by_aiohttp()))
        report(lambda: urllib.request.urlopen("http://collector.test/v1/traces", timeout=1))

    async def by_aiohttp() -> None:
        async with aiohttp.ClientSession() as session:
            await session.post("https://o1.ingest.sentry.io/api/1/envelope/")

    verdict = judged(tmp_path, program)

    assert verdict.problems == ()
    assert verdict.counts.refused == 6
    assert [type(error) for error in met] == [
        socket.gaierror,
        requests.exceptions.ConnectionError,
        requests.exceptions.ConnectionError,
        httpx2.ConnectError,
        aiohttp.ClientConnectionError,
        urllib.error.URLError,
    ]


def test_a_recording_lets_everything_out_and_names_what_no_adapter_saw(tmp_path: Path) -> None:
    """Nothing is lost in silence; requests that an adapter saw, or a tool made, are not named."""

    @agenttrace.tool
    def fetch() -> str:
        """Has a door."""
        with contextlib.suppress(OSError):
            connects((AWAY, 2))()
        return "fetched"

    def program() -> None:
        fetch()
        with contextlib.suppress(OSError):
            connects((AWAY, 1))()
        with contextlib.suppress(requests.RequestException):
            requests.get(f"http://{AWAY}:3/", timeout=0.05)

    verdict = run(tmp_path, program, REWRITE)

    (warning,) = verdict.warnings
    assert warning.startswith(
        f"past every adapter, so nothing of it is recorded: a socket to {AWAY}:1, at "
    )
    assert "test_network.py:" in warning


def test_the_guard_is_gone_with_its_world(tmp_path: Path) -> None:
    """Every patch is taken back to the letter."""
    owners: tuple[Any, ...] = (socket.socket, socket, subprocess.Popen, asyncio.BaseEventLoop)
    before = [dict(vars(owner)) for owner in owners]

    judged(tmp_path, threading.Event)

    assert [dict(vars(owner)) for owner in owners] == before


def test_outside_every_run_nobody_is_judged(tmp_path: Path) -> None:
    """A fixture may reach its database before the test's run begins."""
    with World(live=False), pytest.raises(OSError, match=r"timed out|unreachable|refused"):
        connects()()


def test_what_is_done_aside_of_a_replay_does_not_go_out_either(tmp_path: Path) -> None:
    """A wire below a seam, or what a library tells others, is no part of the run: it is refused."""
    refused: list[bool] = []

    def beside() -> None:
        with current.aside():
            try:
                connects()()
            except ConnectionRefusedError as error:
                refused.append("a replay does not reach" in str(error))

    verdict = judged(tmp_path, beside)

    assert verdict.outcome is Outcome.REPLAYED
    assert refused == [True]
