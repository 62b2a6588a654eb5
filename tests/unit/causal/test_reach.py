"""Reach: both sides of one span, without looking at all pairs."""

from __future__ import annotations

from hypothesis import given

from agenttrace.causal.order import Order
from agenttrace.causal.reach import Reach
from agenttrace.model.lane import Lane
from agenttrace.model.span import Span, SpanKind
from agenttrace.model.state import StateSnapshot
from agenttrace.model.trace import Trace
from tests.fakes.causal_traces import Play, plays


@given(play=plays())
def test_both_sides_of_a_span_are_those_of_the_order(play: Play) -> None:
    """What it calls earlier happens before the span, what it calls later after; nothing else."""
    trace = play.trace()
    order = Order(trace)

    for span in trace.spans:
        reach = Reach(trace, span)
        others = [one for one in trace.spans if one.id != span.id]
        assert reach.earlier == {it.id for it in others if order.happens_before(it, span)}
        assert reach.later == {it.id for it in others if order.happens_before(span, it)}


def test_a_state_is_before_or_after_by_the_steps_of_its_lane() -> None:
    """Inside the very span around both, where the span itself is neither."""
    around = Span(id="1" * 16, name="agent", kind=SpanKind.AGENT, seq=1, end_seq=9)
    call = Span(id="2" * 16, name="call", kind=SpanKind.TOOL, parent=around.id, seq=4, end_seq=5)
    shots = [
        StateSnapshot(agent="ada", position=(), lane=(), seq=seq, span=around.id) for seq in (3, 6)
    ]
    reach = Reach(Trace(id="1" * 32, name="t", spans=(around, call), lanes=play_lanes()), call)

    assert [(reach.knew(shot), reach.told(shot)) for shot in shots] == [
        (True, False),
        (False, True),
    ]


def play_lanes() -> tuple[Lane, ...]:
    """The one lane of a program that spawns none."""
    return Play().trace().lanes
