"""Joining: what a child process is told is read back, and what is not of that form is refused."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys

import pytest

from agenttrace.causal.joining import PARENT, Identity, Invitation, accept, identity_of
from agenttrace.errors import UsageError
from agenttrace.model.lane import Step

IDENTITY = Identity(
    run="tests/test_refund.py::test_refund",
    trace="a" * 32,
    lane=(Step("process", "worker", 1),),
    parent=(),
    seq=4,
    span="b" * 16,
    agent="planner\0/",
    task="plan",
    at_ns=7,
    plan={"live": True},
)


def test_what_a_child_is_told_it_reads_back() -> None:
    """In one variable, beside the one that every tracing system reads."""
    said = IDENTITY.environment()

    assert identity_of(said[PARENT]) == IDENTITY
    assert said["TRACEPARENT"] == f"00-{'a' * 32}-{'b' * 16}-01"
    assert "\0" not in said[PARENT]


@pytest.mark.parametrize("text", ["", "{}", "[]", "7", '{"run": "x", "lane": [1], "parent": []}'])
def test_what_no_run_has_written_is_refused(text: str) -> None:
    """A replay that could not join would go live; it says what to do."""
    with pytest.raises(UsageError, match="AGENTTRACE_PARENT is not what a run writes there"):
        identity_of(text)


def test_an_invitation_is_accepted_where_it_is_unpickled() -> None:
    """It says only the text: nothing of the spawner is pickled with it."""
    assert Invitation("text").__reduce__() == (accept, ("text",))
    assert len(pickle.dumps(Invitation("text"))) < 100


def test_a_program_that_was_told_nonsense_stops_at_the_import() -> None:
    """It says so at once, and does not go on as nobody's process."""
    done = subprocess.run(
        [sys.executable, "-c", "import agenttrace; print('went on')"],
        env={**os.environ, PARENT: json.dumps({"run": "x", "lane": [], "parent": []})},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert "AGENTTRACE_PARENT does not say how" in done.stderr
