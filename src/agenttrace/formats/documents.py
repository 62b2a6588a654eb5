"""Documents: the JSON of other systems' files, read within bounds and never trusted.

A file may hold one value, or one after the other, a line each or not: that is how collectors and
console exporters write. What is read are plain values; nothing in them is looked up or executed.
"""

from __future__ import annotations

import json
import operator
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from agenttrace.errors import NotCanonical, TraceUnreadable
from agenttrace.model.values import DEEPEST, TYPE, Value, canonical

LONGEST = 1 << 28
"""How many bytes a file may have."""

MOST_SPANS = 1_000_000
"""How many spans or messages a file may hold."""

_SHOWN = 60
_WHOLE = (int, str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A part of a file that could not be read, where others could: what was wrong with it."""

    why: str


def documents(data: bytes, form: str) -> list[Any]:
    """Read every JSON value of a file.

    Args:
        data: The file.
        form: The format's name, for errors.

    Returns:
        The values, in order; an `Unread` for each line that is none, where others are.

    Raises:
        TraceUnreadable: Nothing in it is JSON, or it nests too deep or is too long.
    """
    text = decoded(data, form).lstrip()
    found: list[Any] = []
    at, wasted = 0, 0
    decoder = json.JSONDecoder()
    while at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            why, stopped = _broken(error, at)
            if not found:
                refuse(form, why)
            found.append(Unread(why=why))
            wasted += stopped - at
            newline = text.find("\n", at)
            # lines that are broken on purpose must not cost their square
            at = len(text) if newline < 0 or wasted > len(text) else newline
        else:
            found.append(value)
        while at < len(text) and text[at] in " \t\r\n,":
            at += 1
    return found


def decoded(data: bytes, form: str) -> str:
    """The text of a file.

    Raises:
        TraceUnreadable: It is not UTF-8, or is too long.
    """
    if len(data) > LONGEST:
        refuse(form, f"it has {len(data)} bytes; at most {LONGEST} are read")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        refuse(form, f"byte {error.start} is not UTF-8")


def _broken(error: Exception, at: int) -> tuple[str, int]:
    """What is wrong with a JSON text, and where its reader stopped."""
    if isinstance(error, json.JSONDecodeError):
        place = f"line {error.lineno}, column {error.colno}"
        return f"{place} is not JSON: {error.msg}", max(error.pos, at + 1)
    if isinstance(error, RecursionError):
        return "it nests too deep", at + LONGEST
    return f"a number in it is longer than {sys.get_int_max_str_digits()} digits", at + 1


def refuse(form: str, why: str, where: str = "") -> NoReturn:
    """Say why a file is not what it looks like.

    Raises:
        TraceUnreadable: Always.
    """
    place = f"{where}: " if where else ""
    raise TraceUnreadable(
        f"it looks like {form}, and {place}{why}",
        detail="  More: agenttrace explain trace-unreadable",
        form=form,
    )


def mapping(value: object, form: str, where: str) -> dict[str, Any]:
    """A value that must be an object; null is an empty one.

    Raises:
        TraceUnreadable: It is something else.
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        refuse(form, f"{_short(value)} is no object", where)
    return value


def sequence(value: object, form: str, where: str) -> list[Any]:
    """A value that must be an array; null is an empty one.

    Raises:
        TraceUnreadable: It is something else, or too long.
    """
    if value is None:
        return []
    if not isinstance(value, list):
        refuse(form, f"{_short(value)} is no array", where)
    if len(value) > MOST_SPANS:
        refuse(form, f"it has {len(value)} entries; at most {MOST_SPANS} are read", where)
    return value


def text(value: object) -> str:
    """A value as text; null is empty; half a character (a lone surrogate) is written out."""
    said = "" if value is None else str(value)
    if said.isascii():
        return said
    return said.encode("utf-8", "backslashreplace").decode("utf-8")


def whole(value: object, form: str, where: str) -> int:
    """A whole number, which may be written as text; null is 0.

    Raises:
        TraceUnreadable: It is none.
    """
    if value is None or value == "":
        return 0
    if isinstance(value, _WHOLE) and not isinstance(value, bool):
        try:
            return int(value)
        except ValueError:
            pass
    if isinstance(value, float) and value.is_integer():
        return int(value)
    refuse(form, f"{_short(value)} is no whole number", where)


def value_of(value: object, form: str, where: str) -> Value:
    """A value as a trace keeps it.

    Raises:
        TraceUnreadable: It nests too deep.
    """
    try:
        return canonical(value)
    except NotCanonical as error:
        refuse(form, error.headline, where)


def parsed(value: Value) -> Value:
    """What a text says as JSON; the text itself where it is none."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "[", '"'):
        return value
    try:
        return _in_order(value) if _is_plain(value) else _canonical(value)
    except _OddError:
        return _canonical(value)
    except (ValueError, RecursionError):
        return value


def _in_order(text: str) -> Value:
    """What a text says, keys sorted; most have no blanks around them to be passed over."""
    said: Value = None
    end = 0
    if text[0] not in _BLANKS:
        said, end = _IN_ORDER.raw_decode(text)
    if end != len(text):
        said = _IN_ORDER.decode(text)
    return said


def _canonical(text: str) -> Value:
    try:
        return canonical(json.loads(text))
    except (ValueError, RecursionError, NotCanonical):
        return text


def _is_plain(text: str) -> bool:
    """Whether a JSON text can hold nothing that has another form in a trace, numbers apart."""
    return (
        text.isascii()
        and "\\u" not in text
        and _TAGGED not in text
        and (len(text) <= DEEPEST or text.count("[") + text.count("{") <= DEEPEST)
    )


class _OddError(ValueError):
    """A number has another form in a trace: it is wide, or none."""


def _whole_number(digits: str) -> int:
    if len(digits) > _NARROW:
        raise _OddError
    return int(digits)


def _no_number(name: str) -> NoReturn:
    raise _OddError(name)


def _sorted(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return dict(sorted(pairs, key=_KEY) if len(pairs) > 1 else pairs)


_TAGGED = f'"{TYPE}'
_BLANKS = frozenset(" \t\r\n")
_NARROW = 18
_KEY: Callable[[tuple[str, Any]], str] = operator.itemgetter(0)
_IN_ORDER = json.JSONDecoder(
    object_pairs_hook=_sorted,
    parse_int=_whole_number,
    parse_float=lambda digits: float(digits) + 0.0,
    parse_constant=_no_number,
)


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
