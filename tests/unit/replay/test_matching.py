"""Matching: the whole table of what a call is answered, strict and lenient."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from agenttrace.boundary import cross
from agenttrace.check.vary import Vary
from agenttrace.model.call import Call
from agenttrace.model.lane import Lane, Position, Step
from agenttrace.model.trace import Trace
from agenttrace.replay.matching import (
    LENIENT,
    STRICT,
    Answered,
    PastTheEnd,
    Recording,
    Unanswered,
    decide,
)
from tests.fakes.fixed_run import FixedRun, a_tool, call_of, recorded, way


def three_orders(run: FixedRun) -> None:
    """Look up A, B, and B again."""
    for order in ("A", "B", "B"):
        run.tool("look_up", order=order)


THREE = Recording.of(recorded(three_orders))
FIRST, SECOND, THIRD = THREE.by_position.values()
NOTHING: frozenset[Position] = frozenset()


def look_up(order: str, occurrence: int, lane: Position = ()) -> Call:
    """The n-th look-up of this run."""
    return call_of(a_tool("look_up", order=order), lane=lane, occurrence=occurrence)


TABLE = {
    "same place, same question": (
        look_up("A", 0),
        NOTHING,
        Answered(span=FIRST, how="same"),
        Answered(span=FIRST, how="same"),
    ),
    "same place, other question": (
        look_up("C", 0),
        NOTHING,
        Unanswered(why="drift", golden=FIRST),
        Answered(span=FIRST, how="lent", consumes=False),
    ),
    "other place, one could be meant": (
        look_up("A", 1),
        NOTHING,
        Unanswered(why="moved", golden=SECOND, candidates=(FIRST,)),
        Answered(span=FIRST, how="moved"),
    ),
    "no place, one could be meant": (
        look_up("A", 7),
        NOTHING,
        Unanswered(why="moved", golden=None, candidates=(FIRST,)),
        Answered(span=FIRST, how="moved"),
    ),
    "other place, several could be meant": (
        look_up("B", 0),
        NOTHING,
        Unanswered(why="ambiguous", golden=FIRST, candidates=(SECOND, THIRD)),
        Answered(span=SECOND, how="moved"),
    ),
    "several, all but one used": (
        look_up("B", 0),
        frozenset({SECOND.position}),
        Unanswered(why="moved", golden=FIRST, candidates=(THIRD,)),
        Answered(span=THIRD, how="moved"),
    ),
    "no place, nobody meant": (
        look_up("C", 7),
        NOTHING,
        Unanswered(why="extra"),
        Unanswered(why="extra"),
    ),
    "asked again": (
        look_up("A", 0),
        frozenset({FIRST.position}),
        Unanswered(why="again", golden=FIRST),
        Answered(span=FIRST, how="lent", consumes=False),
    ),
    "another lane is another place": (
        look_up("A", 0, lane=(Step("task", "worker", 0),)),
        NOTHING,
        Unanswered(why="extra"),
        Unanswered(why="extra"),
    ),
}


@pytest.mark.parametrize("case", TABLE, ids=str)
def test_strict_matching_answers_only_what_is_the_same(case: str) -> None:
    """One agent is never served the answer to another's question."""
    call, taken, strict, _ = TABLE[case]

    assert decide(THREE, taken, call, STRICT) == strict


@pytest.mark.parametrize("case", TABLE, ids=str)
def test_lenient_matching_answers_what_it_can_and_says_how(case: str) -> None:
    """All that differs is seen in one run; a lent answer is not used up."""
    call, taken, _, lenient = TABLE[case]

    assert decide(THREE, taken, call, LENIENT) == lenient


def test_another_tool_with_the_same_arguments_is_not_meant() -> None:
    """Content alone says nothing: kind and operation belong to it."""
    call = call_of(a_tool("cancel", order="A"))

    assert decide(THREE, NOTHING, call) == Unanswered(why="extra")


def test_what_may_vary_is_the_same() -> None:
    """`vary` makes two questions one, at one place."""
    decision = decide(THREE, NOTHING, look_up("C", 0), vary=Vary.of(["look_up.order"]))

    assert decision == Answered(span=FIRST, how="same")


def with_lane(trace: Trace, *, ragged: bool) -> Recording:
    """The recording, all of whose calls stand in one task."""
    path = (Step("task", "worker", 0),)
    spans = tuple(
        replace(span, lane=path, position=(*path, *span.position)) if span.is_call else span
        for span in trace.spans
    )
    lanes = (Lane(path=()), Lane(path=path, parent=(), ragged=ragged))
    return Recording.of(replace(trace, spans=spans, lanes=lanes))


@pytest.mark.parametrize("match", [STRICT, LENIENT])
def test_past_the_ragged_end_of_a_lane_no_answer_comes(match: str) -> None:
    """Where the recording was cut short, a call goes on waiting, as it did then."""
    lane = (Step("task", "worker", 0),)
    below = (*lane, Step("tool", "outer", 0))

    for path in (lane, below):
        later = look_up("C", 7, lane=path)
        assert decide(with_lane(THREE.trace, ragged=True), NOTHING, later, match) == PastTheEnd()
        cut_free = decide(with_lane(THREE.trace, ragged=False), NOTHING, later, match)
        assert cut_free == Unanswered(why="extra")


def http(run: FixedRun) -> str:
    """A request that is no model's."""
    question = replace(a_tool("GET /"), kind="http")
    return cross(run.door, way(question), lambda: "ok")


def outer_with(body: Callable[[FixedRun], object]) -> Recording:
    """A recording of one tool that does something."""
    return Recording.of(recorded(lambda run: run.inside("outer", lambda: body(run))))


@pytest.mark.parametrize(
    ("body", "runs"),
    [
        (lambda run: run.chat("hello"), True),
        (lambda run: run.tool("inner"), True),
        (lambda run: run.inside("inner", lambda: run.chat("hello")), True),
        (lambda run: None, False),
        (http, False),
    ],
    ids=["model", "tool", "tool with model", "nothing", "http"],
)
def test_a_call_with_agent_work_below_is_agent_code(
    body: Callable[[FixedRun], object], runs: bool
) -> None:
    """A sub-agent that is a tool runs, so that its changed prompt is seen; a leaf is answered."""
    recording = outer_with(body)

    assert ((Step("tool", "outer", 0),) in recording.composite) is runs
