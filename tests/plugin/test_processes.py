"""Processes under pytest: one golden for a test and its children, and their lost ones named."""

from __future__ import annotations

import os
import sys

import pytest

CHILD = """
import sys
import agenttrace


@agenttrace.tool
def look_up(order: str) -> str:
    open("visits", "a").write(order + chr(10))
    return "paid twice"


print(look_up(sys.argv[1]))
"""

TEST = """
import _thread
import subprocess
import sys
import threading

import agenttrace


@agenttrace.tool
def stamp(text: str) -> str:
    return text + "!"


def desk(order):
    words = [sys.executable, "child.py", order]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


def test_desk(agent_trace):
    assert desk("A-17") == "paid twice"
    calls = [span for span in agent_trace.spans if span.kind == "tool"]
    assert [(span.name, span.lane[0].name) for span in calls] == [("look_up", "child.py")]


def test_lost(agent_trace):
    done = threading.Event()
    _thread.start_new_thread(lambda: (stamp("raw"), done.set()), ())
    done.wait()
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A test whose work is done by a program, and one whose work is done by a raw thread."""
    pytester.makepyfile(child=CHILD, test_desk=TEST)
    return pytester


def pytest_says(project: pytest.Pytester, *words: str) -> list[str]:
    """What one pytest says, from our section on, away from any CI."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CI", raising=False)
        lines = project.run(sys.executable, "-m", "pytest", "-q", *words).outlines
    first = next(n for n, line in enumerate(lines) if line.strip("= ") == "agenttrace")
    return lines[first + 1 :]


def test_a_childs_calls_are_in_the_tests_golden(project: pytest.Pytester) -> None:
    """Recorded by two processes, replayed by two; the child does not call its tool again."""
    first = pytest_says(project, "-k", "desk.py and test_desk", "--agenttrace=record")
    again = pytest_says(project, "-k", "test_desk and not lost")

    assert "recorded  golden/test_desk/test_desk.trace" in first
    assert again[0] == "1 replayed; calls: 1 asked, 1 answered, 0 echoed, 0 live"
    assert (project.path / "visits").read_text() == "A-17\n"
    assert not list((project.path / ".agenttrace").rglob("*.processes-*"))


def test_a_changed_child_fails_the_test_with_its_own_words(project: pytest.Pytester) -> None:
    """The child's exit code raises in the test; what is shown is why."""
    pytest_says(project, "-k", "test_desk and not lost", "--agenttrace=record")
    child = project.path / "child.py"
    child.write_text(child.read_text().replace("look_up(sys.argv[1])", "look_up('B-2')"))
    said = project.run(sys.executable, "-m", "pytest", "-q", "-k", "not lost").outlines

    assert "ReplayDiverged: test_desk.py::test_desk: call 1 of 1 is not the" in " ".join(said)
    assert any("look_up(order='B-2')" in line and "child.py:11" in line for line in said)
    assert (project.path / "visits").read_text() == "A-17\n"


def test_the_journals_of_a_failed_recordings_processes_are_named(
    project: pytest.Pytester,
) -> None:
    """With the command that puts them together, which does."""
    test = project.path / "test_desk.py"
    test.write_text(test.read_text().replace('== "paid twice"', '== "paid once"'))
    said = pytest_says(project, "-k", "test_desk and not lost", "--agenttrace=record")

    (line,) = [line for line in said if "the journal of its process" in line]
    folder, _, command = line.removeprefix("kept ").strip().partition("  (")
    words = command.removesuffix(")").partition(": agenttrace ")[2].split()
    assert words[-1] == folder
    assert len(list((project.path / folder).glob("child-py.*.journal"))) == 1
    merged = project.run(sys.executable, "-m", "agenttrace", *words)
    assert any("look_up" in line for line in merged.outlines)


def test_what_a_child_warns_of_is_said_in_the_section(project: pytest.Pytester) -> None:
    """A raw thread in a child is no better than one in the test, and is named with its process."""
    child = project.path / "child.py"
    raw = """
import _thread
import threading
said, done = [], threading.Event()
_thread.start_new_thread(lambda: (said.append(look_up(sys.argv[1])), done.set()), ())
done.wait()
print(said[0])
"""
    child.write_text(child.read_text().replace("print(look_up(sys.argv[1]))", raw))
    for words in (["--agenttrace=record"], []):
        said = pytest_says(project, "-k", "test_desk and not lost", *words)
        assert any(
            "warning   test_desk.py::test_desk: process child#0: work without the run's context "
            "was taken in, at look_up at child.py:" in line
            for line in said
        )


def test_lost_context_is_said_in_the_section(project: pytest.Pytester) -> None:
    """A raw thread's work is part of the run, and the line that asked is named."""
    said = pytest_says(project, "-k", "lost", "--agenttrace=record")

    assert any(
        "warning   test_desk.py::test_lost: work without the run's context was taken in, "
        "at stamp at test_desk.py:" in line
        for line in said
    )


def test_a_session_of_tests_is_no_child_of_whoever_started_it(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has runs of its own; and what it does not understand there must not stop it."""
    monkeypatch.setenv("AGENTTRACE_PARENT", "{}")
    assert pytest_says(project, "-k", "lost", "--agenttrace=record")[-1].startswith("1 passed")
    assert os.environ["AGENTTRACE_PARENT"] == "{}"


SERVICE = """
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

import agenttrace


@agenttrace.tool
def count(order: str) -> int:
    open("visits", "a").write(order + chr(10))
    return 7


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        order = self.rfile.read(int(self.headers["content-length"])).decode()
        with agenttrace.extract(dict(self.headers)):
            body = str(count(order)).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


server = HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""

SHOP = """
import contextlib
import subprocess
import sys

import httpx
import pytest

import agenttrace
from agenttrace.testing import requests_to


@contextlib.contextmanager
def started():
    service = subprocess.Popen([sys.executable, "stock.py"], stdout=subprocess.PIPE, text=True)
    with service:
        yield f"http://127.0.0.1:{service.stdout.readline().strip()}"
        service.terminate()


def test_shop(agent_trace):
    with started() as url:
        said = httpx.post(url + "/stock", content="A-17", headers=dict(agenttrace.inject()))
    assert said.text == "7"


@pytest.mark.agent_trace(golden="test_shop.py::test_shop", alone=True, compare=False)
def test_stock_alone(agent_trace, golden_trace):
    with started() as url:
        for request in requests_to(golden_trace, "stock.py"):
            assert request.send(url) == (request.status, request.answer)
"""


def test_a_service_replays_with_its_peers_and_alone(pytester: pytest.Pytester) -> None:
    """As the page on services says it: one golden, two ways to replay it, one visit in all."""
    pytester.makepyfile(stock=SERVICE, test_shop=SHOP)

    pytest_says(pytester, "-k", "test_shop and not alone", "--agenttrace=record")
    said = pytest_says(pytester)

    assert said[-1].startswith("2 passed")
    assert said[0] == "2 replayed; calls: 3 asked, 2 answered, 0 echoed, 1 live"
    assert (pytester.path / "visits").read_text() == "A-17\n"
