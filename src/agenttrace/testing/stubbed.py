"""Stubbed: a run on stubs alone, for tests that pytest does not run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from agenttrace.replay.stubs import Stubs
from agenttrace.session import Plan, Session, World


@contextlib.contextmanager
def stubbed(name: str = "stubbed") -> Iterator[Stubs]:
    """Run what stands in the block offline, answered by what it says itself.

    Args:
        name: What the run is called in messages.

    Raises:
        NotStubbed: Something is asked that no stub answers.
        StubUnfit: A stub says what could never have been said.
        StubsUnused: A stub was never asked for.
    """
    stubs = Stubs()
    nowhere = Path()
    plan = Plan(name=name, golden=nowhere / "none" / name, shown="", journal=nowhere, compare=False)
    with World(live=False) as world:
        session = Session(plan, world, stubs)
        passed = False
        try:
            with session:
                yield stubs
            passed = True
        finally:
            verdict = session.settle(passed=passed)
    for problem in verdict.problems:
        raise problem
