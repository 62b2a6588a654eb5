"""What a type checker says of strategies and of laws of propagation."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_type

from hypothesis import strategies as st

import agenttrace
from agenttrace import invariants
from agenttrace.invariants import Incoming, Wire
from agenttrace.model.trace import Trace
from agenttrace.strategies import Carrier, carriers, traces

assert_type(carriers(valid=False), st.SearchStrategy[Carrier])
assert_type(traces(), st.SearchStrategy[Trace])


@invariants.holds
def plain(wire: Wire) -> None:
    """A program, and the test that is made of it."""
    for message in wire:
        assert_type(message, Incoming)
        assert_type(wire.send(agenttrace.inject(), about=message), bool)


@invariants.holds(most=2, laws=["one_trace"])
async def said_more(wire: Wire) -> None:
    """A coroutine function may be one."""
    wire.send([("traceparent", "x")], about=wire.incoming)


assert_type(plain, Callable[[], None])
assert_type(said_more, Callable[[], None])
agenttrace.extract([(b"traceparent", b"x")])
agenttrace.extract(agenttrace.send("orders", "order"))
agenttrace.inject({}, environment=1)  # type: ignore[arg-type]
plain("a wire")  # type: ignore[call-arg]
