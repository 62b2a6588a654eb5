"""OTLP: OpenTelemetry's JSON, as collectors, exporters and backends write it. Read only.

By the specification ids are hex and enums are numbers (opentelemetry-proto, OTLP/JSON encoding).
Files in the wild also have ids in base64, enums by name, uppercase hex, snake_case keys and nulls;
all are understood. Unknown fields are ignored.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any

from agenttrace.formats.documents import (
    Unread,
    mapping,
    refuse,
    sequence,
    text,
    value_of,
    whole,
)
from agenttrace.formats.foreign import TellingReader
from agenttrace.formats.told import Occurred, Told, attempt, hex_id
from agenttrace.model.names import RELATIONSHIP
from agenttrace.model.span import Scope, Status, WireKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenttrace.model.values import Value

_NAME = "OTLP JSON"
_HEX = re.compile(r"[0-9a-fA-F]+")
_KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
_CODES = ("UNSET", "OK", "ERROR")
_FLAGS = 0xFF
_DEEPEST = 100


class OtlpReader(TellingReader):
    """Reads OTLP JSON: one request, several in an array, or one a line."""

    name = "otlp"
    suffixes = (".otlp.json", ".otlp.jsonl")
    title = _NAME

    def reads(self, head: bytes) -> bool:
        """Whether it begins with resource spans."""
        return b'"resourceSpans"' in head or b'"resource_spans"' in head

    def told(self, document: object) -> Iterator[Told | Unread]:
        """The spans of one document, or of each in an array."""
        for one in document if isinstance(document, list) else [document]:
            yield from _spans(mapping(one, _NAME, "the file"))


def _spans(document: dict[str, Any]) -> Iterator[Told | Unread]:
    listed = _get(document, "resourceSpans")
    if listed is None and document:
        refuse(_NAME, "it has no resourceSpans")
    for group in sequence(listed, _NAME, "resourceSpans"):
        group_of = mapping(group, _NAME, "resourceSpans")
        resource = _attributes(mapping(_get(group_of, "resource"), _NAME, "resource"))
        for scoped in sequence(_get(group_of, "scopeSpans"), _NAME, "scopeSpans"):
            inner = mapping(scoped, _NAME, "scopeSpans")
            scope = _scope(mapping(_get(inner, "scope"), _NAME, "scope"))
            for span in sequence(_get(inner, "spans"), _NAME, "spans"):
                yield attempt(_told, span, resource, scope)


def _told(told: object, resource: dict[str, Value], scope: Scope | None) -> Told:
    span = mapping(told, _NAME, "spans")
    where = f"span {text(_get(span, 'name'))!r}"
    status = mapping(_get(span, "status"), _NAME, where)
    start = whole(_get(span, "startTimeUnixNano"), _NAME, where)
    return Told(
        trace=_id(_get(span, "traceId"), 32),
        id=_id(_get(span, "spanId"), 16),
        parent=_id(_get(span, "parentSpanId"), 16),
        name=text(_get(span, "name")),
        wire_kind=_kind(_get(span, "kind")),
        start_ns=start,
        end_ns=whole(_get(span, "endTimeUnixNano"), _NAME, where) or start,
        status=Status(code=_code(status.get("code")), message=text(status.get("message"))),
        attributes=_attributes(span),
        events=tuple(
            Occurred(
                name=text(event.get("name")),
                at_ns=whole(_get(event, "timeUnixNano"), _NAME, where),
                attributes=_attributes(event),
            )
            for event in (
                mapping(it, _NAME, where) for it in sequence(_get(span, "events"), _NAME, where)
            )
        ),
        links=tuple(
            _link(mapping(link, _NAME, where))
            for link in sequence(_get(span, "links"), _NAME, where)
        ),
        resource=resource,
        scope=scope,
        trace_flags=whole(_get(span, "flags"), _NAME, where) & _FLAGS,
        trace_state=text(_get(span, "traceState")),
    )


def _link(link: dict[str, Any]) -> tuple[str, str, str, dict[str, Value]]:
    attributes = _attributes(link)
    relationship = str(attributes.pop(RELATIONSHIP, "triggered_by"))
    return _id(_get(link, "traceId"), 32), _id(_get(link, "spanId"), 16), relationship, attributes


def _scope(scope: dict[str, Any]) -> Scope | None:
    if not scope.get("name"):
        return None
    return Scope(
        name=text(scope.get("name")),
        version=text(scope.get("version")),
        attributes=_attributes(scope),
    )


def _attributes(holder: dict[str, Any]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for one in sequence(holder.get("attributes"), _NAME, "attributes"):
        pair = mapping(one, _NAME, "attributes")
        value = _any_value(pair.get("value"), 0)
        found[text(pair.get("key"))] = value_of(value, _NAME, "attributes")
    return found


def _any_value(value: object, depth: int) -> object:
    """What an AnyValue says; one that is a plain value says itself."""
    if not isinstance(value, dict):
        return value
    if depth > _DEEPEST:
        refuse(_NAME, f"an attribute nests more than {_DEEPEST} deep")
    if not value:
        return None
    key, inner = next(iter(value.items()))
    kind = key.replace("_", "").lower()
    if kind in ("arrayvalue", "kvlistvalue"):
        listed = sequence(mapping(inner, _NAME, "attributes").get("values"), _NAME, "attributes")
        if kind == "arrayvalue":
            return [_any_value(it, depth + 1) for it in listed]
        pairs = [mapping(it, _NAME, "attributes") for it in listed]
        return {text(it.get("key")): _any_value(it.get("value"), depth + 1) for it in pairs}
    if kind == "intvalue":
        return whole(inner, _NAME, "attributes")
    return _bytes(text(inner)) if kind == "bytesvalue" else inner


def _bytes(said: str) -> object:
    try:
        return base64.b64decode(said, validate=True)
    except (binascii.Error, ValueError):
        return said


def _id(value: object, digits: int) -> str:
    """An id: hex in either case; or base64, as protobuf's own JSON has it."""
    said = text(value)
    if len(said) == digits and _HEX.fullmatch(said):
        return hex_id(said, digits)
    try:
        plain = base64.b64decode(said, validate=True)
    except (binascii.Error, ValueError):
        plain = b""
    return hex_id(plain.hex() if len(plain) * 2 == digits else said, digits) if said else ""


def _kind(value: object) -> WireKind:
    name = (
        _KINDS[value]
        if isinstance(value, int) and 0 <= value < len(_KINDS)
        else text(value).lower().removeprefix("span_kind_")
    )
    return WireKind(name) if name in set(WireKind) else WireKind.INTERNAL


def _code(value: object) -> str:
    if isinstance(value, int) and 0 <= value < len(_CODES):
        return _CODES[value]
    name = text(value).upper().removeprefix("STATUS_CODE_")
    return name if name in _CODES else "UNSET"


def _get(holder: dict[str, Any], key: str) -> Any:  # noqa: ANN401 - JSON of anybody's
    """A field by its name, or by the same in snake_case."""
    found = holder.get(key)
    if found is None:
        found = holder.get(re.sub(r"([A-Z])", lambda upper: f"_{upper[1].lower()}", key))
    return found


CODEC = OtlpReader()
