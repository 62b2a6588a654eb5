"""Naming: what a lane is called, in words that stay the same from run to run.

The name is that of the function meant. Tracing libraries wrap what is submitted to a pool, some
from a moment in the middle of a process on; a name taken from the wrapper would change with it.
"""

from __future__ import annotations

import contextvars
import functools
from typing import TYPE_CHECKING, Any

from agenttrace.causal.spawn.patching import below

if TYPE_CHECKING:
    from collections.abc import Sequence

TRACERS = (
    "opentelemetry",
    "ddtrace",
    "sentry_sdk",
    "newrelic",
    "elasticapm",
    "logfire",
    "langsmith",
    "langfuse",
    "openinference",
    "traceloop",
    "wrapt",
)
"""Packages whose wrappers are never the function meant, and whose threads are no part of a run."""

_DEEPEST = 12


def name_of(function: object, args: Sequence[object] = ()) -> str:
    """Name the function meant by a callable, and by the arguments it is going to get."""
    return qualified_name(meant_by(function, args))


def meant_by(function: object, args: Sequence[object] = ()) -> object:
    """Look through every wrapper of a callable."""
    for _ in range(_DEEPEST):
        inner = _through(function, args)
        if inner is None:
            break
        function, args = inner
    return function


def name_of_coroutine(coroutine: Any) -> str:
    """Name the coroutine meant by one that may wrap another."""
    for _ in range(_DEEPEST):
        frame = getattr(coroutine, "cr_frame", None)
        if frame is None or not is_tracers(frame.f_globals.get("__name__")):
            break
        inner = next(
            (value for value in frame.f_locals.values() if hasattr(value, "cr_frame")), None
        )
        if inner is None:
            break
        coroutine = inner
    return qualified_name(coroutine)


def qualified_name(thing: object) -> str:
    """The qualified name of a function or coroutine; of another callable, its class's."""
    name = getattr(thing, "__qualname__", None)
    return name if isinstance(name, str) else type(thing).__qualname__


def is_tracers(module: object) -> bool:
    """Whether a module belongs to a tracing library."""
    return isinstance(module, str) and module.partition(".")[0] in TRACERS


def _through(function: Any, args: Sequence[object]) -> tuple[object, Sequence[object]] | None:
    """Look through one wrapper; None where there is none."""
    if isinstance(function, functools.partial):
        return function.func, (*function.args, *args)
    if isinstance(getattr(function, "__self__", None), contextvars.Context) and args:
        return args[0], args[1:]
    wrapped = getattr(function, "__wrapped__", None)
    if wrapped is not None:
        return wrapped, args
    if is_tracers(getattr(function, "__module__", None)):
        inside = [one for one in (*below(function), *args) if callable(one)]
        others = [one for one in inside if not is_tracers(getattr(one, "__module__", None))]
        for meant in (*others, *inside):
            place = next((number for number, one in enumerate(args) if one is meant), -1)
            return meant, args[place + 1 :]
    return None
