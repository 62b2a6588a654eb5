"""Amounts of money as text."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenttrace.errors import NotCanonical
from agenttrace.formats.money import money_as_text, money_from_text


@given(amount=st.decimals(min_value=-(10**9), max_value=10**9, allow_nan=False, places=9))
def test_an_amount_is_read_back_equal(amount: Decimal) -> None:
    """To the last digit: a price per token is small."""
    assert money_from_text(money_as_text(amount)) == amount


@pytest.mark.parametrize(
    ("texts", "written"),
    [
        pytest.param(("0.0021", "0.00210"), "21E-4", id="small"),
        pytest.param(("0", "-0.00", "0E+5"), "0", id="nothing"),
        pytest.param(("1200", "1.2E+3"), "12E2", id="large"),
    ],
)
def test_equal_amounts_have_one_form(texts: tuple[str, ...], written: str) -> None:
    """Else equal runs would have unequal goldens."""
    assert {money_as_text(Decimal(text)) for text in texts} == {written}


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1E-5000", "1" * 50])
def test_what_is_no_amount_is_refused_both_ways(text: str) -> None:
    """A forged price must not become a number of a billion digits."""
    with pytest.raises(NotCanonical):
        money_as_text(Decimal(text))
    with pytest.raises(ValueError, match="is no amount of money"):
        money_from_text(text)
