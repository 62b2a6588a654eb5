"""Moments: which spans had ended by the moment at which each span began.

A moment keeps one bit for every span, so that ten thousand spans take about ten megabytes and well
under a second. All pairs are never looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenttrace.causal.before import Before

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agenttrace.model.trace import Trace


class Moments:
    """Which spans had ended by the moment at which each span began."""

    def __init__(self, trace: Trace, only: Iterable[str] | None = None) -> None:
        """Work it out; a circle, which only foreign traces hold, is cut at its first moment.

        Args:
            trace: The trace.
            only: The spans of which it is to be known where they come before; by default all.
        """
        before = Before(trace)
        asked = before.places if only is None else only
        self._bits = {span: 1 << number for number, span in enumerate(asked)}
        ended = {before.ended[before.places[span]]: bit for span, bit in self._bits.items()}
        told = [0] * len(before.later)
        known = list(told)
        for moment in before.in_order():
            known[moment] = told[moment] | ended.get(moment, 0)
            for later in before.later[moment]:
                told[later] |= known[moment]
        self._known = {span: known[before.begun[place]] for span, place in before.places.items()}

    def is_before(self, a: str, b: str) -> bool:
        """Whether the span `a` had ended when `b` began."""
        return bool(self._known[b] & self._bits[a])

    def before_any(self, ids: Iterable[str]) -> frozenset[str]:
        """The spans that had ended when one of these began."""
        known = 0
        for one in ids:
            known |= self._known[one]
        return frozenset(span for span, bit in self._bits.items() if known & bit)

    def after_any(self, ids: Iterable[str]) -> frozenset[str]:
        """The spans that began when one of these had ended."""
        ended = 0
        for one in ids:
            ended |= self._bits[one]
        return frozenset(span for span, known in self._known.items() if known & ended)
