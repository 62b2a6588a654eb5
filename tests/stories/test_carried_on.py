"""A cause crosses every boundary, and what was sent along with it: recorded, and in the replay."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

import agenttrace
from agenttrace import invariants
from agenttrace.causal.position import trace_id
from agenttrace.session import Plan, load_golden
from tests.fakes import onward as far
from tests.fakes.campaign import FULL
from tests.fakes.sessions import Desk

SPAWN = multiprocessing.get_context("spawn")
TENANT = "tenant=a%20b"
HOME = Path(__file__).parents[2]
Far = tuple[str, str]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A place for one golden."""
    return Desk(tmp_path)


@contextmanager
def served() -> Iterator[str]:
    """A service in a process of its own."""
    words = [sys.executable, "-m", "tests.fakes.onward", "serve"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=HOME) as service:
        assert service.stdout is not None
        yield f"http://127.0.0.1:{service.stdout.readline().strip()}"
        service.terminate()


def asked(**headers: str) -> Far:
    """Ask a service; give what it would send on."""
    with served() as url:
        said = httpx.post(url, json="order", headers=headers or agenttrace.inject(), timeout=60)
    trace, _, along = said.text.partition(" ")
    return trace, along


# -- boundaries: each gives what work beyond it would send on -------------------------------------
def task() -> Far:
    """A task of a loop."""

    async def work() -> Far:
        return await asyncio.create_task(asyncio.to_thread(far.onward))

    return asyncio.run(work())


def thread() -> Far:
    """A thread."""
    said: list[Far] = []
    one = threading.Thread(target=lambda: said.append(far.onward()))
    one.start()
    one.join()
    return said[0]


def pool() -> Far:
    """A pool of threads that had work before."""
    with ThreadPoolExecutor(1) as workers:
        workers.submit(len, "warm").result()
        return workers.submit(far.onward).result()


def mailbox() -> Far:
    """A queue between threads: the message has headers with it."""
    box: queue.Queue[Any] = queue.Queue()
    said: queue.Queue[Far] = queue.Queue()
    taker = threading.Thread(target=far.take, args=(box, said))
    taker.start()
    box.put((agenttrace.send("orders", "order"), agenttrace.inject()))
    taker.join()
    return said.get()


def envelope() -> Far:
    """An envelope alone: it knows who sent it, and with what."""
    sent = agenttrace.send("orders", "order")
    with agenttrace.extract(sent):
        return far.onward(agenttrace.receive(sent))


def environment() -> Far:
    """The variables of an environment that a person fills by hand."""
    variables = agenttrace.inject({"PATH": "/bin"}, environment=True)
    assert {"TRACEPARENT", "BAGGAGE", "AGENTTRACE_POSITION", "PATH"} == variables.keys()
    with agenttrace.extract(variables):
        return far.onward()


def program() -> Far:
    """A program, by `subprocess`: it finds both in its environment, as anybody's program would."""
    words = [sys.executable, "-c", far.CHILD]
    said = subprocess.run(words, check=True, capture_output=True, text=True, cwd=HOME).stdout
    for_all, along, trace, own = said.split()
    assert (for_all, along) == (trace, own)
    return trace, own


def pooled() -> Far:
    """A worker of a pool of processes."""
    with ProcessPoolExecutor(1, mp_context=SPAWN) as workers:
        return workers.submit(far.onward).result()


def queued() -> Far:
    """A process that takes a message from a queue between processes."""
    orders, answers = SPAWN.Queue(), SPAWN.Queue()
    taker = SPAWN.Process(target=far.take, args=(orders, answers))
    taker.start()
    orders.put((agenttrace.send("orders", "order"), dict(agenttrace.inject())))
    said: Far = answers.get(timeout=60)
    taker.join()
    return said


def service() -> Far:
    """A service, over HTTP by a patched client."""
    return asked()


BOUNDARIES = (
    task,
    thread,
    pool,
    mailbox,
    envelope,
    environment,
    program,
    pooled,
    queued,
    service,
)
SLOW = (program, pooled, queued)
"""They begin a Python for each run; what a replay of them does is told in `test_processes.py`."""


@pytest.mark.parametrize("boundary", BOUNDARIES, ids=lambda boundary: boundary.__name__)
def test_a_cause_crosses_with_what_was_sent_along(boundary: Callable[[], Far], desk: Desk) -> None:
    """One trace from root to leaf, and the tenant with it; the same in the replay."""

    def agent() -> Far:
        far.look_up("root")
        headers = {"baggage": TENANT}
        with agenttrace.span("request"), agenttrace.extract(headers):
            return boundary()

    said = desk.record(agent)

    assert said == (trace_id("a run"), TENANT)
    if boundary not in SLOW or FULL:
        assert desk.replay(agent) == said
        assert desk.verdict is not None
        assert desk.verdict.counts.live == (boundary is service), "services run in a replay"
    plan = Plan(name="a run", golden=desk.golden, shown="x", journal=desk.golden)
    golden = load_golden(plan)
    assert golden is not None
    work = [span for span in golden if span.name == "work"]
    assert [span.attributes["baggage.tenant"] for span in work] == ["a b"]
    invariants.check(golden)


@pytest.mark.parametrize("where", ["here", "in a service"])
def test_a_cause_that_cannot_be_read_is_warned_of_and_stands_alone(where: str, desk: Desk) -> None:
    """The work is done, as if nobody had called; the verdict says why, whoever served it."""
    broken = f"00-{'0' * 32}-{'1' * 16}-01"

    def agent() -> Any:
        far.look_up("root")
        if where == "in a service":
            return asked(traceparent=broken, baggage=TENANT)
        with agenttrace.extract({"traceparent": broken, "baggage": TENANT}) as caller:
            assert (caller.id, caller.trace) == ("", None)
            return far.onward()

    said = desk.record(agent)

    assert said == (trace_id("a run"), TENANT)
    assert desk.verdict is not None
    told = [line for line in desk.verdict.warnings if "who called cannot be told" in line]
    assert len(told) == 1
    assert f"traceparent '{broken}' has an id of zeros" in told[0]
    assert told[0].startswith("process onward" if where == "in a service" else "who called")


def test_outside_a_run_nothing_is_carried() -> None:
    """And nothing is said: production is not a test."""
    assert agenttrace.inject({}, environment=True) == {}
    with agenttrace.extract({"traceparent": "nonsense", "baggage": TENANT}) as caller:
        assert agenttrace.inject() == {}
    assert caller.baggage.get("tenant") == "a b"
    assert "BAGGAGE" not in os.environ
