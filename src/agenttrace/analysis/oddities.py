"""Oddities: what is unusual about a trace that came from elsewhere, and what it means here.

Nothing of it is mended in silence: orphans, several roots, clocks that disagree and payloads that
limits cut are kept, counted, and explained.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agenttrace.model import amounts
from agenttrace.model.names import IMPORT_NOTES
from agenttrace.model.span import Fidelity, Span, SpanKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenttrace.model.trace import Trace

_LIMITED = ("attributes", "events", "links")
_SERVICE = (SpanKind.INTERNAL, SpanKind.HTTP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Oddity:
    """Something unusual: its name, how many there are, the first of them, and what it means.

    Attributes:
        one: What a single one is called, where that is not its name.
    """

    name: str
    count: int
    first: str
    meaning: str
    one: str = ""

    @property
    def counted(self) -> str:
        """How many there are: `1 orphan`, `2 orphans`."""
        return amounts.counted(self.count, self.one or self.name, self.name)


def oddities(trace: Trace) -> tuple[Oddity, ...]:
    """Everything unusual about a trace, the most telling first; empty where nothing is."""
    return tuple(_found(trace))


def _found(trace: Trace) -> Iterator[Oddity]:
    unread = trace.environment.get("unread")
    if isinstance(unread, dict):
        parts = unread.get("parts")
        yield Oddity(
            name="not read",
            count=parts if isinstance(parts, int) else 0,
            first=str(unread.get("first")),
            meaning="parts of the file that are no spans, or broken; the others were read",
        )
    by_id = {span.id: span for span in trace.spans}
    sampled = [it for it in trace.spans if it.fidelity.get("parent") is Fidelity.SAMPLED_OUT]
    yield from _of(
        sampled, "sampled out", "sampling left their parents out, as the tracestate says"
    )
    orphans = [
        it
        for it in trace.spans
        if it.parent is not None
        and it.parent not in by_id
        and it.fidelity.get("parent") is not Fidelity.SAMPLED_OUT
    ]
    yield from _of(
        orphans,
        "orphans",
        one="orphan",
        meaning="their parents are in no file that was read; they stand beside the roots",
    )
    roots = [span for span in trace.spans if span.parent is None]
    if len(roots) > 1:
        yield from _of(roots, "roots", "several things began by themselves under one trace id")
    early = [
        span
        for span in trace.spans
        if span.parent in by_id and span.start_ns < by_id[span.parent].start_ns
    ]
    yield from _of(
        early, "before parents", "they begin before what they are in: the clocks of hosts disagree"
    )
    marked = [span for span in trace.spans if IMPORT_NOTES in span.attributes]
    yield from _of(marked, "set right", f"each says what was, under {IMPORT_NOTES}")
    cut = [
        span
        for span in trace.spans
        if any(span.fidelity.get(name) is Fidelity.TRUNCATED for name in _LIMITED)
    ]
    yield from _of(cut, "cut by limits", "the exporter dropped attributes, events or links of them")
    service = [span for span in trace.spans if span.kind in _SERVICE]
    if len(service) < len(trace.spans):
        yield from _of(
            service,
            "service spans",
            "no agent's: kept, and asked nothing in a replay",
            one="service span",
        )


def _of(spans: list[Span], name: str, meaning: str, *, one: str = "") -> Iterator[Oddity]:
    if spans:
        first = f"{spans[0].name} {spans[0].id}"
        yield Oddity(name=name, count=len(spans), first=first, meaning=meaning, one=one)
