"""Shared: a mapping that agents share, which tells a search who reads and writes it, and when."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING, TypeVar

from agenttrace.causal import current
from agenttrace.causal.touching import touched

if TYPE_CHECKING:
    from collections.abc import Mapping

V = TypeVar("V")


class TracedState(MutableMapping[str, V]):
    """State that agents share, as a mapping; what its values hold is not looked into.

    It is a plain dict but for one thing: while `agent_trace.explore` searches, each access is
    noted, so that the search goes first to where the order of answers can matter.

    Attributes:
        name: What it is called where a search speaks of it.
    """

    __slots__ = ("_values", "name")

    def __init__(
        self, values: Mapping[str, V] | None = None, /, *, name: str = "state", **more: V
    ) -> None:
        """Begin with these values.

        Args:
            values: Keys and values.
            name: What it is called.
            **more: More keys and values.
        """
        self.name = name
        self._values: dict[str, V] = {**(values or {}), **more}

    def __getitem__(self, key: str) -> V:
        self._touched(key, writes=False)
        return self._values[key]

    def __setitem__(self, key: str, value: V) -> None:
        self._touched(key, writes=True)
        self._values[key] = value

    def __delitem__(self, key: str) -> None:
        self._touched(key, writes=True)
        del self._values[key]

    def __iter__(self) -> Iterator[str]:
        for key in self._values:
            self._touched(key, writes=False)
            yield key

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"TracedState({self._values!r}, name={self.name!r})"

    def _touched(self, key: str, *, writes: bool) -> None:
        if current.entered:
            touched(current.carried(), f"{self.name}[{key!r}]", writes=writes)
