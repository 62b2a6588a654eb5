"""Readable spans: dumps of OpenTelemetry SDK spans. Read only.

Three makes: `ReadableSpan.to_json()` (one after the other, or in an array), any-agent's (`spans`,
with whole numbers as ids), and TRAIL's (nested `child_spans`, ISO 8601 times and durations).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from agenttrace.formats.broken import Half
from agenttrace.formats.documents import (
    Unread,
    mapping,
    refuse,
    sequence,
    text,
    value_of,
)
from agenttrace.formats.foreign import TellingReader
from agenttrace.formats.instants import instant_ns
from agenttrace.formats.told import Occurred, Told, attempt, hex_id
from agenttrace.model.names import RELATIONSHIP
from agenttrace.model.span import Scope, Status, WireKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenttrace.formats.broken import Way
    from agenttrace.model.values import Value

_NAME = "a dump of OpenTelemetry spans"
_NS_A_S = 1_000_000_000
_DURATION = re.compile(
    r"P(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,12}(?:\.\d{1,12})?)S)?)?"
)
_CODES = ("UNSET", "OK", "ERROR")
_NESTED: dict[str, Way] = {}
_NESTED["child_spans"] = _NESTED
_WAY: Way = {"spans": _NESTED, "data": _NESTED, **_NESTED}
_HALF = Unread(why="a span was cut; those below it that are whole were read")


class ReadableSpanReader(TellingReader):
    """Reads dumps of SDK spans."""

    name = "readable-span"
    suffixes = (".spans.json",)
    title = _NAME
    way = _WAY

    def reads(self, head: bytes) -> bool:
        """Whether it begins with spans whose ids are written in snake_case."""
        return b'"trace_id"' in head and (b'"span_id"' in head or b'"spans"' in head)

    def told(self, document: object) -> Iterator[Told | Unread]:
        """The spans of one document, or of each in an array."""
        for one in document if isinstance(document, list) else [document]:
            yield from _spans(mapping(one, _NAME, "the file"))


def told_of(span: object) -> Told | Unread:
    """One span of the SDK's, in the form of its own dumps; unread, where it is broken."""
    return attempt(_plain, span)


def _spans(document: dict[str, Any]) -> Iterator[Told | Unread]:
    listed = next((document[key] for key in ("spans", "data") if key in document), [document])
    ahead = sequence(listed, _NAME, "spans")[::-1]
    while ahead:
        span = ahead.pop()
        if isinstance(span, Half):
            yield _HALF
        else:
            is_nested = isinstance(span, dict) and "span_name" in span
            yield attempt(_nested if is_nested else _plain, span)
        children = span.get("child_spans") if isinstance(span, dict) else None
        ahead += children if isinstance(children, list) else []


def _plain(told: object) -> Told:
    """A span of the SDK's, any-agent's or Phoenix's."""
    span = mapping(told, _NAME, "spans")
    where = f"span {text(span.get('name'))!r}"
    if "context" not in span:
        refuse(_NAME, "it has no context", where)
    trace, own = _context(span["context"], where)
    parent = span.get("parent_id")
    if parent is None and span.get("parent") is not None:
        parent = mapping(span["parent"], _NAME, where).get("span_id")
    status = mapping(span.get("status"), _NAME, where)
    code = status.get("status_code") or span.get("status_code")
    kind = span.get("span_kind")
    about: dict[str, Value] = {} if kind is None else {"openinference.span.kind": text(kind)}
    start = instant_ns(span.get("start_time"), _NAME, where)
    resource = mapping(span.get("resource"), _NAME, where)
    return Told(
        trace=trace,
        id=own,
        parent=_id(parent, 16),
        name=text(span.get("name")),
        wire_kind=_kind(span.get("kind")),
        start_ns=start,
        end_ns=instant_ns(span.get("end_time"), _NAME, where) or start,
        status=Status(
            code=_code(code),
            message=text(status.get("description") or span.get("status_message")),
        ),
        attributes={**about, **_attributes(span.get("attributes"), where)},
        events=tuple(
            Occurred(
                name=text(event.get("name")),
                at_ns=instant_ns(event.get("timestamp"), _NAME, where),
                attributes=_attributes(event.get("attributes"), where),
            )
            for event in _each(span.get("events"), where)
        ),
        links=tuple(_link(link, where) for link in _each(span.get("links"), where)),
        resource=_attributes(resource.get("attributes", resource), where),
    )


def _nested(told: object) -> Told:
    """A span of TRAIL's."""
    span = mapping(told, _NAME, "child_spans")
    where = f"span {text(span.get('span_name'))!r}"
    start = instant_ns(span.get("timestamp"), _NAME, where)
    scope = text(span.get("scope_name"))
    events = [
        Occurred(
            name=text(event.get("Name")),
            at_ns=instant_ns(event.get("Timestamp"), _NAME, where),
            attributes=_attributes(event.get("Attributes"), where),
        )
        for event in _each(span.get("events"), where)
    ]
    logs = [
        Occurred(
            name="log",
            at_ns=instant_ns(log.get("timestamp"), _NAME, where),
            attributes=_attributes(_body(log.get("body")), where),
        )
        for log in _each(span.get("logs"), where)
    ]
    return Told(
        trace=_id(span.get("trace_id"), 32),
        id=_id(span.get("span_id"), 16),
        parent=_id(span.get("parent_span_id"), 16),
        name=text(span.get("span_name")),
        wire_kind=_kind(span.get("span_kind")),
        start_ns=start,
        end_ns=start + _duration(span.get("duration"), where),
        status=Status(
            code=_code(span.get("status_code")), message=text(span.get("status_message"))
        ),
        attributes=_attributes(span.get("span_attributes"), where),
        events=(*events, *logs),
        links=tuple(_link(link, where) for link in _each(span.get("links"), where)),
        resource=_attributes(span.get("resource_attributes"), where),
        scope=Scope(name=scope, version=text(span.get("scope_version"))) if scope else None,
        trace_state=text(span.get("trace_state")),
    )


def _body(body: object) -> object:
    return body if isinstance(body, dict) else {"body": body}


def _each(listed: object, where: str) -> list[dict[str, Any]]:
    return [mapping(one, _NAME, where) for one in sequence(listed, _NAME, where)]


def _context(context: object, where: str) -> tuple[str, str]:
    known = mapping(context, _NAME, where)
    return _id(known.get("trace_id"), 32), _id(known.get("span_id"), 16)


def _link(link: dict[str, Any], where: str) -> tuple[str, str, str, dict[str, Value]]:
    trace, span = _context(link.get("context", link), where)
    attributes = _attributes(link.get("attributes"), where)
    return trace, span, str(attributes.pop(RELATIONSHIP, "triggered_by")), attributes


def _attributes(attributes: object, where: str) -> dict[str, Value]:
    known = mapping(attributes, _NAME, where)
    return {text(key): value_of(value, _NAME, where) for key, value in known.items()}


def _id(value: object, digits: int) -> str:
    """An id: hex, with or without `0x`; or the number itself."""
    if isinstance(value, int) and not isinstance(value, bool):
        return hex_id(f"{value:x}", digits) if value >= 0 else text(value)
    return hex_id(text(value), digits) if value else ""


def _duration(value: object, where: str) -> int:
    """Nanoseconds of an ISO 8601 duration: `PT1M20.9S`."""
    match = _DURATION.fullmatch(text(value) or "PT0S")
    if match is None:
        refuse(_NAME, f"{text(value)[:60]!r} is no duration", where)
    days, hours, minutes, seconds = (part or "0" for part in match.groups())
    whole_seconds, _, fraction = seconds.partition(".")
    total = ((int(days) * 24 + int(hours)) * 60 + int(minutes)) * 60 + int(whole_seconds)
    return total * _NS_A_S + int(fraction[:9].ljust(9, "0") or 0)


def _kind(value: object) -> WireKind:
    name = text(value).lower().removeprefix("spankind.").removeprefix("span_kind_")
    return WireKind(name) if name in set(WireKind) else WireKind.INTERNAL


def _code(value: object) -> str:
    name = text(value).upper().removeprefix("STATUSCODE.")
    return name if name in _CODES else "UNSET"


CODEC = ReadableSpanReader()
