"""Usage: what is added up, and what cannot be."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from agenttrace.model.usage import Tokens, Usage, total
from tests.fakes.strategies import usages

CENT = Decimal("0.01")


def test_usages_add_up_by_model_and_category() -> None:
    """Two calls of one model are one line of the bill."""
    one = Usage(models={"m": Tokens(input=1, output=2)}, cost_usd=CENT, time_ns={"tool": 1})
    two = Usage(models={"m": Tokens(input=3), "n": Tokens(output=4)}, cost_usd=CENT)

    assert one + two == Usage(
        models={"m": Tokens(input=4, output=2), "n": Tokens(output=4)},
        cost_usd=2 * CENT,
        time_ns={"tool": 1},
    )
    assert (one + two).tokens.total == 10


def test_a_price_that_is_not_known_makes_the_sum_unknown() -> None:
    """A budget over an unknown price is an error, so the sum must not look like a price."""
    priced = Usage(models={"m": Tokens(input=1)}, cost_usd=CENT)
    unpriced = Usage(models={"n": Tokens(input=1)})

    assert (priced + unpriced).cost_usd is None
    assert (unpriced + priced + priced).cost_usd is None


def test_what_used_no_model_costs_nothing_known() -> None:
    """A tool's usage leaves the price of the models as it is; nothing at all is no price."""
    priced = Usage(models={"m": Tokens(input=1)}, cost_usd=Decimal(0))

    assert (priced + Usage(tool_cost_usd=CENT)) == Usage(
        models={"m": Tokens(input=1)}, cost_usd=Decimal(0), tool_cost_usd=CENT
    )
    assert total([]) == Usage()


@given(st.lists(usages, max_size=4))
def test_the_order_of_adding_does_not_matter(parts: list[Usage]) -> None:
    """The bill of a run does not depend on who finished first."""
    assert total(parts) == total(reversed(parts))
