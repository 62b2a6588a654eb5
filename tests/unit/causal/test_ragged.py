"""Which part of a run chance may cut short."""

from __future__ import annotations

from agenttrace.causal.ragged import is_cut, raggedness
from agenttrace.causal.sequence import in_causal_order
from agenttrace.model.call import ENDS, Answer
from agenttrace.model.lane import Lane, Step
from agenttrace.model.span import SpanKind
from tests.fakes.refund_trace import CHAT, HEDGE, LOOK_UP, PAY, PLANNER, WAIT, WORKER, refund_trace

INSIDE = (*HEDGE, Step("task", "helper", 0))


def test_what_a_ragged_lane_spawned_is_as_ragged_as_itself() -> None:
    """A cancelled task may never have come to the spawn."""
    lanes = [Lane(path=()), Lane(path=HEDGE, parent=(), ragged=True), Lane(path=WORKER, parent=())]
    is_ragged = raggedness(lanes)

    assert {path: is_ragged(path) for path in ((), HEDGE, INSIDE, WORKER)} == {
        (): False,
        HEDGE: True,
        INSIDE: True,
        WORKER: False,
    }


def test_without_ragged_lanes_nothing_is() -> None:
    """Most runs."""
    assert raggedness([Lane(path=())])(INSIDE) is False


def test_a_cancelled_or_open_answer_got_as_far_as_chance_let_it() -> None:
    """A stream that the agent closed itself did not: it closes at the same place each time."""
    assert [end for end in ENDS if is_cut(Answer(end=end))] == ["cancelled", "open"]


def test_a_trace_is_kept_in_causal_order() -> None:
    """The run first, then lane by lane, step by step; lanes by path, agents by id."""
    trace = refund_trace()
    ordered = in_causal_order(trace)

    assert ordered.spans[0].kind is SpanKind.RUN
    assert [span.position for span in ordered.spans] == [(), PLANNER, CHAT, LOOK_UP, WAIT, PAY]
    assert [lane.path for lane in ordered.lanes] == [(), HEDGE, WORKER]
    assert [agent.id for agent in ordered.agents] == ["payer", "planner"]
