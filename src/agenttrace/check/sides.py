"""Sides: where two canonical values differ first, and how to show both to a person.

The two sides are always called the golden and this run. What is equal stays quiet.
"""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agenttrace.model.values import TYPE, comparable, plain, unpack

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agenttrace.model.values import Value

LONGEST = 4_096
"""Of a longer text, only so much around the place that matters is looked at."""

WIDTH = 64
"""How many characters of a value are shown on a line."""

PACKED_KINDS = frozenset({"tool", "retrieval", "internal", "agent"})
"""The kinds of call whose answers are packed values rather than bytes off a wire."""

_MISSING = object()
_BYTE, _PLANE = 0x100, 0x10000
"""Below these, two or four hexadecimal digits write a character."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlike:
    """The first place where two values differ.

    Attributes:
        path: The place, as a person writes it: `messages[1].content`.
        golden: The golden's value there, shown.
        run: This run's value there, shown.
        caret: Where the shown values begin to differ, and for how many characters.
        agree: How many leaves of the two values are equal.
        of: How many leaves there are.
        values: The two values there; None for what is not there.
    """

    path: str
    golden: str
    run: str
    caret: tuple[int, int]
    agree: int
    of: int
    values: tuple[object, object] = field(default=(None, None), compare=False)


def first_unlike(golden: Value, run: Value, *, width: int = WIDTH) -> Unlike | None:
    """Find the first place, in the golden's order, where two values differ; None: nowhere.

    Args:
        golden: The golden's value.
        run: The run's value.
        width: How long a shown value may be.
    """
    places = list(_places(comparable(golden), comparable(run), ""))
    unlike = [place for place in places if not place.equal]
    if not unlike:
        return None
    first = unlike[0]
    shown, caret = _aligned(first.golden, first.run, width)
    return Unlike(
        path=first.path or "the value",
        golden=shown[0],
        run=shown[1],
        caret=caret,
        agree=len(places) - len(unlike),
        of=len(places),
        values=(_there(first.golden), _there(first.run)),
    )


def all_unlike(golden: Value, run: Value) -> Iterator[tuple[str, str | None, str | None]]:
    """Name each place where two values differ, with both sides shown; None: nothing is there."""
    for place in _places(comparable(golden), comparable(run), ""):
        if not place.equal:
            sides = [None if it is _MISSING else it for it in _near(place.golden, place.run)]
            left, right = (
                None if it is _MISSING else cut(shown(side))
                for it, side in zip((place.golden, place.run), sides, strict=True)
            )
            yield place.path or "the value", left, right


def _there(value: object) -> object:
    return None if value is _MISSING else value


@dataclass(frozen=True, slots=True)
class _Place:
    """A leaf of either value; a whole branch where the two are of different sorts."""

    path: str
    golden: object
    run: object

    @property
    def equal(self) -> bool:
        return type(self.golden) is type(self.run) and self.golden == self.run


def _places(golden: object, run: object, path: str) -> Iterator[_Place]:
    left, right = _branches(golden), _branches(run)
    if right and golden is _MISSING:
        left = ({}, right[1])
    elif left and run is _MISSING:
        right = ({}, left[1])
    if not left or not right or left[1] != right[1]:
        yield _Place(path, golden, run)
        return
    for key in (*left[0], *(key for key in right[0] if key not in left[0])):
        yield from _places(
            left[0].get(key, _MISSING), right[0].get(key, _MISSING), path + _step(key, path)
        )


def _branches(value: object) -> tuple[Mapping[object, object], str] | None:
    """What stands below a value, and of which sort it is; None for a leaf or an empty value."""
    if isinstance(value, dict) and value.get(TYPE) == "json":
        inner = _branches(value["value"])
        return None if inner is None else (inner[0], f"JSON {inner[1]}")
    if isinstance(value, dict) and value:
        return value, "mapping"
    if isinstance(value, list) and value:
        return dict(enumerate(value)), "list"
    return None


def _step(key: object, path: str) -> str:
    if isinstance(key, int):
        return f"[{key}]"
    return f".{safe(str(key))}" if path else safe(str(key))


def shown(value: object) -> str:
    """Write a value on one line, as Python would, without control characters."""
    if value is _MISSING:
        return "(nothing)"
    if isinstance(value, str | bytes) and len(value) > LONGEST:
        value = value[:LONGEST]
    if isinstance(value, bytes):
        try:
            return safe(repr(value.decode()))
        except UnicodeDecodeError:
            return f"{len(value)} bytes"
    if isinstance(value, dict):
        return safe(_json(value)[:LONGEST])
    return safe(repr(plain(value) if isinstance(value, list) else value)[:LONGEST])


def _json(value: dict[str, Value]) -> str:
    if value.get(TYPE) == "json":
        return repr(json.dumps(plain(value["value"]), ensure_ascii=False, default=repr))
    return json.dumps(plain(value), ensure_ascii=False, default=repr)


def spoken(kind: str, data: bytes) -> Value:
    """Give what an answer's bytes say: a packed value of a tool's, else text, else the bytes."""
    if kind in PACKED_KINDS:
        try:
            return unpack(data)
        except Exception:  # noqa: BLE001 - bytes of another make can fail in any way
            return data
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def safe(text: str) -> str:
    """Make text harmless on a terminal: control and invisible characters are escaped.

    So is what GitHub's runner takes for a command: `::` where a line of output begins, after any
    spaces, and `##[` wherever it stands (actions/runner, `ActionCommand.cs`).
    """
    text = text.replace("##[", r"#\x23[")
    if text.lstrip().startswith("::"):
        text = text.replace(":", r"\x3a", 1)
    if text.isprintable():
        return text
    return "".join(char if _harmless(char) else _escape(char) for char in text)


def cut(text: str, width: int = WIDTH) -> str:
    """Shorten a line to a width, with an ellipsis."""
    return text if len(text) <= width else text[: width - 1] + "…"


def arguments(body: Value) -> str:
    """Write a tool's arguments as a call's: `order='A-17', region='eu'`."""
    if not isinstance(body, dict):
        return cut(shown(body))
    return ", ".join(f"{safe(key)}={cut(shown(plain(value)))}" for key, value in body.items())


def _harmless(char: str) -> bool:
    return char == " " or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def _escape(char: str) -> str:
    code = ord(char)
    return (
        f"\\x{code:02x}"
        if code < _BYTE
        else f"\\u{code:04x}"
        if code < _PLANE
        else f"\\U{code:08x}"
    )


def _aligned(golden: object, run: object, width: int) -> tuple[tuple[str, str], tuple[int, int]]:
    """Show two values so that the part that differs is visible in both, at the same column."""
    golden, run = _near(golden, run)
    left, right = shown(golden), shown(run)
    if left == right:
        left, right = f"{left} ({type(golden).__name__})", f"{right} ({type(run).__name__})"
    start = next(
        (i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b),
        min(len(left), len(right)),
    )
    skip = max(0, start - width // 2)
    if skip:
        left, right, start = "…" + left[skip:], "…" + right[skip:], start - skip + 1
    end = 0
    while end < min(len(left), len(right)) - start and left[-1 - end] == right[-1 - end]:
        end += 1
    length = max(1, min(len(right) - end, width) - start)
    return (cut(left, width), cut(right, width)), (start, length)


def _near(golden: object, run: object) -> tuple[object, object]:
    """Of two long texts, what stands around the place where they begin to differ."""
    if isinstance(golden, str) and isinstance(run, str):
        if max(len(golden), len(run)) > LONGEST:
            start = max(0, _agreeing(golden, run) - LONGEST // 8)
            return golden[start : start + LONGEST], run[start : start + LONGEST]
    elif (
        isinstance(golden, bytes)
        and isinstance(run, bytes)
        and max(len(golden), len(run)) > LONGEST
    ):
        start = max(0, _agreeing(golden, run) - LONGEST // 8)
        return golden[start : start + LONGEST], run[start : start + LONGEST]
    return golden, run


def _agreeing(one: str | bytes, other: str | bytes) -> int:
    """How much of two texts is equal at their beginning, by halving."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
