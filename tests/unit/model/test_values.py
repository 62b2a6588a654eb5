"""Values: one form for what means the same, another for what does not."""

import datetime as dt
import decimal
import enum
import functools
import ipaddress
import json
import math
import re
import subprocess
import sys
import zoneinfo
from collections import OrderedDict, namedtuple
from dataclasses import dataclass
from fractions import Fraction
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenttrace.errors import NotCanonical
from agenttrace.model.values import DEEPEST, canonical, comparable, digest, pack, plain, unpack
from tests.fakes.strategies import values

Point = namedtuple("Point", "x y")  # noqa: PYI024 - the untyped form, which people write too


class Colour(enum.Enum):
    """Two colours."""

    RED = "red"
    BLUE = "blue"


@dataclass
class Order:
    """What a tool may be given."""

    id: str
    _secret: str = "hidden"


class Shown:
    """An object with a public and a private field."""

    def __init__(self, name: str, inner: object = None) -> None:
        self.name = name
        self._inner = inner


def has_no_tag(value: object) -> bool:
    """Whether no key of a value begins as our own do."""
    if isinstance(value, dict):
        return all(not key.startswith("!") and has_no_tag(item) for key, item in value.items())
    return all(map(has_no_tag, value)) if isinstance(value, list) else True


@given(values.filter(has_no_tag))
def test_a_plain_value_is_its_own_canonical_form(value: object) -> None:
    """What is canonical already stays as it is, and so does the form of the form."""
    once = canonical(value)

    assert once == value
    assert canonical(once) == once


@given(values)
def test_unpack_reads_what_pack_wrote(value: object) -> None:
    """No value is changed by being written."""
    form = canonical(value)

    assert unpack(pack(form)) == form


@given(values)
def test_what_is_comparable_stays_so(value: object) -> None:
    """Parsing JSON in strings once is enough: equal values have equal digests at any stage."""
    once = comparable(canonical(value))

    assert comparable(once) == once


@given(values, values)
def test_other_content_has_another_digest(one: object, other: object) -> None:
    """Two questions are one only if their canonical forms say the same."""
    left, right = comparable(canonical(one)), comparable(canonical(other))

    assert (digest(canonical(one)) == digest(canonical(other))) == (pack(left) == pack(right))


@given(st.dictionaries(st.text(), st.integers(-9, 9), min_size=2), st.randoms())
def test_the_order_of_a_dict_means_nothing(value: dict[str, int], chance: object) -> None:
    """Two spellings of one mapping are one question."""
    items = list(value.items())
    chance.shuffle(items)  # type: ignore[attr-defined]

    assert digest(canonical(dict(items))) == digest(canonical(value))
    assert canonical(OrderedDict(items)) == canonical(value)


def test_hash_seeds_change_no_digest() -> None:
    """A set of strings, and a dict made from one, are the same in every process."""
    program = (
        "from agenttrace.model.values import canonical, digest\n"
        "words = {f'word {n}' for n in range(50)}\n"
        "value = {'set': words, 'dict': dict.fromkeys(words), 'keys': {1, 'a', None}}\n"
        "print(digest(canonical(value)).hex())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "src"},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("0", "1", "4242")
    }

    assert len(seen) == 1


def test_not_a_number_is_itself_and_zero_has_no_sign() -> None:
    """NaN equals NaN, and -0.0 is 0.0."""
    assert canonical([math.nan]) == canonical([-math.nan])
    assert pack(canonical(-0.0)) == pack(canonical(0.0))
    assert digest(canonical(decimal.Decimal("NaN"))) == digest(canonical(decimal.Decimal("-NaN")))


def test_json_in_strings_is_compared_by_what_it_says() -> None:
    """A model's arguments may be spelled in two ways; a text is not the object that it spells."""
    tight, loose = '{"a":1,"b":[2]}', '{ "b": [2], "a": 1 }'

    assert digest({"arguments": tight}) == digest({"arguments": loose})
    assert digest({"arguments": tight}) != digest({"arguments": '{"a":1,"b":[3]}'})
    assert digest({"arguments": tight}) != digest({"arguments": json.loads(tight)})
    assert digest(json.dumps({"inner": tight})) == digest(json.dumps({"inner": loose}))


def test_text_that_only_begins_like_json_is_text() -> None:
    """Spelling counts where there is nothing to parse."""
    assert comparable("{not json}") == "{not json}"
    assert digest("[1, 2") != digest("[1,2")
    assert digest("1.0") != digest("1.00")


def test_json_that_would_be_nested_too_deep_stays_a_text() -> None:
    """A hostile question costs no stack, however it is nested."""
    deep: object = "[" * (DEEPEST - 2) + "]" * (DEEPEST - 2)
    for _ in range(DEEPEST - 2):
        deep = [deep]

    assert len(digest(canonical(deep))) == 16
    assert len(digest("[" * 100_000)) == 16


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (True, 1),
        (1, 1.0),
        ("1", 1),
        ("a", b"a"),
        ([], {}),
        (None, ""),
        ({1: 2}, {"1": 2}),
        ({1}, [1]),
        (Colour.RED, Colour.BLUE),
        (Order("A-17"), Order("A-18")),
        (Order("A-17"), {"id": "A-17", "_secret": "hidden"}),
        (Shown("a"), Shown("b")),
        (ValueError("a"), ValueError("b")),
        (ValueError("a"), KeyError("a")),
        (decimal.Decimal("1.0"), decimal.Decimal("1.00")),
        (Fraction(1, 2), Fraction(1, 3)),
        (re.compile("a"), re.compile("b")),
        (functools.partial(len, "a"), functools.partial(len, "b")),
        (ipaddress.ip_address("10.0.0.1"), ipaddress.ip_address("10.0.0.2")),
        (zoneinfo.ZoneInfo("Europe/Paris"), zoneinfo.ZoneInfo("Asia/Tokyo")),
        (dt.timezone(dt.timedelta(hours=1)), dt.timezone(dt.timedelta(hours=2))),
        (dt.date(2026, 1, 1), "2026-01-01"),
        (2**64, 2**65),
        ({"!": "json", "value": [1]}, "[1]"),
        ({"!": "set", "items": [1]}, {1}),
        (PurePosixPath("a"), "a"),
        ({"\ud800": 1}, {"\ud801": 1}),
    ],
)
def test_what_is_not_the_same_differs(one: object, other: object) -> None:
    """A tool asked for one of them is never given the answer for the other."""
    assert digest(canonical(one)) != digest(canonical(other))


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ((1, [2]), [1, [2]]),
        (Point(1, 2), {"!": f"{__name__}.Point", "x": 1, "y": 2}),
        (Colour.RED, {"!": f"{__name__}.Colour", "name": "RED", "value": "red"}),
        (Order("A"), {"!": f"{__name__}.Order", "_secret": "hidden", "id": "A"}),
        (Shown("a", inner=object()), {"!": f"{__name__}.Shown", "name": "a"}),
        ({"!tag": 1}, {"!!tag": 1}),
        ({"b", "a"}, {"!": "set", "items": ["a", "b"]}),
        (dt.timedelta(seconds=1), {"!": "timedelta", "us": 1_000_000}),
        (2**64, {"!": "int", "text": "18446744073709551616"}),
        (bytearray(b"ab"), b"ab"),
        ({"a": 1}.values(), [1]),
        (range(3), {"!": "range", "text": "range(0, 3)"}),
        ("\ud800", {"!": "str", "surrogates": b"\xed\xa0\x80"}),
        (KeyError("k"), {"!": "KeyError", "args": ["k"]}),
    ],
)
def test_each_sort_of_value_has_its_form(value: object, form: object) -> None:
    """The forms are part of every golden, so a change of one is a change of schema."""
    assert canonical(value) == form


@pytest.mark.parametrize(
    "value",
    [object(), (item for item in ()), iter([1]), memoryview(b""), sys],
    ids=lambda value: type(value).__name__,
)
def test_a_handle_has_no_form(value: object) -> None:
    """What stands for something outside is refused, and the place is named."""
    with pytest.raises(NotCanonical, match=r"\.order\[1\] is a"):
        canonical({"order": [0, value]})


def test_a_value_that_contains_itself_is_refused() -> None:
    """The error says where the circle closes."""
    circle: list[object] = []
    circle.append({"again": circle})

    with pytest.raises(NotCanonical, match=r"\[0\]\.again is a list, and it contains itself"):
        canonical(circle)


def test_a_value_that_is_too_deep_is_refused() -> None:
    """Depth is bounded, whatever the stack would bear."""
    deep: object = 0
    for _ in range(5_000):
        deep = [deep]

    with pytest.raises(NotCanonical, match=f"nested more than {DEEPEST} deep"):
        canonical(deep)


@given(values.filter(has_no_tag))
def test_plain_takes_nothing_but_tags_away(value: object) -> None:
    """A value without tags is its own plain form; a user's own `!` comes back."""
    assert plain(canonical(value)) == value
    assert plain(canonical({"!mine": {"x": Point(1, 2)}})) == {"!mine": {"x": {"x": 1, "y": 2}}}
