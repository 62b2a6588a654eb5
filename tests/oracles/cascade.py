"""Cascades by brute force: every pair of failures is asked, every set of steps is cut."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import combinations, pairwise

from agenttrace.model.trace import Trace
from tests.oracles.happens_before import edges_of, reached_from


def before(trace: Trace, failed: Collection[str]) -> dict[str, set[str]]:
    """For each failed span, the failed ones whose end can have been known at its own end."""
    edges = edges_of(trace)
    steps = [node[2] for node in edges if node[0] == "step"]
    for lane in trace.lanes:
        for join in lane.joins:
            for span in trace.spans:
                inside = lane.parent == span.lane == join.by and span.seq < lane.spawn_seq
                if inside and max(span.seq, span.end_seq) == join.seq:
                    last = ("step", lane.path, max(steps))
                    edges.setdefault(last, set()).add(("end", span.id, 0))
    found: dict[str, set[str]] = {one: set() for one in failed}
    for one in failed:
        reached = reached_from(edges, ("end", one, 0))
        for other in failed:
            if other != one and ("end", other, 0) in reached:
                found[other].add(one)
    return found


def rows(earlier: Mapping[str, set[str]], places: Mapping[str, int]) -> dict[str, list[str]]:
    """For each failure the longest row of failures that leads to it, its origin first."""

    def row(one: str) -> list[str]:
        ahead = [row(each) for each in earlier[one]]
        longest = max(map(len, ahead), default=0)
        last = [it for it in ahead if len(it) == longest]
        return [*min(last, key=lambda it: places[it[-1]], default=[]), one]

    return {one: row(one) for one in earlier}


def smallest_cut(rows_to: Collection[list[str]]) -> int:
    """How many steps must be left out, at least, for no row to be whole."""
    steps = sorted({pair for row in rows_to for pair in _steps(row)})
    for size in range(len(steps) + 1):
        for gone in combinations(steps, size):
            if all(set(gone) & set(_steps(row)) for row in rows_to):
                return size
    message = "a row of one has no step"
    raise ValueError(message)


def _steps(row: list[str]) -> Iterator[tuple[str, str]]:
    yield from pairwise(row)
