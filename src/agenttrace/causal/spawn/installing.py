"""Installing: patch modules while a run needs it, those that come later too; import none of them.

A module that is not loaded yet is patched the moment its own code has run: a finder at the front of
`sys.meta_path` lets the others find it, and has itself told.
"""

from __future__ import annotations

import contextlib
import importlib.util
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any

from agenttrace.causal.spawn.patching import Patches, Seam

if TYPE_CHECKING:
    from collections.abc import Sequence


class Installation:
    """Patches for some modules, held in place while anybody wants them.

    Args:
        late: By module name, what to patch in the module once the program has loaded it.
        seams: What to patch at once, in modules that are always there.
    """

    def __init__(
        self,
        late: Mapping[str, Callable[[ModuleType], Iterable[Seam]]],
        seams: Callable[[], Iterable[Seam]] = tuple,
    ) -> None:
        """Change nothing yet."""
        self._late = late
        self._seams = seams
        self._lock = threading.RLock()
        self._wanted = 0
        self._patches = Patches()
        self._placed: set[tuple[int, str]] = set()
        self._finder = _Finder(self._loaded, frozenset(late))

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """Hold the patches in place; blocks may overlap and nest, the last puts everything back."""
        with self._lock:
            self._wanted += 1
            if self._wanted == 1:
                self._patches.put(self._seams())
                sys.meta_path.insert(0, self._finder)
                self._put(
                    seam
                    for name, seams in self._late.items()
                    if (module := sys.modules.get(name)) is not None and _is_ready(module)
                    for seam in seams(module)
                )
        try:
            yield
        finally:
            with self._lock:
                self._wanted -= 1
                if self._wanted == 0:
                    sys.meta_path.remove(self._finder)
                    self._patches.undo()
                    self._placed.clear()

    def _loaded(self, module: ModuleType) -> None:
        with self._lock:
            if self._wanted:
                self._put(self._late[module.__name__](module))

    def _put(self, seams: Iterable[Seam]) -> None:
        """Patch all at once: each time, who holds what is patched has to be looked for."""
        self._patches.put(seam for seam in seams if self._is_first(seam))

    def _is_first(self, seam: Seam) -> bool:
        """Whether nothing is there yet; one class may be in two modules."""
        place = (id(seam.owner), seam.name)
        if place in self._placed:
            return False
        self._placed.add(place)
        return True


class _Finder:
    """Finds a watched module where it is, and has itself told when its code has run."""

    def __init__(self, loaded: Callable[[ModuleType], None], names: frozenset[str]) -> None:
        self._loaded = loaded
        self._names = names
        self._looking = threading.local()

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Let the other finders find it."""
        if name not in self._names or getattr(self._looking, "name", None) == name:
            return None
        self._looking.name = name
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._looking.name = None
        if spec is not None and spec.loader is not None:
            spec.loader = Loader(spec.loader, self._load)  # type: ignore[assignment]
        return spec

    def _load(self, real: Any, module: ModuleType) -> None:
        real.exec_module(module)
        self._loaded(module)


class Loader:
    """Loads as the real loader does, but runs a module's own code in another way.

    Args:
        real: The loader that the other finders found.
        run: Runs the code, given the real loader and the module.
    """

    def __init__(self, real: Any, run: Callable[[Any, ModuleType], None]) -> None:
        self._real = real
        self._run = run

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """As the real loader does."""
        module: ModuleType | None = self._real.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """As it is to be run; the module is left as if nobody had watched."""
        module.__loader__ = self._real
        if module.__spec__ is not None:
            module.__spec__.loader = self._real
        self._run(self._real, module)


def _is_ready(module: ModuleType) -> bool:
    """Whether a module is loaded to its end; one that is being loaded is told of by the finder."""
    return not getattr(getattr(module, "__spec__", None), "_initializing", False)
