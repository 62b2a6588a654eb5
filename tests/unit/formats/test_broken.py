"""What is whole of a JSON document that was cut, or is damaged."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agenttrace.formats.broken import Half, Way, spans_within
from agenttrace.formats.documents import Unread, documents

WAY: Way = {"groups": {"spans": {}}}
LAST = "last key of a span"
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text('"\\[]{},:\n é', max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def cut(draw: st.DrawFn) -> tuple[list[Any], str]:
    """A document cut somewhere: its spans that are whole, and its text."""
    sizes = draw(st.lists(st.integers(0, 3), max_size=3))
    groups: list[dict[str, Any]] = [
        {"resource": draw(plain), "spans": [{"spans": draw(plain), LAST: 1} for _ in range(size)]}
        for size in sizes
    ]
    indent = draw(st.sampled_from([None, 0, 2]))
    text = json.dumps({"about": draw(plain), "groups": groups}, indent=indent)
    at = draw(st.integers(0, len(text) - 1))
    ends: list[int] = []
    while (last := text.find(f'"{LAST}"', ends[-1] if ends else 0)) >= 0:
        ends.append(text.index("}", last) + 1)
    spans = [span for group in groups for span in group["spans"]]
    return [span for span, end in zip(spans, ends, strict=True) if end <= at], text[:at]


@given(cut())
def test_every_span_before_a_cut_is_whole_and_read(given_cut: tuple[list[Any], str]) -> None:
    """Wherever it is cut, however it is indented, and whatever is in spans and around them."""
    spans, text = given_cut
    found = spans_within(text, WAY)

    groups = [] if found is None else found["groups"]
    assert [span for group in groups for span in group["spans"]] == spans
    assert groups or found is None


def test_what_is_around_the_spans_is_whole_or_left_out() -> None:
    """What stands before them is known, and what was cut behind them is not."""
    text = '{"about": [1], "groups": [{"resource": {"a": 1}, "spans": [{"b": 2}], "schema": "ht'

    found = spans_within(text, WAY)
    assert found == {"about": [1], "groups": [{"resource": {"a": 1}, "spans": [{"b": 2}]}]}
    assert isinstance(found["groups"][0], Half)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"groups": [',
        '{"groups": [{"spans": [',
        '{"groups": [{"spans": [{"b": 2}, ',
        '{"groups": [{"spans": [{"b": 2} {"c": 3}]}]}',
        '{"groups": [{"spans": [{"b": 2}], 7}]}',
        '{"groups": [{"spans": [{"b": 2}] "c"}]}',
        '{"groups": [{"spans": [{"b": 2}], "c" 7}]}',
        '{"groups": [{"spans": [{"b": 2}]} }',
        '{"groups": [{"spans": [{"b": 2}], "c',
        "[" * 100_000,
        '{"groups": ' * 5_000,
    ],
)
def test_a_document_may_break_anywhere(text: str) -> None:
    """At each kind of place: nothing there is an error, and what was whole by then is there."""
    found = spans_within(text, WAY)

    assert found in (None, {"groups": [{"spans": [{"b": 2}]}]})
    assert (found is None) == ('"b": 2' not in text)


def why(found: list[Any]) -> list[Any]:
    """The documents, and `None` for each that cannot be read."""
    return [None if isinstance(one, Unread) else one for one in found]


BROKEN, PART = '{"groups": [{"spans": [{"b": 2}, {"c": ', {"groups": [{"spans": [{"b": 2}]}]}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param(BROKEN, [None, PART], id="alone"),
        pytest.param(f'{BROKEN}"e\n{{"d": 4}}', [None, PART, {"d": 4}], id="the first of lines"),
        pytest.param(
            f'{{"a": 1}}\n{BROKEN[:-7]}\n{{"d": 4}}\n{{"e": 5}}',
            [{"a": 1}, None, PART, {"d": 4}, {"e": 5}],
            id="a line that ends with a comma",
        ),
        pytest.param(
            f"{json.dumps(PART, indent=1)[:-6]}\n{json.dumps(PART, indent=1)}",
            [None, PART, PART],
            id="indented",
        ),
        pytest.param(
            '{\n "x"\n {"groups": [{"spans": [{"b": 2}]}]}\n}\n', None, id="a part of one is none"
        ),
        pytest.param(
            '[\n{"a": 1},\n{"b": 2},\n{"c\n{"groups": 4}', [None, [{"a": 1}, {"b": 2}]], id="flush"
        ),
    ],
)
def test_after_a_broken_document_the_next_is_read_and_never_a_part(
    text: str, found: list[Any] | None
) -> None:
    """Whether there is one a line, or each is indented; where that cannot be told, nothing is."""
    if found is None:
        with pytest.raises(Exception, match="line 3, column 2 is not JSON"):
            documents(text.encode(), "a format", WAY)
    else:
        assert why(documents(text.encode(), "a format", WAY)) == found


@example(1)
@given(st.integers(1, 3))
def test_a_file_that_was_cut_inside_a_letter_is_cut_there(size: int) -> None:
    """A letter of four bytes, of which some are there."""
    whole = '[{"b": 2}, "🦊"]'.encode()
    at = whole.index("🦊".encode()) + size

    assert why(documents(whole[:at], "a format", {})) == [None, [{"b": 2}]]
    assert why(documents(b"{}\n" + "🦊".encode()[:size], "a format", {})) == [{}, None]


def test_many_broken_lines_are_read_a_line_at_a_time() -> None:
    """What is broken is looked at again and again, and that has a bound: found by measuring."""
    lines = "\n".join(['{"a": 1}', *["{"] * 500, *['{"b": 2}', '  {"c": 3}', '"d"']])
    found = documents(lines.encode(), "a format", WAY)

    assert [one for one in why(found) if one] == [{"a": 1}, {"b": 2}]
    assert len(found) == 502
    assert Unread(why="a line of it is not JSON") in found
