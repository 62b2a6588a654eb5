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


def view_of(trace: Trace) -> View:
    """Look at a trace, and understand what its models say."""
    return View(trace, Models())


def spans_of(trace: Trace, selector: Mapping[str, Any] | None = None) -> Selection:
    """Select spans of a trace: all, or those that a plain dict means.

    Raises:
        UsageError: The dict has a criterion that there is not.
    """
    view = view_of(trace)
    return Selection(lambda: view, Selector.of(selector or {}))


def spans_as_they_come(trace: Callable[[], Trace]) -> Selection:
    """Select all spans of a trace that grows: it is asked for again at each question."""
    seen: list[View] = []

    def view() -> View:
        now = trace()
        if not seen or seen[-1].trace is not now:
            seen[:] = [view_of(now)]
        return seen[-1]

    return Selection(view, Selector())
