"""Asynchronous tests, whoever runs them: asyncio.run, pytest-asyncio, anyio."""

import os
from pathlib import Path

import anyio.pytest_plugin
import pytest
import pytest_asyncio.plugin

from agenttrace.formats import native
from agenttrace.model.trace import Trace
from tests.fakes.refund_project import RefundProject

KITS = (anyio.pytest_plugin, pytest_asyncio.plugin)
"""Loaded here, so that a run in this process finds them."""

AGENT = """
import asyncio
import os

import agenttrace
import httpx2


async def ask(client, prompt):
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": prompt}]}
    answer = await client.post("/chat/completions", json=body)
    return answer.json()["choices"][0]["message"]["content"]


async def team():
    url = os.environ.get("MODEL_URL", "http://127.0.0.1:9/v1")
    async with httpx2.AsyncClient(base_url=url) as client:
        async with asyncio.timeout(3600):
            await asyncio.sleep(float(os.environ.get("THINK_S", "0")))
            await ask(client, "plan")
            return await asyncio.gather(*(ask(client, "work") for _ in range(3)))
"""

TESTS = """
import asyncio

import pytest

import agent


def test_run(agent_trace):
    asyncio.run(agent.team())


@pytest.mark.asyncio
async def test_asyncio(agent_trace):
    await agent.team()


@pytest.fixture
async def warm():
    await asyncio.sleep(0)


@pytest.mark.anyio
async def test_anyio(agent_trace):
    await agent.team()


@pytest.mark.anyio
async def test_anyio_with_a_fixture(agent_trace, warm):
    with agent_trace.run():
        await agent.team()


@pytest.fixture
def anyio_backend():
    return "asyncio"
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> RefundProject:
    """A project whose tests are asynchronous, recorded."""
    project = RefundProject(pytester)
    pytester.makepyfile(agent=AGENT, test_refund=TESTS)
    pytester.makeini(
        "[pytest]\naddopts = -p no:randomly -p no:cacheprovider -p no:langsmith_plugin\n"
        "asyncio_default_fixture_loop_scope = function\n"
    )
    with project.model():
        project.run("--agenttrace=record").assert_outcomes(passed=4)
    return project


def golden(project: RefundProject, name: str) -> Trace:
    """The golden of a test."""
    return native.read(Path(project.path / f"golden/test_refund/{name}.trace").read_bytes())


def test_who_runs_a_test_has_no_say_in_where_its_calls_stand(project: RefundProject) -> None:
    """A suite may move from one kit to another and keep its goldens."""
    names = ("test_run", "test_asyncio", "test_anyio", "test_anyio_with_a_fixture")
    places = [[call.position for call in golden(project, name).calls] for name in names]

    assert len(places[0]) == 4
    assert places == [places[0]] * 4


def test_an_hour_of_sleep_costs_nothing_in_a_replay(
    project: RefundProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Time is virtual in each kit's loop; the kits' own set-up and tear-down work in it too."""
    monkeypatch.setitem(os.environ, "THINK_S", "3500")

    result = project.run("--timeout=60")

    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(["4 replayed; calls: 16 asked, 16 answered, 0 echoed, 0 live"])
