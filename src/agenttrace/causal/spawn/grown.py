"""Grown: which of the loaded modules have got names since somebody last looked."""

from __future__ import annotations

import sys
from typing import Any


class Grown:
    """Tells each module once, and again when it has got more names, or is another of its name.

    Thousands are loaded in a large program, and every run asks several times: where nothing has
    changed, two lists of numbers are compared.
    """

    def __init__(self) -> None:
        """Nothing was told yet."""
        self._modules: list[Any] = []  # held, so that no other module gets the id of one
        self._ids: list[int] = []
        self._titles: list[str] = []
        self._names: list[dict[str, Any]] = []
        self._sizes: list[int] = []

    def __call__(self) -> list[tuple[str, Any, dict[str, Any]]]:
        """Those that came or grew, as they are called in `sys.modules`, with their names."""
        loaded = sys.modules.copy()
        modules = list(loaded.values())
        ids = list(map(id, modules))
        if ids != self._ids or list(loaded) != self._titles:
            told = dict(zip(zip(self._titles, self._ids, strict=True), self._sizes, strict=True))
            self._modules, self._ids, self._titles = modules, ids, list(loaded)
            self._names = [_names(module) for module in modules]
            self._sizes = [told.get(place, -1) for place in zip(loaded, ids, strict=True)]
        sizes = list(map(len, self._names))
        if sizes == self._sizes:
            return []
        every = zip(self._titles, modules, self._names, sizes, self._sizes, strict=True)
        found = [(title, one, names) for title, one, names, now, then in every if now != then]
        self._sizes = sizes
        return found


def _names(module: Any) -> dict[str, Any]:
    names = getattr(module, "__dict__", None)
    return names if type(names) is dict else {}
