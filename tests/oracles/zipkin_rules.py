"""Zipkin's published rules for a list of spans (`zipkin2-api.yaml`), as a plain check."""

from __future__ import annotations

import re
from typing import Any

_FIELDS = {
    "traceId": str,
    "name": str,
    "parentId": str,
    "id": str,
    "kind": str,
    "timestamp": int,
    "duration": int,
    "debug": bool,
    "shared": bool,
    "localEndpoint": dict,
    "remoteEndpoint": dict,
    "annotations": list,
    "tags": dict,
}
_IDS = {"traceId": r"[0-9a-f]{16,32}", "id": r"[0-9a-f]{16}", "parentId": r"[0-9a-f]{16}"}
_KINDS = ("CLIENT", "SERVER", "PRODUCER", "CONSUMER")
_ENDPOINT = {"serviceName": str, "ipv4": str, "ipv6": str, "port": int}
_ANNOTATION = {"timestamp": int, "value": str}


def broken(spans: Any) -> list[str]:
    """The rules that a list of spans breaks; empty where it keeps them all."""
    if not isinstance(spans, list):
        return ["it is no list"]
    return [why for span in spans for why in _span(span)]


def _span(span: Any) -> list[str]:
    found = _typed(span, _FIELDS)
    found += [
        f"{name} is {span.get(name)!r}"
        for name, rule in _IDS.items()
        if (name in span or name != "parentId") and not re.fullmatch(rule, span[name])
    ]
    if "kind" in span and span["kind"] not in _KINDS:
        found.append(f"kind is {span['kind']!r}")
    if span.get("duration", 1) < 1:
        found.append("a duration is less than one")
    if span.get("name", "") != span.get("name", "").lower():
        found.append("a name is not in lowercase")
    for end in ("localEndpoint", "remoteEndpoint"):
        found += _typed(span.get(end, {}), _ENDPOINT)
        service = span.get(end, {}).get("serviceName", "")
        if service != service.lower():
            found.append("a service's name is not in lowercase")
    for note in span.get("annotations", []):
        found += _typed(note, _ANNOTATION)
    found += [
        f"the tag {key!r} is no text" for key, it in span["tags"].items() if type(it) is not str
    ]
    return found


def _typed(value: dict[str, Any], rules: dict[str, type]) -> list[str]:
    return [
        f"{key} is {type(it).__name__}"
        for key, it in value.items()
        if key not in rules or type(it) is not rules[key]
    ]
