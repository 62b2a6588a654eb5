"""The journey of a value: where it came from, and where it went on to."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenttrace.analysis import Analysis
from agenttrace.analysis.journey import Journey, stands_in
from agenttrace.model.call import Answer, Chunk
from agenttrace.model.lane import Lane, Step
from agenttrace.model.span import Span, SpanKind
from agenttrace.model.state import StateSnapshot
from agenttrace.model.trace import Trace
from agenttrace.model.values import Value, digest, pack


def tool(number: int, asked: Value, said: Value, **more: object) -> Span:
    """A call of a tool, at a step of its own."""
    return Span(
        id=f"{number:016x}",
        name=f"tool {number}",
        kind=SpanKind.TOOL,
        seq=number,
        end_seq=number,
        question=asked,
        digest=digest(asked),
        answers=(Answer(chunks=(Chunk(data=pack(said)),)),),
        **more,  # type: ignore[arg-type]
    )


def run(
    *spans: Span, shots: tuple[StateSnapshot, ...] = (), lanes: tuple[Lane, ...] = ()
) -> Analysis:
    """A run of these calls."""
    lanes = (Lane(path=()), *lanes)
    return Analysis(Trace(id="1" * 32, name="t", spans=spans, lanes=lanes, snapshots=shots))


def sides(found: Journey) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """Both sides of a journey: each span's name, and what of it holds the value."""
    came_from, went_to = (
        [(one.span.name, *one.where) for one in side] for side in (found.came_from, found.went_to)
    )
    return came_from, went_to


def test_a_value_came_from_what_was_said_and_went_to_what_was_asked() -> None:
    """An earlier question is no source, and a later answer nowhere that it went."""
    calls = [
        tool(1, {"who": "ann"}, {"order": "A-1700"}),
        tool(2, {"order": "A-1700"}, "nothing to say"),
        tool(3, {"order": "A-1700"}, {"paid": "A-1700"}),
        tool(4, {"text": "Dear ann, order A-1700 was paid."}, "sent"),
        tool(5, {}, "A-1700"),
    ]
    found = run(*calls).journey(calls[2], "A-1700")

    assert sides(found) == ([("tool 1", "answer")], [("tool 4", "question")])
    assert found.here == ("answer", "question")


def test_a_long_text_came_from_the_answers_that_it_is_made_of() -> None:
    """As in a prompt into which results were written."""
    calls = [
        tool(1, {}, {"status": "paid twice", "sum": 4711}),
        tool(2, {}, "unpaid"),
        tool(3, {"text": "It was paid twice: 4711 each."}, "sent"),
    ]

    found = run(*calls).journey(calls[2], "It was paid twice: 4711 each.")

    assert sides(found) == ([("tool 1", "answer")], [])


def test_what_ran_at_the_same_time_is_on_neither_side() -> None:
    """Though it says the very same, and its number is smaller."""
    aside = (Step("task", "aside", 0),)
    calls = [tool(1, {}, "A-1700", lane=aside), tool(2, {"order": "A-1700"}, "ok")]
    lane = Lane(path=aside, parent=(), spawn_seq=0)

    assert sides(run(*calls, lanes=(lane,)).journey(calls[1], "A-1700")) == ([], [])


def test_a_state_is_kept_at_a_step_and_not_when_its_span_ends() -> None:
    """An agent's beliefs before a call are where it came from; those after it, where it went."""
    agent = Span(id="a" * 16, name="agent", kind=SpanKind.AGENT, seq=1, end_seq=9)
    call = tool(4, {"order": "A-1700"}, "sent", parent=agent.id)
    before, after = (
        StateSnapshot(
            agent="a", position=(), lane=(), seq=seq, beliefs={"it": "A-1700"}, span=agent.id
        )
        for seq in (3, 5)
    )

    assert sides(run(agent, call, shots=(before,)).journey(call, "A-1700")) == (
        [("agent", "state")],
        [],
    )
    assert sides(run(agent, call, shots=(after,)).journey(call, "A-1700")) == (
        [],
        [("agent", "state")],
    )


@pytest.mark.parametrize("value", ["ok", "12", 1, 999, True, None, "", 1e300, 1e-9, float("nan")])
def test_what_is_short_is_not_followed(value: Value) -> None:
    """It would turn up by accident."""
    call = tool(1, {"value": "x"}, "ok")
    assert run(call).journey(call, value).why_not == "too short"


def test_what_everybody_says_is_not_followed() -> None:
    """Up to fifty answers may hold it, and no word may be one that programs say of everything."""
    calls = [tool(number, {}, "shipped") for number in range(1, 52)]

    assert run(*calls).journey(calls[-1], "shipped").why_not == "too common"
    assert run(*calls[:50]).journey(calls[49], "shipped").why_not == ""
    assert run(*calls).journey(calls[-1], "True").why_not == "too common"


def test_a_long_journey_is_cut_after_its_first_hundred_stops() -> None:
    """And says that something was left off."""
    calls = [tool(1, {}, "A-1700"), *(tool(n, {"order": "A-1700"}, n) for n in range(2, 152))]

    found = run(*calls).journey(calls[0], "A-1700")

    assert [one.span.name for one in found.went_to] == [f"tool {n}" for n in range(2, 102)]
    assert found.left_off
    assert not run(*calls[:101]).journey(calls[0], "A-1700").left_off


def test_a_failure_and_json_in_a_text_are_looked_into() -> None:
    """Word for word is meant of what a text says, not of how JSON writes it."""
    first = tool(1, {}, '{"name": "Ann \\u00c5ngstr\\u00f6m", "note": "say \\"hello\\""}')
    second = tool(2, {"to": "Ann Ångström", "say": 'say "hello"'}, "sent")
    analysis = run(first, second)

    assert sides(analysis.journey(second, "Ann Ångström"))[0] == [("tool 1", "answer")]
    assert sides(analysis.journey(second, 'say "hello"'))[0] == [("tool 1", "answer")]


@pytest.mark.parametrize(
    ("text", "whole", "stands"),
    [
        ("paid", "It was paid.", True),
        ("paid", "prepaid, unpaid, paid", True),
        ("paid", "prepaid and unpaid", False),
        ("4711", "4711.50", False),
        ("4711", "Order 4711.", True),
        ("grün", "grüne", False),
        ("退款", "我要退款了", True),
        ("A-17", "A-177", False),
        ("A-17", "(A-17)", True),
    ],
)
def test_a_text_stands_in_another_as_a_whole_word(text: str, whole: str, *, stands: bool) -> None:
    """Part of another word is another word; scripts without blanks have no such ends."""
    assert stands_in(text, whole) is stands


@given(text=st.text(min_size=1), before=st.text(), after=st.text())
def test_between_blanks_every_text_is_found(text: str, before: str, after: str) -> None:
    """Whatever stands around."""
    assert stands_in(text, f"{before} {text} {after}")


def test_a_span_of_another_trace_is_refused() -> None:
    """Rather than followed from nowhere."""
    call = tool(1, {}, "A-1700")
    with pytest.raises(KeyError):
        run(call).journey(replace(call, id="f" * 16), "A-1700")
