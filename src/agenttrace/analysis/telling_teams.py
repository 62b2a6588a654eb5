"""Telling teams: the errors of what a test says of a team, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from agenttrace.check.fitting import line_of
from agenttrace.check.sides import cut, safe
from agenttrace.errors import AgentTraceError, NotRecorded

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from agenttrace.model.span import Span

E = TypeVar("E", bound=AgentTraceError)

MOST = 12
"""How many findings a message lists, and how many spans each shows."""
_SPANS = 4
_LONGEST = 200


def broken(kind: type[E], headline: str, findings: Iterable[tuple[str, Sequence[Span]]]) -> E:
    """An error that shows each finding, with the spans that tell of it."""
    found = list(findings)
    lines = []
    for why, spans in found[:MOST]:
        lines.append(f"  {cut(safe(why), _LONGEST)}")
        lines += [f"      {line_of(span)}" for span in spans[:_SPANS]]
        if len(spans) > _SPANS:
            lines.append(f"      and {len(spans) - _SPANS} more")
    if len(found) > MOST:
        lines.append(f"  and {len(found) - MOST} more")
    lines += ["", f"  More: agenttrace explain {kind.slug}"]
    return kind(headline, detail="\n".join(lines))


def nothing(headline: str, verb: str) -> NotRecorded:
    """There is nothing to be asserted on, and this is how code says it."""
    return NotRecorded(
        headline,
        detail=f"  The code under test says it by  {verb}\n"
        "\n  More: agenttrace explain not-recorded",
    )
