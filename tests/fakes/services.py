"""Three services over real HTTP, each a process with a clock of its own, and a queue between two.

    gateway --HTTP--> stock        gateway --queue--> audit --HTTP--> stock
    gateway --HTTP--> audit        each asks the model

The standard library serves; what they know of the run travels in headers, and in the message.
"""

from __future__ import annotations

import json
import multiprocessing
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

import httpx

import agenttrace
from agenttrace.causal import current
from agenttrace.causal.clock import RealClock
from tests.fakes.workers import ask

if TYPE_CHECKING:
    from collections.abc import Callable

SPAWN = multiprocessing.get_context("spawn")
SKEWS_S = {"gateway": 0, "stock": 2, "audit": -3}


def skewed(seconds: float) -> None:
    """Set this process's clock wrong, where it is a real one."""
    for run in current.active():
        if isinstance(run.clock, RealClock):
            run.clock = RealClock(begin_ns=run.clock.now_ns() + round(seconds * 1e9))


def serve(answer: Callable[[str, Any], Any], ready: Any) -> None:
    """Serve until terminated; what is served stands where the caller says."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said = json.loads(self.rfile.read(int(self.headers["content-length"])) or "null")
            with agenttrace.extract(dict(self.headers)):
                body = json.dumps(answer(self.path, said)).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    ready.put(server.server_port)
    server.serve_forever()


def post(url: str, said: Any) -> Any:
    """Ask a peer, and say who asks."""
    response = httpx.post(url, json=said, headers=dict(agenttrace.inject()), timeout=60)
    return response.raise_for_status().json()


def gateway(model: str, peers: dict[str, str], orders: Any, ready: Any) -> None:
    """Take orders: look at the stock, tell the auditor, ask the auditor."""
    skewed(SKEWS_S["gateway"])

    def answer(path: str, order: str) -> Any:
        plan = ask(model, f"plan {order}")
        stock = post(f"{peers['stock']}/stock", order)
        orders.put((agenttrace.send("orders", order), dict(agenttrace.inject())))
        return [plan, stock, post(f"{peers['audit']}/report", order)]

    serve(answer, ready)


def stock(model: str, peers: dict[str, str], orders: Any, ready: Any) -> None:
    """Say what is there."""
    skewed(SKEWS_S["stock"])
    serve(lambda path, order: ask(model, f"count {order}"), ready)


def audit(model: str, peers: dict[str, str], orders: Any, ready: Any) -> None:
    """Audit what comes through the queue; report it to who asks."""
    skewed(SKEWS_S["audit"])
    reports: dict[str, str] = {}
    came = threading.Condition()

    def consume() -> None:
        while True:
            envelope, headers = orders.get()
            with agenttrace.extract(headers):
                order = agenttrace.receive(envelope)
                counted = post(f"{peers['stock']}/stock", order)
                report = ask(model, f"audit {order}: {counted}")
            with came:
                reports[order] = report
                came.notify_all()

    threading.Thread(target=consume, daemon=True).start()

    def answer(path: str, order: str) -> Any:
        with came:
            came.wait_for(lambda: order in reports, timeout=60)
            return reports[order]

    serve(answer, ready)


SERVICES = {"stock": stock, "audit": audit, "gateway": gateway}


class Services:
    """Services that are up while entered; those not started have an address where nobody is."""

    def __init__(self, model: str, *which: str) -> None:
        """Start these services, or all."""
        self.orders = SPAWN.Queue()
        self.urls = dict.fromkeys(SERVICES, "http://127.0.0.1:9")
        self._processes = []
        for name in which or tuple(SERVICES):
            ready = SPAWN.Queue()
            process = SPAWN.Process(
                target=SERVICES[name], args=(model, dict(self.urls), self.orders, ready)
            )
            process.start()
            self._processes.append(process)
            self.urls[name] = f"http://127.0.0.1:{ready.get(timeout=60)}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.join()


def orders(model: str) -> list[Any]:
    """Two clients order at once."""
    found: dict[str, Any] = {}
    with Services(model) as services:

        def order(name: str) -> None:
            found[name] = post(f"{services.urls['gateway']}/orders", name)

        threads = [threading.Thread(target=order, args=(name,)) for name in ("A-17", "B-2")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return [found[name] for name in sorted(found)]
