"""Ordering: what a test says of the causal order of spans, and why it is not so."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from agenttrace.check.fitting import Fitting, line_of
from agenttrace.check.sides import cut, safe
from agenttrace.check.telling_selections import listed, refuse_none, said
from agenttrace.errors import OrderBroken, SelectionFailed, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agenttrace.check.selector import Selector
    from agenttrace.check.view import View
    from agenttrace.model.span import Span

_MORE = ["", "  More: agenttrace explain order-broken"]
_BY_CLOCK = "  the trace has no lanes, so its order was inferred from clocks and links"


def before(view: View, first: Selector, second: Selector) -> Literal[True]:
    """Assert that each of the first stands before each of the second."""
    return _each_pair(view, first, second, _why_not_before, "does not happen before")


def concurrent(view: View, first: Selector, second: Selector) -> Literal[True]:
    """Assert that none of the first is ordered with one of the second."""
    return _each_pair(view, first, second, _why_not_concurrent, "is not concurrent with")


def triggered(view: View, effect: Selector, cause: Selector) -> Literal[True]:
    """Assert that each effect was led to by one of the causes, along recorded edges."""
    causes = {span.id for span in _some(view, cause)}
    for span in _some(view, effect):
        triggers = view.triggers(span)
        if causes.isdisjoint(one.id for one in triggers):
            raise OrderBroken(
                f"{_named(span)} was not triggered by {said(cause)}",
                detail="\n".join(
                    [
                        f"  {'this':9} {line_of(span)}",
                        *(listed("triggers", triggers) or [f"  {'triggers':9} none"]),
                        *listed("wanted", [view.by_id[one] for one in sorted(causes)]),
                        *_MORE,
                    ]
                ),
            )
    return True


def in_order(view: View, among: Selector, steps: Sequence[object]) -> None:
    """Assert that a chain of the selected spans stands in this order; others may stand between."""
    groups = _groups(view, among, steps)
    reached: list[list[Span]] = []  # one list a name; what follows comes after one of each
    for number, group in enumerate(groups):
        standing = [_after(view, spans, reached) for spans in group]
        for spans, left in zip(group, standing, strict=True):
            if not left:
                raise _no_chain(view, steps, number, reached, spans)
        reached = standing


def exactly(view: View, among: Selector, steps: Sequence[object]) -> None:
    """Assert that the selected spans are these and no others, each before the next."""
    groups = _groups(view, among, steps, needed=False)
    found = _some(view, among)
    wanted = sum(len(group) for group in groups)
    placed: list[list[Span]] = []
    left = list(found)
    for group in groups:
        taken: list[Span] = []
        for spans in group:
            first = next((one for one in left if one in spans), None)
            if first is not None:
                taken.append(first)
                left.remove(first)
        placed.append(taken)
    if left or sum(map(len, placed)) != wanted:
        raise SelectionFailed(
            f"{said(among)}: not exactly {_steps(steps)}",
            detail="\n".join(
                [
                    *listed("found", found),
                    *(listed("extra", left)),
                    "",
                    "  More: agenttrace explain selection-failed",
                ]
            ),
        )
    for earlier, later in pairwise(placed):
        for one in earlier:
            for two in later:
                if not view.order.happens_before(one, two):
                    raise _broken(view, one, two, "does not happen before", _why_not_before)


def _each_pair(
    view: View,
    first: Selector,
    second: Selector,
    why_not: Callable[[View, Span, Span], str],
    says: str,
) -> Literal[True]:
    ones, twos = _some(view, first), _some(view, second)
    for one in ones:
        for two in twos:
            if why_not(view, one, two):
                raise _broken(view, one, two, says, why_not)
    return True


def _broken(
    view: View, one: Span, two: Span, says: str, why_not: Callable[[View, Span, Span], str]
) -> OrderBroken:
    clock = [_BY_CLOCK] if view.order.inferred else []
    return OrderBroken(
        f"{_named(one)} {says} {_named(two)}",
        detail="\n".join(
            [
                f"  {'this':9} {line_of(one)}",
                f"  {'that':9} {line_of(two)}",
                f"  {'because':9} {safe(why_not(view, one, two))}",
                *clock,
                *_MORE,
            ]
        ),
    )


def _why_not_before(view: View, one: Span, two: Span) -> str:
    return view.order.why_not(one, two)


def _why_not_concurrent(view: View, one: Span, two: Span) -> str:
    if view.order.concurrent(one, two):
        return ""
    if view.order.happens_before(one, two):
        return f"{one.name} had ended when {two.name} began, and what began it knew of that"
    return view.order.why_not(one, two)


def _some(view: View, selector: Selector) -> tuple[Span, ...]:
    fitting = Fitting(view, selector)
    return fitting.spans() or refuse_none(fitting, selector)


def _groups(
    view: View, among: Selector, steps: Sequence[object], *, needed: bool = True
) -> list[list[tuple[Span, ...]]]:
    """For each step, the spans that each of its names means."""
    if not steps:
        raise UsageError("an order needs steps: in_order('look_up_order', 'pay')")
    groups = []
    for step in steps:
        names = sorted(step) if isinstance(step, set | frozenset) else [step]
        selectors = [among.and_also(**_criteria(name)) for name in names]
        groups.append(
            [_some(view, one) if needed else Fitting(view, one).spans() for one in selectors]
        )
    return groups


def _criteria(step: object) -> dict[str, Any]:
    if isinstance(step, str):
        return {"name": step}
    if isinstance(step, Mapping):
        return dict(step)
    raise UsageError(f"{step!r} is no step of an order: it is a name, a set of names, or a dict")


def _after(view: View, spans: Sequence[Span], reached: Sequence[Sequence[Span]]) -> list[Span]:
    """The spans that come after one of each."""
    later = [view.order.after_any(span.id for span in one) for one in reached]
    return [span for span in spans if all(span.id in one for one in later)]


def _no_chain(
    view: View,
    steps: Sequence[object],
    number: int,
    reached: Sequence[Sequence[Span]],
    spans: Sequence[Span],
) -> OrderBroken:
    late = next(one for one in reached if not _after(view, spans, [one]))
    one, two = late[0], spans[0]
    clock = [_BY_CLOCK] if view.order.inferred else []
    missing = f"no {_named(two)} comes after {_step(steps[number - 1])}"
    return OrderBroken(
        f"not in the order {_steps(steps)}: {missing}",
        detail="\n".join(
            [
                *listed("before", late),
                *listed("after", spans),
                f"  {'because':9} {safe(view.order.why_not(one, two))}",
                *clock,
                *_MORE,
            ]
        ),
    )


def _steps(steps: Sequence[object]) -> str:
    return ", ".join(map(_step, steps))


def _step(step: object) -> str:
    if isinstance(step, set | frozenset):
        return "{" + ", ".join(sorted(map(safe, step))) + "}"
    return cut(safe(step if isinstance(step, str) else str(step)))


def _named(span: Span) -> str:
    return safe(cut(span.operation if span.kind == "tool" and span.operation else span.name, 72))
