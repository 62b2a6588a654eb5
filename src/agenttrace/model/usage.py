"""What a span used: tokens by model, money, and time by what it was spent on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

TIME_CATEGORIES = ("reasoning", "tool", "waiting", "idle")
"""What an agent's time is spent on: its models, its tools, other agents, nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Tokens of one model.

    Attributes:
        input: Read, cached ones included.
        output: Written, reasoning included.
        cache_read: The part of `input` that came from the provider's cache.
        cache_write: The part of `input` that was written to it.
        reasoning: The part of `output` that was reasoning.
    """

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    reasoning: int = 0

    @property
    def total(self) -> int:
        """Input and output together."""
        return self.input + self.output

    def __add__(self, other: Tokens) -> Tokens:
        return Tokens(
            input=self.input + other.input,
            output=self.output + other.output,
            cache_read=self.cache_read + other.cache_read,
            cache_write=self.cache_write + other.cache_write,
            reasoning=self.reasoning + other.reasoning,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What was used.

    Attributes:
        models: Tokens by the name of the model that answered.
        cost_usd: Money for the models; None: the price is not known, which is not the same as 0.
        tool_cost_usd: Money for tools, as their authors say; None: nobody said.
        time_ns: Nanoseconds by category, of `TIME_CATEGORIES`.
    """

    models: Mapping[str, Tokens] = field(default_factory=dict)
    cost_usd: Decimal | None = None
    tool_cost_usd: Decimal | None = None
    time_ns: Mapping[str, int] = field(default_factory=dict)

    @property
    def tokens(self) -> Tokens:
        """The tokens of all models together."""
        each = tuple(self.models.values())
        return each[0] if len(each) == 1 else sum(each, Tokens())

    @property
    def _is_unpriced(self) -> bool:
        """Whether models were used and nobody knows what they cost: then no sum is known either."""
        return bool(self.models) and self.cost_usd is None

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            models={
                name: self.models.get(name, Tokens()) + other.models.get(name, Tokens())
                for name in sorted({*self.models, *other.models})
            },
            cost_usd=None
            if self._is_unpriced or other._is_unpriced
            else _both(self.cost_usd, other.cost_usd),
            tool_cost_usd=_both(self.tool_cost_usd, other.tool_cost_usd),
            time_ns={
                name: self.time_ns.get(name, 0) + other.time_ns.get(name, 0)
                for name in sorted({*self.time_ns, *other.time_ns})
            },
        )


def total(usages: Iterable[Usage]) -> Usage:
    """Add usages up; nothing is used where there are none."""
    return sum(usages, Usage())


def _both(left: Decimal | None, right: Decimal | None) -> Decimal | None:
    if left is None:
        return right
    return left if right is None else left + right
