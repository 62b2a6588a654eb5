"""Thawing: libraries that are first loaded while time is frozen meet the real types of time.

A library that derives a class from `date`, or keeps `datetime` in a table, must not do so with
freezegun's false types: the first crashes (pydantic's `v1`), the second is wrong for as long as the
process lives. So the real ones are there while a library's own code is loaded, and its names are
exchanged for the false ones afterwards, as freezegun does with what was loaded before. The code of
the user is loaded in held time: `STARTED = datetime.now()` in it is part of the run.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import sys
import sysconfig
import threading
from typing import TYPE_CHECKING, Any

from agenttrace.causal.spawn.installing import Loader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

_LIBRARIES = tuple(
    {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
)
_lock = threading.RLock()
_depth = 0
_before: tuple[Any, Any] = (dt.datetime, dt.date)


@contextlib.contextmanager
def thawed(api: Any) -> Iterator[None]:
    """While entered, `datetime` and `date` are the real types.

    Args:
        api: The module `freezegun.api`.
    """
    global _depth, _before  # noqa: PLW0603 - the types stand in a module of the whole process
    with _lock:
        _depth += 1
        if _depth == 1:
            _before = dt.datetime, dt.date
            dt.datetime, dt.date = api.real_datetime, api.real_date  # type: ignore[misc]
    try:
        yield
    finally:
        with _lock:
            _depth -= 1
            if _depth == 0:
                dt.datetime, dt.date = _before  # type: ignore[misc]


class Thawing:
    """A finder that loads libraries with the real types of time."""

    def __init__(self, api: Any, keeps_real: Callable[[str], bool]) -> None:
        """Watch nothing yet.

        Args:
            api: The module `freezegun.api`.
            keeps_real: Whether a module keeps real time.
        """
        self._api = api
        self._keeps_real = keeps_real

    def enter(self) -> None:
        """Be asked first for every module."""
        sys.meta_path.insert(0, self)

    def leave(self) -> None:
        """Be asked no more."""
        with contextlib.suppress(ValueError):
            sys.meta_path.remove(self)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Let the other finders find it; a library is then loaded in real time."""
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                if spec.loader is not None and (spec.origin or "").startswith(_LIBRARIES):
                    spec.loader = Loader(spec.loader, self.load)  # type: ignore[assignment]
                return spec
        return None

    def load(self, real: Any, module: ModuleType) -> None:
        """Run a module's own code with the real types, then give it the false ones."""
        with thawed(self._api):
            real.exec_module(module)
        if self._api.freeze_factories and not self._keeps_real(module.__name__):
            self._exchange(vars(module))

    def _exchange(self, names: dict[str, Any]) -> None:
        api = self._api
        false = {id(api.real_datetime): api.FakeDatetime, id(api.real_date): api.FakeDate}
        for name, value in list(names.items()):
            if id(value) in false:
                names[name] = false[id(value)]
