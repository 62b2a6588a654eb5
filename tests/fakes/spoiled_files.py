"""Files of other systems, spoiled by a stranger who knows their structure."""

from __future__ import annotations

import copy
import io
import json
import random
import zipfile
from typing import Any

ODD: tuple[Any, ...] = (
    None,
    "",
    "0" * 16,
    "0" * 32,
    "f" * 16,
    -1,
    2**63,
    10**30,
    1e308,
    float("nan"),
    float("-inf"),
    True,
    [],
    {},
    [[]],
    {"": None},
    {"!": "json"},
    "\ud800",
    "\x00\x1b[31m",
    "attachment://x",
    '{"cut": "sho',
    "__REDACTED__",
    "9" * 5_000,
    "2026-03-01T09:00:00",
    "PT5S",
)
"""What stands where something else should."""

_CHANGES = 6


def spoiled(data: bytes, chance: random.Random) -> bytes:
    """A file like this one, with a few things in it that nobody would write."""
    if data[:2] == b"PK":
        return _archive(data, chance)
    try:
        whole = json.loads(data)
    except ValueError:
        return _bytes(data, chance)
    if chance.random() < 0.1:
        return _bytes(data, chance)
    if chance.random() < 0.1:
        return data[: chance.randrange(len(data))]
    for _ in range(chance.randrange(1, _CHANGES)):
        whole = _changed(whole, chance)
    return json.dumps(whole).encode()


def _changed(whole: Any, chance: random.Random) -> Any:
    """One place in a document is something else."""
    holder, key = _place(whole, chance)
    if holder is None:
        return _odd(chance)
    deed = chance.randrange(5)
    if deed == 0:
        del holder[key]
    elif deed == 1 and isinstance(holder, list):
        holder.insert(key, json.loads(json.dumps(holder[key])))
    elif deed == 2:
        other, place = _place(whole, chance)
        holder[key] = json.loads(json.dumps(whole if other is None else other[place]))
    elif deed == 3:
        deep: Any = holder[key]
        for _ in range(chance.randrange(1, 100)):
            deep = [deep]
        holder[key] = deep
    else:
        holder[key] = _odd(chance)
    return whole


def _odd(chance: random.Random) -> Any:
    """Something odd, each time another object, since what is spoiled is spoiled again."""
    return copy.deepcopy(chance.choice(ODD))


def _place(whole: Any, chance: random.Random) -> tuple[Any, Any]:
    """A place somewhere in a document, as its holder and its key there."""
    holder, key, at = None, None, whole
    while isinstance(at, dict | list) and at and (holder is None or chance.random() < 0.85):
        holder = at
        key = chance.choice(list(at)) if isinstance(at, dict) else chance.randrange(len(at))
        at = at[key]
    return holder, key


def _bytes(data: bytes, chance: random.Random) -> bytes:
    raw = bytearray(data)
    for _ in range(chance.randrange(1, _CHANGES)):
        at = chance.randrange(len(raw) or 1)
        if chance.random() < 0.3:
            del raw[at : at + chance.randrange(1, 40)]
        else:
            raw[at : at + 1] = bytes([chance.randrange(256)])
    return bytes(raw)


def _archive(data: bytes, chance: random.Random) -> bytes:
    if chance.random() < 0.3:
        return _bytes(data, chance)
    written = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            raw = old.read(name)
            new.writestr(name, spoiled(raw, chance) if chance.random() < 0.5 else raw)
    return written.getvalue()
