"""The doctor: planted sources are named, each for what it is, and the clean come out clean."""

import subprocess
import sys

import pytest

from tests.fakes.refund_project import RefundProject, message_in

AGENT = """
import os
import random
import threading
import time
import uuid
from datetime import date

import agenttrace

HERE = os.path.join(os.path.dirname(__file__), "papers")


@agenttrace.tool
def ask(prompt):
    return "fine"


class Worker:
    def __init__(self, name):
        self.name = name


def set_order():
    ask("first")
    ask(", ".join({"planner", "critic", "coder", "tester", "writer", "reader", "judge", "editor"}))


def address_order():
    crew = {Worker(f"w{n}") for n in range(40)}
    ask(" ".join(worker.name for worker in crew))


def sorted_by_id():
    crew = [[n] * (1 + n % 7) for n in range(40)]
    ask(" ".join(str(worker[0]) for worker in sorted(crew, key=id)))


def generator():
    dice = random.Random()
    ask(f"roll {dice.randrange(10**9)}")


def directory():
    ask(" ".join(os.listdir(HERE)))


def c_clock():
    ask(f"now {time.clock_gettime(time.CLOCK_REALTIME):.6f}")


def threads():
    said = []
    crew = [threading.Thread(target=said.append, args=(f"w{n}",)) for n in range(4)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    ask(" ".join(said))


def clean():
    names = {"planner", "critic", "coder", "tester"}
    ask(f"{sorted(names)} {sorted(os.listdir(HERE))}")
    ask(f"{date.today()} {uuid.uuid4()} {random.random()}")
"""

PLANTED = {
    "set_order": ("the order of a set (PYTHONHASHSEED)", "tool ask at tool:ask#1, prompt"),
    "address_order": ("the order of addresses (id())", "tool ask at tool:ask#0, prompt"),
    "sorted_by_id": ("the order of addresses (id())", "id at agent.py:35"),
    "generator": ("a generator without a seed", "random.Random() at agent.py:39"),
    "directory": ("the order of a directory", "os.listdir at agent.py:44"),
    "c_clock": ("a clock that is not held", "time.clock_gettime at agent.py:48"),
    "threads": ("the timing of threads", "threads delayed"),
}


@pytest.fixture(autouse=True)
def few_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each replay is a process: it loads our plugin and nothing else that is installed here."""
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "pytest_agenttrace.plugin")


@pytest.fixture
def project(pytester: pytest.Pytester) -> RefundProject:
    """A project with a test for each planted source, and a clean one; recorded."""
    project = RefundProject(pytester)
    names = [*PLANTED, "clean"]
    tests = "".join(f"def test_{n}(agent_trace):\n    agent.{n}()\n\n\n" for n in names)
    pytester.makepyfile(agent=AGENT, test_refund=f"import agent\n\n\n{tests}")
    papers = project.path / "papers"
    papers.mkdir()
    for name in ("b", "a", "d", "c"):
        (papers / name).touch()
    project.run("--agenttrace=record").assert_outcomes(passed=len(names))
    return project


def test_every_planted_source_is_named_and_the_clean_test_is_clean(project: RefundProject) -> None:
    """Which of them it is decides what to do; the line that reads it decides where."""
    done = subprocess.run(
        [sys.executable, "-m", "agenttrace", "doctor", "test_refund.py"],
        cwd=project.path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("8 runs, replayed 6 times: as it is, again, all of it at once")
    blocks = {
        block.partition(":: ")[0].partition("::test_")[2].partition(":")[0]: block
        for block in done.stdout.split("\n\n")
    }
    for name, (source, place) in PLANTED.items():
        assert source in blocks[name], done.stdout
        assert place in blocks[name], done.stdout
    assert "test_refund.py::test_clean: clean" in done.stdout
    assert list(project.path.rglob("*.new")) == []


def test_a_test_may_check_itself(project: RefundProject) -> None:
    """One line in a test keeps it deterministic; a run that is checked is not changed by it."""
    (project.path / "test_refund.py").write_text(
        "import agent\n\n\n"
        "def test_clean(agent_trace):\n"
        "    agent.clean()\n"
        "    agent_trace.check_deterministic()\n\n\n"
        "def test_c_clock(agent_trace):\n"
        "    agent_trace.check_deterministic(repeats=1)\n"
    )

    result = project.run()

    result.assert_outcomes(passed=1, failed=1)
    assert "repeats=1: one replay has nothing to differ from" in message_in(result)


def test_a_test_without_a_golden_has_nothing_to_look_at(pytester: pytest.Pytester) -> None:
    """A report of nothing must not look like a clean one."""
    pytester.makepyfile(test_plain="def test_plain():\n    pass\n")

    done = subprocess.run(
        [sys.executable, "-m", "agenttrace", "doctor"],
        cwd=pytester.path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert "UsageError: nothing was replayed" in done.stderr
