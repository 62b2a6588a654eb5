"""Collaboration again: every pair of writes and every read is held against every other."""

from __future__ import annotations

from agenttrace.model import names
from agenttrace.model.span import Span, WireKind
from agenttrace.model.trace import Trace
from tests.oracles.interactions import doer


def writes(trace: Trace) -> list[Span]:
    """What was written on boards."""
    return [it for it in of_boards(trace) if it.wire_kind is WireKind.PRODUCER]


def of_boards(trace: Trace) -> list[Span]:
    """The messages that have a key."""
    return [it for it in trace.spans if it.kind == "message" and names.MESSAGE_KEY in it.attributes]


def used(trace: Trace) -> set[str]:
    """The writes that another agent's read is linked to."""
    by_id = {span.id: span for span in trace.spans}
    return {
        link.span
        for span in of_boards(trace)
        if span.wire_kind is WireKind.CONSUMER
        for link in span.links
        if doer(trace, by_id[link.span]) != doer(trace, span)
    }


def conflicts(
    trace: Trace, before: set[tuple[str, str]]
) -> dict[tuple[str, str], tuple[set[str], set[str]]]:
    """By the two writes: the reads that come after both, and the earliest of these.

    Args:
        trace: The trace.
        before: All pairs of spans of which the first happens before the second.
    """
    found = {}
    for one in writes(trace):
        for two in writes(trace):
            first, second = one.attributes, two.attributes
            if first[names.MESSAGE_KEY] != second[names.MESSAGE_KEY]:
                continue
            if second[names.MESSAGE_VERSION] != int(str(first[names.MESSAGE_VERSION])) + 1:
                continue
            if (one.id, two.id) in before or (two.id, one.id) in before:
                continue
            if doer(trace, one) == doer(trace, two):
                continue
            if first[names.MESSAGE_CONTENT] == second[names.MESSAGE_CONTENT]:
                continue
            after = {
                it.id
                for it in of_boards(trace)
                if it.wire_kind is WireKind.CONSUMER
                if it.attributes[names.MESSAGE_KEY] == first[names.MESSAGE_KEY]
                if {(one.id, it.id), (two.id, it.id)} <= before
            }
            earliest = {it for it in after if not any((other, it) in before for other in after)}
            found[one.id, two.id] = (after, earliest)
    return found


def tasks(trace: Trace) -> list[tuple[str, bool]]:
    """What was announced, else what each agent's span names; and whether it was completed."""
    announced = {_task(one) for one in trace.spans if _phase(one) == "announcement"}
    if announced:
        done = {
            _task(one)
            for one in trace.spans
            if _phase(one) == "report" and one.status.code in ("OK", "UNSET")
            if one.attributes.get(names.DELEGATION_OUTCOME) != "failure"
        }
        return [(task, task in done) for task in announced]
    well = ("OK", "UNSET") if trace.complete else ("OK",)
    return [
        (one.task, one.status.code in well)
        for one in trace.spans
        if one.kind == "agent" and one.task is not None
    ]


def _phase(span: Span) -> object:
    return span.attributes.get(names.DELEGATION_PHASE)


def _task(span: Span) -> str:
    return str(span.attributes.get(names.DELEGATION_TASK))
