"""Documents: what bytes say, where they say it in a form that we know, and the same form again.

A packed value, a JSON document, an event or a line with one, a frame of an event stream. Secrets
are taken out of the document and not out of its bytes, so that it is still one afterwards.
"""

from __future__ import annotations

import functools
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agenttrace.model.values import pack, unpack

_DATA = b"data:"
_ASCII = 0x80
_PRELUDE = 12
_CRC = 4


@dataclass(frozen=True, slots=True)
class Document:
    """A value, and how it becomes bytes in the form in which it was found."""

    value: Any
    write: Callable[[Any], bytes]


def document_of(data: bytes) -> Document | None:
    """Read bytes; None: they are a text, or nothing that we know."""
    if not data:
        return None
    if data[0] >= _ASCII or len(data) == 1:  # of texts only those of other scripts begin so
        return _packed(data)
    start, end, write = _payload(data) or _in_event(data)
    if data[start:end].lstrip()[:1] not in (b"{", b"[", b'"'):
        return None
    try:
        return Document(json.loads(data[start:end]), write)
    except (ValueError, RecursionError):
        return None


def _packed(data: bytes) -> Document | None:
    try:
        return Document(unpack(data), pack)
    except Exception:  # noqa: BLE001 - bytes of others may be wrong in any way they like
        return None


def _in_event(data: bytes) -> tuple[int, int, Callable[[Any], bytes]]:
    """Where the document of an event stands: after `data:`; a line, or a body, is all of it."""
    start, end = 0, len(data)
    field = 0 if data.startswith(_DATA) else data.find(b"\n" + _DATA) + 1
    if data.startswith(_DATA, field):
        start = field + len(_DATA)
        start += data.startswith(b" ", start)
        ends = (data.find(b"\n", start), data.find(b"\r", start))
        end = min((at for at in ends if at >= 0), default=end)
    else:
        end = len(data.rstrip())
    return start, end, functools.partial(_around, data[:start], data[end:])


def _around(before: bytes, after: bytes, value: Any) -> bytes:  # noqa: ANN401 - any JSON
    return before + _json(value) + after


def _payload(data: bytes) -> tuple[int, int, Callable[[Any], bytes]] | None:
    """Where the document stands in a frame of an event stream; None: it is no such frame.

    The form is that of the AWS documentation, "Amazon Transcribe: event stream encoding".
    """
    if len(data) < _PRELUDE + _CRC or int.from_bytes(data[:4]) != len(data):
        return None
    start = _PRELUDE + int.from_bytes(data[4:8])
    if zlib.crc32(data[:8]) != int.from_bytes(data[8:_PRELUDE]):
        return None
    return start, len(data) - _CRC, functools.partial(_framed, data[_PRELUDE:start])


def _framed(headers: bytes, value: Any) -> bytes:  # noqa: ANN401 - any JSON
    payload = _json(value)
    size = _PRELUDE + len(headers) + len(payload) + _CRC
    lengths = size.to_bytes(4) + len(headers).to_bytes(4)
    frame = lengths + zlib.crc32(lengths).to_bytes(4) + headers + payload
    return frame + zlib.crc32(frame).to_bytes(4)


def _json(value: Any) -> bytes:  # noqa: ANN401 - any JSON
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", "surrogatepass"
    )
