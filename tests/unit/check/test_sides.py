"""Sides: both values are shown so that the eye falls on what differs."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenttrace.check.sides import WIDTH, Unlike, arguments, cut, first_unlike, safe, shown
from agenttrace.model.values import canonical, digest
from tests.fakes.strategies import values


@given(values, values)
def test_a_difference_is_found_if_and_only_if_there_is_one(one: object, other: object) -> None:
    """What a digest tells apart can be shown, and nothing else is."""
    golden, run = canonical(one), canonical(other)

    assert (first_unlike(golden, run) is None) == (digest(golden) == digest(run))


@pytest.mark.parametrize(
    ("golden", "run", "path"),
    [
        ({"a.b": 1}, {"a": {"b": 1}}, "a.b"),
        ({"a": True}, {"a": 1}, "a"),
        ({"a": '{"b": 1}'}, {"a": {"b": 1}}, "a"),
        ({"a": {}}, {"a": []}, "a"),
        ({"a": [1]}, {"a": {"0": 1}}, "a"),
        ({"a": b"x"}, {"a": "x"}, "a"),
        (1, 2, "the value"),
        ({"a": '{"b": [1]}'}, {"a": '{"b": [2]}'}, "a.b[0]"),
        ({"a": 1}, {"a": 1, "b": [3]}, "b[0]"),
    ],
)
def test_the_place_of_a_difference_is_named(golden: object, run: object, path: str) -> None:
    """A key with a dot, a number for a truth value, a text for what it spells: all are seen."""
    unlike = first_unlike(canonical(golden), canonical(run))

    assert unlike is not None
    assert unlike.path == path
    assert unlike.golden != unlike.run


def test_both_sides_and_how_much_agrees_are_told() -> None:
    """One of two arguments changed, in its fourth character."""
    golden, run = {"order": "A-17", "region": "eu"}, {"order": "A-18", "region": "eu"}

    assert first_unlike(golden, run) == Unlike(
        path="order", golden="'A-17'", run="'A-18'", caret=(4, 1), agree=1, of=2
    )


@given(st.text(max_size=300), st.text(max_size=300))
def test_carets_lie_inside_what_is_shown(one: str, other: str) -> None:
    """However long the texts are, the place where they part is on the line."""
    unlike = first_unlike([one], [other])

    if unlike is not None:
        start, length = unlike.caret
        assert length >= 1
        assert len(unlike.golden) <= WIDTH >= len(unlike.run)
        assert start + length <= max(len(unlike.golden), len(unlike.run))
        assert unlike.golden[:start] == unlike.run[:start]
        assert unlike.golden[start : start + 1] != unlike.run[start : start + 1]


@given(st.text())
def test_no_shown_text_can_act_on_a_terminal(text: str) -> None:
    """Escape sequences, bidirectional overrides and line breaks are written out."""
    hostile = f"{text}\x1b[31m\u202e\n\u200b"

    for line in (safe(hostile), shown(hostile), shown({hostile: 1}), arguments({hostile: [text]})):
        assert not [char for char in line if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl")]
    unlike = first_unlike({hostile: 1}, {hostile: 2})
    assert unlike is not None
    assert "\x1b" not in unlike.path


def test_a_long_line_is_cut_with_an_ellipsis() -> None:
    """A value never breaks the layout."""
    assert cut("a" * WIDTH) == "a" * WIDTH
    assert cut("a" * (WIDTH + 1)) == "a" * (WIDTH - 1) + "…"


def test_arguments_are_written_as_a_call() -> None:
    """The reader sees the call that the code makes."""
    assert arguments({"order": "A-17", "tags": ["x"]}) == "order='A-17', tags=['x']"
    assert arguments("all of it") == "'all of it'"
