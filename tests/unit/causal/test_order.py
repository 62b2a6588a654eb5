"""The causal order of a trace: a strict partial order, which says why two are not ordered."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given, settings

from agenttrace.causal.order import Order, collective_state
from agenttrace.model.lane import Delivery, Join, Lane, Position, Step
from agenttrace.model.span import Link, Span, SpanKind
from agenttrace.model.state import CollectiveState, StateSnapshot
from agenttrace.model.trace import Trace
from tests.fakes.causal_traces import Play, plays
from tests.oracles.happens_before import happens_before

WORKER = (Step("task", "team.worker", 0),)
OTHER = (Step("task", "team.worker", 1),)


def span(number: int, lane: Position = (), seq: int = 1, **fields: object) -> Span:
    """A span with little to say."""
    end = {"end_seq": seq, "position": (*lane, Step("tool", "thing", seq)), **fields}
    return Span(
        id=f"{number:016x}", name=f"thing {number}", kind=SpanKind.TOOL, lane=lane, seq=seq, **end
    )


def lane(
    path: Position, spawn_seq: int = 0, *joins: tuple[Position, int], raced: bool = False
) -> Lane:
    """A lane of the run's own one."""
    parent = path[:-1] if path else None
    told = tuple(Join(by=by, seq=seq) for by, seq in joins)
    return Lane(path=path, parent=parent, spawn_seq=spawn_seq, joins=told, raced=raced)


def trace(*spans: Span, lanes: tuple[Lane, ...] = (lane(()),), **fields: object) -> Trace:
    """A trace of these."""
    return Trace(id="1" * 32, name="t", spans=spans, lanes=lanes, **fields)


def test_steps_of_one_lane_are_ordered_as_they_were_taken() -> None:
    """Program order is the first of the five things that order spans."""
    one, two = span(1, seq=1), span(2, seq=2)
    order = Order(trace(one, two))
    assert (order.happens_before(one, two), order.happens_before(two, one)) == (True, False)


def test_what_comes_before_a_spawn_is_before_all_that_the_spawned_lane_does() -> None:
    """The spawner's later steps are concurrent with it."""
    before, after, inside = span(1, seq=1), span(2, seq=3), span(3, WORKER)
    order = Order(trace(before, after, inside, lanes=(lane(()), lane(WORKER, 2))))
    assert order.happens_before(before, inside)
    assert order.concurrent(inside, after)


def test_a_join_orders_a_lane_before_what_its_joiner_does_next() -> None:
    """And not before what the joiner did until then."""
    inside, meanwhile, after = span(1, WORKER), span(2, seq=2), span(3, seq=3)
    order = Order(trace(inside, meanwhile, after, lanes=(lane(()), lane(WORKER, 1, ((), 2)))))
    assert order.concurrent(inside, meanwhile)
    assert order.happens_before(inside, after)


def test_a_message_is_before_its_receive_and_what_follows() -> None:
    """Two lanes that nobody joins are ordered by what they say to each other."""
    sent, got, then = span(1, WORKER), span(2, OTHER), span(3, OTHER, seq=2)
    delivery = Delivery(receive=got.position, message=sent.position)
    order = Order(
        trace(
            sent,
            got,
            then,
            lanes=(lane(()), lane(WORKER, 1), lane(OTHER, 2)),
            deliveries=(delivery,),
        )
    )
    assert [order.happens_before(sent, other) for other in (got, then)] == [True, True]


def test_a_link_orders_what_it_points_back_to() -> None:
    """Whatever its relationship is called."""
    cause, effect = span(1, WORKER), span(2, OTHER, links=(Link(span=f"{1:016x}"),))
    order = Order(trace(cause, effect, lanes=(lane(()), lane(WORKER, 1), lane(OTHER, 2))))
    assert order.happens_before(cause, effect)


def test_a_span_and_what_happens_inside_it_are_neither_ordered_nor_concurrent() -> None:
    """Also when the inner one's lane was spawned inside, and it links to the outer one."""
    outer = span(1, seq=1, end_seq=3)
    inner = span(2, WORKER, parent=outer.id, links=(Link(span=outer.id),))
    order = Order(trace(outer, inner, lanes=(lane(()), lane(WORKER, 2, ((), 3)))))
    answers = (
        order.happens_before(outer, inner),
        order.happens_before(inner, outer),
        order.concurrent(outer, inner),
    )
    assert answers == (False, False, False)
    assert (
        order.why_not(inner, outer)
        == "thing 2 (worker#0/tool:thing#1) happens inside thing 1 (tool:thing#1)"
    )


@pytest.mark.parametrize(
    ("worker", "reason"),
    [
        (
            lane(WORKER, 1, raced=True),
            "worker#0 took part in a race (a wait for the first to end, a done-callback,",
        ),
        (lane(WORKER, 1), "nobody waited for worker#0"),
    ],
    ids=["raced", "never joined"],
)
def test_why_two_spans_are_not_ordered_is_said_in_words(worker: Lane, reason: str) -> None:
    """Without the name of the race, "concurrent" is the start of an hour's search."""
    inside, after = span(1, WORKER), span(2, seq=2)
    order = Order(trace(inside, after, lanes=(lane(()), worker)))
    said = order.why_not(inside, after)
    assert said.startswith(
        "thing 1 (worker#0/tool:thing#1) and thing 2 (tool:thing#2) are concurrent: "
    )
    assert reason in said


def test_the_other_reasons_have_words_too() -> None:
    """The same span, the wrong way round, and no reason needed."""
    one, two = span(1, seq=1), span(2, seq=2)
    order = Order(trace(one, two))
    assert order.why_not(one, two) == ""
    assert order.why_not(two, one) == "thing 2 (tool:thing#2) comes after thing 1 (tool:thing#1)"
    assert order.why_not(one, one) == "thing 1 (tool:thing#1) is one and the same span"


def test_goldens_keep_spans_by_lane_and_step() -> None:
    """The run's own span comes first, a parent before what is inside it."""
    run = Span(id=f"{9:016x}", name="run", kind=SpanKind.RUN)
    spans = [run, span(3, seq=2), span(4, seq=2, parent=f"{3:016x}"), span(2, WORKER)]
    assert Order(trace(*reversed(spans))).sorted(reversed(spans)) == spans


@given(play=plays())
def test_the_order_is_the_closure_that_brute_force_finds(play: Play) -> None:
    """A second implementation, by search over every step, agrees on every pair."""
    played = play.trace()
    order = Order(played)
    found = {(a.id, b.id) for a in played for b in played if order.happens_before(a, b)}
    assert found == happens_before(played)


@given(play=plays(longest=25))
def test_the_order_is_a_strict_partial_order(play: Play) -> None:
    """Nothing is before itself, no two before each other, and it is transitive."""
    played = play.trace()
    order = Order(played)
    found = {(a.id, b.id) for a in played for b in played if order.happens_before(a, b)}
    assert not {(a, b) for a, b in found if (b, a) in found}
    assert {(a, d) for a, b in found for c, d in found if b == c} <= found


@given(play=plays())
def test_what_is_ordered_really_happened_so(play: Play) -> None:
    """The clock of the play agrees with every claim; the order itself has never seen it."""
    played = play.trace()
    order = Order(
        replace(played, spans=tuple(replace(one, start_ns=0, end_ns=0) for one in played))
    )
    began = {one.id: one.start_ns for one in played}
    for a in played:
        for b in played:
            if order.happens_before(a, b):
                assert play.ended_at[a.id] <= began[b.id], (a, b)


@given(play=plays(longest=25))
def test_even_a_trace_with_circles_has_a_partial_order(play: Play) -> None:
    """A foreign trace may hold links that lead round in a circle; some of them then say nothing."""
    played = play.trace()
    ids = [one.id for one in played]
    twisted = [
        replace(one, links=(Link(span=ids[-1 - place]),)) for place, one in enumerate(played.spans)
    ]
    order = Order(replace(played, spans=tuple(twisted)))
    found = {(a.id, b.id) for a in twisted for b in twisted if order.happens_before(a, b)}
    assert not {(a, b) for a, b in found if (b, a) in found}
    assert {(a, d) for a, b in found for c, d in found if b == c} <= found


def test_a_foreign_trace_is_ordered_by_its_intervals() -> None:
    """It has no lanes; an outer span ends no sooner than what is inside it."""
    outer = Span(id=f"{1:016x}", name="outer", kind=SpanKind.AGENT, start_ns=0, end_ns=5)
    inner = Span(
        id=f"{2:016x}", name="inner", kind=SpanKind.LLM, parent=outer.id, start_ns=3, end_ns=9
    )
    later = Span(id=f"{3:016x}", name="later", kind=SpanKind.LLM, start_ns=10, end_ns=11)
    beside = Span(id=f"{4:016x}", name="beside", kind=SpanKind.LLM, start_ns=4, end_ns=20)
    order = Order(trace(outer, inner, later, beside, lanes=()))
    assert order.inferred
    assert [order.happens_before(one, later) for one in (outer, inner, beside)] == [
        True,
        True,
        False,
    ]
    assert (
        order.why_not(beside, later) == "beside and later overlap in time, and no link orders them"
    )
    assert order.sorted([later, beside, inner, outer]) == [outer, inner, beside, later]


def test_ten_thousand_spans_are_ordered_in_a_moment() -> None:
    """Assertions must not cost more than the run; all pairs would be fifty million."""
    lanes, spans = [lane(())], []
    for number in range(1000):
        path = (Step("task", "worker", number),)
        lanes.append(lane(path, number + 1, ((), 1000 + number)))
        spans += [span(10 * number + k + 1, path, seq=k + 1) for k in range(10)]
    last = span(20_000, seq=5000)
    began = time.perf_counter()
    order = Order(trace(*spans, last, lanes=tuple(lanes)))
    assert all(order.happens_before(one, last) for one in spans)
    assert time.perf_counter() - began < 5


def snapshot(agent: str, path: Position, seq: int, goal: str) -> StateSnapshot:
    """What an agent wanted at one step of a lane."""
    return StateSnapshot(
        agent=agent, position=(*path, Step("state", "snapshot", seq)), lane=path, seq=seq, goal=goal
    )


def test_the_collective_state_is_what_everybody_last_said_within_the_cut() -> None:
    """A worker that was joined has its last word; one that was not has none yet."""
    team = span(1, seq=1, end_seq=3)
    after = span(2, seq=4)
    shots = (
        snapshot("boss", (), 1, "plan"),
        snapshot("boss", WORKER, 1, "plan of the worker"),
        snapshot("worker", WORKER, 2, "done"),
        snapshot("idler", OTHER, 1, "nothing"),
    )
    lanes = (lane(()), lane(WORKER, 2, ((), 3)), lane(OTHER, 3))
    told = trace(team, after, lanes=lanes, snapshots=shots)
    expected = {"boss": shots[1], "worker": shots[2]}
    assert collective_state(told, team) == CollectiveState(cut={(): 3, WORKER: 2}, agents=expected)
    assert collective_state(told, after) == CollectiveState(cut={(): 4, WORKER: 2}, agents=expected)


@settings(max_examples=50)
@given(play=plays())
def test_a_cut_is_consistent(play: Play) -> None:
    """Whatever is before a span in the cut has its end in the cut as well."""
    played = play.trace()
    order = Order(played)
    for at in played.spans[:5]:
        cut = collective_state(played, at).cut
        inside = [one for one in played if one.end_seq <= cut.get(one.lane, -1)]
        known = {one.id for one in inside}
        for one in inside:
            assert all(other.id in known for other in played if order.happens_before(other, one))
        assert all(other.id in known for other in played if order.happens_before(other, at))


@given(play=plays())
def test_all_that_is_before_or_after_some_is_what_each_pair_says(play: Play) -> None:
    """Asked at once for many, it is the same order."""
    played = play.trace()
    order = Order(played)
    some = played.spans[::3]
    ids = [one.id for one in some]

    assert order.before_any(ids) == {
        a.id for a in played for b in some if order.happens_before(a, b)
    }
    assert order.after_any(ids) == {
        a.id for a in played for b in some if order.happens_before(b, a)
    }
