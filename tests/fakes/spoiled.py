"""Spoiled: goldens and journals as a clever stranger would write them, every checksum right.

Random bytes are stopped by a checksum. So what is spoiled here is the structure below it: cells,
columns, rows, references, sections, records; the frames around them are then made anew.
"""

from __future__ import annotations

import hashlib
import random
import struct
import zlib
from collections.abc import Callable
from typing import Any

import msgpack

from agenttrace.formats import journal, native
from agenttrace.formats.schema import MAGIC

NESTED = 300
DEEPEST, RARELY, OFTEN = 12, 0.1, 0.5
ODD: tuple[Callable[[random.Random], Any], ...] = (
    lambda _: None,
    lambda _: True,
    lambda c: c.choice((0, -1, 1, 127, 2**31, 2**63 - 1, -(2**63), 2**64 - 1)),
    lambda c: c.choice((0.0, -0.0, 1e308, float("inf"), float("nan"))),
    lambda c: c.choice(
        ("", "x", "\x00", "\x1b[2J", "\u202egnp.exe", "../../etc/passwd", "a" * 5_000)
    ),
    lambda c: c.choice((b"", b"\x00", b"\xff" * 40, b"\xc1", b"\xdd\xff\xff\xff\xff")),
    lambda c: [c.randrange(9)] * c.choice((0, 1, 3, 4_000)),
    lambda _: {},
    lambda _: {"!": "os.system", "args": ["true"]},
    lambda c: {1: 2, b"k": c.random()},
    lambda c: msgpack.ExtType(c.choice((0, 1, 2, 7, 127)), bytes([c.randrange(256)])),
    lambda c: msgpack.ExtType(1, c.randrange(2**24).to_bytes(3, "big")),
    lambda _: msgpack.Timestamp(0, 0),
    lambda _: _nested(NESTED),
)
"""What may stand where something else belongs."""


def golden(data: bytes, chance: random.Random) -> bytes:
    """Spoil a golden."""
    lazy = native.read_lazy(data)
    sections = {name: lazy.section(name) for name in lazy.sections}
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        name = chance.choice(list(sections) or ["content"])
        chance.choice((_restructured, _restructured, _rewritten, _rearranged))(
            sections, name, chance
        )
    return sealed(sections, chance)


def journal_of(data: bytes, chance: random.Random) -> bytes:
    """Spoil a journal."""
    frames = list(journal.scan(data).frames)
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        which = chance.randrange(len(frames)) if frames else 0
        if not frames:
            break
        how = chance.randrange(6)
        if how == 0:
            del frames[which]
        elif how == 1:
            frames.insert(chance.randrange(len(frames) + 1), frames[which])
        elif how == 2:
            chance.shuffle(frames)
        elif how == 3:
            frames[which] = _bytes_changed(frames[which], chance)
        else:
            record, *_ = _unpacked(frames[which]) or [None]
            frames[which] = msgpack.packb(_changed(record, chance))
    framed = b"".join(struct.pack(">II", len(it), zlib.crc32(it)) + it for it in frames)
    return framed[: chance.randrange(len(framed) + 1)] if chance.random() < 1 / 8 else framed


def sealed(sections: dict[str, bytes], chance: random.Random) -> bytes:
    """A golden of these sections; now and then its header says something odd, too."""
    table: list[Any] = []
    offset = 0
    for name, section in sections.items():
        table.append([name, offset, len(section), zlib.crc32(section)])
        offset += len(section)
    header: Any = {
        "schema": 1,
        "content": hashlib.sha256(sections.get("content", b"")).digest(),
        "counts": {},
        "sections": table,
    }
    if chance.random() < 1 / 6:
        header = _changed(header, chance)
    packed = msgpack.packb(header)
    head = MAGIC + struct.pack(">II", len(packed), zlib.crc32(packed)) + packed
    return head + b"".join(sections.values())


def _restructured(sections: dict[str, bytes], name: str, chance: random.Random) -> None:
    """Change values inside a section's maps."""
    parts = _unpacked(sections[name])
    if not parts:
        return
    which = chance.randrange(len(parts))
    parts[which] = _changed(parts[which], chance)
    sections[name] = b"".join(map(msgpack.packb, parts))


def _unpacked(data: bytes) -> list[Any]:
    """All values that some bytes hold; none where they were spoiled before."""
    unpacker = msgpack.Unpacker(
        raw=False, strict_map_key=False, timestamp=1, max_buffer_size=max(1, len(data))
    )
    unpacker.feed(data)
    try:
        return list(unpacker)
    except (ValueError, TypeError, msgpack.UnpackException):
        return []


def _rewritten(sections: dict[str, bytes], name: str, chance: random.Random) -> None:
    """Change bytes of a section."""
    sections[name] = _bytes_changed(sections[name], chance)


def _rearranged(sections: dict[str, bytes], name: str, chance: random.Random) -> None:
    """Lose, swap, cut or lengthen sections."""
    other = chance.choice(list(sections))
    how = chance.randrange(4)
    if how == 0:
        del sections[name]
    elif how == 1:
        sections[name], sections[other] = sections[other], sections[name]
    elif how == 2:
        sections[name] = sections[name][: chance.randrange(len(sections[name]) + 1)]
    else:
        sections[name] += sections[other]


def _changed(value: Any, chance: random.Random, depth: int = 0) -> Any:  # noqa: PLR0911 - one a kind
    """Go down a random path, and put something odd at its end."""
    if chance.random() < depth / DEEPEST:
        return chance.choice(ODD)(chance)
    if isinstance(value, dict) and value:
        key = chance.choice(list(value))
        rest = {name: item for name, item in value.items() if name != key}
        loses = chance.random() < RARELY
        return rest if loses else {**value, key: _changed(value[key], chance, depth + 1)}
    if isinstance(value, list) and value:
        at = chance.randrange(len(value))
        if chance.random() < RARELY:
            return value[:at] + value[at + 1 :] * chance.choice((1, 2))
        return [*value[:at], _changed(value[at], chance, depth + 1), *value[at + 1 :]]
    if isinstance(value, bytes) and value and chance.random() < OFTEN:
        return _bytes_changed(value, chance)
    if type(value) is int and chance.random() < OFTEN:
        return max(-(2**63), min(value + chance.choice((-1, 1, 2**16)), 2**64 - 1))
    return chance.choice(ODD)(chance)


def _bytes_changed(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        if changed:
            changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _nested(depth: int) -> Any:
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value
