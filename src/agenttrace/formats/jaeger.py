"""Jaeger: the JSON of its query API and its UI.

Times are microseconds; ids of 64 bits are padded; a whole number past 2**53 is written as text
with the type `int64`; `null` stands for an empty list. Status, kind and scope are tags
(`otel.status_code`, `span.kind`, `otel.scope.name`). Microseconds make ties, so spans that began
together stand in the file's order.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from agenttrace.causal.sequence import in_causal_order
from agenttrace.formats import jaeger_write
from agenttrace.formats.documents import (
    Unread,
    mapping,
    refuse,
    sequence,
    text,
    value_of,
    whole,
)
from agenttrace.formats.exported import loss, told_of
from agenttrace.formats.foreign import TellingReader
from agenttrace.formats.told import Occurred, Told, attempt, hex_id
from agenttrace.model.span import Scope, Status, WireKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from agenttrace.formats.broken import Way
    from agenttrace.model.trace import Trace
    from agenttrace.model.values import Value

_NAME = "Jaeger JSON"
_WAY: Way = {"data": {"spans": {}}, "spans": {}}
_NS_A_US = 1_000
_CODES = ("UNSET", "OK", "ERROR")
_TAKEN = frozenset(
    {
        "error",
        "otel.library.name",
        "otel.library.version",
        "otel.scope.name",
        "otel.scope.version",
        "otel.status_code",
        "otel.status_description",
        "span.kind",
        "w3c.tracestate",
    }
)
"""Tags that become fields of the span."""


class JaegerCodec(TellingReader):
    """Reads Jaeger's JSON: a response of its API, or one trace of it; writes such a response."""

    name = "jaeger"
    suffixes = (".jaeger.json",)
    title = _NAME
    way = _WAY
    tick_ns = _NS_A_US

    def reads(self, head: bytes) -> bool:
        """Whether it begins with a trace of Jaeger's."""
        return b'"traceID"' in head

    def told(self, document: object) -> Iterator[Told | Unread]:
        """The spans of a response of the API, or of one trace."""
        whole_file = mapping(document, _NAME, "the file")
        listed = whole_file.get("data", [whole_file])
        for trace in sequence(listed, _NAME, "data"):
            yield from _spans(mapping(trace, _NAME, "data"))

    def write(self, trace: Trace) -> bytes:
        """Encode a trace."""
        return self.write_told(told_of(in_causal_order(trace), tick_ns=self.tick_ns))

    def write_told(self, told: Iterable[Told]) -> bytes:
        """Encode spans that are told."""
        return jaeger_write.in_json(told)

    def loss(self, trace: Trace) -> frozenset[str]:
        """What spans have no place for; structured values, and what a reference does not say."""
        lost = set(loss(trace, jaeger_write.carries, _TAKEN, self.tick_ns))
        spans = trace.spans
        if any(
            link.relationship != "follows_from" or link.attributes
            for it in spans
            for link in it.links
        ):
            lost.add("spans.links")
        if any(it.scope is not None and it.scope.attributes for it in spans):
            lost.add("spans.scope")
        if any(
            key in ("event", "message")
            for it in spans
            for one in it.events
            for key in one.attributes
        ):
            lost.add("spans.events")
        if not all(isinstance(it.resource.get("service.name"), str) for it in spans):
            lost.add("spans.resource")
        return frozenset(lost)


def _spans(trace: dict[str, Any]) -> Iterator[Told | Unread]:
    if "spans" not in trace:
        if "spanID" not in trace:
            refuse(_NAME, "it has no spans")
        yield attempt(_of_trace, trace, {})
        return
    processes = mapping(trace.get("processes"), _NAME, "processes")
    for one in sequence(trace["spans"], _NAME, "spans"):
        yield attempt(_of_trace, one, processes)


def _of_trace(one: object, processes: dict[str, Any]) -> Told:
    span = mapping(one, _NAME, "spans")
    process = span.get("process") or processes.get(text(span.get("processID")))
    return _told(span, mapping(process, _NAME, "processes"))


def _told(span: dict[str, Any], process: dict[str, Any]) -> Told:
    where = f"span {text(span.get('operationName'))!r}"
    trace = hex_id(text(span.get("traceID")), 32)
    tags = _tags(span.get("tags"))
    start = whole(span.get("startTime"), _NAME, where) * _NS_A_US
    references = [
        mapping(it, _NAME, where) for it in sequence(span.get("references"), _NAME, where)
    ]
    parent = next(
        (
            hex_id(text(it.get("spanID")), 16)
            for it in references
            if it.get("refType") == "CHILD_OF" and hex_id(text(it.get("traceID")), 32) == trace
        ),
        hex_id(text(span.get("parentSpanID") or span.get("parentSpanId")), 16),
    )
    service = text(process.get("serviceName"))
    return Told(
        trace=trace,
        id=hex_id(text(span.get("spanID")), 16),
        parent=parent,
        name=text(span.get("operationName")),
        wire_kind=_kind(tags.get("span.kind")),
        start_ns=start,
        end_ns=start + whole(span.get("duration"), _NAME, where) * _NS_A_US,
        status=_status(tags),
        attributes={key: value for key, value in tags.items() if key not in _TAKEN},
        events=tuple(
            _event(mapping(it, _NAME, where), where)
            for it in sequence(span.get("logs"), _NAME, where)
        ),
        links=tuple(_links(references, trace, parent)),
        resource={"service.name": service, **_tags(process.get("tags"))} if process else {},
        scope=_scope(tags),
        trace_flags=whole(span.get("flags"), _NAME, where) & 0xFF,
        trace_state=text(tags.get("w3c.tracestate")),
    )


def _links(
    references: list[dict[str, Any]], trace: str, parent: str
) -> Iterator[tuple[str, str, str, Mapping[str, Value]]]:
    for one in references:
        of, span = hex_id(text(one.get("traceID")), 32), hex_id(text(one.get("spanID")), 16)
        if (of, span) != (trace, parent):
            yield of, span, text(one.get("refType")).lower() or "follows_from", {}


def _event(log: dict[str, Any], where: str) -> Occurred:
    fields = _tags(log.get("fields"))
    name = fields.pop("event", None) or fields.pop("message", None) or "log"
    return Occurred(
        name=str(name),
        at_ns=whole(log.get("timestamp"), _NAME, where) * _NS_A_US,
        attributes=fields,
    )


def _tags(tags: object) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for one in sequence(tags, _NAME, "tags"):
        tag = mapping(one, _NAME, "tags")
        found[text(tag.get("key"))] = value_of(_value(tag), _NAME, "tags")
    return found


def _value(tag: dict[str, Any]) -> object:
    value, kind = tag.get("value"), tag.get("type")
    if not isinstance(value, str):
        return value
    if kind == "int64":
        return whole(value, _NAME, "tags")
    if kind in ("bool", "float64"):
        return {"true": True, "false": False}.get(value.lower(), value)
    if kind == "binary":
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            return value
    return value


def _status(tags: Mapping[str, Value]) -> Status:
    said = text(tags.get("otel.status_code")).upper()
    failed = tags.get("error") in (True, "true")
    code = said if said in _CODES else "ERROR" if failed else "UNSET"
    return Status(code=code, message=text(tags.get("otel.status_description")))


def _scope(tags: Mapping[str, Value]) -> Scope | None:
    name = tags.get("otel.scope.name") or tags.get("otel.library.name")
    version = tags.get("otel.scope.version") or tags.get("otel.library.version")
    return Scope(name=text(name), version=text(version)) if name else None


def _kind(value: Value) -> WireKind:
    name = text(value).lower()
    return WireKind(name) if name in set(WireKind) else WireKind.INTERNAL


CODEC = JaegerCodec()
