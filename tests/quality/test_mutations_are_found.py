"""One change to a trace is found as what it is, where it is; and no change is found where none is.

The campaign of the comparison: `AGENTTRACE_MUTATED=200` tries every sort of change on each of 200
traces, and `AGENTTRACE_EQUIVALENTS=10000` so many recordings of other days.
"""

from __future__ import annotations

import os
import random
from collections import Counter

import pytest

from agenttrace.check.diff import diff
from agenttrace.explore.equivalents import equivalent
from agenttrace.explore.mutations import MUTATIONS, mutated
from tests.fakes.made_traces import a_trace

TRACES = int(os.environ.get("AGENTTRACE_MUTATED", "25"))
"""On how many traces each sort of change is tried."""
EQUIVALENTS = int(os.environ.get("AGENTTRACE_EQUIVALENTS", "100"))
"""How many equal runs are compared."""
OF_A_CLASS = 2
"""How often a trace is changed in each way."""


@pytest.mark.parametrize("name", sorted(MUTATIONS))
def test_every_single_change_is_found_with_its_class_and_place(name: str) -> None:
    """It is the one cause, whatever else follows from it; no option is needed to see it."""
    missed: list[object] = []
    tried = 0
    for seed in range(TRACES):
        chance = random.Random(seed)
        trace = a_trace(chance)
        for _ in range(OF_A_CLASS):
            mutation = mutated(trace, name, chance.randrange)
            if mutation is None:
                continue
            tried += 1
            causes = [it for it in diff(trace, mutation.trace) if not it.cause]
            if [it.kind for it in causes] != [mutation.kind] or (
                causes[0].place not in mutation.places
            ):
                missed.append((seed, [(it.kind, it.place) for it in causes], mutation.places))

    assert missed == []
    assert tried >= min(100, TRACES // 2)


def test_equal_runs_have_no_difference() -> None:
    """Other ids, times, steps, sites, orders of spawning: nothing that a reviewer should see."""
    found: Counter[str] = Counter()
    for seed in range(EQUIVALENTS):
        chance = random.Random(seed)
        trace = a_trace(chance)
        other = equivalent(trace, chance.randrange)
        found.update(it.kind for it in diff(trace, other))

    assert found == Counter()
