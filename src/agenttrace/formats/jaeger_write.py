"""Jaeger, written: the JSON of its query API, which its UI opens as a file.

Times are microseconds. Status, kind and scope are tags, under the names that Jaeger's own
translation of OTLP gives them; a whole number past 2**53 is a text with the type `int64`.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from agenttrace.model.span import WireKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agenttrace.formats.told import Occurred, Told
    from agenttrace.model.values import Value

_NS_A_US = 1_000
_SAFE = 2**53 - 1
_SERVICE = "service.name"
_UNKNOWN = "unknown_service"


def in_json(told: Iterable[Told]) -> bytes:
    """Spans as a response of Jaeger's API, one entry a trace."""
    traces: dict[str, list[Told]] = {}
    for one in told:
        traces.setdefault(one.trace, []).append(one)
    data = [_trace(trace, spans) for trace, spans in traces.items()]
    whole = {"data": data, "total": 0, "limit": 0, "offset": 0, "errors": None}
    return json.dumps(whole, separators=(",", ":"), allow_nan=False).encode()


def _trace(trace: str, spans: list[Told]) -> dict[str, Any]:
    processes: dict[str, str] = {}
    found: dict[str, Any] = {}
    listed = []
    for one in spans:
        key = repr(one.resource)
        if key not in processes:
            processes[key] = f"p{len(processes) + 1}"
            found[processes[key]] = _process(one.resource)
        listed.append(_span(one, processes[key]))
    return {"traceID": trace, "spans": listed, "processes": found, "warnings": None}


def _process(resource: Mapping[str, Value]) -> dict[str, Any]:
    service = resource.get(_SERVICE)
    tags = {key: value for key, value in resource.items() if key != _SERVICE}
    return {"serviceName": str(service or _UNKNOWN), "tags": _tags(tags)}


def _span(told: Told, process: str) -> dict[str, Any]:
    references = []
    if told.parent:
        references.append(_reference("CHILD_OF", told.trace, told.parent))
    for trace, span, relationship, _ in told.links:
        kind = "CHILD_OF" if relationship == "child_of" else "FOLLOWS_FROM"
        references.append(_reference(kind, trace, span))
    start = told.start_ns // _NS_A_US
    said = {
        "traceID": told.trace,
        "spanID": told.id,
        "operationName": told.name,
        "references": references,
        "startTime": start,
        "duration": told.end_ns // _NS_A_US - start,
        "tags": _tags({**_scope(told), **told.attributes, **_fields(told)}),
        "logs": [_log(one) for one in told.events],
        "processID": process,
        "warnings": None,
    }
    return {**said, "flags": told.trace_flags} if told.trace_flags else said


def _reference(kind: str, trace: str, span: str) -> dict[str, str]:
    return {"refType": kind, "traceID": trace, "spanID": span}


def _scope(told: Told) -> dict[str, Value]:
    """What made the span; Jaeger's translation still says `library`."""
    if told.scope is None:
        return {}
    found: dict[str, Value] = {"otel.library.name": told.scope.name}
    return {**found, "otel.library.version": told.scope.version} if told.scope.version else found


def _fields(told: Told) -> dict[str, Value]:
    found: dict[str, Value] = {}
    if told.wire_kind is not WireKind.INTERNAL:
        found["span.kind"] = told.wire_kind.value
    if told.status.code != "UNSET":
        found["otel.status_code"] = told.status.code
    if told.status.code == "ERROR":
        found["error"] = True
    if told.status.message:
        found["otel.status_description"] = told.status.message
    if told.trace_state:
        found["w3c.tracestate"] = told.trace_state
    return found


def _log(event: Occurred) -> dict[str, Any]:
    fields = _tags({"event": event.name, **event.attributes})
    return {"timestamp": event.at_ns // _NS_A_US, "fields": fields}


def _tags(attributes: Mapping[str, Value]) -> list[dict[str, Any]]:
    return [_tag(key, value) for key, value in attributes.items()]


def _tag(key: str, value: Value) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"key": key, "type": "bool", "value": value}
    if isinstance(value, int):
        said = value if -_SAFE <= value <= _SAFE else str(value)
        return {"key": key, "type": "int64", "value": said}
    if isinstance(value, float):
        finite = value - value == 0
        return {"key": key, "type": "float64", "value": value if finite else str(value)}
    if isinstance(value, bytes):
        said = base64.b64encode(value).decode("ascii")
        return {"key": key, "type": "binary", "value": said}
    text = value if isinstance(value, str) else json.dumps(value, default=repr)
    return {"key": key, "type": "string", "value": text}


def carries(value: Value) -> bool:
    """Whether a tag holds a value as it is: Jaeger has no lists, no mappings and no null."""
    if isinstance(value, float):
        return value - value == 0
    return isinstance(value, str | bool | int | bytes)
