"""Telling: differences and unused answers in words, each with the way on."""

from dataclasses import dataclass, replace

import pytest

from agenttrace.check import telling
from agenttrace.model.difference import Difference
from agenttrace.model.lane import Position, Step
from agenttrace.model.span import Span, SpanKind
from agenttrace.model.values import pack

PLACE = (Step("agent", "planner", 0), Step("tool", "pay", 1))


@dataclass(frozen=True)
class FixedUnused:
    """A recorded call that nobody asked for."""

    title: str
    ordinal: int
    place: Position = PLACE


def difference(kind: str, what: str, **sides: object) -> Difference:
    """A difference at the second payment."""
    return Difference(kind=kind, place=PLACE, what=what, title="pay", **sides)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "lines"),
    [
        (
            difference("tool_args", "changed", golden={"order": "A-17"}, run={"order": "A-18"}),
            [
                "    tool_args  pay: changed  at planner/tool:pay#1",
                "      golden    order = 'A-17'",
                "      this run  order = 'A-18'",
                "                            ^",
            ],
        ),
        (
            difference("structure", "missing", golden={"question": {"order": "A-17"}}),
            [
                "    structure  pay: missing  at planner/tool:pay#1",
                '      golden    {"order": "A-17"}',
            ],
        ),
        (
            difference("structure", "extra", run={"question": {"order": "A-17"}}),
            [
                "    structure  pay: extra  at planner/tool:pay#1",
                '      this run  {"order": "A-17"}',
            ],
        ),
        (
            difference("tool_result", "lent"),
            ["    tool_result  pay: lent  at planner/tool:pay#1"],
        ),
        (
            difference(
                "tool_result",
                "changed",
                golden={"chunks": [pack({"paid": 1})]},
                run={"chunks": [pack({"paid": 2})]},
            ),
            [
                "    tool_result  pay: changed  at planner/tool:pay#1",
                "      golden    chunks[0].paid = 1",
                "      this run  chunks[0].paid = 2",
                "                                 ^",
            ],
        ),
    ],
    ids=["changed", "missing", "extra", "lent", "bytes"],
)
def test_one_difference_in_words(one: Difference, lines: list[str]) -> None:
    """What and where, then both sides with what differs."""
    assert telling.told(one) == lines


def test_a_mismatch_lists_some_and_counts_the_rest() -> None:
    """Ten differences fill a screen; how many more there are is said."""
    error = telling.mismatch("a run", "a.trace", 12 * [difference("event", "lent")], "redo", "")

    assert str(error).startswith("a run: the run is not the golden's: 12 differences.  [golden-mis")
    assert error.detail.count("event  pay: lent") == telling.MOST
    assert "    … and 2 more" in error.detail
    assert error.detail.endswith(
        "  golden    a.trace\n\n  The agent is right, and the golden is old:\n      redo\n"
        "  More: agenttrace explain golden-mismatch"
    )


def test_unused_answers_are_named_with_their_place() -> None:
    """Which call of how many, and where it stood."""
    error = telling.unused("a run", "a.trace", [FixedUnused("pay", 2)], 5, "redo")

    assert str(error) == (
        "a run: 1 recorded answer was never asked for.  [answers-unused]\n"
        "\n"
        "    call 2 of 5  pay  at planner/tool:pay#1\n"
        "\n"
        "  golden    a.trace\n"
        "\n"
        "  The agent is right, and the golden is old:\n"
        "      redo\n"
        "  More: agenttrace explain answers-unused"
    )


def test_hostile_names_cannot_act_on_the_terminal() -> None:
    """A recorded name is data, whoever wrote it."""
    hostile = "pay\x1b[2J\n"
    span = Span(id="00000000000000aa", name=hostile, kind=SpanKind.LLM)
    one = Difference(kind="event", place=PLACE, what="lent", title=hostile)

    for error in (
        telling.unused("a run", "a.trace", [FixedUnused(hostile, 1)], 1, "redo"),
        telling.mismatch("a run", "a.trace", [one], "redo", ""),
        telling.left_open("a run", span),
    ):
        assert "\x1b" not in str(error)
        assert "pay\\x1b[2J\\x0a" in str(error)


def test_only_what_was_called_can_be_asked_for() -> None:
    """A structural consequence of another cause is told as one; without any, all is told."""
    cause = replace(difference("event", "changed", golden=1, run=2), consequences=1)
    follows = replace(difference("structure", "extra", run={"question": 1}), cause=cause.id)
    said = [
        telling.mismatch("a run", "a.trace", found, "redo", "", how=telling.STRUCTURE).detail
        for found in ([cause, follows], [cause])
    ]

    assert ["event  pay" in detail for detail in said] == [False, True]
    assert ["structure  pay" in detail for detail in said] == [True, False]
