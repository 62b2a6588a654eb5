"""Vary: which parts of a question or result may differ from run to run.

A pattern names an operation, a dot, and a path: `look_up_order.order`, `chat.messages[0].content`,
`pay.items[*].id`. `*` stands for any one name or index.

A kind after a colon lets only that vary inside a text, and the rest of it is compared:
`chat.messages[0].content:date`. See `looks` for the kinds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agenttrace.check import looks
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
        kinds: For each of those, what may vary there inside a text; empty: all of it.
    """

    paths: tuple[tuple[str, tuple[str, ...]], ...] = ()
    kinds: tuple[str, ...] = ()

    @classmethod
    def of(cls, patterns: Iterable[str]) -> Vary:
        """Read patterns.

        Raises:
            UsageError: A pattern names no operation or no path.
        """
        parsed = [_parsed(pattern) for pattern in patterns]
        return cls(
            paths=tuple((operation, steps) for operation, steps, _ in parsed),
            kinds=tuple(kind for _, _, kind in parsed),
        )

    def _all_kinds(self) -> tuple[str, ...]:
        return self.kinds or ("",) * len(self.paths)

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
        for (name, path), kind in zip(self.paths, self._all_kinds(), strict=True):
            if name in (operation, ANY):
                value = _blank(value, path, kind)
        return value


NOTHING_VARIES = Vary()


def body_of(question: Value) -> Value:
    """What of a question a person means: the body of a request, the arguments of a tool."""
    if isinstance(question, dict) and {"method", "path", "body"} <= question.keys():
        return question["body"]
    return question


def _parsed(pattern: str) -> tuple[str, tuple[str, ...], str]:
    operation, dot, path = pattern.partition(".")
    before, colon, kind = path.rpartition(":")
    path, kind = (before, kind) if colon and kind in looks.KINDS else (path, "")
    steps = tuple(name or index for name, index in _STEP.findall(path))
    if not operation or not dot or _PATH.fullmatch(path) is None:
        raise UsageError(
            f"vary={pattern!r} names no place",
            detail="  A pattern is OPERATION.PATH: look_up_order.order, chat.messages[0].content, "
            "pay.items[*].id. After a colon, what may vary inside a text: "
            f"chat.messages[0].content:date (one of {', '.join(looks.KINDS)}).",
        )
    return operation, steps, kind


def _blank(value: Value, path: tuple[str, ...], kind: str) -> Value:
    if (
        isinstance(value, dict)
        and {"method", "path", "body"} <= value.keys()
        and path[0] not in value
    ):
        return {**value, "body": _blank(value["body"], path, kind)}
    if isinstance(value, dict) and value.get("!") == "json":
        return {**value, "value": _blank(value["value"], path, kind)}
    first, rest = path[0], path[1:]
    if isinstance(value, dict):
        return {
            key: _inner(item, rest, kind) if first in (ANY, key) else item
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [
            _inner(item, rest, kind) if first in (ANY, str(i)) else item
            for i, item in enumerate(value)
        ]
    return value


def _inner(value: Value, rest: tuple[str, ...], kind: str) -> Value:
    if rest:
        return _blank(value, rest, kind)
    return _without(value, kind) if kind else dict(BLANK)


def _without(value: Value, kind: str) -> Value:
    """A value in which everything that looks so is one thing."""
    if isinstance(value, str):
        return looks.blanked(value, kind)
    if isinstance(value, dict):
        return {key: _without(item, kind) for key, item in value.items()}
    if isinstance(value, list):
        return [_without(item, kind) for item in value]
    return value if kind != looks.NUMBER or not isinstance(value, int | float) else dict(BLANK)
