"""Traces written by hand: a row a span, each by its name, for examples that a person can reckon."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agenttrace.model.span import Link, Span, SpanKind
from agenttrace.model.trace import Trace


class ByHand:
    """A trace without lanes in the making, as a foreign one is."""

    def __init__(self) -> None:
        self._spans: dict[str, Span] = {}

    def span(
        self,
        name: str,
        kind: str = "internal",
        at: tuple[int, int] = (0, 0),
        inside: str | None = None,
        links: Mapping[str, str] | None = None,
        **more: Any,
    ) -> Span:
        """Add a span; `inside` and `links` name others, links by what they are called."""
        span = Span(
            id=f"{len(self._spans) + 1:016x}",
            name=name,
            kind=SpanKind(kind),
            parent=None if inside is None else self._spans[inside].id,
            start_ns=at[0],
            end_ns=at[1],
            links=tuple(
                Link(span=self._spans[other].id, relationship=how)
                for other, how in (links or {}).items()
            ),
            **{"operation": name, **more},
        )
        self._spans[name] = span
        return span

    def trace(self) -> Trace:
        """The trace."""
        return Trace(id="3" * 32, name="by hand", spans=tuple(self._spans.values()))
