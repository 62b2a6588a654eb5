"""Broken: the whole spans of a JSON document that was cut, or is damaged somewhere.

A span's attributes are an array as the spans are, so brackets alone do not say which span was the
last whole one. A format says where its spans lie, and the document is walked along there: on the
way to them objects and arrays may stop anywhere; what is not on the way is whole, or left out.
Every byte is read once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, TypeAlias

Way: TypeAlias = Mapping[str, "Way"]
"""The keys that lead to spans, each with those below it; an array is as each of its entries.

Empty: a span itself, which is whole or left out.
"""

_DEEPEST = 100
_BLANK = re.compile(r"[ \t\r\n]*")
_NOTHING: tuple[Any, int | None] = (None, None)
_decode = json.JSONDecoder().raw_decode


class Half(dict[str, Any]):
    """An object that was cut, and has spans below it: each value is whole, or on their way."""


def spans_within(text: str, way: Way) -> Any:  # noqa: ANN401 - JSON of anybody's
    """What is whole of a broken document.

    Args:
        text: The document.
        way: Where its spans lie.

    Returns:
        The document up to where it breaks: its objects are `Half`s there; None: no span is whole.
    """
    return _value(text, 0, way, 0)[0]


def _value(text: str, at: int, way: Way, depth: int) -> tuple[Any, int | None]:
    """A value, and where it ends; None: it breaks, and the value is what is whole of it, if any."""
    begins = text[at : at + 1]
    if begins == "[" and depth < _DEEPEST:
        return _array(text, at + 1, way, depth + 1)
    if begins == "{" and depth < _DEEPEST and way:
        return _object(text, at + 1, way, depth + 1)
    return _whole(text, at)


def _whole(text: str, at: int) -> tuple[Any, int | None]:
    try:
        return _decode(text, at)
    except (ValueError, RecursionError):
        return _NOTHING


def _array(text: str, at: int, way: Way, depth: int) -> tuple[Any, int | None]:
    found: list[Any] = []
    at = _next(text, at)
    if text[at : at + 1] == "]":
        return found, at + 1
    while True:
        value, end = _value(text, at, way, depth)
        if end is not None or value is not None:
            found.append(value)
        if end is None:
            break
        at = _next(text, end)
        if text[at : at + 1] == "]":
            return found, at + 1
        if text[at : at + 1] != ",":
            break
        at = _next(text, at + 1)
    return found or None, None


def _object(text: str, at: int, way: Way, depth: int) -> tuple[Any, int | None]:
    found = Half()
    at = _next(text, at)
    if text[at : at + 1] == "}":
        return {}, at + 1
    while text[at : at + 1] == '"':
        key, end = _whole(text, at)
        if end is None:
            break
        at = _next(text, end)
        if text[at : at + 1] != ":":
            break
        at = _next(text, at + 1)
        is_on_the_way = key in way
        value, end = _value(text, at, way[key], depth) if is_on_the_way else _whole(text, at)
        if end is not None or value is not None:
            found[key] = value
        if end is None:
            break
        at = _next(text, end)
        if text[at : at + 1] == "}":
            return dict(found), at + 1
        if text[at : at + 1] != ",":
            break
        at = _next(text, at + 1)
    return (found if any(found.get(key) for key in way) else None), None


def _next(text: str, at: int) -> int:
    """Where the next thing stands."""
    blank = _BLANK.match(text, at)
    return at if blank is None else blank.end()
