"""OpenTelemetry in the same process: spans made through its API are spans of the run.

One of them stands where it is current: what is done below it is its child, in either direction.
The SDK's own context carries the other half, so that a span which it starts below one of ours names
ours as its parent.

A library may report what we record ourselves: a model's call, a request, a tool, an agent's turn.
Such a report is told by what it encloses, or by what encloses it, and is left out, so that no
operation and no token counts twice.
"""

from __future__ import annotations

import functools
from contextvars import Token
from typing import TYPE_CHECKING, Any

from agenttrace.adapters.opentelemetry_spans import Spans, spans_of
from agenttrace.adapters.plain.standing import standing
from agenttrace.causal import current
from agenttrace.causal.position import trace_id
from agenttrace.causal.spawn.installing import Installation
from agenttrace.causal.spawn.patching import Seam

if TYPE_CHECKING:
    import contextlib
    from types import ModuleType

    from agenttrace.adapters.plain.standing import Standing

_stood: dict[int, tuple[Token[Any], Token[Any]]] = {}
"""For each context that is attached, by its token's id: the token, and how one stood before."""


def installed() -> contextlib.AbstractContextManager[None]:
    """Follow spans from here on, of an SDK that is loaded now or later."""
    return _installation.installed()


def _start_span(real: Any) -> Any:
    @functools.wraps(real)
    def start_span(self: Any, name: str, context: Any = None, *args: Any, **kwargs: Any) -> Any:
        at = standing()
        if at is None:
            return real(self, name, context, *args, **kwargs)
        spans = spans_of(at.door)
        below = _parent(at, spans) if context is None else context
        span = real(self, name, below, *args, **kwargs)
        if span.is_recording():
            from opentelemetry.trace import get_current_span

            outer = None if context is None else spans.known(get_current_span(context))
            spans.began(at, span, None if outer is None else outer.id)
        return span

    return start_span


def _parent(at: Standing, spans: Spans) -> Any:
    """The context of a span's parent where that is one of ours; None where it is the SDK's own."""
    from opentelemetry import trace

    outer = trace.get_current_span()
    known = spans.known(outer)
    here = at.frame.span
    if here is None or (known is not None and known.id == here):
        return None
    its = outer.get_span_context()
    parent = trace.SpanContext(
        trace_id=its.trace_id if its.is_valid else int(trace_id(at.door.run.name), 16),
        span_id=int(here, 16),
        is_remote=False,
        trace_flags=its.trace_flags if its.is_valid else trace.TraceFlags(1),
        trace_state=its.trace_state,
    )
    return trace.set_span_in_context(trace.NonRecordingSpan(parent))


def _end(real: Any) -> Any:
    @functools.wraps(real)
    def end(self: Any, *args: Any, **kwargs: Any) -> None:
        was_open = self.is_recording()
        real(self, *args, **kwargs)
        if was_open:
            here = current.carried()
            runs = {*current.active()} if here is None else {*current.active(), here.lane.run}
            for run in runs:
                spans_of(run.door).ended(self)

    return end


def _attach(real: Any) -> Any:
    @functools.wraps(real)
    def attach(context: Any) -> Any:
        token = real(context)
        at = standing()
        if at is not None:
            from opentelemetry.trace import get_current_span

            inner = spans_of(at.door).inside(get_current_span(context), at.frame)
            if inner is not None:
                _stood[id(token)] = token, current.stand(inner)
        return token

    return attach


def _detach(real: Any) -> Any:
    @functools.wraps(real)
    def detach(token: Any) -> None:
        attached = _stood.pop(id(token), None)
        if attached is not None:
            current.reset(attached[1])
        real(token)

    return detach


def _seams_of_sdk(module: ModuleType) -> list[Seam]:
    names: Any = module
    return [
        Seam(owner=names.Tracer, name="start_span", around=_start_span),
        Seam(owner=names.Span, name="end", around=_end),
    ]


def _seams_of_context(module: ModuleType) -> list[Seam]:
    return [
        Seam(owner=module, name="attach", around=_attach, held=True),
        Seam(owner=module, name="detach", around=_detach, held=True),
    ]


_installation = Installation(
    {"opentelemetry.sdk.trace": _seams_of_sdk, "opentelemetry.context": _seams_of_context}
)
