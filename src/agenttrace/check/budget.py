"""Budget: how much a run, an agent or a part of a run may use, as values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, TypeAlias

from agenttrace.check.given import refused, table
from agenttrace.check.nearest import nearest_line
from agenttrace.errors import UsageError

if TYPE_CHECKING:
    from typing import Self

Said: TypeAlias = "int | float | Decimal | str"
"""A limit as a person says it: 0.05, 8000, "2s", "300ms", "30%" or, from the golden, "+5%"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """The most that may be used; 0 is a limit.

    Attributes:
        at_most: The most, or, of a relative limit, by how many percent it may differ from the
            golden's.
        relative: Whether it is meant from the golden's value.
    """

    at_most: Decimal
    relative: bool = False

    @classmethod
    def of(cls, what: str, said: Said) -> Self:
        """Read a limit.

        Raises:
            UsageError: It is no number, below zero, or has a unit that this does not have.
        """
        text = str(said).strip().replace("_", "")
        try:
            if isinstance(said, bool):
                raise InvalidOperation  # noqa: TRY301 - `True` is no limit, though Python counts it
            if text.startswith(("+", "-")) and text.endswith("%"):
                return cls(at_most=Decimal(text[:-1]), relative=True)
            number = _number(what, text)
        except InvalidOperation:
            raise _no_limit(what, said) from None
        if not number.is_finite() or number < 0:
            raise _no_limit(what, said)
        return cls(at_most=number)


_PRICES = '{"gpt-4o": (2.5, 10)}'

NAMED = ("tokens", "llm_calls", "tool_calls", "tool_usd")
"""Limits that may also be said by name: of a model or a tool, with wildcards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How much may be used; what is not said is not limited.

    Each limit is a number, or a change from the golden's value: `"+5%"`. Those of `NAMED` may be a
    dict by model or tool: `tokens={"gpt-*": 8000}`.

    Attributes:
        usd: Money, in USD: models and what tools say that they cost.
        tokens: Tokens read and written, cached ones included.
        llm_calls: How many model calls.
        tool_calls: How many tool calls.
        tool_usd: Money for tools alone.
        steps: How many calls of any kind.
        depth: How deep spans may stand inside each other, the run's own not counted.
        latency: From the first span's begin to the last one's end: seconds, or `"300ms"`.
        coordination: The share of tokens that `message` and `orchestration` spans, and what stands
            inside them, may have: 0.3 or `"30%"`.
        per_agent: By agent, its own budget.
        prices: By model, USD for a million tokens read and written, before the price list.
    """

    usd: Said | None = None
    tokens: Said | Mapping[str, Said] | None = None
    llm_calls: Said | Mapping[str, Said] | None = None
    tool_calls: Said | Mapping[str, Said] | None = None
    tool_usd: Said | Mapping[str, Said] | None = None
    steps: Said | None = None
    depth: Said | None = None
    latency: Said | None = None
    coordination: Said | None = None
    per_agent: Mapping[str, Budget | Mapping[str, Any]] = field(default_factory=dict)
    prices: Mapping[str, tuple[Said, Said]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what is no limit when it is said, not when a run is over.

        Raises:
            UsageError: A limit is none.
        """
        self.limits()
        table("per_agent=", self.per_agent, example='{"planner": {"usd": 0.01}}')
        table("prices=", self.prices, example=_PRICES)
        for agent, inner in self.per_agent.items():
            of = Budget.of(inner)
            if of.per_agent:
                raise UsageError(f"per_agent={{{agent!r}: …}}: an agent's budget has no agents")
        self.own_prices()

    @classmethod
    def of(cls, said: Budget | Mapping[str, Any]) -> Budget:
        """Read a budget from a plain dict.

        Raises:
            UsageError: It has a limit that there is not; the nearest are named.
        """
        if isinstance(said, Budget):
            return said
        if not isinstance(said, Mapping):
            raise _no_budget(said)
        known = [one.name for one in fields(cls)]
        for name in said:
            if name not in known:
                lines = [*nearest_line(name, known), f"  there are {', '.join(known)}"]
                raise UsageError(f"a budget has no {name!r}", detail="\n".join(lines))
        return cls(**said)

    @classmethod
    def of_lines(cls, lines: Iterable[str]) -> Budget | None:
        """Read a budget from an ini file's lines: `usd = 0.05`, `tokens.gpt-* = 8000`.

        An agent's: `per_agent.planner.usd = 0.01`. None: there are no lines.

        Raises:
            UsageError: A line is none.
        """
        found: dict[str, Any] = {}
        for line in lines:
            key, equals, value = (part.strip() for part in line.partition("="))
            if not equals:
                raise UsageError(f"agenttrace_budget: {line!r} is no line; usd = 0.05 is one")
            name, dot, rest = key.partition(".")
            if name == "per_agent":
                agent, _, limit = rest.rpartition(".")
                found.setdefault(name, {}).setdefault(agent, {})[limit] = value
            elif dot:
                found.setdefault(name, {})[rest] = value
            else:
                found[name] = value
        return cls.of(found) if found else None

    def over(self, other: Budget | None) -> Budget:
        """This budget, and what another one says where this one says nothing.

        Raises:
            UsageError: The other one is no budget.
        """
        if other is None:
            return self
        if not isinstance(other, Budget):
            raise _no_budget(other)
        said = {name: getattr(other, name) for name in other._said()}  # noqa: SLF001 - another of us
        return Budget(
            **said | {name: getattr(self, name) for name in self._said()},
            per_agent={**other.per_agent, **self.per_agent},
            prices={**other.prices, **self.prices},
        )

    def limits(self) -> dict[tuple[str, str], Limit]:
        """Every limit, by what is limited and, where it has one, the name of a model or tool."""
        found = {}
        for what in self._said():
            said = getattr(self, what)
            for name, one in said.items() if isinstance(said, Mapping) else [("", said)]:
                if name and what not in NAMED:
                    raise _no_limit(what, said)
                found[what, name] = Limit.of(what, one)
        return found

    def own_prices(self) -> dict[str, tuple[Decimal, Decimal]]:
        """The user's own prices."""
        return {
            model: (Limit.of("prices", read).at_most, Limit.of("prices", written).at_most)
            for model, (read, written) in _pairs(self.prices)
        }

    def _said(self) -> list[str]:
        plain = [one.name for one in fields(self) if one.name not in ("per_agent", "prices")]
        return [name for name in plain if getattr(self, name) is not None]


def _pairs(prices: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Said, Said]]]:
    for model, pair in prices.items():
        match pair:
            case [read, written]:
                yield model, (read, written)
            case _:
                raise refused("prices=", prices, f"by model a pair, such as {_PRICES}")


def _number(what: str, text: str) -> Decimal:
    if what == "latency":
        for unit, factor in (("ms", Decimal("0.001")), ("s", Decimal(1))):
            if text.endswith(unit):
                return Decimal(text.removesuffix(unit).strip()) * factor
    if what == "coordination" and text.endswith("%"):
        return Decimal(text[:-1]) / 100
    return Decimal(text)


def _no_budget(said: object) -> UsageError:
    return refused("budget", said, "a Budget, or limits by name: usd=0.05")


def _no_limit(what: str, said: object) -> UsageError:
    examples = {"latency": '2, "300ms"', "coordination": '0.3, "30%"', "usd": "0.05"}
    more = ' or {"gpt-*": 8000}' if what in NAMED else ""
    return UsageError(
        f"{what}={said!r} is no limit",
        detail=f"  It is a number from 0, such as {examples.get(what, '10')}{more};\n"
        '  or a change from the golden, such as "+5%".',
    )
