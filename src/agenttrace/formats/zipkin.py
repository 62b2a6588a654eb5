"""Zipkin: its JSON of version 2, as its API and its UI write it.

Times are microseconds; tags are texts, and `error` is one of them; there are no links. Both halves
of a call may share one id (B3 propagation): the server's half then becomes the child of the
client's, and what the server's service did stands below it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from agenttrace.causal.sequence import in_causal_order
from agenttrace.formats import zipkin_write
from agenttrace.formats.documents import Unread, mapping, refuse, sequence, text, value_of, whole
from agenttrace.formats.exported import loss, told_of
from agenttrace.formats.foreign import TellingReader
from agenttrace.formats.told import Occurred, Told, attempt, hex_id
from agenttrace.model.span import Status, WireKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from agenttrace.formats.broken import Way
    from agenttrace.model.trace import Trace
    from agenttrace.model.values import Value

_NAME = "Zipkin JSON"
_WAY: Way = {}
"""The file itself is a list of spans."""
_NS_A_US = 1_000
_ENDPOINT = (("serviceName", "service.name"), ("ipv4", "ipv4"), ("ipv6", "ipv6"), ("port", "port"))


class ZipkinCodec(TellingReader):
    """Reads Zipkin's JSON: a list of spans, or a list of such lists; writes the first."""

    name = "zipkin"
    suffixes = (".zipkin.json",)
    title = _NAME
    way = _WAY
    tick_ns = _NS_A_US

    def reads(self, head: bytes) -> bool:
        """Whether it begins with spans of Zipkin's."""
        is_list = head.lstrip()[:1] == b"["
        return is_list and b'"traceId"' in head and b'"id"' in head

    def told(self, document: object) -> Iterator[Told | Unread]:
        """The spans of a list, or of each list in one."""
        listed = sequence(document, _NAME, "the file")
        if listed and isinstance(listed[0], list):
            for one in listed:
                yield from self.told(one)
            return
        if any(isinstance(one, dict) and "binaryAnnotations" in one for one in listed):
            refuse(_NAME, "it is of version 1; export it as version 2 (/api/v2/trace/ID)")
        halves = _halves(listed)
        for one in listed:
            yield attempt(_told, one, halves)

    def write(self, trace: Trace) -> bytes:
        """Encode a trace."""
        return self.write_told(told_of(in_causal_order(trace), tick_ns=self.tick_ns))

    def write_told(self, told: Iterable[Told]) -> bytes:
        """Encode spans that are told."""
        return zipkin_write.in_json(told)

    def loss(self, trace: Trace) -> frozenset[str]:
        """What spans have no place for; links, scopes, types of values, upper case."""
        lost = set(loss(trace, zipkin_write.carries, _TAKEN, self.tick_ns))
        lost |= {"spans.scope", "spans.trace_flags", "spans.trace_state", "spans.end_ns"}
        spans = trace.spans
        if any(it.name != it.name.lower() for it in spans):
            lost.add("spans.name")
        if any(it.links for it in spans):
            lost.add("spans.links")
        if any(one.attributes for it in spans for one in it.events):
            lost.add("spans.events")
        if any(key.startswith("peer.") for it in spans for key in it.attributes):
            lost.add("spans.attributes")
        return frozenset(lost)


def _halves(listed: list[Any]) -> dict[tuple[str, str], dict[str, str]]:
    """The ids that both halves of a call have: each service that shared it, and its own id."""
    clients = {
        _ids(one) for one in listed if isinstance(one, dict) and one.get("shared") is not True
    }
    found: dict[tuple[str, str], dict[str, str]] = {}
    for one in listed:
        if isinstance(one, dict) and one.get("shared") is True and _ids(one) in clients:
            trace, span = _ids(one)
            service = _service(one)
            own = hashlib.sha256(f"{trace} {span} shared by {service}".encode()).hexdigest()[:16]
            found.setdefault((trace, span), {})[service] = own
    return found


def _ids(span: dict[str, Any]) -> tuple[str, str]:
    return hex_id(text(span.get("traceId")), 32), hex_id(text(span.get("id")), 16)


def _service(span: dict[str, Any]) -> str:
    endpoint = span.get("localEndpoint")
    return text(endpoint.get("serviceName")) if isinstance(endpoint, dict) else ""


def _told(one: object, halves: dict[tuple[str, str], dict[str, str]]) -> Told:
    span = mapping(one, _NAME, "the file")
    where = f"span {text(span.get('name'))!r}"
    trace, own = _ids(span)
    parent = hex_id(text(span.get("parentId")), 16)
    service = _service(span)
    shares = span.get("shared") is True and service in halves.get((trace, own), {})
    if shares:
        parent, own = own, halves[trace, own][service]
    else:
        parent = halves.get((trace, parent), {}).get(service, parent)
    start = whole(span.get("timestamp"), _NAME, where) * _NS_A_US
    tags = mapping(span.get("tags"), _NAME, where)
    failed = tags.get("error")
    return Told(
        trace=trace,
        id=own,
        parent=parent,
        name=text(span.get("name")),
        wire_kind=_kind(span.get("kind")),
        start_ns=start,
        end_ns=start + whole(span.get("duration"), _NAME, where) * _NS_A_US,
        status=_status(tags, failed),
        attributes={
            **{key: text(it) for key, it in tags.items() if key not in _TAKEN},
            **_endpoint(span.get("remoteEndpoint"), "peer", where),
            **({"zipkin.shared": True} if shares else {}),
        },
        events=tuple(
            Occurred(
                name=text(note.get("value")),
                at_ns=whole(note.get("timestamp"), _NAME, where) * _NS_A_US,
            )
            for note in (
                mapping(it, _NAME, where) for it in sequence(span.get("annotations"), _NAME, where)
            )
        ),
        resource=_endpoint(span.get("localEndpoint"), "", where),
    )


_TAKEN = frozenset({"error", "otel.status_code", "otel.status_description"})
"""Tags that become fields of the span."""


def _status(tags: dict[str, Any], failed: object) -> Status:
    """How it ended: as OpenTelemetry's exporter says, or by the tag `error`, whatever it says."""
    said = text(tags.get("otel.status_code")).upper()
    code = "ERROR" if failed is not None and failed != "false" else said
    message = text(tags.get("otel.status_description") or ("" if failed == "true" else failed))
    return Status(code=code if code in ("OK", "ERROR") else "UNSET", message=message)


def _endpoint(endpoint: object, prefix: str, where: str) -> dict[str, Value]:
    known = mapping(endpoint, _NAME, where)
    names = {"service.name": "service"} if prefix else {}
    dot = f"{prefix}." if prefix else ""
    return {
        f"{dot}{names.get(name, name)}" if prefix or name == "service.name" else f"host.{name}": (
            value_of(known[key], _NAME, where) if isinstance(known[key], int) else text(known[key])
        )
        for key, name in _ENDPOINT
        if known.get(key)
    }


def _kind(value: object) -> WireKind:
    name = text(value).lower()
    return WireKind(name) if name in set(WireKind) else WireKind.INTERNAL


CODEC = ZipkinCodec()
