"""Effects: what a tool changes of its agent besides returning, as a part of its answer.

A tool may have the agent's state in hand. A replay does not run the tool, so what changed there
stands in the head of its answer, and is done again by the adapter that knows how.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from agenttrace.adapters.frameworks.tools import shape_of
from agenttrace.adapters.plain.shape import ResultShape
from agenttrace.boundary import Packed, Shape
from agenttrace.model.values import pack, unpack


class Effective(NamedTuple):
    """What a tool returned, and what it changed, in the adapter's words."""

    result: Any
    changes: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveShape:
    """Writes and reads what a tool returned, with what it changed where there is any.

    Attributes:
        result: The shape of what it returned.
        changes: The shape of what it changed.
        key: Under which the head of an answer holds that.
    """

    result: Shape[Any]
    changes: Shape[Any]
    key: str

    def pack(self, native: Any) -> Packed:
        """Write a result down.

        Raises:
            NotRebuildable: It, or what was changed, would not come back the same.
        """
        if not isinstance(native, Effective):
            return self.result.pack(native)
        changes = unpack(self.changes.pack(native.changes).data)
        return replace(self.result.pack(native.result), head={self.key: changes})

    def unpack(self, packed: Packed) -> Any:
        """Build a result, afresh each time.

        Raises:
            NotRebuildable: The function now says that it returns something else.
        """
        result = self.result.unpack(packed)
        if not isinstance(packed.head, dict):
            return result
        return Effective(result, self.changes.unpack(Packed(data=pack(packed.head[self.key]))))


def effective_shape(name: str, fn: Callable[..., Any] | None, key: str) -> EffectiveShape:
    """Give the shape of a tool's results: as the function is said to return."""
    return EffectiveShape(
        result=shape_of(name, fn), changes=ResultShape(title=f"{name}'s {key}"), key=key
    )
