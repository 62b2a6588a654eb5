"""Every value that an annotation describes is built again as it was: content, type, order."""

from __future__ import annotations

import datetime as dt
import enum
import sys
import typing
from collections import Counter, OrderedDict, deque
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import (
    Annotated,
    Any,
    Generic,
    Literal,
    NamedTuple,
    NewType,
    NotRequired,
    TypedDict,
    TypeVar,
)
from uuid import UUID

import pytest
import typing_extensions
from hypothesis import given
from hypothesis import strategies as st

import agenttrace
from agenttrace.adapters.plain.likeness import suggestion, unlike
from agenttrace.adapters.plain.shape import ResultShape
from agenttrace.adapters.plain.written import written
from agenttrace.errors import NotRebuildable
from tests.fakes.twice import twice

T = TypeVar("T")
OrderId = NewType("OrderId", str)


class Colour(enum.Enum):
    """A colour."""

    RED = "red"
    BLUE = 2


class Level(enum.IntEnum):
    """A level."""

    LOW = 1
    HIGH = 2


class Rights(enum.Flag):
    """Rights, of which one may have several."""

    READ = 1
    WRITE = 2


class Place(NamedTuple):
    """A place."""

    row: int
    colour: Colour


class Item(TypedDict):
    """An item."""

    name: str
    when: dt.date
    place: NotRequired[Place]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an order."""

    item: str
    price: Decimal
    tags: frozenset[str] = frozenset()


@dataclass
class Order:
    """An order, with a field that its constructor does not take."""

    id: OrderId
    lines: list[Line]
    notes: Mapping[str, Line | None] = field(default_factory=dict)
    parent: Order | None = None
    size: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.size = len(self.lines)


@dataclass
class Page(Generic[T]):
    """A page of anything."""

    items: list[T]
    next: T | None = None


class Name(str):
    """A text of its own class."""

    __slots__ = ()


lines = st.builds(
    Line, st.text(), st.decimals(allow_nan=False), st.frozensets(st.text(max_size=3), max_size=1)
)
orders = st.recursive(
    st.builds(
        Order,
        st.text(),
        st.lists(lines, max_size=2),
        st.dictionaries(st.text(), st.none() | lines, max_size=2),
    ),
    lambda inner: st.builds(Order, st.text(), st.just([]), parent=inner),
    max_leaves=3,
)
places = st.builds(Place, st.integers(), st.sampled_from(Colour))
json_like: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats().map(lambda number: number + 0.0)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)

ANNOTATED: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (Order, orders),
    (list[Order], st.lists(orders, max_size=2)),
    (Page[Line], st.builds(Page, st.lists(lines, max_size=2), st.none() | lines)),
    (
        dict[str, tuple[Line, ...]],
        st.dictionaries(st.text(), st.lists(lines, max_size=2).map(tuple)),
    ),
    (dict[Place, Decimal], st.dictionaries(places, st.decimals(allow_nan=False), max_size=3)),
    (
        tuple[int, Colour, Level],
        st.tuples(st.integers(), st.sampled_from(Colour), st.sampled_from(Level)),
    ),
    (Rights, st.sampled_from([Rights.READ, Rights.READ | Rights.WRITE, Rights(0)])),
    (Place | None, st.none() | places),
    (typing.Optional[Place], st.none() | places),  # noqa: UP045 - people still write it
    (
        list[Line | Order | str | Decimal],
        st.lists(lines | orders | st.text() | st.decimals(allow_nan=False), max_size=3),
    ),
    (
        Item,
        st.fixed_dictionaries({"name": st.text(), "when": st.dates()}, optional={"place": places}),
    ),
    (set[UUID], st.sets(st.uuids(), max_size=1)),
    (
        AbstractSet[dt.time],
        st.sets(st.times().map(lambda at: at.replace(fold=0)), max_size=1),
    ),
    (frozenset[Place], st.frozensets(places, max_size=1)),
    (Sequence[dt.timedelta], st.lists(st.timedeltas(), max_size=3)),
    (deque[Line], st.lists(lines, max_size=3).map(deque)),
    (Counter[str], st.lists(st.sampled_from("abc")).map(Counter)),
    (OrderedDict[str, Line], st.dictionaries(st.text(), lines, max_size=3).map(OrderedDict)),
    (Path, st.sampled_from([Path("a/b"), Path("/c")])),
    (PurePosixPath, st.just(PurePosixPath("a/b"))),
    (bytearray, st.binary().map(bytearray)),
    (Name, st.text().map(Name)),
    (OrderId, st.text()),
    (Annotated[list[Colour], "why"], st.lists(st.sampled_from(Colour), max_size=3)),
    (Literal["a", "b"], st.sampled_from(["a", "b"])),
    (float, st.floats().map(lambda number: number + 0.0) | st.integers()),
    (complex, st.complex_numbers(allow_nan=False)),
    (Any, json_like),
    (None, st.none()),
]


@pytest.mark.parametrize(
    ("annotation", "values"), ANNOTATED, ids=[str(pair[0]) for pair in ANNOTATED]
)
@given(data=st.data())
def test_what_is_annotated_comes_back_as_it_was(
    annotation: Any, values: st.SearchStrategy[Any], data: st.DataObject
) -> None:
    """Packing refuses what would not; so it must not refuse, and we look again."""
    value = data.draw(values)
    shape = ResultShape(title="look_up", wanted=annotation)

    again = shape.unpack(shape.pack(value))

    assert unlike(value, again) is None
    assert written(again) == written(value)
    assert repr(again) == repr(value)


@given(
    value=st.recursive(
        json_like
        | st.datetimes()
        | st.dates()
        | st.times()
        | st.timedeltas()
        | st.decimals()
        | st.uuids(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    )
)
def test_without_an_annotation_what_says_by_itself_what_it_is_comes_back(value: object) -> None:
    """JSON's values, bytes, and the standard library's own need no annotation."""
    shape = ResultShape(title="look_up")

    again = shape.unpack(shape.pack(value))

    assert (unlike(value, again), written(again)) == (None, written(value))


@given(value=json_like | orders | places | lines)
def test_whatever_is_not_refused_comes_back(value: object) -> None:
    """There is no third way: a result comes back the same, or is refused while recording."""
    shape = ResultShape(title="look_up")
    try:
        packed = shape.pack(value)
    except NotRebuildable:
        return
    assert unlike(value, shape.unpack(packed)) is None


def test_classes_made_inside_a_function_are_found() -> None:
    """Tests make their classes where they need them, and annotations are text by now."""

    @dataclass
    class Offer:
        price: int

    class Seller:
        @agenttrace.tool
        def offer(self) -> list[Offer]:
            return [Offer(3)]

    ran = twice(lambda: Seller().offer())

    assert ran.recorded == ran.replayed == [Offer(3)]


def test_plain_objects_come_back_by_their_fields() -> None:
    """Where all is public, nothing is lost."""

    class Offer:
        def __init__(self, price: int) -> None:
            self.price = price + 1

    shape = ResultShape(title="look_up", wanted=Offer)
    assert shape.unpack(shape.pack(Offer(3))).price == 4
    spaces = ResultShape(title="look_up", wanted=SimpleNamespace)
    assert spaces.unpack(spaces.pack(SimpleNamespace(a=1))) == SimpleNamespace(a=1)


def test_pydantic_models_come_back_with_what_was_set() -> None:
    """No validator runs again, and `exclude_unset` says the same."""
    pydantic = pytest.importorskip("pydantic")

    class Inner(pydantic.BaseModel):  # type: ignore[misc,name-defined]
        when: dt.date

    class Outer(pydantic.BaseModel):  # type: ignore[misc,name-defined]
        inner: list[Inner]
        note: str | None = None
        model_config = pydantic.ConfigDict(extra="allow")

    Outer.model_rebuild(_types_namespace={"Inner": Inner})
    value = Outer(inner=[Inner(when=dt.date(2026, 1, 2))], more={"z": 1, "a": 2})
    shape = ResultShape(title="look_up", wanted=Outer)

    again = shape.unpack(shape.pack(value))

    assert again == value
    assert again.model_dump_json(exclude_unset=True) == value.model_dump_json(exclude_unset=True)


def test_numpy_scalars_and_arrays_come_back_where_they_are_named() -> None:
    """A NumPy number is a float to look at, and none to print."""
    numpy = pytest.importorskip("numpy")
    scalar = ResultShape(title="look_up", wanted=numpy.float64)
    array = ResultShape(title="look_up", wanted=numpy.ndarray)

    assert repr(scalar.unpack(scalar.pack(numpy.float64(1.5)))) == repr(numpy.float64(1.5))
    assert array.unpack(array.pack(numpy.array([[1, 2], [3, 4]]))).tolist() == [[1, 2], [3, 4]]
    with pytest.raises(NotRebuildable):
        ResultShape(title="look_up", wanted=float).pack(numpy.float64(1.5))


@pytest.mark.skipif(sys.version_info < (3, 12), reason="`type` statements came with 3.12")
def test_type_aliases_are_looked_through() -> None:
    """`type Lines = list[Line]` says what `list[Line]` says."""
    names: dict[str, Any] = {"Line": Line}
    exec("type Lines = list[Line]", names)
    shape = ResultShape(title="look_up", wanted=names["Lines"])

    assert shape.unpack(shape.pack([Line("pen", Decimal(1))])) == [Line("pen", Decimal(1))]


@pytest.mark.parametrize(
    ("value", "annotation"),
    [
        (None, "None"),
        ([1, "a"], "list[int | str]"),
        ([], "list"),
        ((1, None), "tuple[int, None]"),
        ({"a": {1}}, "dict[str, set[int]]"),
        (Place(1, Colour.RED), "Place"),
        (dt.date(2026, 1, 2), "date"),
    ],
    ids=str,
)
def test_the_annotation_to_write_is_what_a_person_would_write(
    value: object, annotation: str
) -> None:
    """It is printed to be copied."""
    assert suggestion(value) == annotation


def test_a_typed_dict_of_typing_extensions_is_one_as_well() -> None:
    """Libraries for older Pythons take theirs from there; in a union it must not raise."""

    class Block(typing_extensions.TypedDict):
        text: str

    shape = ResultShape(title="it", wanted=list[Block | str] | str, definition="def it(…)")

    assert shape.unpack(shape.pack([{"text": "a"}, "b"])) == [{"text": "a"}, "b"]
