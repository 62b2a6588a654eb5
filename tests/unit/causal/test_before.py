"""Before: one walk over the moments of a trace, and the times that it gives to spans."""

from __future__ import annotations

import math
from dataclasses import replace

from hypothesis import given, settings

from agenttrace.analysis.ranks import Ranks
from agenttrace.causal.before import Before
from agenttrace.causal.known_at_end import known_at_end
from agenttrace.causal.order import Order
from agenttrace.causal.ticks import times as ticks
from agenttrace.model.lane import Join, Lane, Step
from agenttrace.model.span import Link, Span, SpanKind
from agenttrace.model.state import StateSnapshot
from agenttrace.model.trace import Trace
from tests.fakes.campaign import times
from tests.fakes.causal_traces import Play, plays


@given(play=plays())
@settings(max_examples=times(30, 1_000))
def test_the_walk_meets_each_moment_once_after_all_that_leads_to_it(play: Play) -> None:
    """What is handed on from moment to moment is whole when a moment is reached."""
    before = Before(play.trace())
    walked = list(before.in_order())
    place = {moment: at for at, moment in enumerate(walked)}

    assert sorted(walked) == list(range(len(before.later)))
    for moment, later in enumerate(before.later):
        assert all(place[moment] < place[one] for one in later)


@given(play=plays())
@settings(max_examples=times(30, 1_000))
def test_a_span_has_begun_before_it_ends_and_steps_stand_in_their_lanes(play: Play) -> None:
    """Numbers of moments lead back to the spans and the lanes that they were made of."""
    trace = play.trace()
    before = Before(trace)
    at = {moment: number for number, moment in enumerate(before.in_order())}

    for place, span in enumerate(trace.spans):
        assert before.steps[before.begun[place]] == (span.lane, span.seq)
        assert at[before.begun[place]] < at[before.ended[place]]


def test_what_only_follows_a_circle_is_given_times_that_keep_its_order() -> None:
    """Two spans that each came after the other have no order; what a link puts behind them has."""
    worker = (Step("task", "work", 0),)
    one, two, three = (
        Span(id=f"{seq:016x}", name="step", kind=SpanKind.TOOL, lane=worker, seq=seq, end_seq=seq)
        for seq in (1, 2, 3)
    )
    one = replace(one, links=(Link(span=two.id, relationship="message"),))
    heard = Link(span=three.id, relationship="message")
    last = Span(id="f" * 16, name="last", kind=SpanKind.TOOL, seq=5, end_seq=5, links=(heard,))
    lanes = (Lane(path=()), Lane(path=worker, parent=(), spawn_seq=1))
    trace = Trace(id="1" * 32, name="t", spans=(one, two, three, last), lanes=lanes)

    assert Order(trace).happens_before(three, last)
    told = ticks(trace, 10)
    assert told[three.id][1] < told[last.id][0]
    assert all(begin <= end for begin, end in told.values())


def test_what_was_joined_at_the_last_step_of_a_nest_is_told_once() -> None:
    """To the innermost span that spawned it; those around it are told by that one's end."""
    deep = 20
    paths = [(Step("task", "work", number),) for number in range(deep)]
    nest = [
        Span(
            id=f"{number + 1:016x}",
            name="step",
            kind=SpanKind.TOOL,
            parent=f"{number:016x}" if number else None,
            seq=2 * number + 1,
            end_seq=2 * deep,
        )
        for number in range(deep)
    ]
    told = (Join(by=(), seq=2 * deep),)
    lanes = [
        Lane(path=path, parent=(), spawn_seq=2 * number + 2, joins=told)
        for number, path in enumerate(paths)
    ]
    trace = Trace(id="1" * 32, name="t", spans=tuple(nest), lanes=(Lane(path=()), *lanes))
    before = Before(trace)

    assert sorted(before.joined_inside()) == sorted(
        (before.chains[path].at(math.inf), before.ended[number])
        for number, path in enumerate(paths)
    )
    for number, span in enumerate(nest):
        assert set(known_at_end(trace, span).steps) == {(), *paths[number:]}


def test_steps_at_which_only_states_are_kept_make_no_rank_higher() -> None:
    """Ranks count begins, ends and messages, as the page says, and not how often one looks."""
    one, two = (
        Span(id=f"{seq:016x}", name="step", kind=SpanKind.TOOL, seq=seq, end_seq=seq)
        for seq in (1, 4)
    )
    bare = Trace(id="1" * 32, name="t", spans=(one, two), lanes=(Lane(path=()),))
    kept = replace(
        bare,
        snapshots=tuple(
            StateSnapshot(agent="ada", position=(), lane=(), seq=seq, goal=seq) for seq in (2, 3)
        ),
    )

    assert Ranks(kept).of(two) == Ranks(bare).of(two) > Ranks(bare).of(one)
    assert Ranks(kept).at((), 3) == Ranks(bare).at((), 3) + 1
