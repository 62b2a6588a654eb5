"""Annotated: what a function says that it returns, and what the classes it names hold."""

from __future__ import annotations

import collections.abc
import sys
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

from agenttrace.adapters.plain.steps import ASYNC_GENERATOR, GENERATOR, manner

NOT_SAID: Any = type("NotSaid", (), {"__doc__": "No annotation, or one that names nothing."})()

_ITERATES = (
    collections.abc.Iterator,
    collections.abc.Iterable,
    collections.abc.Generator,
    collections.abc.AsyncIterator,
    collections.abc.AsyncIterable,
    collections.abc.AsyncGenerator,
)
_WRAPPERS = frozenset({"Required", "NotRequired", "ReadOnly", "Final", "ClassVar"})


def returned(fn: Callable[..., Any], nearby: Mapping[str, object]) -> object:
    """What one value that a function gives is said to be; of a generator, what it yields.

    Args:
        fn: The function.
        nearby: Names that stand around its definition, for classes made inside a function.
    """
    inner = fn
    while (wrapped := getattr(inner, "__wrapped__", None)) is not None:
        inner = wrapped
    if not hasattr(inner, "__annotations__") and callable(inner):
        inner = type(inner).__call__
    said = getattr(inner, "__annotations__", {}).get("return", NOT_SAID)
    said = _resolved(said, getattr(inner, "__globals__", {}), nearby)
    if manner(fn) in (GENERATOR, ASYNC_GENERATOR):
        arguments = typing.get_args(said)
        return arguments[0] if typing.get_origin(said) in _ITERATES and arguments else NOT_SAID
    return said


def nearby(fn: object) -> Mapping[str, object]:
    """The names around a function that is being defined inside another; asked by its decorator."""
    is_text = isinstance(getattr(fn, "__annotations__", {}).get("return"), str)
    if not is_text or "<locals>" not in getattr(fn, "__qualname__", ""):
        return {}
    names: dict[str, object] = {}
    frame: types.FrameType | None = sys._getframe(1)
    while (
        frame is not None
        and frame.f_code.co_filename != getattr(fn, "__code__", frame.f_code).co_filename
    ):
        frame = frame.f_back
    for _ in range(2):  # the class body that a method stands in, and the function around it
        if frame is not None:
            names = {**frame.f_locals, **names}
            frame = frame.f_back
    return names


def bare(said: Any) -> Any:
    """Take off what says nothing about how a value is built: `Annotated`, `NewType`, aliases."""
    for _ in range(20):
        if said in (Any, object) or said is typing.Self or isinstance(said, str | typing.TypeVar):
            return NOT_SAID
        origin = typing.get_origin(said)
        if origin is typing.Annotated or getattr(origin, "_name", None) in _WRAPPERS:
            said = typing.get_args(said)[0]
        elif origin is typing.Literal:
            return NOT_SAID
        elif hasattr(said, "__supertype__"):
            said = said.__supertype__
        elif type(said).__name__ == "TypeAliasType":
            said = said.__value__
        else:
            break
    return said


def members_of(said: object) -> tuple[object, ...] | None:
    """What a union is made of; None for what is none."""
    if typing.get_origin(said) in (typing.Union, types.UnionType):
        return typing.get_args(said)
    return None


def is_typed_dict(kind: object) -> bool:
    """Whether a class is a TypedDict, the standard library's or typing_extensions'."""
    return typing.is_typeddict(kind) or type(kind).__name__ == "_TypedDictMeta"


def fields_of(said: Any) -> Mapping[str, object]:
    """What the fields of a class are said to hold; of a generic one, with its arguments put in."""
    kind = typing.get_origin(said) or said
    if hasattr(kind, "model_fields"):
        return {name: field.annotation for name, field in kind.model_fields.items()}
    try:
        hints = typing.get_type_hints(kind, include_extras=True)
    except Exception:  # noqa: BLE001 - a name that cannot be found, in any of the ways in which that shows
        hints = dict(getattr(kind, "__annotations__", {}))
    given = dict(zip(getattr(kind, "__parameters__", ()), typing.get_args(said), strict=False))
    return {name: _filled(hint, given) for name, hint in hints.items()}


def _filled(hint: Any, given: Mapping[Any, Any]) -> Any:
    if isinstance(hint, typing.TypeVar):
        return given.get(hint, NOT_SAID)
    parameters = getattr(hint, "__parameters__", ())
    return (
        hint[tuple(given.get(each, Any) for each in parameters)] if parameters and given else hint
    )


def _resolved(said: object, names: Mapping[str, Any], nearby: Mapping[str, object]) -> object:
    if said is NOT_SAID:
        return said
    holder = types.SimpleNamespace(__annotations__={"return": said})
    try:
        return typing.get_type_hints(holder, dict(names), dict(nearby), include_extras=True)[
            "return"
        ]
    except Exception:  # noqa: BLE001 - a name that cannot be found, in any of the ways in which that shows
        return NOT_SAID
