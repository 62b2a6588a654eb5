"""Pointing: the one span that a person means, by itself or by what selects it."""

from __future__ import annotations

import re

from agenttrace.check.select import Selection
from agenttrace.check.sides import cut, safe
from agenttrace.errors import UsageError
from agenttrace.model.span import Span

_NUMBER = re.compile(r"#?\d{1,9}")


def span_meant(said: object, place: str) -> Span:
    """The span that is meant: itself, or the last one of a selection.

    Args:
        said: What a person gave.
        place: Where it was given, as it is written: `states_at(…)`.

    Raises:
        NothingSelected: The selection means none.
        UsageError: It is neither.
    """
    if isinstance(said, Span):
        return said
    if isinstance(said, Selection):
        return said[-1]
    given = cut(safe(repr(said)))
    lines = [
        f"  given     {given}, of type {type(said).__name__}",
        "  wanted    a span, or a selection, of which the last one is meant:",
        '                agent_trace.tool("pay")',
        "                agent_trace.trace.spans[2]",
    ]
    if _NUMBER.fullmatch(str(said)):
        number = str(said).removeprefix("#")
        lines += [
            "  A number is of what the command line shows:",
            f"                agenttrace show TRACE --at '#{number}'",
        ]
    raise UsageError(f"{place}: {given} is no span", detail="\n".join(lines))
