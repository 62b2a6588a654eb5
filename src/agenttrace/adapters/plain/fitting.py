"""Fitting: a value that a test says for a tool, held against what the tool says that it returns.

A recorded result is what the tool returned; a test's own may be anything. One that the tool could
never have returned would make a test pass that no run of the program can, so it is refused.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import inspect
import typing
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agenttrace.adapters.plain.annotated import (
    NOT_SAID,
    bare,
    fields_of,
    is_typed_dict,
    members_of,
)
from agenttrace.adapters.plain.likeness import words
from agenttrace.adapters.plain.tools import TOOLS
from agenttrace.adapters.plain.written import written
from agenttrace.errors import NotCanonical, NotRebuildable
from agenttrace.model.values import pack

if TYPE_CHECKING:
    from agenttrace.adapters.plain.shape import ResultShape
    from agenttrace.boundary import Boundary


class CannotFitError(Exception):
    """A value is none that the tool gives.

    Attributes:
        annotated: What the tool says that it returns.
        why: What is wrong, as a sentence.
        way_on: What to change.
    """

    def __init__(self, annotated: str, why: str, way_on: str) -> None:
        """Keep what a message needs."""
        super().__init__(why)
        self.annotated, self.why, self.way_on = annotated, why, way_on


class _MisfitError(Exception):
    def __init__(self, where: str, value: object, wanted: object, why: str = "") -> None:
        super().__init__(where)
        self.where, self.value, self.wanted, self.why = where, value, wanted, why


def packed(
    door: Boundary, operation: str, values: Sequence[Any], *, streams: bool
) -> tuple[bytes, ...]:
    """Write values as the tool's own results would be written, one each.

    A mapping will do for a dataclass or a pydantic model that the tool returns: it is built.

    Raises:
        CannotFitError: The tool gives no such value, or does not give values in this way.
    """
    known: tuple[ResultShape, bool] | None = door.kept.get(TOOLS, {}).get(operation)
    if known is None:  # a tool of a framework's, which says nothing of what it returns
        return tuple(pack(written(value)) for value in values)
    shape, is_stream = known
    annotated = f"{shape.definition} -> {shape.annotation.format(words(shape.wanted))}"
    if is_stream != streams:
        raise CannotFitError(
            annotated,
            "it yields its results one by one." if is_stream else "it returns one result.",
            "Say `.streams([…])`." if is_stream else "Say `.returns(…)`.",
        )
    return tuple(_packed(shape, value, annotated) for value in values)


def _packed(shape: ResultShape, value: Any, annotated: str) -> bytes:
    try:
        if shape.decode is None and shape.encode is None:
            value = _fitted(value, shape.wanted, "result")
        return shape.pack(value).data
    except _MisfitError as found:
        kind, wanted = type(found.value).__qualname__, words(found.wanted)
        raise CannotFitError(
            annotated,
            f"{found.where} makes no {wanted}: {found.why}."
            if found.why
            else f"{found.where} is a {kind}, and the tool gives {wanted}.",
            "Say a value that the tool could give.",
        ) from None
    except (NotRebuildable, NotCanonical) as error:
        why = error.headline.removeprefix(f"{shape.title}: ")
        raise CannotFitError(annotated, why, "Say a simpler value.") from None


def _fitted(value: Any, wanted: Any, where: str) -> Any:
    """Give the value, built where it is a mapping that stands for an object."""
    if typing.get_origin(wanted) is typing.Literal and value not in typing.get_args(wanted):
        raise _MisfitError(where, value, wanted, f"{value!r} is none of its values")
    wanted = bare(wanted)
    members = members_of(wanted)
    if wanted is NOT_SAID:
        return value
    if members is not None:
        return _one_of(value, members, wanted, where)
    if wanted is None:
        wanted = type(None)
    if is_typed_dict(wanted):
        return _typed(value, wanted, where)
    origin, inner = typing.get_origin(wanted) or wanted, typing.get_args(wanted)
    if not isinstance(origin, type):
        return value
    if isinstance(value, Mapping) and _is_record(origin):
        return _built(value, wanted, where)
    if not isinstance(value, origin) and not (
        origin is float and isinstance(value, int) and not isinstance(value, bool)
    ):
        raise _MisfitError(where, value, wanted)
    return _with_inside(value, origin, inner, where)


def _with_inside(value: Any, origin: type, inner: tuple[Any, ...], where: str) -> Any:
    if isinstance(value, dict) and len(inner) == 2:  # noqa: PLR2004 - keys and values
        return type(value)(
            {key: _fitted(item, inner[1], f"{where}[{key!r}]") for key, item in value.items()}
        )
    if isinstance(value, list) and inner:
        return [_fitted(item, inner[0], f"{where}[{place}]") for place, item in enumerate(value)]
    if isinstance(value, tuple) and inner and origin is tuple:
        each = [inner[0]] * len(value) if inner[-1] is Ellipsis else inner
        if len(each) != len(value):
            raise _MisfitError(where, value, tuple[inner])  # type: ignore[valid-type]
        pairs = zip(value, each, strict=True)
        return tuple(_fitted(item, one, f"{where}[{at}]") for at, (item, one) in enumerate(pairs))
    return value


def _one_of(value: Any, members: tuple[Any, ...], wanted: Any, where: str) -> Any:
    for member in members:
        try:
            return _fitted(value, member, where)
        except _MisfitError:
            continue
    raise _MisfitError(where, value, wanted)


def _typed(value: Any, wanted: Any, where: str) -> Any:
    kinds = fields_of(wanted)
    if not isinstance(value, Mapping):
        raise _MisfitError(where, value, wanted)
    for key in sorted(wanted.__required_keys__ - value.keys()):
        raise _MisfitError(where, value, wanted, f"{key!r} is missing")
    for key in sorted(value.keys() - kinds.keys()):
        raise _MisfitError(where, value, wanted, f"{key!r} is none of its keys")
    return {key: _fitted(item, kinds[key], f"{where}[{key!r}]") for key, item in value.items()}


def _is_record(origin: type) -> bool:
    built = dataclasses.is_dataclass(origin) or hasattr(origin, "model_validate")
    return built and not issubclass(origin, collections.abc.Mapping)


def _built(value: Mapping[Any, Any], wanted: Any, where: str) -> Any:
    origin: Any = typing.get_origin(wanted) or wanted
    if hasattr(origin, "model_validate"):
        try:
            return wanted.model_validate(dict(value))
        except Exception as error:  # noqa: BLE001 - a model refuses in any way it likes
            raise _MisfitError(where, value, wanted, str(error).partition("\n")[0]) from None
    kinds = fields_of(wanted)
    fields = {
        key: _fitted(item, kinds.get(key, NOT_SAID), f"{where}.{key}")
        for key, item in value.items()
    }
    try:
        inspect.signature(origin).bind(**fields)
        return origin(**fields)
    except Exception as error:  # noqa: BLE001 - likewise
        raise _MisfitError(where, value, wanted, str(error)) from None
