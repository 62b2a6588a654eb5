"""Likeness: whether a value that was built again is of the same types, and what to write if not."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from agenttrace.adapters.plain.annotated import NOT_SAID
from agenttrace.adapters.plain.rebuilt import says_itself
from agenttrace.adapters.plain.written import written
from agenttrace.model.values import qualified


class Unlike(NamedTuple):
    """Where a value would not come back the same.

    Attributes:
        where: The place inside it.
        kind: The qualified type of what stands there.
        whole: The value.
    """

    where: str
    kind: str
    whole: object


_NOTHING = type("Nothing", (), {"__doc__": "No value at all."})()


def unlike(native: Any, again: Any, *, deep: bool = True) -> Unlike | None:
    """The first place where two values differ in type, or keep different fields; None: nowhere."""
    if not deep:
        same = _kind(native) is _kind(again)
        return None if same else Unlike("result", qualified(type(native)), native)
    found = _unlike(native, again, "result")
    return None if found is None else Unlike(found[0], qualified(type(found[1])), native)


def unbuilt(native: Any) -> Unlike:
    """The first thing in a result that does not say by itself what it is; or the whole."""
    where, at = "result", native
    while says_itself(written(at)):
        items = _inside(at)
        found = next(((step, item) for step, item in items if not _all_say_themselves(item)), None)
        if found is None:
            break
        where, at = where + found[0], found[1]
    return Unlike(where, qualified(type(at)), native)


def _inside(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, Mapping):
        return [(f"[{key!r}]", item) for key, item in value.items()]
    if isinstance(value, list | tuple):
        return [(f"[{index}]", item) for index, item in enumerate(value)]
    return [("{}", item) for item in value] if isinstance(value, AbstractSet) else []


def _all_say_themselves(value: Any) -> bool:
    return says_itself(written(value)) and all(
        _all_say_themselves(item) for _, item in _inside(value)
    )


def _unlike(native: Any, again: Any, where: str) -> tuple[str, object] | None:
    if _kind(native) is not _kind(again):
        return where, native
    pairs = _side_by_side(native, again)
    if pairs is None:
        return where, native
    for step, left, right in pairs:
        found = _unlike(left, right, where + step)
        if found is not None:
            return found
    return None


def _side_by_side(native: Any, again: Any) -> list[tuple[str, Any, Any]] | None:
    """What two values of one type hold, place by place; None where the places differ."""
    if isinstance(native, enum.Enum | str | bytes | type):
        return []
    if isinstance(native, Mapping):
        return [(f"[{key!r}]", item, again.get(key, _NOTHING)) for key, item in native.items()]
    if isinstance(native, list | tuple):
        return [(f"[{i}]", *both) for i, both in enumerate(zip(native, again, strict=False))]
    if isinstance(native, AbstractSet):
        kinds = {_kind(item) for item in native} - {_kind(item) for item in again}
        return [("{}", item, _NOTHING) for item in native if _kind(item) in kinds]
    names = getattr(type(native), "__dataclass_fields__", ())
    if hasattr(native, "__dict__"):
        names = vars(native)
        if names.keys() != vars(again).keys():
            return None
    public = [name for name in names if name[:1] != "_"]
    return [(f".{name}", getattr(native, name), getattr(again, name, _NOTHING)) for name in public]


_SHORT = 4
"""How many places of a tuple are written out; a line holds no more."""


def suggestion(value: Any) -> str:
    """The annotation that says what a value is: `list[Order]`."""
    if value is None:
        return "None"
    kind = _kind(value)
    if kind in (list, set, frozenset):
        inner = _either(value)
        return f"{kind.__name__}[{inner}]" if inner else kind.__name__
    if kind is tuple:
        inner = ", ".join(map(suggestion, value))
        return f"tuple[{inner}]" if 0 < len(value) <= _SHORT else "tuple"
    if kind is dict:
        return f"dict[{_either(value)}, {_either(value.values())}]" if value else "dict"
    return kind.__qualname__.rpartition("<locals>.")[2]


def _either(values: Any) -> str:
    return " | ".join(sorted({suggestion(value) for value in values}))


def words(annotation: object) -> str:
    """An annotation, as a person would write it."""
    if annotation is NOT_SAID:
        return "nothing"
    if isinstance(annotation, type) and not hasattr(annotation, "__args__"):
        return (
            "None"
            if annotation is type(None)
            else annotation.__qualname__.rpartition("<locals>.")[2]
        )
    return str(annotation).replace("typing.", "")


def _kind(value: object) -> type:
    """A value's type; the stand-ins of a frozen clock count as what they stand for."""
    return next(kind for kind in type(value).__mro__ if not kind.__module__.startswith("freezegun"))
