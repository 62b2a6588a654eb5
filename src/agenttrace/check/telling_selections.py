"""Telling selections: the errors of what a test says of spans, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from agenttrace.check.fitting import line_of
from agenttrace.check.sides import cut, safe
from agenttrace.errors import NothingSelected, SelectionFailed
from agenttrace.model import amounts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from agenttrace.check.fitting import Fitting
    from agenttrace.check.selector import Selector
    from agenttrace.model.span import Span

MOST = 12
"""How many spans a message lists."""

_LONGEST = 500


def refuse_none(fitting: Fitting, selector: Selector, never: str = ".never()") -> NoReturn:
    """Refuse to say anything of no span, and show what comes nearest.

    Args:
        fitting: The selector held against the trace.
        selector: What was meant.
        never: How a test says that it is meant not to be.

    Raises:
        NothingSelected: Always.
    """
    nearest = fitting.nearest()
    lines = [
        "  nearest   " + line if n == 0 else f"            {line}" for n, line in enumerate(nearest)
    ]
    raise NothingSelected(
        f"no span is {said(selector)}",
        detail="\n".join(
            [
                *(lines or ["  The run did nothing at all."]),
                "",
                f"  It is meant not to be: {never}",
                "  More: agenttrace explain nothing-selected",
            ]
        ),
    )


def said(selector: Selector) -> str:
    """A selector as it prints, on one line."""
    return cut(safe(str(selector)), _LONGEST)


def count(selector: Selector, wanted: str, found: Sequence[Span]) -> SelectionFailed:
    """It happened more or less often than a test says."""
    return SelectionFailed(
        f"{said(selector)}: {amounts.times(len(found))}, not {wanted}",
        detail="\n".join([*listed("found", found), *_MORE]),
    )


def not_all(selector: Selector, fitting: Fitting, counted: Iterable[Span]) -> SelectionFailed:
    """It happened as often as a test says, and not each time with what it says."""
    wrong = [(span, list(fitting.amiss(span))) for span in counted]
    bad = [(span, amiss) for span, amiss in wrong if amiss]
    lines = [
        line for span, amiss in bad[:MOST] for line in (line_of(span), f"       {'; '.join(amiss)}")
    ]
    return SelectionFailed(
        f"{said(selector)}: {len(bad)} of {len(wrong)} are not so",
        detail="\n".join(
            [f"  {'found' if n == 0 else '':9} {line}" for n, line in enumerate(lines)] + _MORE
        ),
    )


def listed(label: str, spans: Sequence[Span]) -> list[str]:
    """Spans, a line each, the first one with a label."""
    lines = [
        f"  {label if n == 0 else '':9} {line_of(span)}" for n, span in enumerate(spans[:MOST])
    ]
    if len(spans) > MOST:
        lines.append(f"  {'':9} and {len(spans) - MOST} more")
    return lines


_MORE = ["", "  More: agenttrace explain selection-failed"]
