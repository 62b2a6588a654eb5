"""OTLP: OpenTelemetry's JSON, as collectors, exporters and backends write it.

By the specification ids are hex and enums are numbers (opentelemetry-proto, OTLP/JSON encoding).
Files in the wild also have ids in base64, enums by name, uppercase hex, snake_case keys and nulls;
all are understood. Phoenix (`/spans/otlpv1`) and MLflow (`/traces/get`, `/traces/batchGet`) give
spans without the resource and scope around them. Unknown fields are ignored.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any, TypeVar

from agenttrace.causal.sequence import in_causal_order
from agenttrace.errors import TraceUnreadable
from agenttrace.formats import otlp_write
from agenttrace.formats.content import is_narrow
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
from agenttrace.formats.told import Logged, Occurred, Told, attempt, hex_id
from agenttrace.model.names import RELATIONSHIP
from agenttrace.model.span import Scope, Status, WireKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from agenttrace.formats.broken import Way
    from agenttrace.model.trace import Trace
    from agenttrace.model.values import Value

T = TypeVar("T")
_NAME = "OTLP JSON"
_NUMBERED = ("unspecified", "internal", "server", "client", "producer", "consumer")
_KINDS = {kind.value: kind for kind in WireKind}
_INTERNAL = WireKind.INTERNAL
_CAMEL = re.compile(r"_([a-z])")
_IDS = {digits: re.compile(f"(?!0*\\Z)[0-9a-f]{{{digits}}}").fullmatch for digits in (16, 32)}
"""Whether a text is an id as most are written, of so many digits."""
_BARE = (
    b'{"data":[{"attributes":[{"key":',
    b'{"trace":{"trace_info":',
    b'{"traces":[{"trace_info":',
)
"""How answers begin that hold spans with nothing around them, without blanks."""
_SIGNALS = (b"resourceSpans", b"resource_spans", b"resourceLogs", b"resource_logs")
_NOBODY_SAID = Status()
_CODES = ("UNSET", "OK", "ERROR")
_FLAGS = 0xFF
_DROPPED = (
    ("attributes", "droppedAttributesCount"),
    ("events", "droppedEventsCount"),
    ("links", "droppedLinksCount"),
)
_COUNTS = tuple(key for _, key in _DROPPED)
_WAY: Way = {
    "resourceSpans": {"scopeSpans": {"spans": {}}},
    "resource_spans": {"scope_spans": {"spans": {}}},
    "resourceLogs": {"scopeLogs": {"logRecords": {}}},
    "resource_logs": {"scope_logs": {"log_records": {}}},
    "trace": {"spans": {}},
    "traces": {"spans": {}},
    "data": {},
}
_DEEPEST = 100
_WIDE = 19
_SMALLEST, _GREATEST = -(2**63), 2**63 - 1


class OtlpCodec(TellingReader):
    """Reads OTLP JSON: one request, several in an array, or one a line; spans and log records.

    It writes one request.
    """

    name = "otlp"
    suffixes = (".otlp.json", ".otlp.jsonl")
    title = _NAME
    way = _WAY
    tick_ns = 1

    def reads(self, head: bytes) -> bool:
        """Whether it begins with resource spans, with the log records of a trace, or bare spans."""
        begins = b"".join(head.split())
        return any(b'"%s"' % key in head for key in _SIGNALS) or begins.startswith(_BARE)

    def told(self, document: object) -> Iterator[Told | Logged | Unread]:
        """The spans and log records of one document, or of each in an array."""
        for one in document if isinstance(document, list) else [document]:
            request = _camel(mapping(one, _NAME, "the file"))
            if request and "resourceSpans" not in request and "resourceLogs" not in request:
                for span in _bare(request):
                    yield attempt(_told, span, {}, None)
            for resource, scope, span in _inner(request, "resourceSpans", "scopeSpans", "spans"):
                yield attempt(_told, span, resource, scope)
            for _, _, log in _inner(request, "resourceLogs", "scopeLogs", "logRecords"):
                yield from _logged(log)

    def write(self, trace: Trace) -> bytes:
        """Encode a trace."""
        return self.write_told(told_of(in_causal_order(trace), tick_ns=self.tick_ns))

    def write_told(self, told: Iterable[Told]) -> bytes:
        """Encode spans that are told."""
        return otlp_write.in_json(told)

    def loss(self, trace: Trace) -> frozenset[str]:
        """What spans have no place for; values of types that OTLP does not have."""
        return loss(trace, is_narrow)


def _inner(
    request: dict[str, Any], outer: str, scoped: str, inner: str
) -> Iterator[tuple[dict[str, Value], Scope | None, object]]:
    """Every span or record of a request, with what produced it."""
    for group in sequence(request.get(outer), _NAME, outer):
        group_of = _camel(mapping(group, _NAME, outer))
        resource = _attributes(mapping(group_of.get("resource"), _NAME, "resource"))
        for one in sequence(group_of.get(scoped), _NAME, scoped):
            under = _camel(mapping(one, _NAME, scoped))
            scope = _scope(mapping(under.get("scope"), _NAME, "scope"))
            for it in sequence(under.get(inner), _NAME, inner):
                yield resource, scope, it


def _bare(document: dict[str, Any]) -> Iterator[object]:
    """The spans of a backend's answer: Phoenix's, or one or several traces of MLflow's."""
    traces = [document["trace"]] if "trace" in document else document.get("traces")
    if "data" in document:
        yield from sequence(document["data"], _NAME, "data")
    elif traces is None:
        refuse(_NAME, "it has no resourceSpans")
    for trace in sequence(traces, _NAME, "traces"):
        yield from sequence(mapping(trace, _NAME, "traces").get("spans"), _NAME, "spans")


def _told(told: object, resource: dict[str, Value], scope: Scope | None) -> Told:
    span = _camel(mapping(told, _NAME, "spans"))
    get = span.get
    name = text(get("name"))
    where = f"span {name!r}"
    start = whole(get("startTimeUnixNano"), _NAME, where)
    flags, state = get("flags"), get("traceState")
    return Told(
        trace=_id(get("traceId"), 32),
        id=_id(get("spanId"), 16),
        parent=_id(get("parentSpanId"), 16),
        name=name,
        wire_kind=_kind(get("kind")),
        start_ns=start,
        end_ns=whole(get("endTimeUnixNano"), _NAME, where) or start,
        status=_status(get("status"), where),
        attributes=_attributes(span),
        events=_each(_event, get("events"), where),
        links=_each(_link, get("links"), where),
        resource=resource,
        scope=scope,
        trace_flags=0 if flags is None else whole(flags, _NAME, where) & _FLAGS,
        trace_state="" if state is None else text(state),
        cut=_dropped(get) if any(map(get, _COUNTS)) else (),
    )


def _dropped(get: Callable[[str], object]) -> tuple[str, ...]:
    return tuple(name for name, key in _DROPPED if get(key) not in (None, 0, "0"))


def _each(made: Callable[[object, str], T], listed: object, where: str) -> tuple[T, ...]:
    """What is made of each entry of a list; most spans have none."""
    if listed is None:
        return ()
    return tuple(made(it, where) for it in sequence(listed, _NAME, where))


def _event(told: object, where: str) -> Occurred:
    event = _camel(mapping(told, _NAME, where))
    return Occurred(
        name=text(event.get("name")),
        at_ns=whole(event.get("timeUnixNano"), _NAME, where),
        attributes=_attributes(event),
    )


def _logged(told: object) -> Iterator[Logged | Unread]:
    """A log record, as an event of its span; one of no span says nothing here."""
    try:
        log = _camel(mapping(told, _NAME, "logRecords"))
        trace, span = _id(log.get("traceId"), 32), _id(log.get("spanId"), 16)
        attributes = _attributes(log)
        body = value_of(_any_value(log.get("body"), 0), _NAME, "logRecords")
        named = text(log.get("eventName")) or text(attributes.pop("event.name", None))
        at_ns = whole(log.get("timeUnixNano"), _NAME, "logRecords")
        at_ns = at_ns or whole(log.get("observedTimeUnixNano"), _NAME, "logRecords")
    except TraceUnreadable as error:
        yield Unread(why=error.headline)
        return
    more: dict[str, Value] = {} if body is None else {"body": body}
    if log.get("severityText"):
        more["severity"] = text(log["severityText"])
    event = Occurred(name=named or "log", at_ns=at_ns, attributes={**attributes, **more})
    if trace and span:
        yield Logged(trace=trace, span=span, event=event)


def _link(told: object, where: str) -> tuple[str, str, str, dict[str, Value]]:
    link = _camel(mapping(told, _NAME, where))
    attributes = _attributes(link)
    relationship = str(attributes.pop(RELATIONSHIP, "triggered_by"))
    return _id(link.get("traceId"), 32), _id(link.get("spanId"), 16), relationship, attributes


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
        pair = one if type(one) is dict else mapping(one, _NAME, "attributes")
        key, told = pair.get("key"), pair.get("value")
        if type(key) is not str or not key.isascii():
            key = text(key)
        said = told.get("stringValue") if type(told) is dict else None
        if type(said) is not str or not said.isascii():  # most are, and need no other look
            said = _other(told)
        found[key] = said
    return found


def _other(told: object) -> Value:
    """What an AnyValue says that is no plain text; a narrow number needs no other look, either."""
    digits = told.get("intValue") if isinstance(told, dict) and len(told) == 1 else None
    if type(digits) is str and digits.isdecimal() and len(digits) < _WIDE:
        return int(digits)
    said = _any_value(told, 0)
    if type(said) is int and _SMALLEST <= said <= _GREATEST:
        return said
    return value_of(said, _NAME, "attributes")


def _any_value(value: object, depth: int) -> object:
    """What an AnyValue says; one that is a plain value says itself."""
    if not isinstance(value, dict) or not value:
        return None if value == {} else value
    if depth > _DEEPEST:
        refuse(_NAME, f"an attribute nests more than {_DEEPEST} deep")
    key, inner = next(iter(value.items()))
    if inner is None:  # Phoenix writes every type, and a null for all but one
        key, inner = next((it for it in value.items() if it[1] is not None), ("", None))
    if key in ("intValue", "int_value"):
        return whole(inner, _NAME, "attributes")
    kind = key.replace("_", "").lower()
    if kind not in ("arrayvalue", "kvlistvalue"):
        return _plain(kind, inner)
    listed = sequence(mapping(inner, _NAME, "attributes").get("values"), _NAME, "attributes")
    if kind == "arrayvalue":
        return [_any_value(it, depth + 1) for it in listed]
    pairs = [mapping(it, _NAME, "attributes") for it in listed]
    return {text(it.get("key")): _any_value(it.get("value"), depth + 1) for it in pairs}


def _plain(kind: str, said: object) -> object:
    """What is written as text, because JSON has no way to: bytes, and what is no finite number."""
    if kind == "doublevalue":
        return float(said) if said in ("NaN", "Infinity", "-Infinity") else said
    if kind != "bytesvalue" or not isinstance(said, str):
        return said
    try:
        return base64.b64decode(said, validate=True)
    except (binascii.Error, ValueError):
        return said


def _id(value: object, digits: int) -> str:
    """An id: hex in either case; or base64, as protobuf's own JSON has it."""
    said = value if type(value) is str else text(value)
    if len(said) == digits and _IDS[digits](said) is not None:
        return said
    if not said or len(said) == digits:
        return hex_id(said, digits)
    try:
        plain = base64.b64decode(said, validate=True)
    except (binascii.Error, ValueError):
        plain = b""
    return hex_id(plain.hex() if len(plain) * 2 == digits else said, digits)


def _kind(value: object) -> WireKind:
    if type(value) is int:
        return _KINDS.get(_NUMBERED[value], _INTERNAL) if 0 <= value < len(_NUMBERED) else _INTERNAL
    return _KINDS.get(text(value).lower().removeprefix("span_kind_"), _INTERNAL)


def _status(told: object, where: str) -> Status:
    if not told:
        return _NOBODY_SAID
    status = mapping(told, _NAME, where)
    return Status(code=_code(status.get("code")), message=text(status.get("message")))


def _code(value: object) -> str:
    if type(value) is int and 0 <= value < len(_CODES):
        return _CODES[value]
    name = text(value).upper().removeprefix("STATUS_CODE_")
    return name if name in _CODES else "UNSET"


def _camel(holder: dict[str, Any]) -> dict[str, Any]:
    """The same with its keys in camelCase: some backends write snake_case."""
    if "traceId" in holder or "_" not in "".join(map(str, holder)):
        return holder
    return {_CAMEL.sub(lambda low: low[1].upper(), key): it for key, it in holder.items()}


CODEC = OtlpCodec()
