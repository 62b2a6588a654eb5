"""Spans: stretches of the user's own work that are worth a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, overload

from agenttrace.adapters.plain.doing import Doing, Opening, bare
from agenttrace.adapters.plain.standing import said
from agenttrace.errors import UsageError
from agenttrace.model import names
from agenttrace.model.span import SpanKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

F = TypeVar("F", bound="Callable[..., Any]")

_INTERNAL = SpanKind.INTERNAL
_OWN = tuple(str(kind) for kind in SpanKind if kind not in (SpanKind.RUN, SpanKind.AGENT))


@overload
def span(fn: F, /) -> F: ...
@overload
def span(name: str, *, kind: str = ..., **attributes: object) -> Doing: ...
def span(name: F | str, *, kind: str = _INTERNAL, **attributes: object) -> F | Doing:
    """Give a stretch of work a name: `with agenttrace.span("rank offers"):`, or as a decorator.

    A bare `@agenttrace.span` takes the name of its function.

    Calls inside stand where they stood without it, so a span can be added without recording again.

    Args:
        name: In words that do not vary from run to run.
        kind: `internal`, `plan`, `orchestration`, `retrieval`, `tool`, `llm`, `message` or `http`.
        **attributes: What else is known; anything that has a canonical value.

    Raises:
        UsageError: There is no such kind (an agent's span is made by `agenttrace.agent`), or `name`
            is neither a name nor a function.
        NotCanonical: An attribute has no form that stays equal from run to run.
    """
    if not isinstance(name, str):
        return bare(span, name)
    if kind is _INTERNAL:  # the shortest way out, for production
        return Doing(Opening(_INTERNAL, name, "span", attributes))
    if kind not in _OWN:
        raise UsageError(f"span({name!r}, kind={kind!r}): a kind is one of {', '.join(_OWN)}")
    return Doing(Opening(kind=SpanKind(kind), name=name, attributes=attributes))


def orchestration(
    pattern: str,
    *,
    decision: object = None,
    candidates: Sequence[object] | None = None,
    reason: str | None = None,
    round: int | None = None,  # noqa: A002 - the word of the vocabulary
) -> Doing:
    """Say how a team is led here: `with agenttrace.orchestration("supervisor", decision="ask"):`.

    Args:
        pattern: `sequential`, `parallel`, `supervisor`, `swarm`, `graph`, `hierarchy`, or your own.
        decision: What was decided: whom to ask, whether to stop.
        candidates: Who or what could have been chosen.
        reason: Why.
        round: Which round of the team this is.

    Raises:
        UsageError: `pattern` is no word.
        NotCanonical: One of them has no form that stays equal from run to run.
    """
    if not isinstance(pattern, str):
        raise UsageError(f"orchestration({pattern!r}): it takes the pattern's name first")
    attributes = said(
        **{
            names.ORCHESTRATION_PATTERN: pattern,
            names.ORCHESTRATION_DECISION: decision,
            names.ORCHESTRATION_CANDIDATES: candidates,
            names.ORCHESTRATION_REASON: reason,
            names.ORCHESTRATION_ROUND: round,
        }
    )
    return Doing(
        Opening(
            kind=SpanKind.ORCHESTRATION, name=pattern, step="orchestration", attributes=attributes
        )
    )
