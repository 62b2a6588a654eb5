"""Vary: which parts of a question or result may differ from run to run.

A pattern names an operation, a dot, and a path: `look_up_order.order`, `chat.messages[0].content`,
`pay.items[*].id`. `*` stands for any one name or index.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agenttrace.errors import UsageError
from agenttrace.model.values import comparable, digest

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet

    from agenttrace.model.values import Value

ANY = "*"
BLANK = {"!": "varies"}

_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\*|\d+)\]")
_PATH = re.compile(r"(?:[^.\[\]]+|\[(?:\*|\d+)\])(?:\.[^.\[\]]+|\[(?:\*|\d+)\])*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vary:
    """What may vary, by operation.

    Attributes:
        paths: For each operation, the paths inside its question.
    """

    paths: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @classmethod
    def of(cls, patterns: Iterable[str]) -> Vary:
        """Read patterns.

        Raises:
            UsageError: A pattern names no operation or no path.
        """
        return cls(paths=tuple(_parsed(pattern) for pattern in patterns))

    def strangers(self, operations: AbstractSet[str]) -> tuple[str, ...]:
        """The operations that patterns name and nothing is called."""
        named = {name for name, _ in self.paths if name != ANY}
        return tuple(sorted(named - operations))

    def names(self, operation: str) -> bool:
        """Whether anything of this operation may vary."""
        return any(name in (operation, ANY) for name, _ in self.paths)

    def agree(self, operation: str, golden: Value, run: Value) -> bool:
        """Whether two questions of one operation ask the same, but for what may vary."""
        return digest(self.blanked(operation, golden)) == digest(self.blanked(operation, run))

    def blanked(self, operation: str, question: Value) -> Value:
        """Give a question in its comparable form, with what may vary made equal."""
        value = comparable(question)
        for name, path in self.paths:
            if name in (operation, ANY):
                value = _blank(value, path)
        return value


NOTHING_VARIES = Vary()


def body_of(question: Value) -> Value:
    """What of a question a person means: the body of a request, the arguments of a tool."""
    if isinstance(question, dict) and {"method", "path", "body"} <= question.keys():
        return question["body"]
    return question


def _parsed(pattern: str) -> tuple[str, tuple[str, ...]]:
    operation, dot, path = pattern.partition(".")
    steps = tuple(name or index for name, index in _STEP.findall(path))
    if not operation or not dot or _PATH.fullmatch(path) is None:
        raise UsageError(
            f"vary={pattern!r} names no place",
            detail="  A pattern is OPERATION.PATH: look_up_order.order, chat.messages[0].content, "
            "pay.items[*].id",
        )
    return operation, steps


def _blank(value: Value, path: tuple[str, ...]) -> Value:
    if (
        isinstance(value, dict)
        and {"method", "path", "body"} <= value.keys()
        and path[0] not in value
    ):
        return {**value, "body": _blank(value["body"], path)}
    if isinstance(value, dict) and value.get("!") == "json":
        return {**value, "value": _blank(value["value"], path)}
    first, rest = path[0], path[1:]
    if isinstance(value, dict):
        return {
            key: _inner(item, rest) if first in (ANY, key) else item for key, item in value.items()
        }
    if isinstance(value, list):
        return [
            _inner(item, rest) if first in (ANY, str(i)) else item for i, item in enumerate(value)
        ]
    return value


def _inner(value: Value, rest: tuple[str, ...]) -> Value:
    return _blank(value, rest) if rest else dict(BLANK)
