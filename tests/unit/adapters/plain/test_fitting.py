"""What a test may say for a tool, and what no run of the tool could give."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

import pydantic
import pytest

from agenttrace.adapters.plain.fitting import CannotFitError, packed
from agenttrace.adapters.plain.shape import ResultShape
from agenttrace.adapters.plain.tools import TOOLS
from agenttrace.boundary import Boundary, Packed


class Keys(TypedDict):
    """A mapping with one key."""

    a: int


class Colour(enum.Enum):
    """One of one."""

    RED = "red"


@dataclass
class Receipt:
    """What paying gives."""

    id: str
    keys: Keys | None = None


class Model(pydantic.BaseModel):
    """What pydantic checks."""

    n: int


def said(value: object, wanted: object) -> object:
    """What an agent gets for a value that a test says for a tool."""
    shape = ResultShape(title="pay", wanted=wanted, definition="def pay(…)")
    door = Boundary.__new__(Boundary)
    door.kept = {TOOLS: {"pay": (shape, False)}}
    (data,) = packed(door, "pay", [value], streams=False)
    return shape.unpack(Packed(data=data))


WHEN = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("value", "wanted", "given"),
    [
        ({"a": 1}, Keys, {"a": 1}),
        (None, str | None, None),
        ([{"a": 1}], list[Keys], [{"a": 1}]),
        (Colour.RED, Colour, Colour.RED),
        (1, float, 1),
        ((1, "a"), tuple[int, str], (1, "a")),
        ((1, 2), tuple[int, ...], (1, 2)),
        (WHEN, dt.datetime, WHEN),
        (None, None, None),
        ([1], Sequence[int], [1]),
        ({"k": {"a": 1}}, Mapping[str, Keys], {"k": {"a": 1}}),
        (3, Any, 3),
        ("a", Literal["a", "b"], "a"),
        ({"id": "r", "keys": {"a": 1}}, Receipt, Receipt("r", {"a": 1})),
        ([{"id": "r"}], list[Receipt], [Receipt("r")]),
        ({"n": 1}, Model, Model(n=1)),
    ],
)
def test_a_value_that_the_tool_could_return_is_given(
    value: object, wanted: object, given: object
) -> None:
    """A mapping stands for an object, at any depth; all else is given as it is."""
    assert (said(value, wanted), type(said(value, wanted))) == (given, type(given))


@pytest.mark.parametrize(
    ("value", "wanted", "why"),
    [
        ({}, Keys, "result makes no Keys: 'a' is missing."),
        ({"a": 1, "b": 2}, Keys, "result makes no Keys: 'b' is none of its keys."),
        ({"a": "x"}, Keys, "result['a'] is a str, and the tool gives int."),
        (3, str | None, "result is a int, and the tool gives str | None."),
        ("red", Colour, "result is a str, and the tool gives Colour."),
        (True, float, "result is a bool, and the tool gives float."),
        ((1,), tuple[int, str], "result is a tuple, and the tool gives tuple[int, str]."),
        ((1, 2), tuple[int, str], "result[1] is a int, and the tool gives str."),
        ({"k": [1]}, dict[str, list[str]], "result['k'][0] is a int, and the tool gives str."),
        (3, None, "result is a int, and the tool gives None."),
        ("c", Literal["a", "b"], "'c' is none of its values."),
        ({"id": "r", "keys": {"b": 1}}, Receipt, "result.keys is a dict, and the tool gives"),
        ({"n": "x"}, Model, "result makes no Model: 1 validation error for Model."),
        (object(), int | object, "a replay could not give its result back"),
    ],
)
def test_a_value_that_it_could_not_return_is_refused(
    value: object, wanted: object, why: str
) -> None:
    """The place inside it is named, as is what the tool says."""
    with pytest.raises(CannotFitError) as caught:
        said(value, wanted)

    assert why in caught.value.why
