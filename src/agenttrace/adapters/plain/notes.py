"""Notes: what is worth saying inside a span. Events, statuses and links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from agenttrace.adapters.plain.standing import known, standing
from agenttrace.causal import current
from agenttrace.causal.position import trace_id
from agenttrace.errors import UsageError
from agenttrace.model import names
from agenttrace.model.span import Event, Link, Status, is_span_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenttrace.adapters.plain.carriers import Remote

_NAMES: Mapping[str, Mapping[str, str]] = {
    "planning": {
        "chosen": names.EVENT_CHOSEN,
        "candidates": names.EVENT_CANDIDATES,
        "reason": names.EVENT_REASON,
    },
    "state_change": {
        "key": names.STATE_KEY,
        "before": names.STATE_BEFORE,
        "after": names.STATE_AFTER,
    },
    "error": {
        "type": names.EXCEPTION_TYPE,
        "message": names.EXCEPTION_MESSAGE,
        "causes": names.EXCEPTION_CAUSES,
    },
    "enqueued": {"task": names.QUEUE_TASK, "queue": names.QUEUE_NAME},
    "dequeued": {"task": names.QUEUE_TASK, "queue": names.QUEUE_NAME},
    "assigned": {
        "task": names.QUEUE_TASK,
        "queue": names.QUEUE_NAME,
        "worker": names.QUEUE_WORKER,
        "candidates": names.ORCHESTRATION_CANDIDATES,
        "reason": names.ORCHESTRATION_REASON,
    },
    "heartbeat": {"worker": names.QUEUE_WORKER},
    "waiting": {
        "agents": names.WAITING_FOR,
        "mode": names.WAITING_MODE,
        "timeout": names.WAITING_TIMEOUT,
    },
}
"""What the words of the known events are called on the wire."""


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
        NotCanonical: An attribute has no form that stays equal from run to run.
    """
    if not current.entered:  # the shortest way out, for production
        return
    at = standing()
    if at is None:
        return
    words = _NAMES.get(name, {})
    form = known(f"event({name!r})", attributes)
    at.note(
        Event(name=name, attributes={words.get(key, key): value for key, value in form.items()})
    )


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
