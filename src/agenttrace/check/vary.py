"""Vary: which parts of a question or a result may differ from run to run.

A pattern names an operation, a dot, and a path inside its question: `look_up_order.order`,
`chat.messages[0].content`, `pay.items[*].id`; with an arrow, a path inside its result:
`pay->receipt.id`. `*` stands for any one name or index. A pattern may come with a matcher: anything
that equals what is allowed there, such as a value of dirty-equals. A rule in brackets, `<uuid>`,
lets one sort of text vary wherever it stands, as long as it stays itself (`normalize`).

A kind after a colon lets only that vary inside a text, and the rest of it is compared:
`chat.messages[0].content:date`. See `looks` for the kinds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agenttrace.check import looks
from agenttrace.check.normalize import named, rules_of
from agenttrace.errors import UsageError
from agenttrace.model.values import comparable, digest, plain, unpack

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet

    from agenttrace.model.values import Value

ANY = "*"
STATE = "state"
"""What agents' states are called where a pattern names an operation."""
ARROW = "->"
BLANK = {"!": "varies"}

_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\*|\d+)\]")
_PATH = re.compile(r"(?:[^.\[\]]+|\[(?:\*|\d+)\])(?:\.[^.\[\]]+|\[(?:\*|\d+)\])*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vary:
    """What may vary, by operation.

    Attributes:
        paths: For each operation, the paths inside its question; under its name and an arrow,
            those inside its result; under a rule in brackets, none. A last step that begins with a
            colon is the kind that may vary there inside a text.
        matchers: The same, each with what the run's value must equal there.
    """

    paths: tuple[tuple[str, tuple[str, ...]], ...] = ()
    matchers: tuple[tuple[str, tuple[str, ...], object], ...] = ()

    @classmethod
    def of(cls, patterns: Iterable[str] | Mapping[str, object]) -> Vary:
        """Read patterns; of a mapping, each with its matcher, `...` for any value.

        Raises:
            UsageError: A pattern names no operation, no path, or no rule.
        """
        if not isinstance(patterns, Mapping):
            return cls(paths=tuple(_parsed(pattern) for pattern in patterns))
        read = [(*_parsed(pattern), matcher) for pattern, matcher in patterns.items()]
        return cls(
            paths=tuple((name, path) for name, path, matcher in read if matcher is ...),
            matchers=tuple(one for one in read if one[2] is not ...),
        )

    def strangers(self, operations: AbstractSet[str]) -> tuple[str, ...]:
        """The operations that patterns name and nothing is called."""
        said = [*(name for name, _ in self.paths), *(name for name, *_ in self.matchers)]
        named = {name.removesuffix(ARROW) for name in said}
        return tuple(sorted(name for name in named - operations - {ANY, STATE} if name[:1] != "<"))

    @property
    def rules(self) -> frozenset[str]:
        """The rules of `normalize` that are asked for."""
        return frozenset(name[1:-1] for name, path in self.paths if not path)

    def names(self, operation: str) -> bool:
        """Whether anything that is asked of this operation may vary."""
        if any(not path for _, path in self.paths):
            return True
        return any(name in (operation, ANY) for name, *_ in (*self.paths, *self.matchers))

    def names_result(self, operation: str) -> bool:
        """Whether anything that this operation answers may vary."""
        return self.names(operation + ARROW) or self.names(ANY + ARROW)

    def agree(self, operation: str, golden: Value, run: Value) -> bool:
        """Whether two questions of one operation ask the same, but for what may vary."""
        left, right = self.both_blanked(operation, golden, run)
        return digest(left) == digest(right)

    def both_blanked(self, operation: str, golden: Value, run: Value) -> tuple[Value, Value]:
        """Give two values in their comparable form, with what may vary made equal in both."""
        left = self._blanked((operation, ANY), comparable(golden), judge=False)
        return left, self.blanked(operation, run)

    def blanked(self, operation: str, question: Value) -> Value:
        """Give a question in its comparable form, with what may vary made equal."""
        return self._blanked((operation, ANY), comparable(question), judge=True)

    def answers_agree(self, operation: str, golden: Value, run: Value) -> bool:
        """Whether two answers, as `Answer.content`, say the same, but for what may vary."""
        if not self.names_result(operation):
            return digest(golden) == digest(run)
        names = (operation + ARROW, ANY + ARROW)
        left = self._blanked_chunks(names, golden, judge=False)
        return digest(left) == digest(self._blanked_chunks(names, run, judge=True))

    def blanked_answer(self, operation: str, content: Value) -> Value:
        """Give an answer's content with what may vary made equal; its pieces as what they say."""
        return self._blanked_chunks((operation + ARROW, ANY + ARROW), content, judge=True)

    def _blanked_chunks(self, names: tuple[str, str], content: Value, *, judge: bool) -> Value:
        if not isinstance(content, dict) or not isinstance(chunks := content.get("chunks"), list):
            return content
        said = [self._blanked(names, comparable(_said(chunk)), judge=judge) for chunk in chunks]
        return {**content, "chunks": said}

    def _blanked(self, names: tuple[str, str], value: Value, *, judge: bool) -> Value:
        if rules := self.rules:
            value = named(value, rules)
        for name, path in self.paths:
            if name in names:
                value = _blank(value, path)
        for name, path, matcher in self.matchers:
            if name in names:
                value = _blank(value, path, _Allowed(matcher) if judge else None)
        return value


NOTHING_VARIES = Vary()


@dataclass(frozen=True, slots=True)
class _Allowed:
    """Asks a matcher; one that raises at a value of another sort does not allow it."""

    matcher: object

    def __call__(self, value: Value) -> bool:
        try:
            return bool(plain(value) == self.matcher)
        except Exception:  # noqa: BLE001 - a user's matcher can raise anything
            return False


def body_of(question: Value) -> Value:
    """What of a question a person means: the body of a request, the arguments of a tool."""
    if isinstance(question, dict) and {"method", "path", "body"} <= question.keys():
        return question["body"]
    return question


def steps_of(path: str) -> tuple[str, ...]:
    """The steps of a path: `messages[*].id`.

    Raises:
        UsageError: It is none.
    """
    return _parsed(f"{STATE}.{path}")[1]


def _parsed(pattern: str) -> tuple[str, tuple[str, ...]]:
    if pattern.startswith("<") and pattern.endswith(">"):
        rules_of([pattern[1:-1]])
        return pattern, ()
    arrow = ARROW in pattern.partition(".")[0]
    operation, dot, path = pattern.partition(ARROW if arrow else ".")
    before, colon, kind = path.rpartition(":")
    path, kinds = (before, (colon + kind,)) if colon and kind in looks.KINDS else (path, ())
    steps = tuple(name or index for name, index in _STEP.findall(path))
    if not operation or not dot or _PATH.fullmatch(path) is None:
        raise UsageError(
            f"vary={pattern!r} names no place",
            detail="  A pattern is OPERATION.PATH: look_up_order.order, chat.messages[0].content, "
            "pay.items[*].id; or OPERATION->PATH, in a result: pay->receipt.id. After a colon, "
            "what may vary inside a text: "
            f"chat.messages[0].content:date (one of {', '.join(looks.KINDS)}).",
        )
    return (operation + ARROW if arrow else operation), (*steps, *kinds)


def _blank(value: Value, path: tuple[str, ...], allowed: _Allowed | None = None) -> Value:
    if (
        isinstance(value, dict)
        and {"method", "path", "body"} <= value.keys()
        and path[0] not in value
    ):
        return {**value, "body": _blank(value["body"], path, allowed)}
    if isinstance(value, dict) and value.get("!") == "json":
        return {**value, "value": _blank(value["value"], path, allowed)}
    first, rest = path[0], path[1:]
    if isinstance(value, dict):
        return {
            key: _inner(item, rest, allowed) if first in (ANY, key) else item
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [
            _inner(item, rest, allowed) if first in (ANY, str(i)) else item
            for i, item in enumerate(value)
        ]
    return value


def _inner(value: Value, rest: tuple[str, ...], allowed: _Allowed | None) -> Value:
    kind = rest[0][1:] if rest and rest[0].startswith(":") else ""
    if rest and not kind:
        return _blank(value, rest, allowed)
    if allowed is not None and not allowed(value):
        return value
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


def _said(chunk: Value) -> Value:
    """What a piece of an answer says: JSON, a packed value, else itself."""
    if not isinstance(chunk, bytes):
        return chunk
    for read in (_text_of_json, unpack):
        try:
            return read(chunk)
        except Exception:  # noqa: BLE001, S112 - bytes of another make can fail in any way
            continue
    return chunk


def _text_of_json(chunk: bytes) -> Value:
    json.loads(chunk)
    return chunk.decode()
