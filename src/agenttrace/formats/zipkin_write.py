"""Zipkin, written: a list of spans of version 2.

By the API's schema names are in lowercase, tags are texts, times are microseconds and a duration is
at least one. There are no links; what stands in a resource beside the service's name is left out.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from agenttrace.model.span import WireKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agenttrace.formats.told import Told
    from agenttrace.model.values import Value

_NS_A_US = 1_000


def in_json(told: Iterable[Told]) -> bytes:
    """Spans as Zipkin's API takes them."""
    return json.dumps([_span(one) for one in told], separators=(",", ":")).encode()


def _span(told: Told) -> dict[str, Any]:
    start = told.start_ns // _NS_A_US
    said: dict[str, Any] = {
        "traceId": told.trace,
        "id": told.id,
        "name": told.name.lower(),
        "duration": max(1, told.end_ns // _NS_A_US - start),
    }
    if start:
        said["timestamp"] = start
    if told.parent:
        said["parentId"] = told.parent
    if told.wire_kind is not WireKind.INTERNAL:
        said["kind"] = told.wire_kind.value.upper()
    service = told.resource.get("service.name")
    if service:
        said["localEndpoint"] = {"serviceName": str(service).lower()}
    remote = _remote(told.attributes)
    if remote:
        said["remoteEndpoint"] = remote
    said["tags"] = _tags(told)
    if told.events:
        said["annotations"] = [
            {"timestamp": one.at_ns // _NS_A_US, "value": one.name} for one in told.events
        ]
    return said


def _remote(attributes: Mapping[str, Value]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, name in (
        ("peer.service", "serviceName"),
        ("peer.ipv4", "ipv4"),
        ("peer.ipv6", "ipv6"),
    ):
        said = attributes.get(key)
        if isinstance(said, str):
            found[name] = said.lower()
    port = attributes.get("peer.port")
    return {**found, "port": port} if isinstance(port, int) and found else found


def _tags(told: Told) -> dict[str, str]:
    tags = {key: _text(value) for key, value in told.attributes.items()}
    if told.status.code != "UNSET":
        tags["otel.status_code"] = told.status.code
    if told.status.code == "ERROR":
        tags["error"] = told.status.message or "true"
    return tags


def _text(value: Value) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.hex()
    return json.dumps(value, default=repr)


def carries(value: Value) -> bool:
    """Whether a tag holds a value as it is: it holds texts."""
    return isinstance(value, str)
