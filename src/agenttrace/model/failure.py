"""Failures: exceptions as values, and values raised again as exceptions.

A class is looked up among the modules that the running program has already loaded; none is ever
imported by its name.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from agenttrace.errors import NotCanonical, RecordedError
from agenttrace.model.call import Failure
from agenttrace.model.values import TYPE, canonical, plain, qualified

if TYPE_CHECKING:
    from agenttrace.model.values import Value

_DATA = (bool, int, float, str, bytes, list, tuple, dict, set, frozenset, Decimal, dt.date)
"""What a field may be to be kept; live objects (a request, with its key in a header) are not."""

_MOST_CAUSES = 10
"""How many causes of an exception are kept."""


def failure_of(error: BaseException) -> Failure:
    """Write an exception down: its class, arguments, public fields, message and causes."""
    return Failure(
        type=qualified(type(error)),
        args=tuple(_known(item) for item in error.args),
        fields={
            name: _known(value)
            for name, value in sorted(_public(error).items())
            if isinstance(value, _DATA) or value is None
        },
        message=str(error),
        causes=tuple(f"{qualified(type(cause))}: {cause}" for cause in _causes(error)),
    )


def can_be_raised_again(error: BaseException) -> bool:
    """Whether a replay can raise it as its own class, saying the same, with the same data in it."""
    if not isinstance(error, Exception):
        return False
    again = exception_of(failure_of(error))
    if type(again) is not type(error) or str(again) != str(error):
        return False
    kept = {name: value for name, value in _public(error).items() if isinstance(value, _DATA)}
    return all(_alike(getattr(again, name, None), value) for name, value in kept.items())


def _alike(left: object, right: object) -> bool:
    """Whether two values are equal to everybody who does not ask for tuples."""
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(_alike, left, right))
    return type(left) is type(right) and left == right


def exception_of(failure: Failure) -> BaseException:
    """Build the exception again, as its own class where the program has loaded it.

    It is made by `__new__` with the recorded arguments and fields; of the `__init__`s only that of
    its builtin class runs (`str` of an `OSError` needs it). Where the class is not loaded, or is no
    ordinary exception, a `RecordedError` stands in for it.
    """
    kind = _loaded(failure.type)
    args = tuple(plain(item) for item in failure.args)
    if kind is None:
        return RecordedError(failure.type, failure.message, args)
    try:
        return _built(kind, args, failure)
    except Exception:  # noqa: BLE001 - a class may refuse to be built in any way it likes
        return RecordedError(failure.type, failure.message, args)


def _built(kind: Any, args: tuple[object, ...], failure: Failure) -> Exception:  # noqa: ANN401 - any class of exception
    builtin = next(base for base in kind.__mro__ if base.__module__ == "builtins")
    try:
        error: Exception = kind.__new__(kind, *args)
    except TypeError:  # its own `__new__` takes something else than it keeps in `args`
        error = builtin.__new__(kind, *args)
    with contextlib.suppress(TypeError, ValueError):
        builtin.__init__(error, *args)
    error.args = args
    for name, value in failure.fields.items():
        if not name.startswith("_"):
            setattr(error, name, plain(value))
    return error


def _public(error: BaseException) -> dict[str, object]:
    """The public attributes of an exception, with the file names that an `OSError` hides."""
    fields = {name: value for name, value in vars(error).items() if not name.startswith("_")}
    if isinstance(error, OSError):
        for name in ("filename", "filename2"):
            value = getattr(error, name, None)
            if value is not None:
                fields[name] = value
    return fields


def _loaded(name: str) -> type[Exception] | None:
    """Find a class among the loaded modules; no module is asked to find it, for it might import."""
    module, _, path = name.rpartition(".")
    module = module or "builtins"
    outer: list[str] = []
    while module and module not in sys.modules:
        module, _, last = module.rpartition(".")
        outer.insert(0, last)
    found: object = sys.modules.get(module)
    for part in (*outer, path):
        found = getattr(found, "__dict__", {}).get(part)
    return found if isinstance(found, type) and issubclass(found, Exception) else None


def _known(value: object) -> Value:
    """Keep data; of a live object, at any depth, what it is, and nothing that it holds."""
    if isinstance(value, list | tuple):
        return [_known(item) for item in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: _known(item) for key, item in sorted(value.items())}
    if value is not None and not isinstance(value, _DATA):
        return {TYPE: qualified(type(value))}
    try:
        return canonical(value)
    except NotCanonical:
        return {TYPE: qualified(type(value))}


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    at: BaseException | None = error
    while at is not None and len(found) < _MOST_CAUSES:
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)
        if at is None or at in found or at is error:
            break
        found.append(at)
    return found
