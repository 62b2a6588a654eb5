"""Span processor: for programs that have OpenTelemetry's spans, and nothing of ours in their code.

The spans of one trace go into one journal. It knows what the spans say: where prompts and answers
are in their attributes, an incident can be replayed from it; where not, its fidelity says so.
"""

from __future__ import annotations

import atexit
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from agenttrace.causal.clock import RealClock, wall_clock_text
from agenttrace.formats.records import Began, Ended, Reported, Warned
from agenttrace.model.values import canonical
from agenttrace.record.kept import Kept
from agenttrace.session.journals import Journals, Limits

if TYPE_CHECKING:
    import os

    from agenttrace.model.values import Value
    from agenttrace.record.kept import Tally
    from agenttrace.redact import Wishes

T = TypeVar("T")

_MOST_OPEN = 256
"""How many traces are open at once; the one that said nothing for longest is ended for another."""

_ERROR = 2
"""OpenTelemetry's number for the status ERROR."""

_LINGERS_NS = 1_000_000_000
"""How long a trace may get more spans once its root has ended."""

_SPAN_BYTES = 1024
"""What a span that waits is taken to weigh."""

_SIMPLE = frozenset({bool, int, str})
_DROPPED = "spans were dropped, since more ended than could be written: this trace may lack some"


class SpanProcessor:
    """Writes the spans that end in this process into journals, one a trace.

    `provider.add_span_processor(agenttrace.SpanProcessor("journals"))`. `on_end` only appends to a
    queue: the span is looked at, cleaned and written by a thread of ours.

    Args:
        folder: Where the journals go; a folder of its own.
        sample: Which share of all traces is recorded, from 0 to 1; chosen by the trace's id, as
            OpenTelemetry's `TraceIdRatioBased` chooses.
        keep_failed: Whether traces that were not chosen are kept where a span has status ERROR.
            They are held in memory until their root has ended, so a killed process loses them.
        limits: What may be used.
        redact: What is taken out beside the secrets that are known, as `agenttrace_redact` says it.

    Raises:
        UsageError: An argument is out of its range.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        sample: float = 1.0,
        keep_failed: bool = False,
        limits: Limits | None = None,
        redact: Iterable[str] | Wishes = (),
    ) -> None:
        self._journals = Journals(
            folder,
            sample=sample,
            keep_failed=keep_failed,
            limits=limits or Limits(),
            redact=redact,
        )
        self._sink = _Spans(self._journals)
        self._waiting = self._journals.backlog.open_quick(self._sink)
        self._journals.forgets.append(self._sink.forget)
        self._limit = (limits or Limits()).waiting_bytes // _SPAN_BYTES
        self._takes_all = keep_failed or sample >= 1
        self._closing = threading.Lock()
        self._closed = False
        atexit.register(self.shutdown)

    @property
    def tally(self) -> Tally:
        """What became of the traces so far: written, dropped, cut, and how often we failed."""
        return self._journals.tally

    # -- what the SDK calls -----------------------------------------------------------------------
    def on_start(self, span: Any, parent_context: Any = None) -> None:  # noqa: ANN401 - the SDK's
        """Nothing is known of a span that has just begun."""

    def _on_ending(self, span: Any) -> None:  # noqa: ANN401 - likewise
        """Nothing is to be added to a span."""

    def on_end(self, span: Any) -> None:  # noqa: ANN401 - likewise
        """Let a span be written; it may be dropped, never waited for."""
        if self._takes_all or self._journals.chooses(span.context.trace_id):
            if len(self._waiting) < self._limit:
                self._waiting.append(span)
            else:
                self._journals.backlog.dropped += 1
                self._sink.lacks = True

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Wait until the spans that have ended are in their journals; whether they are."""
        return self._journals.backlog.flush(timeout_millis / 1_000)

    def shutdown(self, timeout_s: float = 5.0) -> None:
        """Write what waits, and take no span any more; twice is once."""
        with self._closing:
            closed, self._closed = self._closed, True
        if not closed:
            self._limit = 0
            atexit.unregister(self.shutdown)
            self._journals.close(timeout_s, self._sink.end)


class _Open(NamedTuple):
    kept: Kept
    state: _State


class _Resource(NamedTuple):
    """What produced spans: as the SDK has it, how much was known to be secret, what is written."""

    given: Any
    learned: int
    told: Value


class _State:
    """What is known of one trace while it is open: when its root ended, or None."""

    __slots__ = ("chosen", "ended_ns", "failed", "lacks")

    def __init__(self, *, chosen: bool) -> None:
        self.chosen = chosen
        self.lacks = self.failed = False
        self.ended_ns: int | None = None


class _Spans:
    """The sink of a processor: spans of all traces, each to its own journal."""

    def __init__(self, journals: Journals) -> None:
        self._journals = journals
        self._open: OrderedDict[int, _Open] = OrderedDict()
        self._resources: dict[int, _Resource] = {}
        self._clock = RealClock()
        self.lacks = False

    def take(self, span: Any) -> None:  # noqa: ANN401 - the SDK's
        """Take a span that has ended."""
        trace: int = span.context.trace_id
        found = self._open.get(trace)
        if found is None:
            found = self._open[trace] = self._begun(span, trace)
            while len(self._open) > _MOST_OPEN:
                oldest, _ = next(iter(self._open.items()))
                self._close(oldest)
        self._open.move_to_end(trace)
        kept, state = found
        if span.status.status_code.value == _ERROR:
            state.failed = True
        kept.add(Reported(span=_dump(span, self._journals.redactor.said, self._resource(span))))
        if state.ended_ns is None and (span.parent is None or span.parent.is_remote):
            state.ended_ns = self._clock.now_ns()
            kept.add(Ended())

    def _resource(self, span: Any) -> Value:  # noqa: ANN401 - the SDK's
        """What produced a span, without secrets: looked through once, or when more are known."""
        given, learned = span.resource, self._journals.redactor.learned
        known = self._resources.get(id(given))
        if known is None or known.learned != learned or known.given is not given:
            if len(self._resources) >= _MOST_OPEN:
                self._resources.clear()
            told: Value = {"attributes": _attributes(given.attributes)}
            clean = self._journals.redactor.said(told)
            known = self._resources[id(given)] = _Resource(given, learned, clean)
        return known.told

    def settle(self) -> None:
        """Bring what was taken to the disk; a trace whose root has ended may still get a span."""
        if self.lacks:
            self.lacks = False
            self._say_what_lacks()
        now = self._clock.now_ns()
        for trace, (kept, state) in tuple(self._open.items()):
            ended = state.ended_ns
            if ended is not None and (now - ended > _LINGERS_NS or not state.chosen):
                self._close(trace)
            else:
                kept.settle()

    def overflow(self) -> None:
        """Nothing but spans comes here."""

    def _say_what_lacks(self) -> None:
        """Spans were dropped, of whichever traces: each that is open may lack some, and says so."""
        for found in self._open.values():
            if not found.state.lacks:
                found.state.lacks = True
                found.kept.add(Warned(text=_DROPPED))

    def forget(self) -> None:
        """Leave what is open to the process that this one was forked from."""
        self._open.clear()

    def end(self) -> None:
        """End every journal."""
        for trace in tuple(self._open):
            self._close(trace)

    def _close(self, trace: int) -> None:
        kept, state = self._open.pop(trace)
        if state.ended_ns is not None:
            kept.end(failed=state.failed)
        else:
            kept.cut("shutdown")

    def _begun(self, span: Any, trace: int) -> _Open:  # noqa: ANN401 - the SDK's
        journals = self._journals
        journals.room.tally.begun += 1
        told, chosen = f"{trace:032x}", journals.chooses(trace)
        began = Began(
            name=journals.redactor.said(span.name),
            trace=told,
            started=wall_clock_text(),
            environment={"production": {"trace": told, "sample": journals.sample}},
        )
        kept = Kept(
            journals.room,
            began,
            title=str(span.resource.attributes.get("service.name") or span.name),
            told=told,
            chosen=chosen,
            stop=_nothing,
        )
        return _Open(kept, _State(chosen=chosen))


def _dump(span: Any, said: _Said, resource: Value) -> dict[str, Value]:  # noqa: ANN401 - the SDK's
    """Tell a span as the SDK dumps it, without secrets; numbers and ids have none."""
    status, parent = span.status, span.parent
    return {
        "name": said(span.name),
        "context": _context(span.context),
        "kind": span.kind.name,
        "parent_id": None if parent is None else f"{parent.span_id:016x}",
        "start_time": span.start_time,
        "end_time": span.end_time,
        "status": {
            "status_code": status.status_code.name,
            "description": said(status.description),
        },
        "attributes": said(_attributes(span.attributes)),
        "events": [
            {
                "name": said(event.name),
                "timestamp": event.timestamp,
                "attributes": said(_attributes(event.attributes)),
            }
            for event in span.events
        ],
        "links": [
            {"context": _context(link.context), "attributes": said(_attributes(link.attributes))}
            for link in span.links
        ],
        "resource": resource,
    }


class _Said(Protocol):
    """Gives a thing without the secrets in it."""

    def __call__(self, thing: T) -> T: ...


def _context(context: Any) -> dict[str, Value]:  # noqa: ANN401 - the SDK's
    return {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}


def _attributes(given: Mapping[str, Any] | None) -> dict[str, Value]:
    return {
        key: value if type(value) in _SIMPLE else canonical(value)
        for key, value in (given or {}).items()
    }


def _nothing() -> None:
    """Nobody is to be told."""
