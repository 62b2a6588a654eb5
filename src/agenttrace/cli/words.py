"""Words: values, times, tokens and money as a person reads them, harmless on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenttrace.check.sides import cut, safe, shown
from agenttrace.model import amounts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from agenttrace.analysis.costs import Cost
    from agenttrace.model.usage import Tokens
    from agenttrace.model.values import Value

WIDE = 100
"""How many characters of a value `show` prints."""

MOST_PAIRS = 200
"""How many attributes of one thing `show` prints."""


def tokens(used: Tokens) -> str:
    """`in 812 (600 from the cache), out 64 (12 reasoning)`."""
    into = [
        f"{count} {where}"
        for count, where in (
            (used.cache_read, "from the cache"),
            (used.cache_write, "into the cache"),
        )
        if count
    ]
    said = f"in {used.input}" + (f" ({', '.join(into)})" if into else "")
    return f"{said}, out {used.output}" + (
        f" ({used.reasoning} reasoning)" if used.reasoning else ""
    )


def total(cost: Cost) -> str:
    """`876 tokens`; with a + where not all calls say, and why; what no call says is no 0."""
    known = cost.known_tokens.total
    if cost.tokens is not None:
        return amounts.counted(known, "token")
    why = line(cost.unknown["tokens"])
    return f"{known:,}+ tokens ({why})" if known else f"tokens {why}"


def used(cost: Cost) -> str:
    """`876 tokens: in 812, out 64`."""
    is_known = cost.tokens is not None or cost.known_tokens.total
    return f"{total(cost)}: {tokens(cost.known_tokens)}" if is_known else total(cost)


def money(usd: Decimal | None) -> str:
    """`$0.0021`; a price that nobody knows is not 0."""
    return "not known" if usd is None else f"${usd.normalize():f}"


def line(value: Value, width: int = WIDE) -> str:
    """A value on one line."""
    return cut(safe(value.replace("\n", "\\n")) if isinstance(value, str) else shown(value), width)


def pairs(values: Mapping[str, Value]) -> str:
    """`chosen="act", reason="..."`, in the order of the names; of very many, the first."""
    said = [
        f"{cut(safe(name), WIDE)}="
        f"{line(value) if not isinstance(value, str) else cut(shown(value), WIDE)}"
        for name, value in sorted(values.items())[:MOST_PAIRS]
    ]
    left = len(values) - MOST_PAIRS
    return ", ".join([*said, f"and {left} more"] if left > 0 else said)
