"""Which message each receive got is part of a recording: pools, fan-in, actors, topics, streams."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agenttrace.causal.order import Order
from agenttrace.formats import native
from agenttrace.model.trace import Trace
from agenttrace.verdict import Outcome
from tests.fakes.campaign import times
from tests.fakes.deliveries import ACTORS, CHANCE, POOLS, SINGLE, Program
from tests.fakes.sessions import Desk

RUNS = times(20, 1000)
"""How many interleavings of each program are replayed."""

RECORDINGS = times(4, 20)
"""How often each program is recorded."""

EVERY = {**POOLS, **SINGLE, **ACTORS}


def recorded(desk: Desk, program: Program, seed: int) -> tuple[Any, Trace]:
    """What a program gives when it is recorded, and its trace."""
    CHANCE.seed(seed)
    said = desk.rewrite(program)
    assert desk.verdict is not None
    assert desk.verdict.trace is not None
    return said, desk.verdict.trace


def structure(trace: Trace) -> tuple[object, ...]:
    """Where each call stands, what was spawned and waited for, and what happened before what."""
    order = Order(trace)
    calls = [span for span in trace.spans if span.is_call]
    return (
        [(span.position, span.lane, span.seq, span.parent) for span in calls],
        [(lane.path, lane.parent, lane.spawn_seq, lane.joins) for lane in trace.lanes],
        [[order.happens_before(a, b) for b in calls] for a in calls],
    )


@pytest.mark.parametrize("name", EVERY)
def test_a_replay_hands_over_the_recorded_messages(name: str, tmp_path: Path) -> None:
    """Whatever the latencies: every receive gets the message it got, and the program says the same.

    Without this, a worker of a pool takes another message and asks what another one asked.
    """
    program = EVERY[name]
    per_recording = max(1, RUNS // 5)
    for seed in range(5):
        desk = Desk(tmp_path, f"run {seed}")
        said, trace = recorded(desk, program, seed)
        for number in range(per_recording):
            CHANCE.seed(1000 * seed + number + 7)
            assert desk.replay(program) == said
            assert desk.verdict is not None
            assert desk.verdict.outcome is Outcome.REPLAYED
            assert desk.verdict.trace is not None
            assert desk.verdict.trace.deliveries == trace.deliveries


@pytest.mark.parametrize("name", [*POOLS, *SINGLE])
def test_recordings_of_a_pool_have_one_structure(name: str, tmp_path: Path) -> None:
    """Which worker took which message is chance, and leaves no mark on a golden.

    That the messages really went other ways each time is made sure of.
    """
    traces = [
        recorded(Desk(tmp_path), (POOLS | SINGLE)[name], seed)[1] for seed in range(RECORDINGS)
    ]
    assert len({repr(structure(trace)) for trace in traces}) == 1
    assert len({native.content_bytes(trace) for trace in traces}) == 1
    if name in ("tasks", "threads", "fan-in"):
        assert len({trace.deliveries for trace in traces}) > 1, "the latencies reordered nothing"


@pytest.mark.parametrize("name", ACTORS)
def test_an_actors_order_of_messages_is_its_own_race(name: str, tmp_path: Path) -> None:
    """What it is told first decides what it says: its calls stand where they stood, and say else.

    Hiding that would be wrong; a replay holds the order that was recorded.
    """
    traces = [recorded(Desk(tmp_path), ACTORS[name], seed)[1] for seed in range(max(RECORDINGS, 8))]
    assert len({tuple(sorted(span.position for span in trace.spans)) for trace in traces}) == 1
    assert len({native.content_bytes(trace) for trace in traces}) > 1
