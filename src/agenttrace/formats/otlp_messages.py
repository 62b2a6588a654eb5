"""OTLP as protobuf messages, built from told spans by `opentelemetry-proto` (extra `otel`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    ArrayValue,
    InstrumentationScope,
    KeyValue,
    KeyValueList,
)
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import (
    ResourceSpans,
    ScopeSpans,
    Span,
    Status,
    TracesData,
)

from agenttrace.formats.otlp_write import CODES, GREATEST, KINDS, SMALLEST, grouped
from agenttrace.model.names import RELATIONSHIP

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agenttrace.formats.told import Told
    from agenttrace.model.span import Scope
    from agenttrace.model.values import Value


def in_protobuf(told: Iterable[Told]) -> bytes:
    """Spans as one request, encoded."""
    groups = [
        ResourceSpans(
            resource=Resource(attributes=_attributes(resource)),
            scope_spans=[
                ScopeSpans(scope=_scope(scope), spans=map(_span, spans)) for scope, spans in scopes
            ],
        )
        for resource, scopes in grouped(told)
    ]
    encoded: bytes = TracesData(resource_spans=groups).SerializeToString()
    return encoded


def _scope(scope: Scope | None) -> InstrumentationScope | None:
    if scope is None:
        return None
    attributes = _attributes(scope.attributes)
    return InstrumentationScope(name=scope.name, version=scope.version, attributes=attributes)


def _span(told: Told) -> Span:
    return Span(
        trace_id=bytes.fromhex(told.trace),
        span_id=bytes.fromhex(told.id),
        parent_span_id=bytes.fromhex(told.parent),
        name=told.name,
        kind=KINDS[told.wire_kind],  # type: ignore[arg-type] # the enum's number
        start_time_unix_nano=told.start_ns,
        end_time_unix_nano=told.end_ns,
        attributes=_attributes(told.attributes),
        events=[
            Span.Event(
                time_unix_nano=one.at_ns, name=one.name, attributes=_attributes(one.attributes)
            )
            for one in told.events
        ],
        links=[
            Span.Link(
                trace_id=bytes.fromhex(trace),
                span_id=bytes.fromhex(span),
                attributes=_attributes({**attributes, RELATIONSHIP: relationship}),
            )
            for trace, span, relationship, attributes in told.links
        ],
        status=Status(
            code=CODES.get(told.status.code, 2),  # type: ignore[arg-type] # the enum's number
            message=told.status.message,
        ),
        flags=told.trace_flags,
        trace_state=told.trace_state,
    )


def _attributes(attributes: Mapping[str, Value]) -> list[KeyValue]:
    return [KeyValue(key=key, value=_any_value(value)) for key, value in attributes.items()]


def _any_value(value: Value) -> AnyValue:  # noqa: PLR0911 - one return a type
    if isinstance(value, str):
        return AnyValue(string_value=value)
    if value is None:
        return AnyValue()
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        fits = SMALLEST <= value <= GREATEST
        return AnyValue(int_value=value) if fits else AnyValue(string_value=str(value))
    if isinstance(value, float):
        return AnyValue(double_value=value)
    if isinstance(value, bytes):
        return AnyValue(bytes_value=value)
    if isinstance(value, list):
        return AnyValue(array_value=ArrayValue(values=map(_any_value, value)))
    return AnyValue(kvlist_value=KeyValueList(values=_attributes(value)))
