"""Canonical values: one form for everything that is compared, and the digest of that form.

Two questions are the same question when their canonical values have the same digest. So nothing
that varies without meaning may enter: no address, no order of a set or a dict, no two spellings of
not-a-number.
"""

from __future__ import annotations

import copyreg
import dataclasses
import datetime as dt
import decimal
import enum
import hashlib
import json
import math
import pathlib
import types
import uuid
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NoReturn, TypeAlias

from agenttrace.errors import NotCanonical

Value: TypeAlias = "bool | int | float | str | bytes | list[Value] | dict[str, Value] | None"
"""What a trace may hold: JSON's values, and bytes. Integers are at most 64 bits wide."""

TYPE = "!"
"""The key under which an object keeps its qualified type; a user's leading `!` is doubled."""

DEEPEST = 200
"""How deep a value may be nested; deeper ones are refused as `NotCanonical`."""

_SMALLEST, _GREATEST = -(2**63), 2**64 - 1
_NAN = "nan"
_LEADING_BLANKS = 64
"""Before how many blanks at most a text is looked at as JSON."""

_Form: TypeAlias = Callable[[Any, tuple[str, ...], tuple[int, ...]], Value]


def canonical(value: object) -> Value:
    """Give the one form of a value in which it is kept and compared.

    JSON-like values stay as they are, keys sorted. Dataclasses, pydantic models, exceptions and
    other objects become a mapping of their public fields beside their qualified type; datetimes,
    decimals, enums, sets, NumPy scalars and arrays have a form each.

    Raises:
        NotCanonical: A value has no form that stays equal from run to run (an open file, a
            generator, a lock), contains itself, or is nested more than `DEEPEST` deep. The error
            names where in the value it stands.
    """
    try:
        return _canonical(value, (), ())
    except RecursionError:
        raise NotCanonical(
            where=(), why="it is nested too deep for this stack", value_type=qualified(type(value))
        ) from None


def digest(value: Value) -> bytes:
    """Hash a canonical value: the first 16 bytes of the sha256 of its msgpack form.

    JSON inside strings is compared as what it says, not as it is spelled: two spellings of one
    object have one digest.
    """
    return hashlib.sha256(pack(comparable(value))).digest()[:16]


def pack(value: Value) -> bytes:
    """Write a canonical value as msgpack, the same bytes for equal values."""
    import msgpack

    packed: bytes = msgpack.packb(value, use_bin_type=True, strict_types=True)
    return packed


def unpack(data: bytes) -> Value:
    """Read a value that `pack` wrote; the inverse of `pack`."""
    import msgpack

    value: Value = msgpack.unpackb(data, raw=False, strict_map_key=True)
    return value


def comparable(value: Value) -> Value:
    """Parse JSON objects and arrays that stand inside strings, at any depth."""
    return _comparable(value, 0)


def plain(value: Value) -> Value:
    """Take the type tags off a canonical value: what a person would write as JSON."""
    if isinstance(value, dict):
        return {_unescaped(key): plain(item) for key, item in value.items() if key != TYPE}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def qualified(kind: type) -> str:
    """Name a type as `module.Qualname`; builtins by their name alone."""
    return (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )


def _comparable(value: Value, depth: int) -> Value:
    if isinstance(value, str):
        return _parsed(value, depth)
    if isinstance(value, dict):
        return {
            key: item
            if type(item := value[key]) is str and item[:1].isalnum()  # as most texts begin
            else _comparable(item, depth + 1)
            for key in sorted(value)
        }
    if isinstance(value, list):
        return [_comparable(item, depth + 1) for item in value]
    return value


def _parsed(text: str, depth: int) -> Value:
    """What a text says as JSON; the text itself where it is none, or would be nested too deep."""
    start = text[:_LEADING_BLANKS].lstrip()[:1]
    if start not in ("{", "["):
        return text
    try:
        said = _canonical(json.loads(text), (), (0,) * (depth + 1))
    except (ValueError, RecursionError, NotCanonical):
        return text
    return {TYPE: "json", "value": _comparable(said, depth + 1)}


def _canonical(value: object, where: tuple[str, ...], inside: tuple[int, ...]) -> Value:
    kind = type(value)
    simple = _SIMPLE.get(kind)
    if simple is not None:
        return simple(value)
    if id(value) in inside:
        raise NotCanonical(where=where, why="it contains itself", value_type=qualified(kind))
    if len(inside) >= DEEPEST:
        raise NotCanonical(
            where=where, why=f"it is nested more than {DEEPEST} deep", value_type=qualified(kind)
        )
    inside = (*inside, id(value))
    for accepts, form in _FORMS:
        if isinstance(value, accepts):
            return form(value, where, inside)
    return _object(value, where, inside)


def _whole(number: int) -> Value:
    return number if _SMALLEST <= number <= _GREATEST else {TYPE: "int", "text": str(number)}


def _real(number: float) -> Value:
    return {TYPE: "float", "text": _NAN} if math.isnan(number) else number + 0.0


def _text(text: str) -> Value:
    try:
        text.encode()
    except UnicodeEncodeError:
        return {TYPE: "str", "surrogates": text.encode("utf-8", "surrogatepass")}
    return text


def _listed(
    value: list[Any] | tuple[Any, ...], where: tuple[str, ...], inside: tuple[int, ...]
) -> Value:
    if hasattr(value, "_fields"):
        return _object(value, where, inside)
    return [_canonical(item, (*where, f"[{index}]"), inside) for index, item in enumerate(value)]


def _mapping(value: Mapping[Any, Any], where: tuple[str, ...], inside: tuple[int, ...]) -> Value:
    if all(type(key) is str and isinstance(_text(key), str) for key in value):
        return {
            _escaped(key): _canonical(value[key], (*where, f".{key}"), inside)
            for key in sorted(value)
        }
    pairs: list[Value] = [
        [
            _canonical(key, (*where, ".keys()"), inside),
            _canonical(item, (*where, f"[{key!r}]"), inside),
        ]
        for key, item in value.items()
    ]
    return {TYPE: "dict", "items": sorted(pairs, key=_order)}


def _escaped(key: str) -> str:
    return TYPE + key if key.startswith(TYPE) else key


def _unescaped(key: str) -> str:
    return key[1:] if key.startswith(TYPE) else key


def _order(value: Value) -> bytes:
    return pack(value)


def _object(value: object, where: tuple[str, ...], inside: tuple[int, ...]) -> Value:
    kind = type(value)
    dump = getattr(kind, "model_dump", None)
    if dump is not None and hasattr(kind, "model_fields"):
        fields = {name: getattr(value, name) for name in kind.model_fields}
        fields.update(getattr(value, "model_extra", None) or {})
    elif hasattr(kind, "__numpy_ufunc__") or kind.__module__ == "numpy":
        return _numpy(value, where, inside)
    elif dataclasses.is_dataclass(value):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    elif isinstance(value, tuple):
        fields = dict(zip(getattr(value, "_fields", ()), value, strict=True))
    else:
        fields = _public_fields(value, where)
    form = {
        _escaped(name): _canonical(fields[name], (*where, f".{name}"), inside)
        for name in sorted(fields)
    }
    return {TYPE: qualified(kind), **form}


def _public_fields(value: object, where: tuple[str, ...]) -> dict[str, object]:
    kind = type(value)
    if isinstance(value, _HANDLES) or kind.__module__ in _HANDLE_MODULES:
        _refuse(value, where)
    fields: dict[str, object] = {}
    for base in kind.__mro__:
        slots = base.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if not name.startswith("_") and hasattr(value, name):
                fields[name] = getattr(value, name)
    fields.update(
        {
            name: item
            for name, item in getattr(value, "__dict__", {}).items()
            if not name.startswith("_")
        }
    )
    return fields or _made_of(value, where)


def _made_of(value: object, where: tuple[str, ...]) -> dict[str, object]:
    """What a value that shows no fields says that it is built from: `Fraction`, `ZoneInfo`.

    A class says so by `__reduce__`; nothing is built or unpickled. One that does not say is known
    by its type alone.
    """
    kind = type(value)
    if hasattr(kind, "__next__"):
        _refuse(value, where)
    says = (
        kind in copyreg.dispatch_table
        or kind.__reduce__ is not object.__reduce__
        or kind.__reduce_ex__ is not object.__reduce_ex__
    )
    if says:
        built = _reduced(value)
        if built is not None:
            return {"made_of": built}
    if kind.__module__ == "builtins":
        raise NotCanonical(
            where=where, why="it has no public fields to know it by", value_type=qualified(kind)
        )
    return {}


def _reduced(value: object) -> list[object] | None:
    write = copyreg.dispatch_table.get(type(value))
    try:
        said = value.__reduce_ex__(2) if write is None else write(value)
    except Exception:  # noqa: BLE001 - a class may refuse to be written in any way it likes
        return None
    return list(said[1:3]) if isinstance(said, tuple) else None


def _numpy(
    value: Any,  # noqa: ANN401 - NumPy is not imported, so its types have no name here
    where: tuple[str, ...],
    inside: tuple[int, ...],
) -> Value:
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        return _canonical(value.item(), where, inside)
    if hasattr(value, "tolist"):
        return {
            TYPE: "numpy.ndarray",
            "dtype": str(value.dtype),
            "values": _canonical(value.tolist(), where, inside),
        }
    raise NotCanonical(
        where=where, why="it is no array and no scalar", value_type=qualified(type(value))
    )


def _exception(value: BaseException, where: tuple[str, ...], inside: tuple[int, ...]) -> Value:
    return {
        TYPE: qualified(type(value)),
        "args": _canonical(list(value.args), (*where, ".args"), inside),
    }


_HANDLES = (
    types.GeneratorType,
    types.CoroutineType,
    types.AsyncGeneratorType,
    types.FrameType,
    types.TracebackType,
    types.ModuleType,
    memoryview,
)
_HANDLE_MODULES = frozenset(
    {"_io", "_thread", "_socket", "socket", "_asyncio", "asyncio", "threading", "select", "ssl"}
)

_SIMPLE: Mapping[type, Callable[[Any], Value]] = {
    type(None): lambda v: v,
    bool: lambda v: v,
    int: _whole,
    float: _real,
    str: _text,
    bytes: lambda v: v,
}

_FORMS: tuple[tuple[Any, _Form], ...] = (
    (Mapping, _mapping),
    ((list, tuple), _listed),
    (
        enum.Enum,
        lambda v, w, i: {
            TYPE: qualified(type(v)),
            "name": v.name,
            "value": _canonical(v.value, w, i),
        },
    ),
    (int, lambda v, w, i: _canonical(int(v), w, i)),
    (float, lambda v, w, i: _canonical(float(v), w, i)),
    (str, lambda v, _w, _i: _text(str.__str__(v))),
    (bytes, lambda v, _w, _i: bytes(v)),
    (bytearray, lambda v, _w, _i: bytes(v)),
    (dt.datetime, lambda v, _w, _i: {TYPE: "datetime", "text": v.isoformat()}),
    (dt.date, lambda v, _w, _i: {TYPE: "date", "text": v.isoformat()}),
    (dt.time, lambda v, _w, _i: {TYPE: "time", "text": v.isoformat()}),
    (
        dt.timedelta,
        lambda v, w, i: {
            TYPE: "timedelta",
            "us": _canonical(v // dt.timedelta(microseconds=1), w, i),
        },
    ),
    (decimal.Decimal, lambda v, _w, _i: {TYPE: "decimal", "text": _NAN if v.is_nan() else str(v)}),
    (complex, lambda v, _w, _i: {TYPE: "complex", "text": repr(v)}),
    (uuid.UUID, lambda v, _w, _i: {TYPE: "uuid", "text": str(v)}),
    (pathlib.PurePath, lambda v, _w, _i: {TYPE: "path", "text": v.as_posix()}),
    (
        AbstractSet,
        lambda v, w, i: {
            TYPE: "set",
            "items": sorted((_canonical(x, (*w, "{}"), i) for x in v), key=_order),
        },
    ),
    (BaseException, _exception),
    (type, lambda v, _w, _i: {TYPE: "type", "name": qualified(v)}),
    (
        types.FunctionType,
        lambda v, _w, _i: {TYPE: "function", "name": f"{v.__module__}.{v.__qualname__}"},
    ),
    (types.BuiltinFunctionType, lambda v, _w, _i: {TYPE: "function", "name": v.__qualname__}),
    (
        types.MethodType,
        lambda v, w, i: {
            TYPE: "method",
            "name": v.__func__.__qualname__,
            "self": _canonical(v.__self__, (*w, ".__self__"), i),
        },
    ),
    (range, lambda v, _w, _i: {TYPE: "range", "text": repr(v)}),
    (_HANDLES, lambda v, w, _i: _refuse(v, w)),
    (type({}.values()), lambda v, w, i: _canonical(list(v), w, i)),
    (Sequence, lambda v, w, i: [_canonical(x, (*w, f"[{n}]"), i) for n, x in enumerate(v)]),
)


def _refuse(value: object, where: tuple[str, ...]) -> NoReturn:
    raise NotCanonical(
        where=where,
        why="what it holds cannot be known without using it up",
        value_type=qualified(type(value)),
    )
