"""Pages: traces on a page, the way the commands put them there."""

from __future__ import annotations

from dataclasses import replace

from agenttrace.check.diff import diff
from agenttrace.model.span import Span, SpanKind, Status
from agenttrace.model.trace import Trace
from agenttrace.report.html.data import Shown, packed
from agenttrace.report.html.page import page


def alone(*traces: Trace) -> str:
    """A page with these traces, each by itself."""
    return page([packed(Shown(title=it.name, trace=it, label="test")) for it in traces])


def beside(golden: Trace, run: Trace) -> str:
    """A page with a run beside its golden."""
    shown = Shown(title=run.name, trace=run, golden=golden, differences=diff(golden, run))
    return page([packed(shown)])


def wide(spans: int, *, name: str = "step") -> Trace:
    """A run with so many spans right below its own, one after the other."""
    root = Span(id=f"{1:016x}", name="run", kind=SpanKind.RUN, end_seq=spans, end_ns=spans * 1000)
    made = [
        Span(
            id=f"{number + 2:016x}",
            parent=root.id,
            name=f"{name} {number}",
            kind=SpanKind.TOOL,
            operation=name,
            seq=number + 1,
            end_seq=number + 1,
            start_ns=number * 1000,
            end_ns=number * 1000 + 700,
            status=Status(code="OK"),
            attributes={"number": number},
        )
        for number in range(spans)
    ]
    return Trace(id="1" * 32, name="wide", spans=(root, *made))


def with_span(trace: Trace, name: str, **changes: object) -> Trace:
    """The trace, one span of it changed."""
    spans = tuple(
        replace(it, **changes) if it.name == name else it  # type: ignore[arg-type]
        for it in trace.spans
    )
    return replace(trace, spans=spans)


def without_span(trace: Trace, name: str) -> Trace:
    """The trace, one span of it gone."""
    return replace(trace, spans=tuple(it for it in trace.spans if it.name != name))
