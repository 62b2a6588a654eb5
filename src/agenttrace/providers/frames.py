"""Amazon's event stream: a byte stream of binary frames, cut, read and written.

A frame is `u32 length | u32 length of headers | u32 crc | headers | payload | u32 crc`. The rules
are those of the AWS documentation, "Amazon Transcribe: event stream encoding", which all services
share. No byte is lost or added: what does not look like a frame is handed on as it is.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from agenttrace.providers.provider import to_json

if TYPE_CHECKING:
    from agenttrace.model.values import Value

_PRELUDE = 12
_LEAST = 16
_MOST = 24 * 1024 * 1024
_STRING = 7
_FIXED = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
_SIZED = (6, 7)


class Splitter:
    """Cuts a stream that arrives in any segments into frames."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        """Begin with an empty stream."""
        self._held = bytearray()

    def feed(self, segment: bytes) -> list[bytes]:
        """Take the next bytes; give the frames that they complete."""
        self._held += segment
        found: list[bytes] = []
        while len(self._held) >= _PRELUDE:
            (size,) = struct.unpack_from(">I", self._held)
            if not _LEAST <= size <= _MOST:
                return [*found, *self.finish()]
            if len(self._held) < size:
                break
            found.append(bytes(self._held[:size]))
            del self._held[:size]
        return found

    def finish(self) -> list[bytes]:
        """Take the end of the stream; give what is left, whole frame or not."""
        held = bytes(self._held)
        self._held.clear()
        return [held] if held else []


def split(stream: bytes) -> tuple[bytes, ...]:
    """Cut a whole stream into its frames."""
    splitter = Splitter()
    return (*splitter.feed(stream), *splitter.finish())


def read(frame: bytes) -> tuple[dict[str, str], Any]:
    """Read the headers of a frame and the JSON document in it; None where there is none."""
    try:
        size, held, _ = struct.unpack_from(">III", frame)
        headers = dict(_headers(frame[_PRELUDE : _PRELUDE + held]))
        payload = frame[_PRELUDE + held : size - 4]
        return headers, json.loads(payload) if payload and len(frame) == size else None
    except (struct.error, ValueError, KeyError, IndexError, RecursionError):
        return {}, None


def write(event: str, document: Value) -> bytes:
    """Write one event as a frame."""
    headers = b"".join(
        bytes([len(name)]) + name + struct.pack(">BH", _STRING, len(value)) + value
        for name, value in (
            (b":event-type", event.encode()),
            (b":content-type", b"application/json"),
            (b":message-type", b"event"),
        )
    )
    payload = to_json(document).encode()
    lengths = struct.pack(">II", _LEAST + len(headers) + len(payload), len(headers))
    frame = lengths + struct.pack(">I", zlib.crc32(lengths)) + headers + payload
    return frame + struct.pack(">I", zlib.crc32(frame))


def _headers(data: bytes) -> Iterator[tuple[str, str]]:
    place = 0
    while place < len(data):
        name_ends = place + 1 + data[place]
        name, kind = data[place + 1 : name_ends].decode(), data[name_ends]
        place = name_ends + 1
        if kind in _SIZED:
            (size,) = struct.unpack_from(">H", data, place)
            place += 2
        else:
            size = _FIXED[kind]
        if kind == _STRING:
            yield name, data[place : place + size].decode()
        place += size
