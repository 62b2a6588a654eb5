"""Cuts: the past of every state at once, and the latest states inside it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from agenttrace.causal.cuts import Circle, Cuts
from agenttrace.causal.order import collective_state, collective_states
from agenttrace.causal.past import Past
from agenttrace.model.lane import Lane, Step
from agenttrace.model.span import Link, Span, SpanKind
from agenttrace.model.state import StateSnapshot
from agenttrace.model.trace import Trace
from tests.fakes.causal_traces import Play, plays

A, B = (Step("task", "a", 0),), (Step("task", "b", 0),)


def of_each(trace: Trace) -> dict[str, object]:
    """The collective state at each snapshot, asked one by one: at a span that ends there."""
    found: dict[str, object] = {}
    for number, shot in enumerate(trace.snapshots):
        there = Span(
            id=f"f{number:015x}",
            name="there",
            kind=SpanKind.TOOL,
            lane=shot.lane,
            seq=shot.seq,
            end_seq=shot.seq,
        )
        found[str(shot)] = collective_state(trace, there)
    return found


@given(play=plays(longest=60))
def test_all_pasts_at_once_are_those_asked_one_by_one(play: Play) -> None:
    """Whatever was spawned, joined, sent and linked on the way."""
    trace = play.trace()
    past = Past(trace)
    steps = dict.fromkeys((shot.lane, shot.seq) for shot in trace.snapshots)

    assert dict(Cuts(past, steps)) == {
        (shot.lane, shot.seq): past.of_snapshot(shot) for shot in trace.snapshots
    }


@given(play=plays(longest=60))
def test_the_states_inside_are_those_that_one_span_would_see(play: Play) -> None:
    """`progress` and a vector at a span never disagree."""
    trace = play.trace()

    assert {str(shot): known for shot, known in collective_states(trace)} == of_each(trace)


def test_a_circle_is_refused_and_its_states_are_found_one_by_one() -> None:
    """Two lanes that each link to what the other did later; no program runs so, some traces do."""
    spans = [
        Span(id=f"{number}" * 16, name="x", kind=SpanKind.TOOL, lane=lane, seq=seq, end_seq=seq)
        for number, lane, seq in ((1, A, 1), (2, A, 2), (3, B, 1), (4, B, 2))
    ]
    spans[0] = replace(spans[0], links=(Link(span=spans[3].id),))
    spans[2] = replace(spans[2], links=(Link(span=spans[1].id),))
    shots = tuple(
        StateSnapshot(agent=name, position=lane, lane=lane, seq=3)
        for name, lane in (("ada", A), ("bob", B))
    )
    trace = Trace(
        id="1" * 32,
        name="circle",
        spans=tuple(spans),
        snapshots=shots,
        lanes=(
            Lane(path=()),
            Lane(path=A, parent=(), spawn_seq=1),
            Lane(path=B, parent=(), spawn_seq=1),
        ),
    )

    with pytest.raises(Circle):
        Cuts(Past(trace), [(A, 3), (B, 3)])
    assert [dict(known.cut) for _, known in collective_states(trace)] == [
        {(): 1, A: 3, B: 2},
        {(): 1, A: 2, B: 3},
    ]
