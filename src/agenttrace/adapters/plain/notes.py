"""Notes: what is worth saying inside a span. Events, statuses and links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from agenttrace.adapters.plain.standing import known, standing
from agenttrace.adapters.plain.vocabulary import on_the_wire
from agenttrace.causal import current
from agenttrace.causal.position import trace_id
from agenttrace.errors import UsageError
from agenttrace.model.span import Event, Link, Status, is_span_id

if TYPE_CHECKING:
    from agenttrace.adapters.plain.carriers import Remote


class Identified(Protocol):
    """What has the id of a span: what `span()`, `agent()` and `send()` give."""

    @property
    def id(self) -> str:
        """The id of a span; empty outside a run."""
        ...


def event(name: str, /, **attributes: object) -> None:
    """Say that something occurred: `agenttrace.event("planning", chosen="refund")`.

    Args:
        name: `planning` (chosen, candidates, reason), `tool_call`, `reflection`, `state_change`
            (key, before, after), `error` (type, message, causes); of a team's queue `enqueued`,
            `dequeued` (task, queue), `assigned` (task, worker, candidates, reason), `heartbeat`;
            of a wait `waiting` (agents, mode, timeout), `resumed`; or your own word.
        **attributes: What is known of it; anything that has a canonical value.

    Raises:
        UsageError: A word is a slip of one of ours (`waitng`, `tsk=`); or a wait's mode is neither
            `all` nor `any`.
        NotCanonical: An attribute has no form that stays equal from run to run.
    """
    if not current.entered:  # the shortest way out, for production
        return
    at = standing()
    if at is None:
        return
    form = known(f"event({name!r})", attributes)
    at.note(Event(name=name, attributes=on_the_wire(name, form)))


def status(code: str, message: str = "") -> None:
    """Say how the current span ends: `OK`, `ERROR`, `TOOL_LIMIT_EXCEEDED`, or your own word.

    It stands whatever else ends the span, an exception included; the last word counts.
    """
    at = standing()
    if at is not None:
        at.note(Status(code=code, message=message))


def link(
    target: Identified | Remote | str,
    relationship: str = "triggered_by",
    *,
    trace: str | None = None,
    **attributes: object,
) -> None:
    """Say that something had a part in the current span, other than what it stands in.

    Args:
        target: What came first: what `with agenttrace.span(…) as it` gave, what `extract` gave, an
            envelope, or the id of a span.
        relationship: `triggered_by`, `handoff`, `retry_of`, `stigmergy`, or your own word.
        trace: The id of the trace that the target is part of; None: this one.
        **attributes: What is known of the edge.

    Raises:
        UsageError: The target has no span id.
        NotCanonical: An attribute has no form that stays equal from run to run.
    """
    at = standing()
    if at is None:
        return
    span = target if isinstance(target, str) else getattr(target, "id", None)
    if span == "":
        return
    if not isinstance(span, str) or not is_span_id(span):
        raise UsageError(
            f"link({target!r}): this is no span",
            detail="  Give what `with agenttrace.span(…) as it` or `agenttrace.extract(…)` gave,\n"
            "  or the id of a span: 16 hex digits.",
        )
    foreign = trace if trace is not None else getattr(target, "trace", None)
    at.note(
        Link(
            span=span,
            relationship=relationship,
            trace=None if foreign == trace_id(at.door.run.name) else foreign,
            attributes=known("link", attributes),
        )
    )
