"""Selecting: the spans of any trace, to be asked and asserted on, with or without pytest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenttrace.check.select import Selection
from agenttrace.check.selector import Selector
from agenttrace.check.view import View
from agenttrace.providers.reading import Models

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from agenttrace.model.trace import Trace


def view_of(trace: Trace, golden: Trace | None = None, *, time: str = "recorded") -> View:
    """Look at a trace, and understand what its models say."""
    return View(trace, Models(), golden=golden, time=time)


def spans_of(
    trace: Trace, selector: Mapping[str, Any] | None = None, *, golden: Trace | None = None
) -> Selection:
    """Select spans of a trace: all, or those that a plain dict means.

    Args:
        trace: The trace.
        selector: Which are meant.
        golden: What budgets like `"+5%"` are relative to.

    Raises:
        UsageError: The dict has a criterion that there is not.
    """
    view = view_of(trace, golden)
    return Selection(lambda: view, Selector.of(selector or {}))


def spans_as_they_come(
    trace: Callable[[], Trace],
    golden: Callable[[], Trace | None] = lambda: None,
    time: Callable[[], str] = lambda: "real",
) -> Selection:
    """Select all spans of a trace that grows: it is asked for again at each question."""
    seen: list[View] = []

    def view() -> View:
        now = trace()
        if not seen or seen[-1].trace is not now:
            seen[:] = [view_of(now, golden(), time=time())]
        return seen[-1]

    return Selection(view, Selector())
