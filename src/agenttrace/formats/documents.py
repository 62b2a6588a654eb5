"""Documents: the JSON of other systems' files, read within bounds and never trusted.

A file may hold one value, or one after the other, a line each or not: that is how collectors and
console exporters write. What is read are plain values; nothing in them is looked up or executed.
"""

from __future__ import annotations

import codecs
import json
import operator
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from agenttrace.errors import NotCanonical, TraceUnreadable
from agenttrace.formats.broken import Way, spans_within
from agenttrace.model.values import DEEPEST, TYPE, Value, canonical

LONGEST = 1 << 28
"""How many bytes a file may have."""

MOST_SPANS = 1_000_000
"""How many spans or messages a file may hold."""

_SHOWN = 60
_BEGINS = re.compile(r"\n[{\[]")
_PATIENCE = 8
"""How many times as much as a file has is looked at, because of what is broken in it."""
_WHOLE = (int, str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A part of a file that could not be read, where others could: what was wrong with it."""

    why: str


def documents(data: bytes, form: str, way: Way | None = None) -> list[Any]:
    """Read every JSON value of a file.

    Args:
        data: The file.
        form: The format's name, for errors.
        way: Where the format's spans lie; those of a broken value are read. None: it has no such
            place.

    Returns:
        The values, in order; an `Unread` for each that is none, or is broken, where others can be
        read; what is whole of a broken one follows it.

    Raises:
        TraceUnreadable: Nothing in it can be read, it nests too deep, or it is too much.
    """
    text = _decoded(data, form).lstrip()
    found: list[Any] = []
    at, wasted = 0, 0
    is_lined = False
    decoder = json.JSONDecoder()
    while at < len(text):
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            why, stopped = _broken(error, at)
            ends = _resumed(text, at, stopped, is_lined=is_lined)
            part = None if way is None else spans_within(text[at:ends], way)
            if part is None and not found:
                refuse(form, why)
            found += [Unread(why=why)] if part is None else [Unread(why=why), part]
            at = ends
            # an error counts the lines before it: many broken ones would cost their square
            wasted += stopped
            if wasted > _PATIENCE * len(text):
                return found + _by_line(text, at, form)
        else:
            is_lined = (is_lined or not found) and text.find("\n", at, end) < 0
            found.append(value)
            at = end
        while at < len(text) and text[at] in " \t\r\n,":
            at += 1
    return found


def _resumed(text: str, at: int, stopped: int, *, is_lined: bool) -> int:
    """Where a broken document ends at the latest, so that the next never is a part of it."""
    newline = text.find("\n", at)
    if newline < 0:
        return len(text)
    if text[newline + 1 : newline + 2] in (" ", "\t"):  # it is indented, and the next is not
        begins = _BEGINS.search(text, newline)
        return len(text) if begins is None else begins.start()
    is_in_its_line = not text[newline:stopped].strip()
    return newline if is_lined or is_in_its_line else len(text)


def _by_line(text: str, at: int, form: str) -> list[Any]:
    """The values of the rest of a file in which much is broken: each line has one, or none."""
    lines = text.count("\n", at)
    if lines > MOST_SPANS:
        refuse(form, f"it has {lines} lines; at most {MOST_SPANS} are read")
    found: list[Any] = []
    not_json = Unread(why="a line of it is not JSON")
    for line in text[at:].splitlines():
        if line.startswith(("{", "[")):
            try:
                found.append(json.loads(line))
            except (ValueError, RecursionError):
                found.append(not_json)
    return found


def _decoded(data: bytes, form: str) -> str:
    """The text of a file; a letter that was cut at its end is U+FFFD.

    Raises:
        TraceUnreadable: It is not UTF-8, or is too long.
    """
    if len(data) > LONGEST:
        refuse(form, f"it has {len(data)} bytes; at most {LONGEST} are read")
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    try:
        said = decoder.decode(data)
    except UnicodeDecodeError as error:
        refuse(form, f"byte {error.start} is not UTF-8")
    half, _ = decoder.getstate()
    return f"{said}\ufffd" if half else said


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
