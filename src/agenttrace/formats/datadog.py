"""Datadog: its agent's traces of version 0.4, as msgpack. Written only.

A list of traces, each a list of spans. Of a trace id of 128 bits the lower half is `trace_id`, and
the upper one stands in the first span's `_dd.p.tid`; texts are `meta`, numbers `metrics`; links
carry both halves, and events are JSON in `meta` (Datadog's trace agent API, v0.4).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from agenttrace.formats.exported import FOREIGN_LOSS, told_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agenttrace.formats.told import Told
    from agenttrace.model.trace import Trace
    from agenttrace.model.values import Value

_TYPES = {"llm": "llm", "http": "http"}
_HALF = 16
_FLAGGED = 1 << 31
_EXACT = 2**53
_LONGEST_RESOURCE = 5_000


class DatadogWriter:
    """Writes Datadog's v0.4."""

    name = "datadog"
    suffixes = (".datadog.msgpack",)
    tick_ns = 1

    def write(self, trace: Trace) -> bytes:
        """Encode a trace."""
        return self.write_told(told_of(trace, tick_ns=self.tick_ns))

    def write_told(self, told: Iterable[Told]) -> bytes:
        """Encode spans that are told."""
        import msgpack

        packed: bytes = msgpack.packb(payload(told))
        return packed

    def loss(self, trace: Trace) -> frozenset[str]:
        """What a span of Datadog's has no place for; it is not read back."""
        lost = {"spans.scope", "spans.wire_kind", "spans.trace_flags", "spans.attributes"}
        return FOREIGN_LOSS | lost


def payload(told: Iterable[Told]) -> list[list[dict[str, Any]]]:
    """Spans as lists of traces, in plain values."""
    traces: dict[str, list[dict[str, Any]]] = {}
    for one in told:
        spans = traces.setdefault(one.trace, [])
        spans.append(_span(one, first=not spans))
    return list(traces.values())


def _span(told: Told, *, first: bool) -> dict[str, Any]:
    kind = str(told.attributes.get("agenttrace.kind") or "")
    said: dict[str, Any] = {
        "service": str(told.resource.get("service.name") or "unknown_service"),
        "name": f"agent.{kind}" if kind else "internal",
        "resource": told.name[:_LONGEST_RESOURCE],
        "trace_id": int(told.trace[_HALF:], 16),
        "span_id": int(told.id, 16),
        "parent_id": int(told.parent or "0", 16),
        "start": told.start_ns,
        "duration": max(0, told.end_ns - told.start_ns),
        "error": int(told.status.code == "ERROR"),
        "type": _TYPES.get(kind, "custom"),
        "meta": _meta(told, first=first),
        "metrics": {
            **{key: it for key, it in told.attributes.items() if _is_metric(it)},
            "_sampling_priority_v1": 1,
        },
    }
    if told.links:
        said["span_links"] = [_link(link) for link in told.links]
    return said


def _meta(told: Told, *, first: bool) -> dict[str, str]:
    found = {key: _text(it) for key, it in told.attributes.items() if not _is_metric(it)}
    found["span.kind"] = told.wire_kind.value
    if first:
        found["_dd.p.tid"] = told.trace[:_HALF]
    if told.status.code == "ERROR":
        found["error.message"] = told.status.message
    if told.events:
        events = [
            {"name": one.name, "time_unix_nano": one.at_ns, "attributes": dict(one.attributes)}
            for one in told.events
        ]
        found["events"] = json.dumps(events, default=repr)
    return found


def _link(link: tuple[str, str, str, Any]) -> dict[str, Any]:
    trace, span, relationship, attributes = link
    return {
        "trace_id": int(trace[_HALF:], 16),
        "trace_id_high": int(trace[:_HALF], 16),
        "span_id": int(span, 16),
        "attributes": {
            "relationship": relationship,
            **{key: _text(value) for key, value in attributes.items()},
        },
        "flags": _FLAGGED | 1,
    }


def _is_metric(value: Value) -> bool:
    """Whether a value is a number that a double holds as it is."""
    return isinstance(value, float) or (type(value) is int and abs(value) <= _EXACT)


def _text(value: Value) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=repr)


CODEC = DatadogWriter()
