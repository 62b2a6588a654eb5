"""Sequences: what corresponds in two rows, held against every other way to pair them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenttrace.check import sequences
from agenttrace.check.sequences import Pairs, assigned, common, in_order, rising

rows = st.lists(st.integers(0, 3), max_size=8)
costs = st.integers(0, 4).flatmap(
    lambda width: st.lists(
        st.lists(st.integers(0, 12), min_size=width, max_size=width), max_size=4
    ).map(lambda table: (table, width))
)


def longest(left: list[int], right: list[int]) -> int:
    """The length of a longest common subsequence, by trying them all, longest first."""
    for size in range(len(left), 0, -1):
        for chosen in combinations(left, size):
            rest = iter(right)
            if all(item in rest for item in chosen):
                return size
    return 0


def price(pairs: Pairs, table: list[list[int]], width: int) -> int:
    """What a pairing costs, 5 for each that stays alone."""
    return sum(table[i][j] for i, j in pairs) + 5 * (len(table) + width - 2 * len(pairs))


def pairings(height: int, width: int, *, ordered: bool) -> Iterator[Pairs]:
    """Every way to pair two rows."""
    for size in range(min(height, width) + 1):
        for left in combinations(range(height), size):
            ways = combinations if ordered else permutations
            for right in ways(range(width), size):
                yield list(zip(left, right, strict=True))


@given(rows, rows)
def test_a_common_subsequence_is_a_longest_one(left: list[int], right: list[int]) -> None:
    """Two calls that both runs made in one order are never told as gone and come."""
    pairs = common(left, right)

    assert all(left[i] == right[j] for i, j in pairs)
    assert all(a[0] < b[0] and a[1] < b[1] for a, b in pairwise(pairs))
    assert len(pairs) == longest(left, right)


@given(costs)
def test_an_assignment_is_a_cheapest_one(drawn: tuple[list[list[int]], int]) -> None:
    """A greedy matcher fails runs for which a perfect matching exists."""
    table, width = drawn
    pairs = assigned(range(len(table)), range(width), lambda i, j: table[i][j], 5)
    best = min(price(it, table, width) for it in pairings(len(table), width, ordered=False))

    assert price(pairs, table, width) == best


@given(costs)
def test_a_pairing_in_order_is_a_cheapest_one(drawn: tuple[list[list[int]], int]) -> None:
    """What was done one after the other is paired so, at the least cost."""
    table, width = drawn
    pairs = in_order(range(len(table)), range(width), lambda i, j: table[i][j], 5)
    best = min(price(it, table, width) for it in pairings(len(table), width, ordered=True))

    assert price(pairs, table, width) == best
    assert all(a[0] < b[0] and a[1] < b[1] for a, b in pairwise(pairs))


def test_rows_with_too_many_edits_are_anchored_by_what_comes_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A hostile pair of traces costs no quadratic time; what is unique still holds it together."""
    monkeypatch.setattr(sequences, "MOST_EDITS", 3)
    left, right = [0, 7, 0, 8, 0, 9], [1, 7, 1, 9, 1, 8, 1]

    assert common(left, right) in ([(1, 1), (3, 5)], [(1, 1), (5, 3)])
    assert [[3, 1, 2, 2, 5][at] for at in rising([3, 1, 2, 2, 5])] == [1, 2, 5]


def test_ten_thousand_equal_siblings_are_no_trap() -> None:
    """Identical calls in a row, one in a hundred changed: the work grows with the changes."""
    left = [0] * 10_000
    right = [number if number % 100 == 99 else 0 for number in range(10_000)]

    assert len(common(left, right)) == 9_900
