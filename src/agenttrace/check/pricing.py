"""Pricing: what a model call costs, by a price list that is pinned to the run's start.

The list is genai-prices', an extra, read from the installed package and never from the network. It
keeps the prices of other days, so a golden costs next year what it cost when it was recorded.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from agenttrace.errors import PriceUnknown
from agenttrace.model.names import PROVIDER

if TYPE_CHECKING:
    from agenttrace.model.span import Span
    from agenttrace.model.usage import Tokens

_MILLION = Decimal(1_000_000)


class Prices:
    """What models cost at one instant.

    Attributes:
        at: The instant, ISO 8601; empty: today's prices.
    """

    def __init__(
        self, *, at: str = "", own: Mapping[str, tuple[Decimal, Decimal]] | None = None
    ) -> None:
        """Take an instant, and prices of the user's own.

        Args:
            at: When the run began, ISO 8601.
            own: By model (wildcards), USD for a million tokens read, and for a million written.
        """
        self.at = at
        self._own = own or {}
        self._known: dict[tuple[str, str, Tokens], Decimal | None] = {}

    def cost(self, span: Span) -> Decimal | None:
        """What a model call cost, in USD; None: a price is not known.

        What the span itself says of its cost counts first.

        Raises:
            PriceUnknown: The price list is not installed.
        """
        usage = span.usage
        if usage is None or usage.cost_usd is not None:
            return None if usage is None else usage.cost_usd
        vendor = span.attributes.get(PROVIDER)
        total = Decimal()
        for model, tokens in usage.models.items():
            one = self._priced(model, str(vendor or ""), tokens)
            if one is None:
                return None
            total += one
        return total

    def _priced(self, model: str, vendor: str, tokens: Tokens) -> Decimal | None:
        for pattern, (read, written) in self._own.items():
            if fnmatchcase(model, pattern):
                return (read * tokens.input + written * tokens.output) / _MILLION
        if not tokens.total:
            return Decimal()
        key = (model, vendor, tokens)
        if key not in self._known:
            self._known[key] = _listed(model, vendor, tokens, self.at)
        return self._known[key]


def _listed(model: str, vendor: str, tokens: Tokens, at: str) -> Decimal | None:
    prices = _price_list()
    used = prices.Usage(
        input_tokens=tokens.input,
        output_tokens=tokens.output,
        cache_read_tokens=tokens.cache_read or None,
        cache_write_tokens=tokens.cache_write or None,
    )
    for provider in (vendor, None) if vendor else (None,):
        try:
            found = prices.calc_price(
                used, model, provider_id=provider, genai_request_timestamp=_instant(at)
            )
        except (LookupError, ValueError):
            continue
        total: Decimal = found.total_price
        return total
    return None


def _price_list() -> Any:  # noqa: ANN401 - an extra, loaded at first use
    try:
        import genai_prices
    except ImportError:
        raise PriceUnknown(
            "the price list is not installed",
            detail="  pip install 'pytest-agenttrace[prices]'\n"
            '  Or name the prices: Budget(usd=0.05, prices={"gpt-4o": (2.5, 10)})',
        ) from None
    return genai_prices


def _instant(at: str) -> dt.datetime | None:
    try:
        found = dt.datetime.fromisoformat(at)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=dt.UTC)
