"""Walk: every text inside a value, in bytes and in the model's own values, each under its name.

What nothing changes in is given back as it is, the same object, so that bytes that hold no secret
are never written anew.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from agenttrace.model.lane import Delivery, Lane
from agenttrace.redact.documents import document_of

if TYPE_CHECKING:
    from agenttrace.model.values import Value

Visit: TypeAlias = Callable[[str, str], str]
"""Gives one text for another; it is told the name that the text stands under, or an empty one."""

T = TypeVar("T")

PLACES = frozenset(
    {
        "agent",
        "digest",
        "id",
        "joins",
        "lane",
        "parent",
        "path",
        "position",
        "span",
        "trace_flags",
    }
)
"""Fields of the model that say where something stands: others point at it by what they hold."""

_PAIR = 2


def in_value(value: Value, visit: Visit, name: str = "") -> Value:
    """Visit every text in a canonical value, the keys of mappings included."""
    if isinstance(value, str):
        return visit(value, name)
    if type(value) in _PLAIN:
        return value
    if isinstance(value, bytes):
        return in_bytes(value, visit, name)
    if isinstance(value, dict):
        return _in_mapping(value, visit)
    if isinstance(value, list):
        return _in_list(value, visit, name)
    return value


def in_bytes(data: bytes, visit: Visit, name: str = "") -> bytes:
    """Visit the texts in bytes: those of a document, else the bytes themselves as one text.

    Bytes that are no UTF-8 are read as Latin-1: what we look for is ASCII, and the others stay.
    """
    document = document_of(data)
    if document is not None:
        with contextlib.suppress(RecursionError):  # nested too deep to be looked at but as a text
            said = in_value(document.value, visit, name)
            return data if said is document.value else document.write(said)
    try:
        coding, text = "utf-8", data.decode()
    except UnicodeDecodeError:
        coding, text = "latin-1", data.decode("latin-1")
    new = visit(text, name)
    return data if new is text else new.encode(coding)


def in_model(thing: T, visit: Visit, name: str = "", *, skip: frozenset[str] = PLACES) -> T:
    """Visit every text in one of the model's values.

    Args:
        thing: The value, or a tuple or mapping of values.
        visit: Gives one text for another.
        name: What it stands under.
        skip: Fields that are left alone, and with them everything that is nothing but a place.
    """
    inside: Any = _inside(thing, visit, name, skip)
    return thing if inside is None else inside


def _inside(thing: Any, visit: Visit, name: str, skip: frozenset[str]) -> Any:  # noqa: ANN401 - any of the model
    """The same with other texts in it; None: there is none that changes."""
    kind: Any = type(thing)
    if _is_dull(kind, skip):
        return None
    if kind is not str and (fields := _fields_of(kind, skip)):
        changed = {
            field: new
            for field in fields
            if (part := getattr(thing, field)) != ()
            and (new := _inside(part, visit, field, skip)) is not None
        }
        return dataclasses.replace(thing, **changed) if changed else None
    if isinstance(thing, tuple):
        items = [_inside(item, visit, name, skip) for item in thing]
        if all(item is None for item in items):
            return None
        return tuple(old if new is None else new for old, new in zip(thing, items, strict=True))
    if kind not in _VALUES:
        thing = dict(thing)
    said = in_value(thing, visit, name)
    return None if said is thing else said


_VALUES = (str, bytes, dict, list)
_PLAIN = frozenset({bool, int, float, type(None)})


@functools.cache
def _is_dull(kind: type, skip: frozenset[str]) -> bool:
    """Whether nothing of a class can hold a text that is to be visited."""
    if skip and issubclass(kind, (Delivery, Lane)):
        return True
    holds = kind in _VALUES or issubclass(kind, (tuple, Mapping))
    return not holds and not _fields_of(kind, skip)


@functools.cache
def _fields_of(kind: type, skip: frozenset[str]) -> tuple[str, ...]:
    """The names of the fields of a class of the model's; none: it is no such class."""
    if not dataclasses.is_dataclass(kind):
        return ()
    return tuple(field.name for field in dataclasses.fields(kind) if field.name not in skip)


def _same(left: object, right: object) -> bool:
    return left is right


def _in_mapping(value: dict[str, Value], visit: Visit) -> Value:
    for key, item in value.items():
        new = visit(item, key) if type(item) is str else in_value(item, visit, key)
        if new is not item or visit(key, "") is not key:
            break
    else:
        return value  # by far the most: nothing is made anew
    return {visit(key, ""): in_value(item, visit, key) for key, item in value.items()}


def _in_list(value: list[Value], visit: Visit, name: str) -> Value:
    paired = bool(value) and all(map(_is_pair, value))
    items = [
        _in_pair(item, visit) if paired and isinstance(item, list) else in_value(item, visit, name)
        for item in value
    ]
    return value if all(map(_same, items, value)) else items


def _is_pair(item: Value) -> bool:
    """Whether an item is a name and what it stands for, as headers and queries are listed."""
    return isinstance(item, list) and len(item) == _PAIR and isinstance(item[0], str | bytes)


def _in_pair(pair: list[Value], visit: Visit) -> Value:
    first, second = pair
    name = first.decode("latin-1") if isinstance(first, bytes) else str(first)
    items = [in_value(first, visit), in_value(second, visit, name)]
    return pair if all(map(_same, items, pair)) else items
