"""A small project of a user's: an agent team, a test and a model, for tests of the plugin."""

import gc
import os
import re
import shlex
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import deepdiff
import freezegun
import httpcore2
import httpx2
import msgpack
import pytest
import rich.console
import rich.table

import agenttrace
import pytest_agenttrace
from agenttrace.testing.model_server import ModelServer
from agenttrace.testing.replies import says
from tests.fakes.loading import everything_of

AGENT = """
import os

import agenttrace
import httpx2

MODEL = "gpt-4o"


def chat(prompt):
    with httpx2.Client(base_url=os.environ.get("MODEL_URL", "http://127.0.0.1:9/v1")) as client:
        body = {"model": MODEL, "messages": [{"role": "user", "content": prompt}]}
        answer = client.post("/chat/completions", json=body)
        return answer.json()["choices"][0]["message"]["content"]


@agenttrace.tool
def look_up_order(order, region="eu"):
    return {"order": order, "status": "paid twice"}


@agenttrace.tool
def notify(text):
    return "sent"


@agenttrace.tool
def ask_expert(question):
    return chat(f"You are an expert. {question}")


def refund_desk(order):
    with agenttrace.agent("planner"):
        chat(f"Plan the refund of {order}.")
        notify("started")
        look_up_order(order)
        ask_expert("May we refund it?")
        return chat("Write the answer.")
"""

TEST = """
import agent


def test_refund(agent_trace):
    agent.refund_desk("A-17")
"""

LOADED = (
    *everything_of(agenttrace, but="__main__"),
    *everything_of(pytest_agenttrace),
    deepdiff,
    freezegun,
    httpcore2,
    httpx2,
    msgpack,
    rich.console,
    rich.table,
    sqlite3,
)
"""What must be loaded before a run in this process: pytest's kit forgets what a run imports, so a
patch would be left on a module that nobody finds any more, and each run would load all again."""

GOLDEN = "golden/test_refund/test_refund.trace"


class RefundProject:
    """The project in a folder of its own; each command runs in a process of its own."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        """Lay the files out."""
        self.pytester = pytester
        pytester.makepyfile(agent=AGENT, test_refund=TEST)
        without = ("randomly", "cacheprovider", "asyncio", "inline_snapshot", "langsmith_plugin")
        words = " ".join(f"-p no:{plugin}" for plugin in without)
        pytester.makeini(f"[pytest]\naddopts = {words}\n")
        self.path = pytester.path

    @contextmanager
    def model(self) -> Iterator[ModelServer]:
        """Serve a model that numbers its answers, for as long as the block lasts."""
        with ModelServer(lambda _request, nth: says(f"answer {nth}")) as server:
            before = os.environ.get("MODEL_URL")
            os.environ["MODEL_URL"] = server.url
            try:
                yield server
            finally:
                os.environ.pop("MODEL_URL")
                if before is not None:
                    os.environ["MODEL_URL"] = before

    def run(self, *words: str) -> pytest.RunResult:
        """Run pytest as a person would, away from any CI; in this process, to be quick.

        Nothing is collected meanwhile: CPython 3.11 cannot parse a source (as pytest does, to show
        a failure) while a finalizer that fails makes it parse another (gh-106905).
        """
        gc.disable()
        try:
            with pytest.MonkeyPatch.context() as patch:
                patch.delenv("CI", raising=False)
                patch.delitem(sys.modules, "tools", raising=False)  # ours; the project has its own
                return self.pytester.runpytest_inprocess(*words)
        finally:
            gc.enable()

    def recorded(self) -> "RefundProject":
        """Record once, with a model that is gone afterwards."""
        with self.model():
            self.run("--agenttrace=record").assert_outcomes(passed=1)
        return self

    def change(self, before: str, after: str) -> None:
        """Edit the agent."""
        file = self.path / "agent.py"
        source = file.read_text()
        assert before in source
        file.write_text(source.replace(before, after))

    def paste(self, command: str) -> pytest.RunResult:
        """Run a command line that a message printed."""
        program, *words = shlex.split(command)
        assert program == "pytest"
        return self.run(*words)


def message_in(result: pytest.RunResult) -> str:
    """The error that a failing run shows, from its name to its last line."""
    lines = result.outlines
    start = next(i for i, line in enumerate(lines) if re.match(r"[A-Z]\w+: ", line))
    end = next(i for i, line in enumerate(lines) if line.startswith("====") and i > start)
    return "\n".join(line.rstrip() for line in lines[start:end])


def command_in(message: str) -> str:
    """The first command that a message says to type."""
    return next(line.strip() for line in message.splitlines() if line.strip().startswith("pytest "))
