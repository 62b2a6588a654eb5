"""In company: with other plugins, processes and places; the same goldens and the same report."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from tests.fakes.campaign import FULL
from tests.fakes.plain_server import PlainServer

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]

SEEDS = range(20)
ZONES = ("UTC", "Asia/Kolkata", "America/St_Johns", "Pacific/Chatham", "Africa/Casablanca")
LOCALES = ("C", "C.UTF-8", "POSIX")
WORKERS = ("0", "2", "8") if FULL else ("2",)

AGENT = """
import datetime as dt
import agenttrace

ORDERS = {"A-17", "B-4", "C-9", "Ä-1", "Z-3"}


@agenttrace.tool
def look_up(order, when, among):
    return {"order": order, "price": 1.5, "tags": {"paid", "late", order}, "when": when}


@agenttrace.tool
def login():
    return {"access_token": "opaque-" + "4711", "other": "ghp_" + "a1" * 18, "é": None}


@agenttrace.tool
def pay(token, order):
    raise ValueError(f"{order}: {token}")


def desk(order):
    with agenttrace.agent("desk"):
        when = dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)
        found = look_up(order, when, ORDERS)
        token = login()["access_token"]
        agenttrace.snapshot(goal=order, beliefs={tag: 1 for tag in found["tags"]})
        try:
            pay(token, order)
        except ValueError as error:
            agenttrace.event("error", type="ValueError", message=str(error))
        return found
"""

TESTS = """
import agent
import pytest


@pytest.mark.parametrize("order", ["A-17", "B-4", "Ä-1"])
def test_desk(agent_trace, order):
    assert agent.desk(order)["order"] == order


def test_two_runs(agent_trace):
    with agent_trace.run():
        agent.desk("C-9")
    with agent_trace.run(name="again"):
        agent.desk("Z-3")


@pytest.mark.skip
def test_skipped(agent_trace):
    agent.desk("A-17")


@pytest.mark.xfail(strict=True)
def test_expected_to_fail(agent_trace):
    agent.desk("A-17")
    assert False


def test_without_us():
    assert True
"""


class Company:
    """A project that is run by pytest in a process of its own, with the plugins that it names."""

    def __init__(self, path: Path) -> None:
        """Lay the files out."""
        self.path = path
        self.write(agent=AGENT, test_desk=TESTS)
        (path / "pytest.ini").write_text("[pytest]\n")

    def write(self, **files: str) -> None:
        """Write modules."""
        for name, text in files.items():
            (self.path / f"{name}.py").write_text(text, "utf-8")

    def run(
        self,
        *words: str,
        plugins: tuple[str, ...] = (),
        variables: Mapping[str, str] = MappingProxyType({}),
    ) -> str:
        """Run pytest; give what it printed."""
        environment = {
            **{name: value for name, value in os.environ.items() if "PYTEST" not in name},
            "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT))),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "CI": "",
            **variables,
        }
        ours = ("pytest_agenttrace.plugin", *plugins)
        command = [sys.executable, "-m", "pytest", *(f"-p{name}" for name in ours), *words]
        done = subprocess.run(
            [*command, "-p", "no:cacheprovider"] if "--lf" not in words else command,
            cwd=self.path,
            env=environment,
            capture_output=True,
            timeout=300,
            check=False,
        )
        return (done.stdout + done.stderr).decode()

    def goldens(self) -> dict[str, bytes]:
        """Every file among the goldens."""
        folder = self.path / "golden"
        return {
            str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }


@pytest.fixture
def company(tmp_path: Path) -> Company:
    """A project of a user's."""
    return Company(tmp_path)


def section(said: str) -> list[str]:
    """Our section of what pytest printed."""
    lines = said.splitlines()
    start = next(i for i, line in enumerate(lines) if line.strip("= ") == "agenttrace")
    end = next((i for i in range(start + 1, len(lines)) if lines[i].startswith("=")), len(lines))
    return [line for line in lines[start + 1 : end] if line and " in " not in line]


@pytest.mark.timeout(1800 if FULL else 300)
def test_goldens_and_reports_are_the_same_wherever_and_by_however_many_they_are_made(
    company: Company,
) -> None:
    """Hash seeds, time zones, locales, workers: the files stay as they are, byte for byte."""
    first = company.run("--agenttrace=rewrite", variables={"PYTHONHASHSEED": "0"})
    goldens = company.goldens()
    assert "1 failed" not in first
    assert len(goldens) == 12

    tried = [{"PYTHONHASHSEED": "19", "TZ": ZONES[3], "LC_ALL": LOCALES[2]}]
    if FULL:
        tried += [{"PYTHONHASHSEED": str(seed)} for seed in SEEDS]
        tried += [{"TZ": zone} for zone in ZONES]
        tried += [{"LC_ALL": name, "PYTHONUTF8": "0"} for name in LOCALES]
    for variables in tried:
        said = company.run("--agenttrace=rewrite", variables=variables)
        assert company.goldens() == goldens, variables
        assert section(said) == section(first), variables
    replayed = section(company.run())
    for workers in WORKERS:
        words, xdist = ("-n", workers), ("xdist",)
        said = company.run("--agenttrace=rewrite", *words, plugins=xdist)
        assert company.goldens() == goldens, workers
        assert section(said) == section(first), workers
        assert section(company.run(*words, plugins=xdist)) == replayed, workers


CASSETTE = """
import agenttrace, httpx2, os, pathlib, requests, vcr

URL = pathlib.Path(__file__).with_name("url").read_text()

@agenttrace.tool
def look_up(order):
    return "paid twice"

def test_desk(agent_trace):
    look_up("A-17")
    with vcr.use_cassette("cassette.yaml", record_mode="once"):
        with httpx2.Client() as client:
            said = client.post(URL + "/echo", json={"a": 1}).json()
        asked = requests.post(URL + "/echo", json={"b": 2}).json()
    assert (said, asked) == ({"a": 1}, {"b": 2})
    look_up("B-4")
"""


def test_while_a_cassette_of_vcrpys_is_active_requests_are_its_own(company: Company) -> None:
    """In the recording and in the replay, with `httpx2` and `requests`; it is said, once."""
    company.write(agent="", test_desk=CASSETTE)
    with PlainServer() as server:
        (company.path / "url").write_text(server.url)
        recorded = company.run("--agenttrace=record")
        came = len(server.came)
    replayed = company.run()

    assert (came, (company.path / "cassette.yaml").exists()) == (2, True)
    for said in (recorded, replayed):
        assert "1 passed" in said, said
        assert said.count("a cassette of vcrpy's was active inside the run") == 1
    assert section(replayed)[0].startswith("1 replayed; calls: 2 asked, 2 answered")


def test_only_what_was_selected_is_judged(company: Company) -> None:
    """A golden whose test does not run is no complaint: `-k`, `-x`, `--lf`, one id."""
    company.run("--agenttrace=record")

    by_word = company.run("-k", "two_runs or without")
    company.write(agent=AGENT.replace("goal=order", "goal=None"))
    stopped = company.run("-x", "--lf")
    last_failed = company.run("--lf")

    assert section(by_word)[0].startswith("2 replayed; calls: 6 asked, 6 answered")
    assert "1 failed" in stopped
    assert "1 failed" in last_failed
    assert "unused" not in by_word + stopped + last_failed


FLAKY = """
import agent, pathlib

def test_flaky(agent_trace):
    tried = pathlib.Path("tried")
    before = tried.read_text() if tried.exists() else ""
    tried.write_text(before + "x")
    agent.desk("A-17")
    assert len(before) % 2 == 1
"""


def test_a_test_that_is_run_again_is_recorded_and_judged_by_its_last_try(company: Company) -> None:
    """pytest-rerunfailures: each try is a run of its own, from the beginning."""
    company.write(test_desk=FLAKY)
    plugin = ("pytest_rerunfailures",)

    recorded = company.run("--reruns", "1", "--agenttrace=record", plugins=plugin)
    replayed = company.run("--reruns", "1", plugins=plugin)

    assert "1 passed, 1 rerun" in recorded
    assert "1 passed, 1 rerun" in replayed
    assert len(company.goldens()) == 2


def test_plugins_that_hold_shuffle_and_share_tests_out_change_no_golden(company: Company) -> None:
    """pytest-randomly, pytest-timeout, xdist: whoever else is there, a replay is a replay."""
    company.run("--agenttrace=record")
    goldens = company.goldens()
    plugins = ("pytest_randomly", "pytest_timeout", "xdist", "pytest_rerunfailures")

    said = company.run("--timeout=120", "-n2", plugins=plugins)

    assert "failed" not in said.replace("xfailed", "")
    assert company.goldens() == goldens


SNAPSHOTS = """
import agent, pytest
from inline_snapshot import snapshot as inline


def test_snapshots(agent_trace, snapshot):
    found = agent.desk("A-17")
    assert sorted(found["tags"]) == snapshot
    assert found["price"] == inline(1.5)
"""

COROUTINES = """
import agent, pytest


@pytest.mark.asyncio
async def test_by_asyncio(agent_trace):
    agent.desk("A-17")


@pytest.mark.anyio
async def test_by_anyio(agent_trace):
    agent.desk("A-17")


@pytest.fixture
def anyio_backend():
    return "asyncio"
"""


def test_other_plugins_do_their_own_work_in_our_tests(company: Company) -> None:
    """Snapshots are compared, coroutines are awaited, and ours is recorded and replayed."""
    company.write(test_desk=SNAPSHOTS, test_waiting=COROUTINES)
    plugins = ("syrupy", "inline_snapshot.pytest_plugin", "pytest_asyncio.plugin", "anyio")

    recorded = company.run("--agenttrace=record", "--snapshot-update", plugins=plugins)
    replayed = company.run(plugins=plugins)

    assert "3 passed" in recorded, recorded
    assert "3 recorded; calls: 9 asked" in recorded
    assert "3 passed" in replayed, replayed
    assert "3 replayed; calls: 9 asked, 9 answered" in replayed
