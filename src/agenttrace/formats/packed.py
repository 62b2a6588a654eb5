"""Packed: what is compressed in a file, within bounds.

It is counted before it is kept, so a file that unpacks without end costs time up to the bound, and
no memory. What it says of its own sizes is not believed.
"""

from __future__ import annotations

import gzip
import io
import zlib
from typing import IO, TYPE_CHECKING, cast

from agenttrace.formats.documents import LONGEST, refuse

if TYPE_CHECKING:
    from collections.abc import Callable

GZIP = b"\x1f\x8b"
"""How what gzip wrote begins (RFC 1952, 2.3.1)."""

_PIECE = 1 << 20


def within(opened: Callable[[], IO[bytes]], most: int) -> bytes | None:
    """What a compressed file holds; None: more than `most` bytes.

    Args:
        opened: Opens it, each time from its beginning.
        most: How many bytes are kept.
    """
    size = 0
    with opened() as file:
        while piece := file.read(_PIECE):
            size += len(piece)
            if size > most:
                return None
    with opened() as file:
        return file.read(size)


def unzipped(data: bytes) -> bytes:
    """What gzip packed.

    Raises:
        TraceUnreadable: It is damaged or cut short, or holds more than `LONGEST` bytes.
    """
    try:
        found = within(lambda: cast("IO[bytes]", gzip.GzipFile(fileobj=io.BytesIO(data))), LONGEST)
    except (OSError, EOFError, zlib.error) as error:
        refuse("gzip", f"it cannot be unpacked: {error}")
    if found is None:
        refuse("gzip", f"it unpacks to more than {LONGEST} bytes")
    return found


def head_of(data: bytes, size: int) -> bytes:
    """The first bytes of what gzip packed; fewer where it is damaged."""
    try:
        return zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(data, size)
    except zlib.error:
        return b""
