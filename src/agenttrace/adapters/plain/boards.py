"""Boards: what agents leave for each other to find."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, NamedTuple

from agenttrace.adapters.plain.messages import marked
from agenttrace.adapters.plain.standing import known, standing
from agenttrace.causal.position import trace_id
from agenttrace.causal.touching import touched
from agenttrace.model import names
from agenttrace.model.span import Link, WireKind

if TYPE_CHECKING:
    from agenttrace.model.values import Value

_NONE: Any = object()


def blackboard(name: str, *, relationship: str = "blackboard") -> Blackboard:
    """Make a board that agents write to and read from, linked by what they find there.

    Args:
        name: What the board is called; the same from run to run.
        relationship: What its links are called: `blackboard`, or `stigmergy` where agents act on
            traces left in a shared environment.
    """
    return Blackboard(name, relationship)


class Blackboard:
    """Keys and values that agents share; it works alike outside a run.

    Attributes:
        name: What it is called.
    """

    __slots__ = ("_entries", "_lock", "_relationship", "name")

    def __init__(self, name: str, relationship: str = "blackboard") -> None:
        self.name = name
        self._relationship = relationship
        self._entries: dict[str, _Entry] = {}
        self._lock = threading.RLock()

    def write(self, key: str, value: object) -> int:
        """Write a value; give how many times the key has now been written.

        Raises:
            NotCanonical: In a run: the value has no form that stays equal from run to run.
        """
        at = standing()
        with self._lock:
            before = self._entries.get(key)
            version = 1 if before is None else before.version + 1
            trace, span = "", ""
            if at is not None:
                touched(at.frame, f"{self.name}[{key!r}]", writes=True)
                form = known(
                    f"blackboard({self.name!r}).write({key!r})", {names.MESSAGE_CONTENT: value}
                )
                attributes = {**form, names.MESSAGE_KEY: key, names.MESSAGE_VERSION: version}
                trace = trace_id(at.door.run.name)
                span = marked(at, "write", self.name, attributes, wire_kind=WireKind.PRODUCER).id
            self._entries[key] = _Entry(value, version, trace, span)
        return version

    def read(self, key: str, default: Any = _NONE) -> Any:
        """Give the value of a key, the object that was written.

        Raises:
            KeyError: Nothing was written under the key, and there is no default.
        """
        at = standing()
        with self._lock:
            entry = self._entries.get(key)
        if at is not None:
            touched(at.frame, f"{self.name}[{key!r}]", writes=False)
            here = trace_id(at.door.run.name)
            link = None
            if entry is not None and entry.trace == here:
                link = Link(span=entry.span, relationship=self._relationship)
            version = 0 if entry is None else entry.version
            attributes: dict[str, Value] = {names.MESSAGE_KEY: key, names.MESSAGE_VERSION: version}
            marked(at, "read", self.name, attributes, wire_kind=WireKind.CONSUMER, link=link)
        if entry is not None:
            return entry.value
        if default is _NONE:
            raise KeyError(key)
        return default


class _Entry(NamedTuple):
    value: Any
    version: int
    trace: str
    span: str
