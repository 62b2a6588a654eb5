"""OTLP, written: JSON by the specification, and the same as protobuf (extra `otel`).

Ids are lowercase hex, whole numbers and times are texts, enums are numbers, keys are in camelCase
(opentelemetry-proto, OTLP/JSON encoding). Spans stand in the order of the trace, those of one
resource and scope together.
"""

from __future__ import annotations

import base64
import json
import math
from typing import TYPE_CHECKING, Any, TypeAlias

from agenttrace.model.names import RELATIONSHIP
from agenttrace.model.span import Scope, WireKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agenttrace.formats.told import Occurred, Told
    from agenttrace.model.values import Value

KINDS = {
    WireKind.INTERNAL: 1,
    WireKind.SERVER: 2,
    WireKind.CLIENT: 3,
    WireKind.PRODUCER: 4,
    WireKind.CONSUMER: 5,
}
CODES = {"UNSET": 0, "OK": 1, "ERROR": 2}
SMALLEST, GREATEST = -(2**63), 2**63 - 1
Group: TypeAlias = "tuple[Mapping[str, Value], list[tuple[Scope | None, list[Told]]]]"
"""A resource, and the spans of each scope under it."""


def grouped(told: Iterable[Told]) -> list[Group]:
    """Spans by their resource, then by their scope."""
    groups: dict[str, tuple[Mapping[str, Value], dict[str, tuple[Scope | None, list[Told]]]]] = {}
    keys: dict[int, str] = {}  # most spans share one resource and one scope
    listed = list(told)
    for one in listed:
        for thing in (one.resource, one.scope):
            if id(thing) not in keys:
                keys[id(thing)] = repr(thing)
        _, scopes = groups.setdefault(keys[id(one.resource)], (one.resource, {}))
        _, spans = scopes.setdefault(keys[id(one.scope)], (one.scope, []))
        spans.append(one)
    return [(resource, list(scopes.values())) for resource, scopes in groups.values()]


def request(told: Iterable[Told]) -> dict[str, Any]:
    """Spans as one `ExportTraceServiceRequest`, in the form of OTLP JSON."""
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": _attributes(resource)},
                "scopeSpans": [
                    {"scope": _scope(scope), "spans": [_span(one) for one in spans]}
                    for scope, spans in scopes
                ],
            }
            for resource, scopes in grouped(told)
        ]
    }


def in_json(told: Iterable[Told]) -> bytes:
    """Spans as OTLP JSON."""
    return json.dumps(request(told), separators=(",", ":"), allow_nan=False).encode()


def rejected(answer: bytes) -> tuple[int, str]:
    """How many spans of a request an endpoint says that it did not take, and why.

    OTLP's partial success (opentelemetry-proto, `ExportTracePartialSuccess`); what cannot be
    understood says nothing.
    """
    try:
        part = json.loads(answer or b"{}").get("partialSuccess") or {}
        return int(part.get("rejectedSpans") or 0), str(part.get("errorMessage") or "")
    except (ValueError, AttributeError, TypeError, RecursionError):
        return 0, ""


def _span(told: Told) -> dict[str, Any]:
    said: dict[str, Any] = {
        "traceId": told.trace,
        "spanId": told.id,
        "name": told.name,
        "kind": KINDS[told.wire_kind],
        "startTimeUnixNano": str(told.start_ns),
        "endTimeUnixNano": str(told.end_ns),
        "attributes": _attributes(told.attributes),
        "status": {"code": CODES.get(told.status.code, 2)},
        "flags": told.trace_flags,
    }
    if told.parent:
        said["parentSpanId"] = told.parent
    if told.status.message:
        said["status"]["message"] = told.status.message
    if told.trace_state:
        said["traceState"] = told.trace_state
    if told.events:
        said["events"] = [_event(one) for one in told.events]
    if told.links:
        said["links"] = [_link(one) for one in told.links]
    return said


def _event(event: Occurred) -> dict[str, Any]:
    attributes = _attributes(event.attributes)
    return {"timeUnixNano": str(event.at_ns), "name": event.name, "attributes": attributes}


def _link(link: tuple[str, str, str, Mapping[str, Value]]) -> dict[str, Any]:
    trace, span, relationship, attributes = link
    said = _attributes({**attributes, RELATIONSHIP: relationship})
    return {"traceId": trace, "spanId": span, "attributes": said}


def _scope(scope: Scope | None) -> dict[str, Any]:
    if scope is None:
        return {}
    attributes = _attributes(scope.attributes)
    return {"name": scope.name, "version": scope.version, "attributes": attributes}


def _attributes(attributes: Mapping[str, Value]) -> list[dict[str, Any]]:
    return [{"key": key, "value": any_value(value)} for key, value in attributes.items()]


def any_value(value: Value) -> dict[str, Any]:  # noqa: PLR0911 - one return a type
    """A value as an AnyValue; a whole number past 64 bits with a sign becomes text."""
    if isinstance(value, str):
        return {"stringValue": value}
    if value is None:
        return {}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue" if SMALLEST <= value <= GREATEST else "stringValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value if math.isfinite(value) else _named(value)}
    if isinstance(value, bytes):
        return {"bytesValue": base64.b64encode(value).decode("ascii")}
    if isinstance(value, list):
        return {"arrayValue": {"values": [any_value(one) for one in value]}}
    return {"kvlistValue": {"values": _attributes(value)}}


def _named(number: float) -> str:
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
