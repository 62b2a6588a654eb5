"""Payload: every place at which two values differ, in words; what was put in or taken out is named.

DeepDiff finds them, on one pair of values that correspond. Larger ones than `MOST_BYTES` are not
searched: their first difference is shown all the same.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agenttrace.check.sides import cut, safe
from agenttrace.model.values import TYPE, comparable, pack, plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agenttrace.model.values import Value

MOST_BYTES = 200_000
"""How large both values may be together, packed."""

_SORTS = {
    "values_changed": "",
    "type_changes": "",
    "dictionary_item_added": " added",
    "iterable_item_added": " added",
    "dictionary_item_removed": " removed",
    "iterable_item_removed": " removed",
}
_STEP = re.compile(r"\[(?:'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"|(\d+))\]")


def changed_places(golden: Value, run: Value) -> list[str]:
    """Name every place at which two values differ: `amount`, `messages[3] added`.

    Returns:
        The places in order; none where the values are too large, equal, or differ as wholes.
    """
    if len(pack(golden)) + len(pack(run)) > MOST_BYTES:
        return []
    from deepdiff import DeepDiff

    left, right = (plain(_opened(comparable(side))) for side in (golden, run))
    found = DeepDiff(left, right)
    named = [
        _named(path) + word
        for sort, word in _SORTS.items()
        for path in _paths(found.get(sort, ()))
        if path != "root"
    ]
    return sorted(named, key=_order)


def _paths(found: Iterable[object]) -> list[str]:
    return [str(path) for path in found]


def _named(path: str) -> str:
    """Write a path as a person does."""
    name = ""
    for quoted, double, index in _STEP.findall(path):
        word = safe(quoted or double)
        name += f"[{index}]" if index else f".{word}" if name else word
    return cut(name)


def _opened(value: Value) -> Value:
    """Take JSON out of the texts that hold it."""
    if isinstance(value, dict):
        if value.get(TYPE) == "json":
            return _opened(value["value"])
        return {key: _opened(item) for key, item in value.items()}
    return [_opened(item) for item in value] if isinstance(value, list) else value


def _order(name: str) -> list[tuple[int, str]]:
    """Numbers by their size: the second message comes before the tenth."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]
