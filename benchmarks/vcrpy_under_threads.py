"""Two programs, replayed offline by vcrpy and by pytest-agenttrace: who goes live, who mixes up.

    python benchmarks/vcrpy_under_threads.py [--rounds N]

*Threads*: 8 threads send 32 different requests with `requests`. Both tools hold a complete
recording; vcrpy's was made by one thread alone, because under threads its recordings lose requests,
too, and it matches by body. Counted: requests that reach the server during the replay, which should
be none.

*Agents*: 16 agents ask the same URL at once with `httpx`, as agents that share a model do. vcrpy
matches as it does by default. Counted: agents that are given another agent's answer.

The server is on this machine. What is printed are counts, never times.
"""

from __future__ import annotations

import argparse
import asyncio
import concurrent.futures
import http.server
import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx
import requests

THREADS, REQUESTS, AGENTS = 8, 32, 16


class Echo(http.server.BaseHTTPRequestHandler):
    """Answers each request with its own body, after a moment that differs from body to body."""

    protocol_version = "HTTP/1.1"
    came: list[bytes]

    def do_POST(self) -> None:
        """Answer."""
        body = self.rfile.read(int(self.headers["content-length"]))
        self.came.append(body)
        time.sleep(body[-3] % 7 / 500)
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *said: object) -> None:
        """Say nothing."""


class Server(http.server.ThreadingHTTPServer):
    """Takes many connections at once."""

    daemon_threads = True
    request_queue_size = 256


def post(url: str, number: int) -> str:
    """Send one request; give who it says that it is for."""
    sent = requests.post(url, json={"from": f"{number:02}"}, timeout=60)
    return str(sent.json()["from"])


def asked_by_threads(url: str, workers: int) -> list[str]:
    """Send 32 different requests from a pool of threads; give who got what."""
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        return list(pool.map(post, [url] * REQUESTS, range(REQUESTS)))


async def asked_by_agents(url: str) -> list[str]:
    """Send one request from each of 16 agents at once; give who got what."""
    async with httpx.AsyncClient() as client:

        async def ask(number: int) -> str:
            return str((await client.post(url, json={"from": f"{number:02}"})).json()["from"])

        return list(await asyncio.gather(*(ask(number) for number in range(AGENTS))))


def mixed_up(answers: list[str]) -> int:
    """How many got an answer that was meant for another."""
    return sum(answer != f"{number:02}" for number, answer in enumerate(answers))


TEST = """
import asyncio, json, os
from vcrpy_under_threads import THREADS, asked_by_agents, asked_by_threads


def test_threads(agent_trace):
    note("threads", asked_by_threads(os.environ["ECHO"], THREADS))


def test_agents(agent_trace):
    note("agents", asyncio.run(asked_by_agents(os.environ["ECHO"])))


def note(name, answers):
    with open(f"{name}.json", "w") as file:
        json.dump(answers, file)
"""


def of_vcrpy(url: str, came: list[bytes], folder: Path) -> tuple[str, str]:
    """Count for vcrpy: live requests of the threads, agents with another's answer."""
    import vcr

    by_body = vcr.VCR(match_on=("method", "uri", "body"))
    with by_body.use_cassette(str(folder / "threads.yaml"), record_mode="all"):
        asked_by_threads(url, 1)
    came.clear()
    errors = 0
    try:
        with by_body.use_cassette(str(folder / "threads.yaml"), record_mode="none"):
            asked_by_threads(url, THREADS)
    except Exception:  # noqa: BLE001 - any refusal is better than a live request; it is told
        errors = 1
    live = f"{len(came)}" + (" and an error" if errors else "")

    by_default = vcr.VCR()
    with by_default.use_cassette(str(folder / "agents.yaml"), record_mode="all"):
        asyncio.run(asked_by_agents(url))
    with by_default.use_cassette(str(folder / "agents.yaml"), record_mode="none"):
        return live, str(mixed_up(asyncio.run(asked_by_agents(url))))


def of_agenttrace(url: str, came: list[bytes], folder: Path) -> tuple[str, str]:
    """Count for pytest-agenttrace: the same two, each test recorded under its own concurrency."""
    (folder / "test_echo.py").write_text(TEST, "utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", "utf-8")
    _pytest(folder, url, "--agenttrace=rewrite")
    came.clear()
    _pytest(folder, url)
    answers = json.loads((folder / "agents.json").read_text("utf-8"))
    return str(len(came)), str(mixed_up(answers))


def _pytest(folder: Path, url: str, *options: str) -> None:
    here = str(Path(__file__).parent)
    path = os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH"))))
    environment = {
        **os.environ,
        "ECHO": url,
        "PYTHONPATH": path,
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    environment.pop("CI", None)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "pytest_agenttrace.plugin", *options]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SystemExit(done.stdout + done.stderr)


def main() -> None:
    """Run both programs under both tools, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    Echo.came = []
    with Server(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/v1/answer"
        names = (f"vcrpy {importlib.metadata.version('vcrpy')}", "pytest-agenttrace")
        counts: list[list[tuple[str, str]]] = [[], []]
        for _ in range(rounds):
            for which, count in enumerate((of_vcrpy, of_agenttrace)):
                with tempfile.TemporaryDirectory() as folder:
                    counts[which].append(count(url, Echo.came, Path(folder)))
        server.shutdown()
    print(f"{rounds} rounds each; in every round one number\n")
    for title, column in (
        (f"live requests in an offline replay of {REQUESTS}, {THREADS} threads", 0),
        (f"agents of {AGENTS} with another agent's answer", 1),
    ):
        print(title)
        for name, found in zip(names, counts, strict=True):
            print(f"    {name:20} {', '.join(one[column] for one in found)}")


if __name__ == "__main__":
    main()
