"""Align and diff against a second implementation, and on the cases that simpler ones get wrong."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agenttrace.check.diff import diff
from agenttrace.explore.mutations import MUTATIONS, mutated
from agenttrace.explore.programs import Act, Ask, AtOnce, Deed, Note, played
from agenttrace.explore.strategies import equivalents, mutations, traces
from agenttrace.model.trace import Trace
from tests.fakes.made_traces import a_trace
from tests.oracles.sameness import same

PAY, MAIL, LOOK = Ask(tool="pay", body={"n": 1}), Ask(tool="mail"), Ask(tool="look_up")


def told(golden: tuple[Deed, ...], run: tuple[Deed, ...]) -> list[tuple[str, str, str, int]]:
    """Class, what, title and consequences of each first cause."""
    found = diff(played(golden), played(run))
    return [(it.kind, it.what, it.title, it.consequences) for it in found if not it.cause]


@given(st.data(), traces(most_deeds=6))
@settings(max_examples=60)
def test_a_second_matcher_agrees_that_equal_runs_are_equal(
    data: st.DataObject, trace: Trace
) -> None:
    """Every renaming of lanes is tried by the other one; no hash is asked."""
    other = data.draw(equivalents(trace))

    assert diff(trace, other) == ()
    assert same(trace, other)


@given(st.data(), traces(most_deeds=6))
@settings(max_examples=60)
def test_a_second_matcher_agrees_that_changed_runs_are_changed(
    data: st.DataObject, trace: Trace
) -> None:
    """What one of them lets through, the other one must as well."""
    names = [name for name in MUTATIONS if mutated(trace, name, lambda _: 0) is not None]
    other = data.draw(mutations(trace, names)).trace

    assert bool(diff(trace, other)) == (not same(trace, other))


@pytest.mark.parametrize("seed", range(8))
def test_a_second_matcher_agrees_on_two_changes(seed: int) -> None:
    """Changes can cancel out; then both see none."""
    chance = random.Random(seed)
    trace = a_trace(chance)
    run = trace
    for name in ("drop", "duplicate"):
        found = mutated(run, name, chance.randrange)
        run = run if found is None else found.trace

    assert bool(diff(trace, run)) == (not same(trace, run))


@pytest.mark.parametrize(
    ("golden", "run", "expected"),
    [
        (
            (LOOK, Ask(tool="pay", answer="ok")),
            (LOOK, Ask(tool="pay", answer="ERROR card declined")),
            [("tool_result", "changed", "pay", 0)],
        ),
        (
            (AtOnce(branches=((PAY,), (MAIL,))),),
            (AtOnce(branches=((MAIL,), (PAY,))),),
            [],
        ),
        (
            (AtOnce(branches=((PAY,), (PAY,), ())), Ask(tool="mail", after=0)),
            (AtOnce(branches=((), (PAY,), (PAY,))), Ask(tool="mail", after=0)),
            [],
        ),
        (
            (AtOnce(branches=((PAY,), (PAY,), (LOOK, MAIL))), Ask(tool="write", after=2)),
            (AtOnce(branches=((LOOK, LOOK), (PAY,), (PAY,))), Ask(tool="write", after=0)),
            [("structure", "missing", "mail", 1)],
        ),
        ((PAY, MAIL), (MAIL, PAY), [("order", "moved", "pay", 0)]),
        (
            (AtOnce(branches=((PAY,), (MAIL,))),),
            (PAY, MAIL),
            [
                ("structure", "missing", "task work", 1),
                ("structure", "missing", "task work", 1),
            ],
        ),
        ((PAY, PAY, PAY), (PAY, PAY), [("structure", "missing", "pay", 0)]),
        ((LOOK, MAIL), (LOOK, PAY, MAIL), [("structure", "extra", "pay", 0)]),
        (
            (Act(agent="planner", deeds=(LOOK, PAY)), MAIL),
            (LOOK, PAY, MAIL),
            [("structure", "missing", "planner", 2)],
        ),
        (
            (AtOnce(branches=((LOOK,), (PAY,))), MAIL),
            (AtOnce(branches=((LOOK,), (PAY,)), waits=False), MAIL),
            [("order", "changed", "work#0: waited for", 1)],
        ),
        (
            (Note(value=1), PAY),
            (Note(value=2), Ask(tool="pay", body={"n": 2})),
            [("state", "changed", "state of the run", 1)],
        ),
    ],
    ids=[
        "another result",
        "concurrent calls swapped",
        "twins beside a lane that came first",
        "twins beside another lane",
        "ordered calls swapped",
        "no longer at once",
        "one of three equal siblings",
        "a call more",
        "an agent taken away",
        "no longer waited for",
        "a cause and what follows",
    ],
)
def test_what_other_matchers_get_wrong(
    golden: tuple[Deed, ...], run: tuple[Deed, ...], expected: list[tuple[str, str, str, int]]
) -> None:
    """A changed result is seen, concurrent work may be swapped, ordered work may not."""
    assert told(golden, run) == expected


def test_a_perfect_matching_is_found_where_a_greedy_one_fails() -> None:
    """Two searches at once, told in the other order, one with an argument more."""
    golden = AtOnce(
        branches=(
            (Ask(tool="search", body={"q": "a"}),),
            (Ask(tool="search", body={"q": "a", "lang": "en"}),),
        )
    )
    run = AtOnce(
        branches=(
            (Ask(tool="search", body={"q": "a", "lang": "en"}),),
            (Ask(tool="search", body={"q": "a", "page": 2}),),
        )
    )
    found = diff(played((golden,)), played((run,)))

    assert [(it.kind, it.golden, it.run) for it in found] == [
        ("tool_args", {"q": "a"}, {"page": 2, "q": "a"})
    ]


def test_spans_without_lanes_are_compared_by_what_overlapped() -> None:
    """A foreign trace has intervals: what overlapped may come in any order."""
    trace = played((PAY, AtOnce(branches=((LOOK,), (MAIL,)))))
    times = {"pay": (1, 2), "look_up": (3, 6), "mail": (4, 5)}

    def foreign(**changed: tuple[int, int]) -> Trace:
        spans = tuple(
            replace(span, lane=(), seq=0, end_seq=0, position=(), start_ns=at[0], end_ns=at[1])
            for span in trace.spans
            for at in [{**times, **changed}.get(span.name, (0, 9))]
        )
        return replace(trace, spans=spans, lanes=())

    assert diff(foreign(), foreign(mail=(3, 6), look_up=(4, 5))) == ()
    late = diff(foreign(), foreign(pay=(7, 8)))
    assert [(it.kind, it.what, it.title) for it in late] == [("order", "moved", "pay")]
