"""Counts and lengths of time, as a person reads them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenttrace.model.amounts import beyond, counted, duration, times, verb

S = 1_000_000_000


def test_one_is_no_several() -> None:
    """A word that is not made with an s has its own; many are parted by thousands."""
    assert [counted(count, "span") for count in (0, 1, 2, 1200)] == [
        "0 spans",
        "1 span",
        "2 spans",
        "1,200 spans",
    ]
    assert [counted(count, "try", "tries") for count in (1, 2)] == ["1 try", "2 tries"]
    assert [verb(count) for count in (0, 1, 2)] == ["are", "is", "are"]
    assert [times(count) for count in (0, 1, 2, 1200)] == [
        "never",
        "once",
        "2 times",
        "1,200 times",
    ]


@pytest.mark.parametrize(
    ("ns", "said"),
    [
        (0, "0 ms"),
        (7, "7 ns"),
        (999, "999 ns"),
        (999_600, "1 ms"),
        (2_204_000, "2.2 ms"),
        (1_234_567_890, "1.23 s"),
        (59 * S, "59 s"),
        (125 * S, "2 min 5 s"),
        (3_599_600_000_000, "1 h 0 min"),
        (1_234 * 3_600 * S, "1,234 h 0 min"),
    ],
)
def test_a_length_of_time_has_three_digits_and_a_unit_that_fits(ns: int, said: str) -> None:
    """`1.23e+03 s` was what twenty minutes had come to, and `1e+03 ms` what a second had."""
    assert duration(ns) == said


@given(st.integers(min_value=1, max_value=60 * S - 1))
def test_a_length_of_time_is_told_to_within_half_a_percent(ns: int) -> None:
    """Whatever unit it is told in; and never with an exponent."""
    number, unit = duration(ns).split()

    told = Decimal(number) * {"ns": 1, "µs": 1_000, "ms": 1_000_000, "s": S}[unit]
    assert "e" not in number
    assert abs(told - ns) * 200 <= ns


@given(st.integers(min_value=0, max_value=10**13), st.integers(min_value=1, max_value=10**4))
def test_what_is_over_its_limit_looks_so(limit_ns: int, more_ns: int) -> None:
    """`it took 2 s` says nothing of a limit of 2 s."""
    assert beyond(limit_ns + more_ns, limit_ns) != duration(limit_ns)
    assert beyond(2 * S + 1, 2 * S) == "2.000000001 s"
    assert beyond(1_000_001, 1_000_000) == "1,000,001 ns"
    assert beyond(3 * S, 2 * S) == "3 s"
