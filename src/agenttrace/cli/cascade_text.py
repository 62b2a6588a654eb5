"""A cascade as text: where failures began, what shows it, and how far they spread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenttrace.analysis import Analysis
from agenttrace.cli import words
from agenttrace.model import amounts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agenttrace.analysis.cascade import Failed, Spread
    from agenttrace.model.trace import Trace

MOST = 30
"""How many origins are printed, and how many failures after each."""


def told(trace: Trace, numbers: Mapping[str, int]) -> Iterator[str]:
    """The lines of `agenttrace show --view cascade`.

    Args:
        trace: The trace.
        numbers: What each span is called by.
    """
    found = Analysis(trace).cascade
    if not found.failures:
        yield "nothing failed, as far as the rules of evidence see"
        return
    for one in found.spreads[:MOST]:
        yield from _spread(one, numbers)
    if len(found.spreads) > MOST:
        yield f"and {amounts.counted(len(found.spreads) - MOST, 'more origin')}"
    if found.amplification is not None:
        often = "once" if found.amplification == 1 else f"{found.amplification:.3g} times"
        yield f"what failed was asked {often}, every try counted"
    for name, why in found.unknown.items():
        yield f"{name}: {words.line(why)}"


def _spread(one: Spread, numbers: Mapping[str, int]) -> Iterator[str]:
    yield f"origin  {_line(one.origin, numbers)}"
    for each in one.failures[:MOST]:
        yield f"  {'then' if each.is_error else 'slower':6}{_line(each, numbers)}"
    if len(one.failures) > MOST:
        yield f"  and {len(one.failures) - MOST} more"
    how = "contained" if one.contained else f"spread to {', '.join(one.agents) or 'the run'}"
    yield words.line(f"  {how}; {amounts.counted(one.depth, 'hop')}")
    for before, after in one.cut:
        yield f"  hold it between #{numbers[before.id]} and #{numbers[after.id]}"


def _line(one: Failed, numbers: Mapping[str, int]) -> str:
    return words.line(f"#{numbers[one.span.id]} {one}")
