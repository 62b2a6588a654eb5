"""Ways in which people lose causes are found by the shipped strategies; mended programs pass.

In a campaign, each bug is looked for from several seeds, and each mended twin passes 2,000
examples.
"""

from __future__ import annotations

import pytest
from hypothesis import Phase, seed, settings

from agenttrace.errors import PropagationBroken
from agenttrace.invariants import Wire, holds
from tests.fakes.campaign import times
from tests.fakes.propagating import PLANTED, Planted

WITHIN = 200
"""In how many examples a bug must be found."""
PASSES = times(20, 2_000)
"""How many examples a mended program passes."""
SEEDS = range(times(1, 20))

planted = pytest.mark.parametrize("bug", PLANTED, ids=lambda bug: bug.name)


def examples_until_found(bug: Planted, number: int) -> tuple[int, PropagationBroken | None]:
    """Look for a bug; give how many examples it took, and what was said of it."""
    tried = 0

    def program(wire: Wire) -> object:
        nonlocal tried
        tried += 1
        return bug.buggy(wire)

    test = seed(number)(
        settings(max_examples=WITHIN, database=None, phases=[Phase.generate])(holds(program))
    )
    try:
        test()
    except PropagationBroken as error:
        return tried, error
    return tried, None


@planted
def test_a_planted_bug_is_found(bug: Planted) -> None:
    """Within 200 examples, from any seed, and by a law that is about it."""
    for number in SEEDS:
        tried, error = examples_until_found(bug, number)

        assert error is not None
        assert tried <= WITHIN + 2, "Hypothesis tries what it found once or twice again"
        assert bug.laws & set(error.facts["laws"])  # type: ignore[call-overload]


@planted
def test_its_mended_twin_passes(bug: Planted) -> None:
    """Whatever comes: broken carriers, several tenants at once, tries that nobody answers."""
    settings(max_examples=PASSES, database=None)(holds(bug.fixed))()
