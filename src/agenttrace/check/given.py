"""Given: what a test gives to an assertion, refused at once where it cannot be meant.

A limit of the wrong sort would else end in an error from deep within; or pass for ever, as NaN
does, than which nothing is more.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import SupportsIndex

from agenttrace.check.sides import cut, safe
from agenttrace.errors import UsageError
from agenttrace.model.span import Span


def whole(place: str, given: object, *, least: int = 0) -> int:
    """A whole number, such as says how often or how many.

    Args:
        place: What it was given to: `at_most`, `spreads_at_most(hops=)`, `prices=`.
        given: What was given.
        least: The least that it can be.

    Raises:
        UsageError: It is none, or is less.
    """
    if isinstance(given, SupportsIndex) and not isinstance(given, bool):
        number = operator.index(given)
        if number >= least:
            return number
    raise refused(place, given, f"a whole number from {least}")


def amount(place: str, given: object) -> float | Decimal:
    """A number that may have a fraction, and is not below zero.

    Raises:
        UsageError: It is none, infinite, or below zero.
    """
    if (
        isinstance(given, int | float | Decimal)
        and not isinstance(given, bool)
        and math.isfinite(given)
        and given >= 0
    ):
        return given
    raise refused(place, given, "a number from 0")


def text(place: str, given: object) -> str:
    """A text: a name, a key.

    Raises:
        UsageError: It is none.
    """
    if not isinstance(given, str):
        raise refused(place, given, "a text")
    return given


def several(place: str, given: object) -> tuple[str, ...]:
    """A name, or several in a list.

    Raises:
        UsageError: It is neither.
    """
    if isinstance(given, str):
        return (given,)
    names = tuple(given) if isinstance(given, Iterable) else (given,)
    if not all(isinstance(name, str) for name in names):
        raise refused(place, given, "a name, or several in a list")
    return names


def spans(place: str, given: object) -> Iterator[Span]:
    """Spans: a selection, or a list of them.

    Raises:
        UsageError: They are none.
    """
    found = given if isinstance(given, Iterable) else (None,)
    for span in found:
        if not isinstance(span, Span):
            raise refused(place, given, "spans: a selection, or a list of them")
        yield span


def table(place: str, given: object, *, example: str) -> Mapping[str, object]:
    """A dict by name.

    Raises:
        UsageError: It is none.
    """
    if not isinstance(given, Mapping):
        raise refused(place, given, f"a dict, such as {example}")
    return given


def function(place: str, given: object, *, example: str) -> None:
    """A function.

    Raises:
        UsageError: It is none.
    """
    if not callable(given):
        raise refused(place, given, f"a function, such as {example}")


def refused(place: str, given: object, wanted: str) -> UsageError:
    """It cannot be meant: what was given, and what is wanted."""
    shown = cut(safe(repr(given)))
    head, equals, end = place.rpartition("=")
    at = f"{head}={shown}{end}" if equals else f"{place}({shown})"
    return UsageError(f"{at}: it is {wanted}", detail=f"  given     {type(given).__name__}")
