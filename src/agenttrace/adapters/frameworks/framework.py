"""Framework: what a file about one has to say, and what is not as the file expects it."""

from __future__ import annotations

import functools
import importlib.metadata
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

from agenttrace.causal.spawn.installing import Installation
from agenttrace.causal.spawn.patching import Seam

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


@dataclass(frozen=True, slots=True, kw_only=True)
class Framework:
    """One framework, as an adapter knows it.

    Attributes:
        name: What people call it, and install.
        oldest: The oldest release that the contract suite runs.
        newest: The newest one.
        late: By module name, what to patch in the module once the program has loaded it.
    """

    name: str
    oldest: str
    newest: str
    late: Mapping[str, Callable[[ModuleType], Iterable[Seam]]]


class Frameworks:
    """The adapters of all frameworks, held in place together.

    Attributes:
        warnings: What a person should know of the releases that this process has loaded.
    """

    def __init__(self, frameworks: Iterable[Framework]) -> None:
        """Change nothing yet."""
        self._warnings: dict[str, str] = {}
        self._installation = Installation(
            {
                module: functools.partial(self._seams, framework, seams)
                for framework in frameworks
                for module, seams in framework.late.items()
            }
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """One sentence for each framework that is another release than those that were tested."""
        return tuple(self._warnings.values())

    def installed(self) -> AbstractContextManager[None]:
        """Hold the patches in place, in what is loaded now or later."""
        return self._installation.installed()

    def _seams(
        self,
        framework: Framework,
        seams: Callable[[ModuleType], Iterable[Seam]],
        module: ModuleType,
    ) -> list[Seam]:
        """Give the seams of a module; none where it has not what the adapter expects."""
        found = list(seams(module))
        missing = [seam for seam in found if not hasattr(seam.owner, seam.name)]
        if missing:
            lacks = ", ".join(f"{_name_of(seam.owner)}.{seam.name}" for seam in missing)
            self._warn(framework, f"; it has no {lacks}, so what is made there is not seen")
        elif not framework.oldest <= _Version(release_of(framework.name)) <= framework.newest:
            self._warn(framework, "")
        return [seam for seam in found if seam not in missing]

    def _warn(self, framework: Framework, rest: str) -> None:
        name = framework.name
        self._warnings[name] = (
            f"{name} {release_of(name) or '(of no known release)'} is none of the releases that "
            f"were tested, {framework.oldest} to {framework.newest}{rest}"
        )


class _Version(str):
    """A release's number, compared part by part."""

    __slots__ = ()

    def __le__(self, other: str) -> bool:
        return _parts(self) <= _parts(other)

    def __ge__(self, other: str) -> bool:
        return _parts(self) >= _parts(other)


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


def release_of(distribution: str) -> str:
    """Which release of a distribution is installed; empty where none is known."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _name_of(owner: object) -> str:
    return str(getattr(owner, "__qualname__", None) or getattr(owner, "__name__", owner))
