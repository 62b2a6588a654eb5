"""The same steps again and again: each named case, and each period, however it is found."""

from __future__ import annotations

import operator
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agenttrace.analysis.loops import LONGEST, RULES, _runs
from agenttrace.analysis.waiting import waiting
from agenttrace.errors import TeamStuck
from agenttrace.model import names
from agenttrace.model.span import Fidelity, SpanKind
from agenttrace.model.trace import Trace
from agenttrace.model.values import Value
from tests.fakes.campaign import times
from tests.fakes.made_teams import a_team
from tests.fakes.told_teams import Did, run_of
from tests.oracles import loops as oracle


def found_in(*steps: Did) -> list[tuple[str, int, int, bool]]:
    """Rule, period, times, and whether it was at the end."""
    loops = waiting(run_of(*steps)).loops
    return [(one.rule, one.period, one.times, one.at_end) for one in loops]


A, B, C = Did("a", "1"), Did("b", "2"), Did("c", "3")


@pytest.mark.parametrize(
    ("steps", "loops"),
    [
        ([A] * 4, [("repeats", 1, 4, True)]),
        ([A] * 3, []),
        ([A, A, A, A, B], [("repeats", 1, 4, False)]),
        ([Did("a", str(n)) for n in range(5)], []),
        ([Did("a", f"!{n}") for n in range(3)], [("fails", 1, 3, True)]),
        ([Did("a", "!0"), Did("a", "!1"), Did("a", "1")], []),
        ([A, *[Did("a", f"!{n}") for n in range(3)], A], [("fails", 1, 3, False)]),
        ([Did("hello?")] * 3, [("monologue", 1, 3, True)]),
        ([Did("hello?"), A, Did("hello?"), A, Did("hello?")], []),
        ([A, B] * 3, [("alternates", 2, 3, True)]),
        ([A, B] * 2, []),
        ([A, B, C] * 3, [("cycles", 3, 3, True)]),
        ([C, *[A, B] * 3, A, C], [("alternates", 2, 3, False)]),
    ],
)
def test_each_case_of_the_stuck_detector_is_told_by_name(
    steps: list[Did], loops: list[tuple[str, int, int, bool]]
) -> None:
    """Four times the same, three errors, three messages, two in turn; less is no loop."""
    assert found_in(*steps) == loops


def test_two_agents_in_turn_are_a_loop_of_both() -> None:
    """Neither repeats itself often enough for a loop of its own."""
    ask, tell = Did("why?", "x", "ada"), Did("because", "y", "bob")
    (loop,) = waiting(run_of(*[ask, tell] * 3)).loops

    assert (loop.agents, loop.rule, loop.times, loop.at_end) == (
        ("ada", "bob"),
        "alternates",
        3,
        True,
    )


@pytest.mark.parametrize(
    ("states", "progress", "is_livelock"),
    [
        ([], None, True),
        ([(0, "find")], False, True),
        ([(0, "find"), (2, "find"), (4, "find")], False, True),
        ([(0, "find"), (2, "found")], True, False),
        ([(0, "find"), (1, "lost"), (2, "find")], False, True),
    ],
)
def test_a_loop_during_which_a_state_changes_is_no_livelock(
    states: list[tuple[int, object]], progress: bool | None, is_livelock: bool
) -> None:
    """States are held against each other where a row begins: there and back is no progress."""
    found = waiting(run_of(*[A, B] * 3, states=states))

    assert [one.progress for one in found.loops] == [progress]
    assert bool(found.livelocks) is is_livelock
    if is_livelock:
        with pytest.raises(TeamStuck, match="ada: alternates, 3 times"):
            found.never_livelocks()
    else:
        assert found.never_livelocks()
        assert found.never_loops()


def test_a_loop_that_was_left_is_no_livelock_and_still_a_loop() -> None:
    """Whoever waits for an answer that stays the same for long enough has polled."""
    found = waiting(run_of(A, A, A, A, B))

    assert found.never_livelocks()
    with pytest.raises(TeamStuck, match="repeats, 4 times"):
        found.never_loops()


@settings(max_examples=times(300, 4_000))
@given(keys=st.lists(st.sampled_from("abc"), max_size=24))
def test_stretches_are_those_that_looking_at_each_one_finds(keys: list[str]) -> None:
    """The shortest period counts, and what lies inside a stretch of a shorter one is that again."""
    assert sorted(tuple(one) for one in _runs(keys)) == sorted(
        oracle.stretches_of(keys, operator.eq, LONGEST)
    )


def made(seed: int) -> Trace:
    """Rows of steps, some of them several times; ada keeps a state now and then."""
    chance = random.Random(seed)
    rows: list[Did] = []
    for _ in range(chance.randint(2, 9)):
        row = [
            Did(
                chance.choice("ab"), chance.choice(["1", "2", "!x", "!y", None]), chance.choice(WHO)
            )
            for _ in range(chance.choice([1, 1, 2, 3]))
        ]
        rows += row * chance.randint(1, 5) + row[: chance.randint(0, 1)]
    often = chance.choice([0, 0.3])
    states = [(n, chance.choice("xxy")) for n in range(len(rows)) if chance.random() < often]
    return run_of(*rows, states=states)


WHO = ("ada", "ada", "bob")


@pytest.mark.parametrize("make", [made, lambda seed: a_team(seed, deeds=70)], ids=["rows", "teams"])
def test_loops_and_livelocks_are_those_that_the_page_defines(make: Callable[[int], Trace]) -> None:
    """Each stretch of each agent's steps and of all is looked at; and each state they kept."""
    seen: Counter[str] = Counter()
    for seed in range(times(120, 3_000)):
        trace = make(seed)
        found = waiting(trace)
        told = {
            oracle.Found(one.rule, one.period, one.times, one.agents, ids): one
            for one in found.loops
            if (ids := tuple(span.id for span in one.spans))
        }
        assert {*told} == oracle.loops(trace), seed
        for key, one in told.items():
            assert one.at_end == oracle.at_end(trace, key), seed
            assert one.progress == oracle.progress(trace, key), seed
            assert (one in found.livelocks) == (one.at_end and not one.progress)
            seen.update([one.rule, f"progress {one.progress}"])
    assert seen
    if make is made:
        assert {*seen} == {*RULES, "progress None", "progress True", "progress False"}


def spoiled(trace: Trace, payload: str, known: Fidelity) -> Trace:
    """The same with a payload of every call cut, or hidden."""
    spans = [replace(one, fidelity={payload: known}) for one in trace.spans]
    return replace(trace, spans=tuple(spans))


@pytest.mark.parametrize("known", [Fidelity.TRUNCATED, Fidelity.REDACTED])
@pytest.mark.parametrize("payload", ["question", "answer"])
def test_of_what_was_cut_or_hidden_nothing_else_is_the_same(payload: str, known: Fidelity) -> None:
    """Four documents that a limit cuts to one beginning, and that are saved, are no loop."""
    trace = spoiled(run_of(*[A, B] * 3), payload, known)
    found = waiting(trace)

    assert found.loops == ()
    assert found.never_livelocks()
    assert oracle.loops(trace) == set()


def test_a_log_of_messages_loops_where_what_is_new_comes_again() -> None:
    """It never says what a model was sent; what came before stands before it in the log."""
    trace = run_of(*[A] * 4)
    spans = [replace(one, kind=SpanKind.LLM) for one in trace.spans if one.is_call]
    log = spoiled(replace(trace, spans=tuple(spans)), "question", Fidelity.TRUNCATED)

    assert [one.rule for one in waiting(log).loops] == ["repeats"]
    assert waiting(replace(log, lanes=())).loops == ()
    assert {one.rule for one in oracle.loops(log)} == {"repeats"}


def test_a_message_of_nothing_is_a_message() -> None:
    """An empty text, a 0: it is known what they say."""
    trace = run_of(*[Did("hello?")] * 3)
    empty: tuple[Value, ...] = ("", 0, [], False)
    for said in empty:
        spans = [replace(one, attributes={names.MESSAGE_CONTENT: said}) for one in trace.spans]

        assert [one.rule for one in waiting(replace(trace, spans=tuple(spans))).loops] == [
            "monologue"
        ]


def test_a_row_that_began_again_in_part_has_begun_again() -> None:
    """What ada kept before her ninth step, the first of a row that she did not finish, counts."""
    (loop,) = waiting(run_of(*[A, B] * 4, A, states=[(0, "find"), (8, "found")])).loops

    assert (loop.times, loop.progress) == (4, True)


def test_what_is_not_known_is_never_the_same() -> None:
    """A foreign trace whose messages and answers nobody kept is no loop."""
    trace = run_of(*[A, B] * 4, *[Did("hello?")] * 4)
    bare = [replace(span, answers=(), attributes={}) for span in trace.spans]

    assert [one.rule for one in waiting(trace).loops] == ["alternates", "monologue"]
    assert waiting(replace(trace, spans=tuple(bare))).loops == ()
