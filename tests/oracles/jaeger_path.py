"""The critical path by the rule of Jaeger's page, where no two instants are one and none is 0.

A port of jaeger-ui (`TracePage/CriticalPath`, `findLastFinishingChildSpan` and what is beside
it): the child that ends last, then the one that ended before it began, and so on; children that
stick out are cut, and what is sent and received is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

from agenttrace.model.span import Span, WireKind
from agenttrace.model.trace import Trace

Stretch = tuple[str, int, int]


@dataclass(frozen=True)
class Clipped:
    """A span cut to the one that it stands inside."""

    id: str
    start: int
    end: int
    inside: tuple[Clipped, ...] = ()


def clipped(trace: Trace, span: Span, start: int, end: int) -> Clipped:
    """A span and all that is waited for in it."""
    inside = []
    for one in trace.spans:
        if one.parent != span.id or one.wire_kind in (WireKind.PRODUCER, WireKind.CONSUMER):
            continue
        if one.start_ns >= end or one.end_ns <= start:
            continue
        inside.append(clipped(trace, one, max(one.start_ns, start), min(one.end_ns, end)))
    return Clipped(span.id, start, end, tuple(inside))


def longest_root(trace: Trace) -> Span:
    """The longest of the spans that stand inside no other."""
    ids = {span.id for span in trace.spans}
    roots = [span for span in trace.spans if span.parent is None or span.parent not in ids]
    return min(roots, key=lambda one: one.start_ns - one.end_ns)


def by_jaegers_rule(trace: Trace) -> list[Stretch]:
    """Every stretch as jaeger-ui has it, in order of time.

    Only meant for instants that are all different and none of them 0.
    """
    root = longest_root(trace)
    tree = clipped(trace, root, root.start_ns, root.end_ns)
    parents: dict[str, Clipped] = {}
    spans = {tree.id: tree}
    ahead = [tree]
    while ahead:
        at = ahead.pop()
        for one in at.inside:
            parents[one.id], spans[one.id] = at, one
            ahead.append(one)
    found: list[Stretch] = []
    at, returning = tree, 0
    while True:
        last, latest = None, -1
        for one in sorted(at.inside, key=lambda one: one.start):
            if (not returning or one.end < returning) and one.end > latest:
                last, latest = one, one.end
        until = returning or at.end
        since = at.start if last is None else last.end
        if since != until:
            found.append((at.id, since, until))
        if last is not None:
            at, returning = last, 0
        elif at.id in parents:
            at, returning = parents[at.id], at.start
        else:
            return found[::-1]
