"""Who leads, how goals are broken up, who is passed over: by the words of `teams.md`."""

from __future__ import annotations

from collections.abc import Iterator

from agenttrace.model import names
from agenttrace.model.span import Span, SpanKind
from agenttrace.model.trace import Trace
from tests.oracles.interactions import around
from tests.oracles.orchestration import could, is_timed, told, who, worker_of

MANAGES = ("announcement", "award", "rejection", "cancel")


def leaders(trace: Trace) -> set[str]:
    """Who has an orchestration span, announces, awards, rejects, cancels, puts in or assigns."""
    found = {who(trace, span) for _, _, span in named(trace)}
    for span in trace.spans:
        phase = span.attributes.get(names.DELEGATION_PHASE)
        if phase in MANAGES or (phase is None and span.kind is SpanKind.ORCHESTRATION):
            found.add(who(trace, span))
    return {one for one in found if one is not None}


def named(trace: Trace) -> Iterator[tuple[int, str, Span]]:
    """When which task is named by whom leads: put into a queue, assigned to another, announced."""
    for one in told(trace, "enqueued", "assigned"):
        if one.event.name == "enqueued" or worker_of(trace, one) != (who(trace, one.span) or ""):
            yield one.event.at_ns, one.task, one.span
    for span in trace.spans:
        if span.attributes.get(names.DELEGATION_PHASE) == "announcement":
            yield span.start_ns, str(span.attributes.get(names.DELEGATION_TASK, "")), span


def decompositions(trace: Trace) -> set[tuple[str, frozenset[str], int | None]]:
    """Of each agent's span inside which tasks are named: the tasks, and how long that took."""
    found = set()
    for outer in trace.spans:
        mine = [(at, task) for at, task, span in named(trace) if _asked(trace, span) is outer]
        if outer.kind is SpanKind.AGENT and mine:
            tasks = frozenset(task for _, task in mine)
            last = max(min(at for at, one in mine if one == task) for task in tasks)
            took = last - outer.start_ns
            known = took if took >= 0 and is_timed(trace) else None
            found.add((str(who(trace, outer)), tasks, known))
    return found


def _asked(trace: Trace, span: Span) -> Span | None:
    """The innermost agent's span that a span is, or stands in."""
    at: Span | None = span
    while at is not None and at.kind is not SpanKind.AGENT:
        at = around(trace, at)
    return at


def passed_over(trace: Trace) -> dict[str, int]:
    """How often each was a candidate who was never assigned anything."""
    given = {worker_of(trace, one) for one in told(trace, "assigned")}
    found = [it for one in told(trace, "assigned") for it in could(trace, one) or ()]
    return {str(one): found.count(one) for one in found if one not in given}
