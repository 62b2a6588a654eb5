"""The critical path again, from the words of `docs/reference/analysis.md`, one child at a time."""

from __future__ import annotations

from typing import NamedTuple

from agenttrace.model.span import Span
from agenttrace.model.trace import Trace

SENT = ("producer", "consumer")
"""What is sent and what is received."""


class Cut(NamedTuple):
    """A span, and what is left of it inside of what it stands in."""

    span: Span
    start: int
    end: int


class Stretch(NamedTuple):
    """A part of the path: whose it is, from when to when."""

    span: str
    start: int
    end: int


def root(trace: Trace) -> Span | None:
    """The longest of the spans that stand inside nothing; the first of several."""
    here = {span.id for span in trace.spans}
    tops = [span for span in trace.spans if span.parent not in here]
    return max(tops, key=lambda span: span.end_ns - span.start_ns, default=None)


def whole(span: Span) -> Cut:
    """A span of which nothing is cut."""
    return Cut(span, span.start_ns, span.end_ns)


def children(trace: Trace, around: Cut) -> list[Cut]:
    """What may keep a span from ending: the last to end first, of these the first to begin."""
    found = []
    for span in trace.spans:
        if span.parent != around.span.id or span.wire_kind in SENT:
            continue
        if span.start_ns >= around.end or span.end_ns <= around.start:
            continue
        found.append(
            Cut(span, max(span.start_ns, around.start), min(span.end_ns, around.end)),
        )
    return sorted(found, key=lambda one: (-one.end, one.start))


def path(trace: Trace, around: Cut) -> list[Stretch]:
    """Whose each instant of a span is, walking back from its end; the last one first."""
    found = []
    now = around.end
    for last in followed(trace, around):
        if last.end < now:
            found.append(Stretch(around.span.id, last.end, now))
        found += path(trace, last)
        now = last.start
    return [*found, Stretch(around.span.id, around.start, now)] if around.start < now else found


def followed(trace: Trace, around: Cut) -> list[Cut]:
    """The children that are followed: each had ended when the one before it began."""
    found, now = [], around.end
    for one in children(trace, around):
        if one.end <= now:
            found.append(one)
            now = one.start
    return found


def drags(trace: Trace, around: Cut) -> dict[str, int]:
    """Of all that is followed, how much sooner what it stands inside would have ended."""
    found = {}
    several, on_path = children(trace, around), followed(trace, around)
    for number, one in enumerate(several):
        if one in on_path:
            lasted = one.end - one.start
            following = several[number + 1 : number + 2]
            found[one.span.id] = min([lasted, *(one.end - it.end for it in following)])
            found |= drags(trace, one)
    return found
