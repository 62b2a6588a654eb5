"""Budgeting: a run held against its budget, and the spans that spent too much."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from agenttrace.check.budget import Limit
from agenttrace.check.fitting import Fitting, line_of
from agenttrace.check.pricing import Prices
from agenttrace.check.selector import Selector
from agenttrace.check.sides import safe
from agenttrace.check.spending import Spending, Spent
from agenttrace.check.telling_selections import refuse_none
from agenttrace.errors import BudgetBroken, NothingSelected, NothingToCompare

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenttrace.check.budget import Budget
    from agenttrace.check.view import View
    from agenttrace.model.span import Span

SHOWN = 5
"""How many of the spans that spent a sum are shown."""

_PERCENT = Decimal(100)
_COUNTS = frozenset({"llm_calls", "tool_calls", "steps", "depth"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One limit and what was used.

    Attributes:
        what: What is limited, as a person says it: `tokens gpt-*`.
        limit: The limit that was said.
        at_most: The most that may be used, worked out.
        spent: What was used.
        golden: What the golden used, where the limit is relative to it.
    """

    what: str
    limit: Limit
    at_most: Decimal
    spent: Spent
    golden: Decimal | None = None

    @property
    def is_broken(self) -> bool:
        """Whether more was used."""
        return self.spent.amount > self.at_most


def hold(view: View, selector: Selector, budget: Budget) -> tuple[Held, ...]:
    """Assert that what a selector means, and all inside it, stays within a budget.

    Returns:
        Every limit with what was used.

    Raises:
        BudgetBroken: More was used; the message lists the spans that spent it.
        NothingSelected: The selector, or a name in the budget, means nothing.
        UsageUnknown: A model call does not say what it used.
        PriceUnknown: Nobody knows what a model costs.
        NothingToCompare: A limit is relative to the golden, and there is none.
    """
    held = tuple(_held(view, selector, budget))
    broken = [one for one in held if one.is_broken]
    if broken:
        raise _broken(view, held, broken)
    return held


def _held(view: View, selector: Selector, budget: Budget) -> Iterator[Held]:
    yield from _each(view, selector, budget, budget, "")
    for agent, said in budget.per_agent.items():
        inner = budget.of(said)
        yield from _each(view, selector.and_also(agent=agent), inner, budget, f"{safe(agent)}: ")


def _each(
    view: View, selector: Selector, budget: Budget, prices: Budget, whose: str
) -> Iterator[Held]:
    limits = budget.limits()
    if not limits:
        return
    golden = view.golden
    own = prices.own_prices() | budget.own_prices()
    started = view.trace.started if golden is None else golden.trace.started
    costs = Prices(at=started, own=own)
    run = Spending(view, _meant(view, selector), costs)
    for (what, name), limit in limits.items():
        label = f"{whose}{what}{f' {safe(name)}' if name else ''}"
        if name and limit.at_most and not limit.relative and not run.knows(what, name):
            raise _nobody(view, what, name)
        spent = run.of(what, name)
        if not limit.relative:
            yield Held(what=label, limit=limit, at_most=limit.at_most, spent=spent)
            continue
        if golden is None:
            raise NothingToCompare(
                f"{label} is limited to {limit.at_most:+}% of the golden's, and there is no golden",
                detail="  Record the test first, or say a plain number.\n"
                "  More: agenttrace explain nothing-to-compare",
            )
        before = Spending(golden, _inside(golden, Fitting(golden, selector).spans()), costs)
        known = before.of(what, name).amount
        at_most = known * (_PERCENT + limit.at_most) / _PERCENT
        yield Held(what=label, limit=limit, at_most=at_most, spent=spent, golden=known)


def _meant(view: View, selector: Selector) -> tuple[Span, ...]:
    fitting = Fitting(view, selector)
    found = fitting.spans()
    if not found and selector != Selector():
        refuse_none(fitting, selector)
    return _inside(view, found)


def _inside(view: View, found: tuple[Span, ...]) -> tuple[Span, ...]:
    """The spans, and all that stands inside them."""
    ids = {span.id for span in found}
    return tuple(
        span
        for span in view.spans
        if span.id in ids or any(one.id in ids for one in view.above(span))
    )


def _nobody(view: View, what: str, name: str) -> NothingSelected:
    kind = "tool" if what.startswith("tool") else "llm"
    known = sorted({span.name for span in view.spans if span.kind.value == kind})
    return NothingSelected(
        f"{what} limits {safe(repr(name))}, and no {'tool' if kind == 'tool' else 'model'} of the "
        "run is called so",
        detail=f"  {'there are':9} {safe(', '.join(known)) or 'none'}\n\n"
        f'  It is meant not to be used: {what}={{"{safe(name)}": 0}}\n'
        "  More: agenttrace explain nothing-selected",
    )


def _broken(view: View, held: tuple[Held, ...], broken: list[Held]) -> BudgetBroken:
    said = ", ".join(one.what for one in broken)
    limits = "limit" if len(held) == 1 else "limits"
    lines: list[str] = []
    for one in broken:
        lines += [f"  {one.what}", f"    {_sum(view, one)}"]
        lines += [f"    {line}" for line in _spenders(one)]
    kept = [
        f"{one.what} {_amount(one.what, one.spent.amount)}" for one in held if one not in broken
    ]
    return BudgetBroken(
        f"{len(broken)} of {len(held)} {limits} broken: {said}",
        detail="\n".join(
            [
                *lines,
                *([f"  kept      {', '.join(kept)}"] if kept else []),
                "",
                "  More: agenttrace explain budget-broken",
            ]
        ),
    )


def _sum(view: View, one: Held) -> str:
    time = f" of {view.time} time" if _unit(one.what) == "latency" else ""
    of = (
        f"{_amount(one.what, one.spent.amount)}{time}, and at most {_amount(one.what, one.at_most)}"
    )
    if one.golden is None:
        return of
    return f"{of}: the golden's {_amount(one.what, one.golden)} {one.limit.at_most:+}%"


def _spenders(one: Held) -> list[str]:
    counts = _unit(one.what) in _COUNTS
    lines = [
        line_of(span) if counts else f"{_amount(one.what, part):>9}  {line_of(span)}"
        for span, part in one.spent.by[:SHOWN]
    ]
    rest = one.spent.by[SHOWN:]
    if rest and _unit(one.what) in ("depth", "latency"):
        lines.append(f"and {len(rest)} more")
    elif rest:
        left = sum((part for _, part in rest), Decimal())
        lines.append(f"and {len(rest)} more, {_amount(one.what, left)} together")
    return lines


def _unit(what: str) -> str:
    return what.rpartition(": ")[2].partition(" ")[0]


def _amount(what: str, amount: Decimal) -> str:
    unit = _unit(what)
    if unit in ("usd", "tool_usd"):
        return f"${_short(amount, 6)}"
    if unit == "latency":
        return f"{_short(amount, 3)} s"
    if unit == "coordination":
        return f"{_short(amount * _PERCENT, 1)}%"
    return f"{_short(amount, 2)}"


def _short(amount: Decimal, places: int) -> str:
    """A number in as few digits as it needs, and at most so many behind the point."""
    text = f"{amount:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
