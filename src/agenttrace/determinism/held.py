"""Held: functions of time and chance that the user's code holds where nobody can exchange them.

A module's own names are exchanged while a run goes on. What a class, a default argument, a partial
or a list holds is not; where time or chance is read through it, a replay differs, so it is named.
"""

from __future__ import annotations

import functools
import random
import sys
import time
from types import FunctionType
from typing import TYPE_CHECKING, Any

from agenttrace.causal.site import users_file
from agenttrace.causal.spawn.grown import Grown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

TIME, CHANCE = "time", "chance"

_CLOCKS = ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns")
_NOWS = ("now", "today", "utcnow")
_ALIKE = {id(getattr(time, name)): f"time.{name}" for name in _CLOCKS}
"""The real functions, by id, as they were when this was loaded."""

_MOST_ITEMS = 100
"""How much of a list or mapping is looked at."""

_grown = Grown()
_held: dict[str, list[tuple[str, str]]] = {}
"""By module, of those that hold something: what sort, and what is said of it."""


def held_references(kinds: frozenset[str]) -> list[str]:
    """Say what of these kinds the user's modules hold past every exchange."""
    for name, module, _ in _grown():
        file = getattr(module, "__file__", None)
        shown = users_file(file) if isinstance(file, str) else None
        found = [] if shown is None else [(k, f"{shown}: {t}") for k, t in _in_module(module)]
        if found:
            _held[name] = found
        else:
            _held.pop(name, None)
    loaded = sys.modules.keys() & _held.keys()
    said = [text for name in sorted(loaded) for kind, text in _held[name] if kind in kinds]
    return [f"{text}, where no run can hold it: ask for it where it is needed" for text in said]


def _in_module(module: ModuleType) -> Iterator[tuple[str, str]]:
    for name, value in list(vars(module).items()):
        if isinstance(value, type) and value.__module__ == module.__name__:
            for attribute, inner in list(vars(value).items()):
                yield from _at(f"{name}.{attribute}", getattr(inner, "__func__", inner))
        elif not isinstance(value, FunctionType) or value.__module__ == module.__name__:
            yield from _at(name, value, of_module=True)


def _at(place: str, value: Any, *, of_module: bool = False) -> Iterator[tuple[str, str]]:
    """What is held at a place: by it, or by what it is made of."""
    held = [] if of_module else [value]
    if isinstance(value, FunctionType):
        held = [*(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values()]
    elif isinstance(value, functools.partial):
        held = [value.func, *value.args]
    elif type(value) in (list, tuple):
        held = list(value[:_MOST_ITEMS])
    elif type(value) is dict:
        held = list(value.values())[:_MOST_ITEMS]
    for one in held:
        kind, what = _known(one)
        if kind:
            yield kind, f"{place} holds {what}"


def _known(value: Any) -> tuple[str, str]:
    if id(value) in _ALIKE:
        return TIME, _ALIKE[id(value)]
    owner = getattr(value, "__self__", None)
    if owner is not None and owner is getattr(random, "_inst", None):
        return CHANCE, f"random.{value.__name__}"
    name = getattr(value, "__name__", "")
    if name in _NOWS and isinstance(owner, type) and owner.__module__ == "datetime":
        return TIME, f"{owner.__name__}.{name}"
    return "", ""
