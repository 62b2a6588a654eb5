"""Invariants: what holds of every trace, whoever made it; each a function from trace to violations.

A trace of ours that violates one is a defect of ours. A foreign one tells how far it can be
trusted: an orphan's cause is unknown, and a link that leads nowhere orders nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from agenttrace.model import amounts
from agenttrace.model.lane import label_of, text_of
from agenttrace.model.span import ERROR, SpanKind, WireKind
from agenttrace.model.usage import Usage, total

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from agenttrace.model.span import Span
    from agenttrace.model.trace import Trace

_USES = frozenset({SpanKind.LLM, SpanKind.TOOL, SpanKind.RETRIEVAL})
ENTRIES = frozenset({WireKind.SERVER, WireKind.CONSUMER})
"""The kinds on the wire of spans that somebody else caused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """Something that cannot be so.

    Attributes:
        rule: The invariant, one of `INVARIANTS`.
        span: The id of the span that it is about; empty where it is about the trace.
        text: What is wrong, in words.
    """

    rule: str
    span: str
    text: str


def violations(trace: Trace) -> tuple[Violation, ...]:
    """Ask every invariant of a trace."""
    return tuple(found for rule in INVARIANTS.values() for found in rule(trace))


def one_root(trace: Iterable[Span]) -> Iterator[Violation]:
    """One span has no parent; every other parent is there."""
    spans = list(trace)
    known = {span.id for span in spans}
    roots = [span for span in spans if span.parent is None]
    if spans and not roots:
        yield Violation(rule="one_root", span="", text="no span is the root")
    for span in roots[1:]:
        text = f"{named(span)} is a root beside {named(roots[0])}"
        yield Violation(rule="one_root", span=span.id, text=text)
    for span in spans:
        if span.parent is not None and span.parent not in known:
            text = f"{named(span)} is an orphan: its parent {span.parent} is not there"
            yield Violation(rule="one_root", span=span.id, text=text)


def unique_ids(trace: Iterable[Span]) -> Iterator[Violation]:
    """No two spans have one id, or stand at one position."""
    spans = list(trace)
    for span_id, count in Counter(span.id for span in spans).items():
        if count > 1:
            yield Violation(rule="unique_ids", span=span_id, text=f"{count} spans have one id")
    places = Counter(span.position for span in spans if span.position)
    for place, count in places.items():
        if count > 1:
            text = f"{count} spans stand at {text_of(place)}"
            yield Violation(rule="unique_ids", span="", text=text)


def acyclic(trace: Iterable[Span]) -> Iterator[Violation]:
    """No span comes before itself, by parents, links and the order of its lane."""
    spans = {span.id: span for span in trace}
    after: dict[str, set[str]] = defaultdict(set)
    waits: Counter[str] = Counter(dict.fromkeys(spans, 0))
    for one, other in _leads(spans):
        if one in spans and other not in after[one]:
            after[one].add(other)
            waits[other] += 1
    ready = [span for span, count in waits.items() if not count]
    while ready:
        for later in after[ready.pop()]:
            waits[later] -= 1
            if not waits[later]:
                ready.append(later)
    circle = [spans[span] for span, count in waits.items() if count]
    if circle:
        some = ", ".join(named(span) for span in circle[:3])
        more = f" and {len(circle) - 3} more" if len(circle) > 3 else ""  # noqa: PLR2004 - as above
        text = f"these come before themselves, or after ones that do: {some}{more}"
        yield Violation(rule="acyclic", span=circle[0].id, text=text)


def inside_parents(trace: Trace) -> Iterator[Violation]:
    """A span begins while its parent is open."""
    spans = {span.id: span for span in trace}
    for span in trace:
        parent = None if span.parent is None else spans.get(span.parent)
        if parent is None or parent.kind is SpanKind.RUN:
            continue
        if trace.lanes and span.lane != parent.lane:
            continue  # its lane was spawned inside, and may outlive it
        at = (span.seq, parent.seq, parent.end_seq)
        if not trace.lanes:
            at = (span.start_ns, parent.start_ns, max(parent.end_ns, parent.start_ns))
        if not at[1] <= at[0] <= at[2]:
            when = "before" if at[0] < at[1] else "after"
            text = f"{named(span)} begins {when} its parent {named(parent)} was open"
            yield Violation(rule="inside_parents", span=span.id, text=text)


def links_resolve(trace: Trace) -> Iterator[Violation]:
    """A link inside the trace leads to a span of it, and not to the span itself."""
    known = {span.id for span in trace}
    for span in trace:
        for link in span.links:
            if link.trace in (None, trace.id) and (link.span not in known or link.span == span.id):
                where = "to itself" if link.span == span.id else f"to {link.span}, which is nowhere"
                text = f"{named(span)} has a link {link.relationship} {where}"
                yield Violation(rule="links_resolve", span=span.id, text=text)


def context_continuous(trace: Trace) -> Iterator[Violation]:
    """Who serves a request or takes a message says who sent it; no process left a hole."""
    first = next((span.id for span in trace if span.parent is None), None)
    for span in trace:
        is_cut_off = span.parent is None and not span.links and span.id != first
        if span.wire_kind in ENTRIES and is_cut_off:
            text = f"{named(span)} serves somebody, and nothing says whom"
            yield Violation(rule="context_continuous", span=span.id, text=text)
    for lane in trace.lanes:
        if lane.end == "hole":
            text = f"{label_of(lane.path)} was spawned, and its journal is not here"
            yield Violation(rule="context_continuous", span="", text=text)


def cost_conserved(trace: Trace) -> Iterator[Violation]:
    """A span that repeats what was used below it repeats all of it, and no more."""
    below: dict[str, list[Usage]] = defaultdict(list)
    spans = {span.id: span for span in trace}
    for span in trace:
        if span.usage is not None and span.kind in _USES:
            at, seen = span.parent, {span.id}
            while at is not None and at in spans and at not in seen:
                below[at].append(span.usage)
                seen.add(at)
                at = spans[at].parent
    for span in trace:
        if span.usage is None or span.kind in _USES or not span.usage.models:
            continue
        used = total(below[span.id])
        if span.usage.tokens.total != used.tokens.total:
            text = (
                f"{named(span)} says {amounts.counted(span.usage.tokens.total, 'token')}; "
                f"those below it used {used.tokens.total}"
            )
            yield Violation(rule="cost_conserved", span=span.id, text=text)


def errors_explained(trace: Trace) -> Iterator[Violation]:
    """A span that failed says why: a message, an error event, a failure, one below that failed."""
    failed = {span.parent for span in trace if span.status.code == ERROR}
    for span in trace:
        is_told = (
            span.status.message
            or span.id in failed
            or any(event.name in ("error", "exception") for event in span.events)
            or any(answer.failure is not None for answer in span.answers)
            or any(name.startswith(("error", "exception")) for name in span.attributes)
        )
        if span.status.code == ERROR and not is_told:
            text = f"{named(span)} failed, and nothing says why"
            yield Violation(rule="errors_explained", span=span.id, text=text)


INVARIANTS: Mapping[str, Callable[[Trace], Iterator[Violation]]] = {
    "one_root": one_root,
    "unique_ids": unique_ids,
    "acyclic": acyclic,
    "inside_parents": inside_parents,
    "links_resolve": links_resolve,
    "context_continuous": context_continuous,
    "cost_conserved": cost_conserved,
    "errors_explained": errors_explained,
}
"""Every invariant, by name."""


def _leads(spans: Mapping[str, Span]) -> Iterator[tuple[str, str]]:
    """Which span comes right before which."""
    lanes: dict[object, list[Span]] = defaultdict(list)
    for span in spans.values():
        if span.parent is not None:
            yield span.parent, span.id
        for link in span.links:
            if link.trace is None:
                yield link.span, span.id
        if span.position:
            lanes[span.lane].append(span)
    for lane in lanes.values():
        row = sorted(lane, key=lambda span: span.seq)
        for one, other in pairwise(row):
            if one.seq < other.seq:
                yield one.id, other.id


def named(span: Span) -> str:
    """A span in words: its name and its place, or its id where it has none."""
    return f"{span.name} ({label_of(span.position)})" if span.position else f"{span.name} {span.id}"
