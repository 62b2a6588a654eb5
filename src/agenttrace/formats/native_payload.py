"""Payloads of a golden: canonical values, each distinct part stored once.

Agents send the conversation again with every turn. So every long text, and every list and mapping
of some size, is stored once in one sequence of msgpack values and referred to from then on; a list
that begins like a stored one refers to that. So a state snapshot costs what has changed in it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from agenttrace.errors import NotCanonical
from agenttrace.formats.schema import (
    DEEPEST_VALUE,
    HEAVIEST_SECTION,
    HEAVIEST_VALUE,
    LEAF_BYTES,
    NODE_BYTES,
    PREFIX,
    REFERENCE,
    SHORTEST_PREFIX,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agenttrace.model.values import Value

_SCALARS = (type(None), bool, int, float)
_CONTAINERS = frozenset({dict, list})
_TEXT = frozenset({str})


class PayloadWriter:
    """Stores values, and gives what stands for them where they are used."""

    def __init__(self) -> None:
        """Begin with nothing stored."""
        import msgpack

        self._pack = msgpack.Packer(use_bin_type=True, strict_types=True).pack
        self._header = msgpack.Packer().pack_array_header
        self._ext = msgpack.ExtType
        self._references: dict[bytes, Any] = {}
        self._lists: dict[bytes, int] = {}
        self._leaves: dict[str | bytes, Any] = {}
        self._stored: list[bytes] = []
        self._count = 0

    def take(self) -> bytes:
        """Give what was stored since the last time."""
        stored = b"".join(self._stored)
        self._stored.clear()
        return stored

    def encode(self, value: Value, depth: int = 0) -> Any:  # noqa: ANN401 - a scalar, a small container or a reference
        """Give what stands for a value: itself where it is small, else a reference.

        Raises:
            NotCanonical: It is not a canonical value, or too deep.
        """
        kind = type(value)
        if kind is str or kind is bytes:
            if len(value) < LEAF_BYTES:  # type: ignore[arg-type]
                return value
            found = self._leaves.get(value)  # type: ignore[arg-type]
            if found is None:
                found = self._leaves[value] = self._store(self._packed(value))  # type: ignore[index]
            return found
        if kind in _SCALARS:
            return value
        if kind not in _CONTAINERS:
            raise NotCanonical(
                why="only JSON's values and bytes can be kept", value_type=kind.__qualname__
            )
        if depth >= DEEPEST_VALUE:
            raise NotCanonical(
                why=f"it is nested more than {DEEPEST_VALUE} deep", value_type=kind.__name__
            )
        return self._container(value, depth)  # type: ignore[arg-type]

    def _container(self, value: dict[str, Value] | list[Value], depth: int) -> Any:  # noqa: ANN401 - as `encode`
        raw = self._packed(value)
        if len(raw) < NODE_BYTES:
            self._refuse_depth(value, depth)
            return _in_order(value)
        key = hashlib.sha256(raw).digest()
        found = self._references.get(key)
        if found is None:
            if isinstance(value, dict):
                form = {name: self.encode(value[name], depth + 1) for name in sorted(value)}
                packed = self._packed(form)
                found = self._references.get(whole := hashlib.sha256(b"\0" + packed).digest())
                if found is None:
                    found = self._references[whole] = self._store(packed)
            else:
                found = self._list([self.encode(item, depth + 1) for item in value])
            self._references[key] = found
        return found

    def _list(self, items: list[Any]) -> Any:  # noqa: ANN401 - a reference
        packed = [self._packed(item) for item in items]
        chain = hashlib.sha256()
        shared, behind = 0, 0
        # Lists of numbers alone (an embedding) are long, and never continued.
        if any(type(item) is self._ext for item in items):
            for size, one in enumerate(packed, 1):
                chain.update(one)
                found = self._lists.get(chain.digest()) if size >= SHORTEST_PREFIX else None
                if found is not None:
                    shared, behind = size, found
        else:
            chain.update(b"".join(packed))
        whole = chain.digest()
        found = self._lists.get(whole)
        if found is not None:
            return self._reference(found)
        if shared:
            packed[:shared] = [self._packed(self._ext(PREFIX, _number(behind)))]
        reference = self._store(self._header(len(packed)) + b"".join(packed))
        self._lists[whole] = int.from_bytes(reference.data, "big")
        return reference

    def _store(self, packed: bytes) -> Any:  # noqa: ANN401 - a reference
        self._stored.append(packed)
        self._count += 1
        return self._reference(self._count - 1)

    def _reference(self, index: int) -> Any:  # noqa: ANN401 - msgpack has no types
        return self._ext(REFERENCE, _number(index))

    def _packed(self, value: object) -> bytes:
        try:
            packed: bytes = self._pack(value)
        except (TypeError, ValueError, OverflowError) as problem:
            kind = type(value).__qualname__
            raise NotCanonical(why=f"it cannot be kept: {problem}", value_type=kind) from None
        if len(packed) > HEAVIEST_VALUE // 2:
            raise NotCanonical(
                why=f"it is {len(packed)} bytes", value_type=type(value).__qualname__
            )
        return packed

    def _refuse_depth(self, value: Value, depth: int) -> None:
        if depth + NODE_BYTES >= DEEPEST_VALUE and depth + height(value, {}) > DEEPEST_VALUE:
            raise NotCanonical(
                why=f"it is nested more than {DEEPEST_VALUE} deep", value_type="list"
            )


class PayloadReader:
    """Reads stored values, each once; what refers to one value twice shares it.

    A few bytes can refer to each other so that the whole is larger than any memory, or deeper than
    any stack. So size and depth are added up along the references, and refused before anybody
    walks them.
    """

    def __init__(self) -> None:
        """Begin with nothing stored."""
        self._values: list[Value] = []
        self._weights: list[int] = []
        self._heights: dict[int, int] = {}
        self._weight = 0
        self._prefixes = 0

    def extend(self, stored: bytes) -> None:
        """Read what a writer's `take` gave.

        Raises:
            ValueError: It is not that, or too much.
        """
        unpacker = self.unpacker(stored)
        done = 0
        while done < len(stored):
            self._weight = self._prefixes = 0
            value = unpacker.unpack()
            if type(value) is list and value and type(value[0]) is _Prefix:
                start = self._values[value[0].index]
                if type(start) is not list:
                    raise ValueError("a list begins with something that is no list")
                value = start + value[1:]
                self._prefixes -= 1
            if self._prefixes:
                raise ValueError("a prefix stands where no list begins")
            now = unpacker.tell()
            self._weight += now - done
            done = now
            if self._weight > HEAVIEST_VALUE:
                raise ValueError(f"one value would be {self._weight} bytes")
            if type(value) in _CONTAINERS:
                self._heights[id(value)] = height(value, self._heights)
            self._values.append(value)
            self._weights.append(self._weight)
        self._weight = 0

    def unpacker(self, data: bytes) -> Any:  # noqa: ANN401 - msgpack has no types
        """Give a msgpack reader over some bytes that follows references."""
        import msgpack

        reader = msgpack.Unpacker(
            None,
            raw=False,
            timestamp=1,  # msgpack's own extension: a number, where a foreign hand wrote one
            ext_hook=self._follow,
            max_buffer_size=max(len(data), 1),
        )
        reader.feed(data)
        return reader

    def checked(self, values: Iterable[Value]) -> None:
        """Refuse used values that are too deep, or too much together.

        Raises:
            ValueError: They are.
        """
        for value in values:
            if type(value) in _CONTAINERS:
                height(value, self._heights)
        if self._prefixes or self._weight > HEAVIEST_SECTION:
            raise ValueError("the values are more than a golden may hold")

    def _follow(self, code: int, data: bytes) -> Any:  # noqa: ANN401 - any stored value
        index = int.from_bytes(data, "big")
        if code == PREFIX:
            self._prefixes += 1
            self._weight += self._weights[index]
            return _Prefix(index)
        if code != REFERENCE:
            raise ValueError(f"extension type {code} is unknown")
        self._weight += self._weights[index]
        return self._values[index]


class _Prefix:
    """Stands, while a list is read, for the stored list that it begins with."""

    __slots__ = ("index",)

    def __init__(self, index: int) -> None:
        self.index = index


def unpacked(data: bytes) -> Any:  # noqa: ANN401 - any msgpack value
    """Read one msgpack value that refers to nothing.

    Raises:
        ValueError: It is none, is nested too deep, or holds an extension; likewise TypeError.
    """
    import msgpack

    value = msgpack.unpackb(data, raw=False, timestamp=1, ext_hook=_refused)
    if type(value) in _CONTAINERS:
        height(value, {})
    return value


def _refused(code: int, _data: bytes) -> None:
    raise ValueError(f"extension type {code} has no place here")


def height(value: Value, known: dict[int, int], depth: int = 1) -> int:
    """How deep a list or mapping is nested; `known` holds heights of shared parts, by `id`.

    Raises:
        ValueError: More than `DEEPEST_VALUE`, or a mapping's key is no text.
    """
    found = known.get(id(value))
    if found is None:
        if depth > DEEPEST_VALUE:
            raise ValueError(f"a value is nested more than {DEEPEST_VALUE} deep")
        found = 1
        if type(value) is dict:
            if not _TEXT.issuperset(map(type, value)):
                raise ValueError("a mapping's key is no text")
            parts: Iterable[Value] = value.values()
        else:
            parts = value  # type: ignore[assignment]
        if not _CONTAINERS.isdisjoint(map(type, parts)):
            for part in parts:
                if type(part) in _CONTAINERS:
                    found = max(found, 1 + height(part, known, depth + 1))
    if depth - 1 + found > DEEPEST_VALUE:
        raise ValueError(f"a value is nested more than {DEEPEST_VALUE} deep")
    return found


def _in_order(value: Value) -> Value:
    if type(value) is dict:
        return {key: _in_order(value[key]) for key in sorted(value)}
    if type(value) is list:
        return [_in_order(item) for item in value]
    return value


def _number(index: int) -> bytes:
    return index.to_bytes(max(1, (index.bit_length() + 7) // 8), "big")
