"""Native: the golden's own format, schema 1.

A golden is magic, header and four sections, each with its own checksum. It opens without reading
more than the header; whoever only asks whether two are equal needs no more than that. What a file
may hold is in `schema`, and how it is read and written in the `native_` modules.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agenttrace.errors import GoldenTooNew, GoldenUnreadable, NotCanonical
from agenttrace.formats.schema import LONGEST_FILE, LONGEST_HEADER, MAGIC, SCHEMA, SECTIONS
from agenttrace.model.collector import resting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenttrace.model.trace import Trace

_SIZES = struct.Struct(">II")
_START = len(MAGIC) + _SIZES.size


@dataclass(frozen=True, slots=True)
class Section:
    """Where a section stands.

    Attributes:
        offset: Its first byte, counted from the end of the header.
        length: How many bytes it has.
        crc: Their crc32.
    """

    offset: int
    length: int
    crc: int


class LazyGolden:
    """A golden of which only the header was read; a section is checked and decoded on first touch.

    Attributes:
        schema: Its schema.
        content_digest: sha256 over its content; equal digests mean equal content.
        counts: How many spans, calls, agents and lanes it holds, by its own account.
        sections: Where each section stands.
    """

    def __init__(self, data: bytes, *, name: str = "golden") -> None:
        """Read the header.

        Raises:
            GoldenUnreadable: It is no golden, or its header is damaged.
            GoldenTooNew: A newer schema.
        """
        self._data, self._name = data, name
        header, self._body = _header(data, name)
        self.schema: int = header["schema"]
        self.content_digest: bytes = header["content"]
        self.counts: Mapping[str, int] = header["counts"]
        self.sections = {
            section: Section(offset, length, crc)
            for section, offset, length, crc in header["sections"]
        }
        self._trace: Trace | None = None

    def section(self, name: str) -> bytes:
        """Give the checked bytes of a section.

        Raises:
            GoldenUnreadable: It is missing, cut short or changed.
        """
        place = self.sections.get(name)
        if place is None:
            raise _unreadable(self._name, f"its section {name!r} is missing", self._body)
        start = self._body + place.offset
        section = self._data[start : start + place.length]
        if len(section) < place.length:
            raise _unreadable(self._name, f"it was cut short inside {name!r}", len(self._data))
        if zlib.crc32(section) != place.crc:
            raise _unreadable(
                self._name, f"its section {name!r} was changed after it was written", start
            )
        if name == "content" and hashlib.sha256(section).digest() != self.content_digest:
            raise _unreadable(self._name, "its content is not what its header says", start)
        return section

    def trace(self) -> Trace:
        """Decode the whole trace, once.

        Raises:
            GoldenUnreadable: A section is damaged, or holds what no writer writes.
        """
        if self._trace is None:
            from agenttrace.formats.native_read import TraceReader

            try:
                with resting():
                    self._trace = TraceReader(self.section).trace()
            except GoldenUnreadable:
                raise
            except Exception as problem:  # noqa: BLE001 - every way in which a stranger's bytes can be wrong
                why = f"{type(problem).__name__}: {problem}"[:200]
                raise _unreadable(
                    self._name, f"its sections do not fit together ({why})", self._body
                ) from None
        return self._trace


class Native:
    """The codec of goldens; it keeps everything."""

    name = "native"
    suffixes = (".trace", ".trace.new")

    def reads(self, head: bytes) -> bool:
        """Whether the bytes begin a golden."""
        return head.startswith(MAGIC)

    def read(self, data: bytes) -> Trace:
        """Decode a golden, as `read` does."""
        return read(data)

    def write(self, trace: Trace) -> bytes:
        """Encode a trace, as `write` does."""
        return write(trace)

    def loss(self, trace: Trace) -> frozenset[str]:
        """Nothing is lost."""
        return frozenset()


CODEC = Native()


def read_lazy(data: bytes, *, name: str = "golden") -> LazyGolden:
    """Open a golden; `name` is what errors call it.

    Raises:
        GoldenUnreadable: It is no golden, or its header is damaged.
        GoldenTooNew: A newer schema.
    """
    return LazyGolden(data, name=name)


def read(data: bytes, *, name: str = "golden") -> Trace:
    """Decode a golden; the trace is in causal order, and shares what the file shares.

    Raises:
        GoldenUnreadable: It is no golden, or a part of it is damaged.
        GoldenTooNew: A newer schema.
    """
    return LazyGolden(data, name=name).trace()


def write(trace: Trace) -> bytes:
    """Encode a trace; the same bytes for the same trace, in whatever order its parts come.

    Raises:
        NotCanonical: The trace holds a value that is not canonical, or too large.
    """
    from agenttrace.formats.native_write import TraceWriter

    with resting():
        writer = TraceWriter(trace)
        sections = {name: getattr(writer, name)() for name in SECTIONS}
    table, offset = [], 0
    for name, section in sections.items():
        table.append([name, offset, len(section), zlib.crc32(section)])
        offset += len(section)
    digest = hashlib.sha256(sections["content"]).digest()
    header = _pack(
        {"schema": SCHEMA, "content": digest, "counts": writer.counts(), "sections": table}
    )
    if offset > LONGEST_FILE // 2:
        raise NotCanonical(f"the golden would have {offset} bytes")
    return b"".join(
        (MAGIC, _SIZES.pack(len(header), zlib.crc32(header)), header, *sections.values())
    )


def content_bytes(trace: Trace) -> bytes:
    """The content of a trace: equal for two traces of one program whatever chance and time did."""
    from agenttrace.formats.native_write import TraceWriter

    with resting():
        return TraceWriter(trace).content()


def digest_of(trace: Trace) -> bytes:
    """The digest of a trace's content, as the header of its golden has it."""
    return hashlib.sha256(content_bytes(trace)).digest()


def content_digest(data: bytes, *, name: str = "golden") -> bytes:
    """The digest of a golden's content, from its header alone.

    Raises:
        GoldenUnreadable: It is no golden, or its header is damaged.
        GoldenTooNew: A newer schema.
    """
    return LazyGolden(data, name=name).content_digest


def same_content(data: bytes, trace: Trace) -> bool:
    """Whether a golden and a trace are equal in all that is compared byte by byte.

    Raises:
        GoldenUnreadable: It is no golden, or its header is damaged.
        GoldenTooNew: A newer schema.
    """
    return content_digest(data) == digest_of(trace)


def _header(data: bytes, name: str) -> tuple[dict[str, Any], int]:
    from agenttrace.formats.native_payload import unpacked

    if not data.startswith(MAGIC):
        raise _unreadable(name, _what_it_is(data), 0)
    if len(data) > LONGEST_FILE:
        raise _unreadable(name, f"it has {len(data)} bytes; at most {LONGEST_FILE}", 0)
    if len(data) < _START:
        raise _unreadable(name, "it was cut short inside its header", len(data))
    length, crc = _SIZES.unpack_from(data, len(MAGIC))
    packed = data[_START : _START + length]
    if length > LONGEST_HEADER:
        raise _unreadable(name, f"its header would have {length} bytes", len(MAGIC))
    if len(packed) < length:
        raise _unreadable(name, "it was cut short inside its header", len(data))
    if zlib.crc32(packed) != crc:
        raise _unreadable(name, "its header was changed after it was written", _START)
    try:
        header = _checked(unpacked(packed))
    except Exception as problem:  # noqa: BLE001 - every way in which a stranger's bytes can be wrong
        raise _unreadable(
            name, f"its header says nothing sensible ({problem})"[:200], _START
        ) from None
    if header["schema"] > SCHEMA:
        raise GoldenTooNew(
            f"{name} has schema {header['schema']}; this version reads schemas up to {SCHEMA}",
            detail="  Install the version that wrote it, or a later one:\n"
            "      pip install --upgrade pytest-agenttrace\n"
            "  More: agenttrace explain golden-too-new",
            schema=header["schema"],
        )
    return header, _START + length


def _checked(header: Any) -> dict[str, Any]:  # noqa: ANN401 - any msgpack value
    if type(header["schema"]) is not int or header["schema"] < 1:
        raise ValueError("no schema")
    if header["schema"] > SCHEMA:
        return dict(header)
    end = 0
    for section, offset, length, crc in header["sections"]:
        if (
            type(section) is not str
            or offset != end
            or not 0 <= length <= LONGEST_FILE
            or type(crc) is not int
        ):
            raise ValueError("the sections do not follow one another")
        end += length
    if type(header["content"]) is not bytes or type(header["counts"]) is not dict:
        raise ValueError("no digest, or no counts")
    return dict(header)


def _what_it_is(data: bytes) -> str:
    if data.startswith(b"version https://git-lfs.github.com/spec/"):
        return "it is a pointer to a large file that was not fetched; run: git lfs pull"
    if data.startswith(b"<<<<<<< ") or b"\n<<<<<<< " in data[:4096]:
        return "it has the conflict marks of a merge; take one side, or record again"
    if not data:
        return "it is empty"
    if data.startswith(MAGIC[:1]) and data[1:7] == MAGIC[1:7]:
        return "its line ends were changed; say `*.trace binary` in .gitattributes and restore it"
    if MAGIC.startswith(data):
        return "it was cut short inside its header"
    return "it does not begin like a golden"


def _unreadable(name: str, why: str, offset: int) -> GoldenUnreadable:
    detail = (
        f"  at byte   {offset}\n\n"
        "  It is under version control, and was good there:\n"
        f"      git checkout -- {name}\n"
        "  It is to be recorded again:\n"
        "      pytest --agenttrace=rewrite\n"
        "  More: agenttrace explain golden-unreadable"
    )
    return GoldenUnreadable(
        f"{name} cannot be read: {why}", detail=detail, file=name, offset=offset
    )


def _pack(value: object) -> bytes:
    import msgpack

    packed: bytes = msgpack.packb(value, use_bin_type=True)
    return packed
