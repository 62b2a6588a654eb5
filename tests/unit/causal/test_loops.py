"""Event loops that a run cannot follow are named, with what to do."""

from __future__ import annotations

import asyncio

import uvloop

from agenttrace.causal import loops
from agenttrace.determinism.loop import VirtualTimeLoop


def test_loops_of_asyncio_and_of_a_replay_are_followed() -> None:
    """Nothing is said of what works; nor where no loop runs."""
    for loop in (asyncio.SelectorEventLoop(), VirtualTimeLoop()):
        assert loops.advice(loop) == ""
        loop.close()
    assert loops.advice(None) == ""


def test_a_loop_made_in_c_is_named() -> None:
    """Its tasks get no lanes, and its timers no virtual time."""
    loop = uvloop.new_event_loop()
    said = loops.advice(loop)
    loop.close()

    assert said.startswith("the event loop is uvloop's, made in C: its tasks are not told apart")


def test_a_plugin_that_changes_every_loops_class_is_named() -> None:
    """A class of that name stands for looptime here, whose plugin needs pytest-asyncio's."""
    changed = type("LooptimeLoop", (VirtualTimeLoop,), {"__module__": "looptime._internal.loops"})
    loop = changed()
    said = loops.advice(loop)
    loop.close()

    assert "the event loop is looptime's" in said
    assert "-p no:looptime" in said
