"""The critical path again, twice: by the page's definition, and by the rule of Jaeger's page.

`by_definition` recurses, and asks of every stretch anew whose it is. `by_jaegers_rule` is what
jaeger-ui does: the child that ends last, then the one that ended before that child began, and so
on; with its own ways with equal instants and with 0.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    place: int
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
    return Clipped(span.id, start, end, trace.spans.index(span), tuple(inside))


def longest_root(trace: Trace) -> Span:
    """The longest of the spans that stand inside no other."""
    ids = {span.id for span in trace.spans}
    roots = [span for span in trace.spans if span.parent is None or span.parent not in ids]
    return min(roots, key=lambda one: one.start_ns - one.end_ns)


def by_definition(trace: Trace) -> list[Stretch]:
    """Every stretch of the path, in order of time."""
    root = longest_root(trace)
    return _owned(clipped(trace, root, root.start_ns, root.end_ns))


def _owned(span: Clipped) -> list[Stretch]:
    found: list[Stretch] = []
    until, left = span.end, list(span.inside)
    while True:
        fitting = [one for one in left if one.end <= until]
        if not fitting:
            break
        last = min(fitting, key=lambda one: (-one.end, one.start, one.place))
        left.remove(last)
        found = _owned(last) + _stretch(span, last.end, until) + found
        until = last.start
    return _stretch(span, span.start, until) + found


def _stretch(span: Clipped, start: int, end: int) -> list[Stretch]:
    return [(span.id, start, end)] if start < end else []


def drags(trace: Trace, on_path: Sequence[str]) -> dict[str, int]:
    """By span of the path that has a stretch: what its siblings leave of its duration."""
    root = longest_root(trace)
    found = {}
    ahead: list[tuple[Clipped, list[Clipped]]] = [
        (clipped(trace, root, root.start_ns, root.end_ns), [])
    ]
    while ahead:
        span, siblings = ahead.pop()
        ordered = sorted(siblings, key=lambda one: (one.end, -one.start, -one.place))
        earlier = ordered[: ordered.index(span)] if siblings else []
        own = span.end - span.start
        found[span.id] = min(own, span.end - earlier[-1].end) if earlier else own
        ahead += [(one, list(span.inside)) for one in span.inside]
    return {span: drag for span, drag in found.items() if span in on_path}


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
