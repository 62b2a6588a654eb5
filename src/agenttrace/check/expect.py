"""Expect: whether a recorded value is the one that a test says.

An expectation is a plain value, or holds matchers: objects with an `__eq__` of their own, such as
those of dirty-equals. Other than in Python, `0`, `False` and `None` are three values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from agenttrace.errors import NotCanonical
from agenttrace.model.values import canonical, pack, plain

if TYPE_CHECKING:
    from agenttrace.model.values import Value

_PLAIN = (bool, str, bytes, type(None))


def fits(expected: object, actual: Value) -> bool:
    """Whether a recorded value is as expected.

    A value of the user's own class (a dataclass, a date) is compared in its canonical form, or as
    the JSON-like value that it was recorded as.
    """
    return _alike(expected, plain(actual)) or _same_form(expected, actual)


def _alike(expected: object, actual: object) -> bool:
    if isinstance(expected, _PLAIN):
        return type(expected) is type(actual) and expected == actual
    if type(expected) in (int, float):
        return type(actual) in (int, float) and expected == actual
    if type(expected) is dict:
        return (
            isinstance(actual, Mapping)
            and expected.keys() == actual.keys()
            and all(_alike(expected[key], actual[key]) for key in expected)
        )
    if type(expected) in (list, tuple):
        return _listed(expected, actual)
    return bool(expected == actual)


def _listed(expected: object, actual: object) -> bool:
    return (
        isinstance(expected, Sequence)
        and isinstance(actual, list)
        and len(expected) == len(actual)
        and all(map(_alike, expected, actual))
    )


def _same_form(expected: object, actual: Value) -> bool:
    if isinstance(expected, int | float | str | bytes | type(None)):
        return False
    try:
        return pack(canonical(expected)) == pack(actual)
    except NotCanonical:
        return False
