"""Rebuilt: values made again from what was written down, as the live function's annotation says.

Nothing is imported by name: only classes that an annotation of the running program names are built.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import datetime as dt
import decimal
import enum
import inspect
import pathlib
import sys
import typing
import uuid
from collections.abc import Callable, Mapping
from typing import Any, cast

from agenttrace.adapters.plain.annotated import NOT_SAID, bare, fields_of, is_typed_dict, members_of
from agenttrace.adapters.plain.written import UNSET, name_of, written
from agenttrace.model.values import TYPE, Value, qualified


class CannotBuildError(Exception):
    """The annotation does not say how to build what was written."""


def rebuilt(form: Value, wanted: object) -> Any:
    """Build a value as an annotation says; without one, from what is written alone.

    Raises:
        CannotBuildError: Neither says how.
    """
    wanted = bare(wanted)
    if wanted is NOT_SAID:
        return _by_itself(form, NOT_SAID)
    members = members_of(wanted)
    if members is not None:
        return _one_of(form, members)
    if isinstance(form, list):
        return _listed(form, wanted)
    if isinstance(form, dict):
        return _tagged(form, wanted) if TYPE in form else _mapped(form, wanted)
    return _scalar(form, wanted)


def _one_of(form: Value, members: tuple[object, ...]) -> Any:
    for member in members:
        try:
            value = rebuilt(form, member)
        except CannotBuildError:
            continue
        origin = typing.get_origin(bare(member)) or bare(member)
        if isinstance(origin, type) and not is_typed_dict(origin) and not isinstance(value, origin):
            continue
        if written(value) == form:
            return value
    return _by_itself(form, NOT_SAID)


def _scalar(form: Any, wanted: Any) -> Any:
    if (
        form is None
        or not isinstance(wanted, type)
        or is_typed_dict(wanted)
        or isinstance(form, wanted)
        or type(form) is bool
    ):
        return form
    if issubclass(wanted, type(form)) or wanted is bytearray or wanted.__module__ == "numpy":
        return _made(wanted, form)
    return form


def _listed(form: list[Value], wanted: Any) -> Any:
    origin, arguments = typing.get_origin(wanted) or wanted, typing.get_args(wanted)
    if origin is tuple and arguments and arguments[-1] is not Ellipsis:
        if len(arguments) != len(form):
            raise CannotBuildError
        return tuple(rebuilt(item, inner) for item, inner in zip(form, arguments, strict=True))
    items = [rebuilt(item, arguments[0] if arguments else NOT_SAID) for item in form]
    if (
        isinstance(origin, type)
        and not inspect.isabstract(origin)
        and _holds(origin, collections.abc.Iterable)
    ):
        return items if origin is list else _made(origin, items)
    return items


def _mapped(form: dict[str, Value], wanted: Any) -> Any:
    origin, arguments = typing.get_origin(wanted) or wanted, typing.get_args(wanted)
    if is_typed_dict(origin):
        kinds = fields_of(wanted)
        return {
            name_of(key): rebuilt(item, kinds.get(name_of(key), NOT_SAID))
            for key, item in form.items()
        }
    inner = arguments[-1] if arguments else NOT_SAID
    return _mapping({name_of(key): rebuilt(item, inner) for key, item in form.items()}, origin)


def _mapping(items: dict[Any, Any], origin: Any) -> Any:
    concrete = (
        isinstance(origin, type) and _holds(origin, Mapping) and not inspect.isabstract(origin)
    )
    return _made(origin, items) if concrete and origin is not dict else items


def _tagged(form: dict[str, Value], wanted: Any) -> Any:
    if form[TYPE] in _BY_ITSELF:
        value = _by_itself(form, wanted)
        kind = typing.get_origin(wanted) or wanted
        if not isinstance(kind, type) or isinstance(value, kind) or inspect.isabstract(kind):
            return value
        return _made(kind, value) if issubclass(kind, (type(value), frozenset)) else value
    kind = typing.get_origin(wanted) or wanted
    if not isinstance(kind, type):
        raise CannotBuildError
    if form[TYPE] == "numpy.ndarray" and kind.__module__ == "numpy":
        make = sys.modules["numpy"].array  # loaded: the program's own annotation names it
        return make(_by_itself(form["values"], NOT_SAID), dtype=str(form["dtype"]))
    if form[TYPE] != qualified(kind):
        raise CannotBuildError
    return _object(form, kind, wanted)


def _object(form: dict[str, Value], kind: Any, wanted: Any) -> Any:
    if issubclass(kind, enum.Enum):
        name = form["name"]
        return (
            kind[name]
            if name in kind.__members__
            else _made(kind, _by_itself(form["value"], NOT_SAID))
        )
    kinds = fields_of(wanted)
    fields = {
        name_of(key): rebuilt(item, kinds.get(name_of(key), NOT_SAID))
        for key, item in form.items()
        if key not in (TYPE, UNSET)
    }
    if hasattr(kind, "model_construct"):
        left: Any = form.get(UNSET, [])
        return kind.model_construct(_fields_set=set(fields) - set(left), **fields)
    if hasattr(kind, "_fields") and issubclass(kind, tuple):
        return kind(**fields)
    if dataclasses.is_dataclass(kind):
        taken = {field.name for field in dataclasses.fields(kind) if field.init}
        value: Any = _made(
            cast("Any", kind), **{name: item for name, item in fields.items() if name in taken}
        )
    else:
        value = _made(kind.__new__, kind)
    for name, item in fields.items():
        object.__setattr__(value, name, item)
    return value


def _made(kind: Callable[..., Any], *args: object, **kwargs: object) -> Any:
    try:
        return kind(*args, **kwargs)
    except Exception as error:
        raise CannotBuildError from error


def _holds(kind: type, abstract: type) -> bool:
    return issubclass(kind, abstract) and not issubclass(kind, str | bytes)


def says_itself(form: Value) -> bool:
    """Whether what was written says by itself what it is."""
    return not isinstance(form, dict) or TYPE not in form or form[TYPE] in _BY_ITSELF


def _by_itself(form: Any, wanted: Any) -> Any:
    """Build what says by itself what it is; `wanted` is asked for what a container holds."""
    if isinstance(form, list):
        return [_by_itself(item, NOT_SAID) for item in form]
    if not isinstance(form, dict):
        return form
    if TYPE not in form:
        return {name_of(key): _by_itself(item, NOT_SAID) for key, item in form.items()}
    build = _BY_ITSELF.get(form[TYPE])
    if build is None:
        raise CannotBuildError
    return build(form, wanted)


def _set(form: Any, wanted: Any) -> Any:
    inner = (*typing.get_args(wanted), NOT_SAID)[0]
    return {rebuilt(item, inner) for item in form["items"]}


def _pairs(form: Any, wanted: Any) -> Any:
    arguments = typing.get_args(wanted)
    first, second = (arguments[0], arguments[-1]) if arguments else (NOT_SAID, NOT_SAID)
    items = {_key(key, first): rebuilt(item, second) for key, item in form["items"]}
    return _mapping(items, typing.get_origin(wanted) or wanted)


def _key(form: Value, wanted: object) -> Any:
    key = rebuilt(form, wanted)
    return tuple(key) if isinstance(key, list) else key


def _path(wanted: Any) -> type[pathlib.PurePath]:
    named = isinstance(wanted, type) and issubclass(wanted, pathlib.PurePath)
    return wanted if named else pathlib.Path


_BY_ITSELF: Mapping[Any, Callable[[Any, Any], Any]] = {
    "int": lambda form, _: int(form["text"]),
    "float": lambda form, _: float(form["text"]),
    "str": lambda form, _: form["surrogates"].decode("utf-8", "surrogatepass"),
    "complex": lambda form, _: complex(form["text"]),
    "datetime": lambda form, _: dt.datetime.fromisoformat(form["text"]),
    "date": lambda form, _: dt.date.fromisoformat(form["text"]),
    "time": lambda form, _: dt.time.fromisoformat(form["text"]),
    "timedelta": lambda form, _: dt.timedelta(microseconds=_by_itself(form["us"], NOT_SAID)),
    "decimal": lambda form, _: decimal.Decimal(form["text"]),
    "uuid": lambda form, _: uuid.UUID(form["text"]),
    "path": lambda form, wanted: _path(wanted)(form["text"]),
    "set": _set,
    "dict": _pairs,
}
"""How each form of the standard library's own values is built."""
