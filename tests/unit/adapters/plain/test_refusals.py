"""What a replay could not give back is refused while recording, with the line that mends it."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import InitVar, dataclass
from typing import Any

import pytest

import agenttrace
from agenttrace.adapters.plain.tools import REFUSALS
from agenttrace.errors import ArgumentChanged, NotCanonical, NotRebuildable
from tests.fakes.replayed import a_run, replay_of


@dataclass(frozen=True)
class Order:
    """An order."""

    id: str


def refused(kind: type[Exception], agent: Callable[[], object]) -> str:
    """Record an agent that is refused; give the text, after seeing that the run is whole."""
    with a_run() as one, pytest.raises(kind) as raised:
        agent()
    assert all(span.answers for span in one.trace.calls)
    assert one.door.kept[REFUSALS] == [raised.value]
    return str(raised.value)


def test_a_result_without_annotation_is_refused_with_the_annotation_to_write() -> None:
    """The text is read at the moment of recording, by somebody who wants to go on."""

    @agenttrace.tool
    def look_up(order):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - the fault
        return [Order(order)]

    assert refused(NotRebuildable, lambda: look_up("A-17")) == (
        "look_up: a replay could not give its result back; "
        "result[0] is a test_refusals.Order  [not-rebuildable]\n"
        "\n"
        "    returned   test_refusals.Order  at result[0]\n"
        "    annotated  nothing\n"
        "\n"
        "  Say what it returns:\n"
        "      def look_up(…) -> list[Order]:\n"
        "  Say it beside the definition:\n"
        "      @agenttrace.tool(returns=list[Order])\n"
        "  Say how it is written and read:\n"
        "      @agenttrace.tool(encode=lambda result: …, decode=lambda value: …)\n"
        "  It is the agent's own code, and may run in every replay:\n"
        "      @agenttrace.tool(live=True)\n"
        "  More: agenttrace explain not-rebuildable"
    ).replace("test_refusals.Order", f"{Order.__module__}.Order")


def test_a_generators_annotation_is_named_as_a_generators() -> None:
    """What to write differs with the manner of the function."""

    @agenttrace.tool
    def read() -> Iterator[Any]:
        yield Order("A-17")

    @agenttrace.tool
    async def read_async() -> AsyncIterator[object]:
        yield Order("A-17")

    async def whole() -> list[object]:
        return [order async for order in read_async()]

    assert "      def read(…) -> Iterator[Order]:\n" in refused(
        NotRebuildable, lambda: list(read())
    )
    assert "      async def read_async(…) -> AsyncIterator[Order]:\n" in refused(
        NotRebuildable, lambda: asyncio.run(whole())
    )


def test_an_annotation_that_says_less_than_the_value_is_refused() -> None:
    """`tuple` is no `list`, and a counter no plain dict: the agent would see the difference."""

    @agenttrace.tool
    def pair() -> Any:
        return {"pair": (1, 2)}

    @agenttrace.tool
    def count() -> dict[str, int]:
        return Counter("aab")

    assert "def pair(…) -> dict[str, tuple[int, int]]:" in refused(NotRebuildable, pair)
    assert "returned   collections.Counter  at result" in refused(NotRebuildable, count)


def test_what_cannot_be_made_from_its_fields_needs_encode_and_decode() -> None:
    """An argument that is not kept cannot be given again; the annotation is right already."""

    @dataclass
    class Sealed:
        size: int
        key: InitVar[str]

        def __post_init__(self, key: str) -> None:
            self.size += len(key)

    @agenttrace.tool
    def seal() -> Sealed:
        return Sealed(1, "key")

    text = refused(NotRebuildable, seal)

    assert "    annotated  Sealed\n\n  Say how it is written and read:\n" in text


def test_private_fields_would_be_lost() -> None:
    """An object that keeps something privately would come back without it."""

    class Purse:
        def __init__(self) -> None:
            self.owner = "me"
            self._coins = 3

    @agenttrace.tool
    def find() -> Purse:
        return Purse()

    assert "result is a" in refused(NotRebuildable, find)


def test_a_handle_as_a_result_is_refused() -> None:
    """A lock, a file, a generator cannot be written down at all."""

    @agenttrace.tool
    def borrow() -> dict[str, object]:
        return {"lock": threading.Lock()}

    text = refused(NotRebuildable, borrow)

    assert text.startswith(
        "borrow: a replay could not give its result back; result.lock is a _thread.lock"
    )
    assert "Say what it returns" not in text


def test_what_a_generator_returns_at_its_end_is_refused() -> None:
    """It would be lost, silently."""

    @agenttrace.tool
    def read() -> Any:
        yield 1
        return 2

    assert "Yield it as the last value instead." in refused(NotRebuildable, lambda: list(read()))


def test_encode_and_decode_write_what_we_cannot() -> None:
    """The last word is the user's; classes without public fields work too."""

    class Purse:
        def __init__(self, coins: int) -> None:
            self._coins = coins

        def count(self) -> int:
            return self._coins

    @agenttrace.tool(
        encode=lambda purse: {"coins": purse.count()}, decode=lambda value: Purse(value["coins"])
    )
    def find() -> Purse:
        return Purse(3)

    with a_run() as one:
        assert find().count() == 3
    with replay_of(one.trace):
        assert find().count() == 3


def test_returns_says_what_the_annotation_does_not() -> None:
    """For functions of somebody else's."""

    @agenttrace.tool(returns=Order)
    def look_up(order: str):  # type: ignore[no-untyped-def]  # noqa: ANN202 - the fault
        return Order(order)

    with a_run() as one:
        look_up("A-17")
    with replay_of(one.trace):
        assert look_up("A-17") == Order("A-17")


def test_a_changed_class_says_that_the_recording_is_old() -> None:
    """The recorded result cannot be built as what the function returns now."""

    def version(returns: Any) -> Callable[[], object]:
        @agenttrace.tool(name="look_up", returns=returns)
        def look_up() -> object:
            return Order("A-17")

        return look_up

    with a_run() as one:
        version(Order)()
    with (
        replay_of(one.trace),
        pytest.raises(NotRebuildable, match="cannot be built as what the function now"),
    ):
        version(int)()


def test_a_tool_that_fills_its_argument_is_refused() -> None:
    """The replay does not run it, so there the list would stay empty."""

    @agenttrace.tool
    def fill(basket: list[int], times: int) -> None:
        basket.extend([1] * times)

    assert refused(ArgumentChanged, lambda: fill([0], 2)) == (
        "fill: it changed its argument `basket` in place  [argument-changed]\n"
        "\n"
        "    before  basket = [0]\n"
        "    after   basket = [0, 1, 1]\n"
        "\n"
        "  A replay does not run the tool, so there `basket` would stay as it was.\n"
        "\n"
        "  Return what is new, and let the caller put it into `basket`.\n"
        "  Let the tool run in every replay:\n"
        "      @agenttrace.tool(live=True)\n"
        "  Nobody reads what changed in `basket`; say what stands for it:\n"
        '      @agenttrace.tool(encode={"basket": lambda basket: …})\n'
        "  More: agenttrace explain argument-changed"
    )


def test_a_method_that_changes_its_object_is_refused() -> None:
    """The object's own calls are the world; the method is the agent."""

    class Cart:
        def __init__(self) -> None:
            self.items: list[str] = []

        @agenttrace.tool
        async def add(self, item: str) -> int:
            self.items.append(item)
            return len(self.items)

    text = refused(ArgumentChanged, lambda: asyncio.run(Cart().add("pen")))

    assert text.startswith("add: it changed its argument `self` in place  [argument-changed]")
    assert "Make tools of what the object itself calls, and not of this method." in text


@pytest.mark.parametrize("manner", ["generator", "async generator"])
def test_generators_are_looked_at_when_they_end(manner: str) -> None:
    """What they change between two values counts too."""

    @agenttrace.tool
    def read(basket: list[int]) -> Iterator[int]:
        yield 1
        basket.append(1)

    @agenttrace.tool
    async def read_async(basket: list[int]) -> AsyncIterator[int]:
        yield 1
        basket.append(1)

    async def whole() -> list[int]:
        return [value async for value in read_async([])]

    agent = {"generator": lambda: list(read([])), "async generator": lambda: asyncio.run(whole())}[
        manner
    ]

    assert "after   basket = [1]" in refused(ArgumentChanged, agent)


def test_an_argument_without_a_form_is_refused() -> None:
    """Nothing is asked, and nothing is run: the question could not be compared."""
    ran: list[int] = []

    @agenttrace.tool
    def read(source: dict[str, Any]) -> None:
        ran.append(1)

    text = refused(NotCanonical, lambda: read({"lock": threading.Lock()}))

    assert ran == []
    assert text == (
        "read: its argument `source` cannot be written down; source.lock is a _thread.lock, "
        "and what it holds cannot be known without using it up  [not-canonical]\n"
        "\n"
        "  Pass what it stands for: a path, an id, a list.\n"
        "  Or say what stands for it in the question:\n"
        '      @agenttrace.tool(encode={"source": lambda source: …})\n'
        "  More: agenttrace explain not-canonical"
    )


def test_encode_by_name_says_what_stands_for_an_argument() -> None:
    """A client, a lock, a context may be part of a call without being part of the question."""

    @agenttrace.tool(encode={"source": lambda source: source["name"], "return": str}, decode=int)
    def read(source: dict[str, Any]) -> int:
        source["reads"] = 1
        return 7

    def agent() -> int:
        return read({"name": "desk", "lock": threading.Lock()})

    with a_run() as one:
        assert agent() == 7
    with replay_of(one.trace):
        assert agent() == 7
    assert one.trace.calls[0].question == {"source": "desk"}


def test_outside_a_run_nothing_is_refused() -> None:
    """Production does not pay for what only recording needs."""

    @agenttrace.tool
    def fill(basket: list[Any]) -> Any:
        basket.append(threading.Lock())
        return iter(basket)

    assert len(list(fill([]))) == 1
