"""Money: decimals as text, in the one form that equal amounts share."""

from __future__ import annotations

import re
from decimal import Decimal

from agenttrace.errors import NotCanonical

_MONEY = re.compile(r"0|-?[0-9]{1,40}(E-?[0-9]{1,3})?")


def money_as_text(amount: Decimal | None) -> str | None:
    """Write an amount: `21E-4` for 0.0021 and for 0.00210.

    Raises:
        NotCanonical: It is not a number, or has more than 40 digits.
    """
    if amount is None:
        return None
    sign, digits, exponent = amount.as_tuple()
    if not isinstance(exponent, int):
        raise NotCanonical(f"{amount} is no amount of money")
    figures = "".join(map(str, digits)).lstrip("0")
    short = figures.rstrip("0")
    exponent += len(figures) - len(short)
    text = f"{'-' if sign else ''}{short}E{exponent}" if short else "0"
    if not _MONEY.fullmatch(text):
        raise NotCanonical(f"{amount} has too many digits for an amount of money")
    return text


def money_from_text(text: object) -> Decimal | None:
    """Read an amount.

    Raises:
        ValueError: It is none, or too long to be reckoned with.
    """
    if text is None:
        return None
    if type(text) is not str or not _MONEY.fullmatch(text):
        raise ValueError(f"{str(text)[:80]!r} is no amount of money")
    return Decimal(text)
