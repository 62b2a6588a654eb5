"""Patching: put our functions in front of others', and take exactly them away again.

Somebody else may patch on top while ours are in place. Then ours stay below, where they only hand
on: putting the original back would drop the other's wrapper, and, when it is undone, bring ours
back to life.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agenttrace.causal.spawn.grown import Grown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Seam:
    """A place where our function goes in front of another.

    Attributes:
        owner: The class or module that has it.
        name: Its name there.
        around: Makes ours out of what stands there.
        held: Whether others may hold it by a name of their own (`from asyncio import shield`).
    """

    owner: Any
    name: str
    around: Callable[[Any], Any]
    held: bool = False


@dataclass(slots=True, kw_only=True)
class _Patch:
    seam: Seam
    before: Any
    ours: Any
    inherited: bool

    @property
    def now(self) -> Any:
        return getattr(self.seam.owner, self.seam.name)

    def undo(self) -> bool:
        """Put back what stood there; False where somebody has patched on top."""
        if self.now is not self.ours:
            return False
        if self.inherited:
            delattr(self.seam.owner, self.seam.name)
        else:
            setattr(self.seam.owner, self.seam.name, self.before)
        return True


class HeldNames:
    """Functions that modules hold under names of their own.

    Looking through every module takes milliseconds, so a module is looked through once, and again
    only when it has got more names.
    """

    def __init__(self) -> None:
        self._grown = Grown()
        self._wanted: set[int] = set()
        self._places: set[tuple[str, str]] = set()

    def swap(self, pairs: dict[int, tuple[Any, Any]]) -> None:
        """Replace, in every module, the first of each pair by the second; they are by its id."""
        if not pairs:
            return
        wanted = {id(one) for pair in pairs.values() for one in pair}
        if not wanted <= self._wanted:
            self._wanted |= wanted
            self._grown = Grown()
        for module_name, _, names in self._grown():
            for name, value in list(names.items()):
                if id(value) in self._wanted:
                    self._places.add((module_name, name))
        for module_name, name in self._places:
            names = getattr(sys.modules.get(module_name), "__dict__", {})
            found = pairs.get(id(names.get(name)))
            if found is not None:
                names[name] = found[1]


@dataclass(slots=True)
class Patches:
    """All patches of one room; in place while somebody needs them."""

    _placed: list[_Patch] = field(default_factory=list)
    _buried: list[_Patch] = field(default_factory=list)
    _made: dict[tuple[int, str], tuple[Any, Any]] = field(default_factory=dict)
    _names: HeldNames = field(default_factory=HeldNames)

    def put(self, seams: Iterable[Seam]) -> None:
        """Put ours in front at every seam, unless it lies there already, below somebody's."""
        held = {}
        for seam in seams:
            patch = self._patch(seam)
            if patch is None:
                continue
            self._placed.append(patch)
            if seam.held:
                held[id(patch.before)] = (patch.before, patch.ours)
        self._names.swap(held)

    def undo(self) -> None:
        """Take all of them away, the last first."""
        held = {
            id(patch.ours): (patch.ours, patch.before) for patch in self._placed if patch.seam.held
        }
        for patch in reversed(self._placed):
            if not patch.undo():
                held.pop(id(patch.ours), None)
                self._buried.append(patch)
        self._names.swap(held)
        self._placed.clear()

    def _patch(self, seam: Seam) -> _Patch | None:
        now = getattr(seam.owner, seam.name)
        for patch in self._buried:
            if (
                patch.seam.owner is seam.owner
                and patch.seam.name == seam.name
                and leads_to(now, patch.ours)
            ):
                if now is patch.ours:
                    self._buried.remove(patch)
                    self._placed.append(patch)
                return None
        inherited = seam.name not in vars(seam.owner)
        before = now if inherited else vars(seam.owner)[seam.name]
        ours = self._around(seam, now)
        setattr(seam.owner, seam.name, ours)
        return _Patch(seam=seam, before=before, ours=ours, inherited=inherited)

    def _around(self, seam: Seam, now: Any) -> Any:
        """Ours, the same again where the same stands there: who holds it is known already."""
        made = self._made.get((id(seam.owner), seam.name))
        if made is None or made[0] is not now:
            made = self._made[id(seam.owner), seam.name] = (now, seam.around(now))
        return made[1]


def leads_to(start: Any, goal: Any, *, deepest: int = 8) -> bool:
    """Whether a wrapper calls `goal` in the end, as far as wrappers can be looked through."""
    layer = [start]
    for _ in range(deepest):
        if any(one is goal for one in layer):
            return True
        layer = [inner for one in layer for inner in below(one)]
    return False


def below(wrapper: Any) -> Iterator[Any]:
    """The callables that a wrapper visibly holds, the likeliest first."""
    if isinstance(wrapper, functools.partial):
        yield wrapper.func
        yield from (value for value in wrapper.args if callable(value))
    for name in ("__wrapped__", "__func__"):
        if (value := getattr(wrapper, name, None)) is not None:
            yield value
    for cell in getattr(wrapper, "__closure__", None) or ():
        try:
            value = cell.cell_contents
        except ValueError:  # a name that is bound later
            continue
        if callable(value):
            yield value
