"""OTLP protobuf: what OTLP/HTTP carries, and what the collector's file exporter writes as `proto`.

One request, or several with four bytes of length before each. Messages are read by
`opentelemetry-proto` (the extra `otel`), and understood by the reader of OTLP JSON.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from agenttrace.causal.sequence import in_causal_order
from agenttrace.errors import UsageError
from agenttrace.formats.documents import LONGEST, Unread, refuse
from agenttrace.formats.exported import told_of
from agenttrace.formats.foreign import only, traces_of
from agenttrace.formats.otlp import CODEC as JSON_CODEC

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from agenttrace.formats.told import Logged, Told
    from agenttrace.model.trace import Trace

_NAME = "OTLP protobuf"
_FIELD_1 = b"\n"
"""The tag of the first field, where it is a message: `resource_spans`, then `resource`."""
_INNER = (0x0A, 0x12, 0x1A)
_LENGTH = struct.Struct(">I")
_MORE = 0x80


class OtlpProtobufCodec:
    """Reads OTLP's protobuf: a request, or several with their lengths; writes one request."""

    name = "otlp-protobuf"
    suffixes = (".otlp.pb", ".otlp.bin")
    tick_ns = 1

    def reads(self, head: bytes) -> bool:
        """Whether it begins with a message inside a message, as requests do."""
        return _begins(head) or (len(head) > _LENGTH.size and _begins(head[_LENGTH.size :]))

    def read(self, data: bytes) -> Trace:
        """Read the only trace of a file.

        Raises:
            TraceUnreadable: It is not OTLP, holds no spans, or is too much.
            SeveralTraces: It holds several.
            UsageError: `opentelemetry-proto` is not installed.
        """
        return only(self.read_all(data), _NAME)

    def read_all(self, data: bytes) -> tuple[Trace, ...]:
        """Read every trace of a file.

        Raises:
            TraceUnreadable: As `read`.
            UsageError: As `read`.
        """
        if len(data) > LONGEST:
            refuse(_NAME, f"it has {len(data)} bytes; at most {LONGEST} are read")
        requests = _requests(data)
        return traces_of((one for it in requests for one in _told(it)), _NAME)

    def write(self, trace: Trace) -> bytes:
        """Encode a trace.

        Raises:
            UsageError: `opentelemetry-proto` is not installed.
        """
        return self.write_told(told_of(in_causal_order(trace), tick_ns=self.tick_ns))

    def write_told(self, told: Iterable[Told]) -> bytes:
        """Encode spans that are told.

        Raises:
            UsageError: As `write`.
        """
        _installed()
        from agenttrace.formats import otlp_messages

        return otlp_messages.in_protobuf(told)

    def loss(self, trace: Trace) -> frozenset[str]:
        """As in JSON."""
        return JSON_CODEC.loss(trace)


def rejected(answer: bytes) -> tuple[int, str]:
    """How many spans of a request an endpoint says that it did not take, as `otlp_write.rejected`.

    Raises:
        UsageError: `opentelemetry-proto` is not installed.
    """
    _installed()
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

    try:
        part = ExportTraceServiceResponse.FromString(answer).partial_success
    except DecodeError:
        return 0, ""
    return part.rejected_spans, part.error_message


def _installed() -> None:
    try:
        import opentelemetry.proto.trace.v1.trace_pb2
    except ImportError:
        raise UsageError(
            "OTLP protobuf needs opentelemetry-proto, which is not installed",
            detail="  pip install 'pytest-agenttrace[otel]'",
        ) from None
    del opentelemetry


def _begins(head: bytes) -> bool:
    if head[:1] != _FIELD_1:
        return False
    outer, at = _size(head, 1)
    inner, begin = _size(head, at + 1)
    return at < begin <= len(head) and head[at] in _INNER and begin - at + inner <= outer


def _size(head: bytes, at: int) -> tuple[int, int]:
    """A length as protobuf writes it (seven bits a byte), and where it ends."""
    size = 0
    for shift in range(_LENGTH.size + 1):
        if at >= len(head):
            break
        size |= (head[at] & ~_MORE) << 7 * shift
        at += 1
        if not head[at - 1] & _MORE:
            break
    return size, at


def _told(request: dict[str, Any] | Unread) -> Iterable[Told | Logged | Unread]:
    return [request] if isinstance(request, Unread) else JSON_CODEC.told(request)


def _requests(data: bytes) -> Iterator[dict[str, Any] | Unread]:
    """Each request of a file, as OTLP JSON has it (with ids in base64); what of it is none."""
    _installed()
    from google.protobuf.json_format import MessageToDict
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

    for one in _parts(data):
        if isinstance(one, Unread):
            yield one
            continue
        try:
            request = TracesData.FromString(one)
            yield MessageToDict(request, use_integers_for_enums=True)
        except (DecodeError, ValueError, RecursionError, TypeError) as error:
            yield Unread(why=str(error)[:200])


def _parts(data: bytes) -> Iterator[bytes | Unread]:
    if _begins(data):
        yield data
        return
    at = 0
    while at < len(data):
        (size,) = _LENGTH.unpack(data[at : at + 4].rjust(4, b"\0"))
        at += _LENGTH.size
        if size == 0 or at + size > len(data):
            why = f"byte {at}: {size} bytes should follow, and {len(data) - at} do"
            yield Unread(why=why)
            return
        yield data[at : at + size]
        at += size


CODEC = OtlpProtobufCodec()
