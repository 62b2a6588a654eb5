"""Payload: all the places at which one value differs from another."""

from __future__ import annotations

import pytest

from agenttrace.check.payload import MOST_BYTES, changed_places
from agenttrace.model.values import Value


@pytest.mark.parametrize(
    ("golden", "run", "places"),
    [
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, ["b"]),
        ({"a": 1}, {"a": "1", "z": 1}, ["a", "z added"]),
        ({"m": [1, 2]}, {"m": [1, 2, 3]}, ["m[2] added"]),
        ({"m": [1, 2], "n": 1}, {"m": [1]}, ["m[1] removed", "n removed"]),
        ({"t": '{"k": [1]}'}, {"t": '{"k":[2]}'}, ["t.k[0]"]),
        ({"value": {"k": 1}}, {"value": {"k": 2}}, ["value.k"]),
        ({"a'b\n": 1}, {"a'b\n": 2}, ["a'b\\x0a"]),
        ([1] * 12, [2, 2, *[1] * 9, 2], ["[0]", "[1]", "[11]"]),
        ({"a": True}, {"a": 1}, ["a"]),
        (1, 2, []),
        ({"a": 1}, {"a": 1}, []),
        ({"a": "x" * MOST_BYTES}, {"a": "y"}, []),
    ],
)
def test_every_place_is_named_in_order(golden: Value, run: Value, places: list[str]) -> None:
    """What was put in and taken out, too; values that are too large are not searched."""
    assert changed_places(golden, run) == places
