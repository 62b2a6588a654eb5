"""Sequences: which of two rows of things correspond, in order or out of order.

`common` finds a longest common subsequence by extending furthest-reaching paths (Algorithmica 1,
1986, pages 251 to 266); `assigned` a cheapest assignment by shortest augmenting paths ("The
Hungarian method for the assignment problem", 1955).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

MOST_EDITS = 1_000
"""Beyond so many insertions and deletions, only things that come once on each side are anchors."""

Pairs = list[tuple[int, int]]
"""Which index on the left goes with which on the right, both rising."""

T = TypeVar("T")


def common(left: Sequence[Hashable], right: Sequence[Hashable]) -> Pairs:
    """Give a longest common subsequence, as pairs of indices.

    It is a longest one while no more than `MOST_EDITS` things are on one side only; beyond that a
    common subsequence of all that comes once on each side.
    """
    start = 0
    while start < min(len(left), len(right)) and left[start] == right[start]:
        start += 1
    ends = (len(left), len(right))
    while ends[0] > start and ends[1] > start and left[ends[0] - 1] == right[ends[1] - 1]:
        ends = (ends[0] - 1, ends[1] - 1)
    inside = _shortest_edit(left[start : ends[0]], right[start : ends[1]])
    head: Pairs = [(at, at) for at in range(start)]
    body = [(one + start, other + start) for one, other in inside]
    tail = list(zip(range(ends[0], len(left)), range(ends[1], len(right)), strict=True))
    return head + body + tail


def _shortest_edit(left: Sequence[Hashable], right: Sequence[Hashable]) -> Pairs:
    if not left or not right or not set(left) & set(right):
        return []
    reached: dict[int, int] = {1: 0}
    history: list[dict[int, int]] = []
    for edits in range(min(len(left) + len(right), MOST_EDITS) + 1):
        history.append(dict(reached))
        for diagonal in range(-edits, edits + 1, 2):
            down = diagonal == -edits or (
                diagonal != edits and reached[diagonal - 1] < reached[diagonal + 1]
            )
            at = reached[diagonal + 1] if down else reached[diagonal - 1] + 1
            while (
                at < len(left) and at - diagonal < len(right) and left[at] == right[at - diagonal]
            ):
                at += 1
            reached[diagonal] = at
            if at >= len(left) and at - diagonal >= len(right):
                return _traced(history, len(left), len(right))
    return _anchored(left, right)


def _traced(history: list[dict[int, int]], at: int, other: int) -> Pairs:
    """Follow the furthest-reaching paths back; every diagonal step is a pair."""
    pairs: Pairs = []
    for edits in range(len(history) - 1, -1, -1):
        reached, diagonal = history[edits], at - other
        down = diagonal == -edits or (
            diagonal != edits and reached[diagonal - 1] < reached[diagonal + 1]
        )
        before = diagonal + 1 if down else diagonal - 1
        start = reached[before] if edits else 0
        while at > (start if down else start + 1) and other > 0 and at > 0:
            at, other = at - 1, other - 1
            pairs.append((at, other))
        at, other = start, start - before
    return pairs[::-1]


def _anchored(left: Sequence[Hashable], right: Sequence[Hashable]) -> Pairs:
    """The longest rising row of things that come once on each side (patience)."""
    once = {item for item, count in Counter(left).items() if count == 1}
    once &= {item for item, count in Counter(right).items() if count == 1}
    at = {item: index for index, item in enumerate(right) if item in once}
    pairs = [(index, at[item]) for index, item in enumerate(left) if item in once]
    return [pairs[index] for index in rising([other for _, other in pairs])]


def rising(numbers: Sequence[int]) -> list[int]:
    """Give the indices of a longest strictly rising subsequence."""
    ends: list[int] = []
    tails: list[int] = []
    before: list[int] = []
    for index, number in enumerate(numbers):
        place = bisect_left(ends, number)
        before.append(tails[place - 1] if place else -1)
        if place == len(ends):
            ends.append(number)
            tails.append(index)
        else:
            ends[place], tails[place] = number, index
    found: list[int] = []
    at = tails[-1] if tails else -1
    while at >= 0:
        found.append(at)
        at = before[at]
    return found[::-1]


def in_order(
    left: Sequence[T], right: Sequence[T], cost: Callable[[T, T], float], alone: float
) -> Pairs:
    """Pair two short rows in order at the least cost; what stays alone costs `alone` each."""
    best = [[alone * other for other in range(len(right) + 1)]]
    costs = [[cost(one, other) for other in right] for one in left]
    for row, line in enumerate(costs):
        current = [best[row][0] + alone]
        for column, price in enumerate(line):
            skip = min(best[row][column + 1], current[column]) + alone
            current.append(min(best[row][column] + price, skip))
        best.append(current)
    pairs: Pairs = []
    row, column = len(left), len(right)
    while row and column:
        if best[row][column] == best[row - 1][column - 1] + costs[row - 1][column - 1]:
            row, column = row - 1, column - 1
            pairs.append((row, column))
        elif best[row][column] == best[row - 1][column] + alone:
            row -= 1
        else:
            column -= 1
    return pairs[::-1]


def assigned(
    left: Sequence[T], right: Sequence[T], cost: Callable[[T, T], float], alone: float
) -> Pairs:
    """Pair two sets at the least cost, not greedily; what stays alone costs `alone` each.

    It takes as many steps as the left side's square times both sides' sum.
    """
    columns = len(right) + len(left)
    costs = [[cost(one, other) for other in right] + [2 * alone] * len(left) for one in left]
    row_price = [0.0] * (len(left) + 1)
    column_price = [0.0] * (columns + 1)
    owner = [0] * (columns + 1)
    for row in range(1, len(left) + 1):
        owner[0] = row
        column = 0
        least = [math.inf] * (columns + 1)
        way = [0] * (columns + 1)
        used = [False] * (columns + 1)
        while owner[column]:
            used[column] = True
            current, step, following = owner[column], math.inf, 0
            for other in range(1, columns + 1):
                if used[other]:
                    continue
                price = costs[current - 1][other - 1] - row_price[current] - column_price[other]
                if price < least[other]:
                    least[other], way[other] = price, column
                if least[other] < step:
                    step, following = least[other], other
            for other in range(columns + 1):
                if used[other]:
                    row_price[owner[other]] += step
                    column_price[other] -= step
                else:
                    least[other] -= step
            column = following
        while column:
            owner[column] = owner[way[column]]
            column = way[column]
    found = [(owner[other] - 1, other - 1) for other in range(1, len(right) + 1) if owner[other]]
    return sorted(pair for pair in found if costs[pair[0]][pair[1]] < 2 * alone)
