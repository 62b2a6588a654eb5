"""Holding: a program that passes causes on, as a property test that Hypothesis runs."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeAlias, overload

from hypothesis import given
from hypothesis import strategies as st

from agenttrace.boundary import Boundary, Nobody
from agenttrace.causal import current, delivery
from agenttrace.check import propagating
from agenttrace.check.propagating import named_in, told
from agenttrace.explore import wire
from agenttrace.explore.carriers import Carrier, carriers
from agenttrace.explore.wire import Passage, Wire, message
from agenttrace.model import amounts
from agenttrace.record.recorder import Recorder
from agenttrace.replay.pace import Instant
from agenttrace.session import World

if TYPE_CHECKING:
    from agenttrace.check.invariants import Violation

Program: TypeAlias = Callable[[Wire], Any]
"""Takes what comes over a wire, and sends on what follows; a coroutine function may be one."""

MOST_UNHEARD = 2
"""How many tries about a message may find nobody."""

LAWS = tuple(dict.fromkeys([*wire.LAWS, *propagating.LAWS]))
"""The names of all laws: of what came and went, and of the trace of what happened between."""


@overload
def holds(program: Program) -> Callable[[], None]: ...
@overload
def holds(
    *, most: int = 4, sorts: Iterable[str] = ("headers",), laws: Iterable[str] = LAWS
) -> Callable[[Program], Callable[[], None]]: ...
def holds(
    program: Program | None = None,
    *,
    most: int = 4,
    sorts: Iterable[str] = ("headers",),
    laws: Iterable[str] = LAWS,
) -> Any:
    """Make a property test of a program: whatever comes over its wire, the laws hold.

        @invariants.holds
        def test_the_gateway_passes_causes_on(wire):
            for message in wire:
                with agenttrace.span("order"), agenttrace.extract(message.headers):
                    wire.send(agenttrace.inject(), about=message)

    Hypothesis draws the messages: whole and broken carriers, each of a trace of its own, with
    baggage; and how many tries about each nobody answers. `@settings`, `@reproduce_failure` and
    the example database are Hypothesis's own. The program is recorded while it runs, and what it
    asks goes to the world.

    Args:
        program: Takes a `Wire`; a coroutine function is run by `asyncio.run`.
        most: How many messages come at most.
        sorts: Which carriers they have, of `agenttrace.strategies.carriers`.
        laws: The names of the laws that are asked; all by default.

    Raises:
        UsageError: There is no such law.
        PropagationBroken: In the test: a law is broken by what is shown.
    """
    wanted = named_in(LAWS, laws)

    def make(program: Program) -> Callable[[], None]:
        name = getattr(program, "__name__", "a program")

        def test(wire: Wire) -> None:
            passage = passed(program, wire, name)
            if found := broken(passage, wanted):
                raise told(name, found, _shown(passage))

        for attribute in ("__name__", "__qualname__", "__module__", "__doc__"):
            setattr(test, attribute, getattr(program, attribute, None) or name)
        made: Callable[[], None] = given(wires(most=most, sorts=tuple(sorts)))(test)
        return made

    return make if program is None else make(program)


def wires(*, most: int = 4, sorts: tuple[str, ...] = ("headers",)) -> st.SearchStrategy[Wire]:
    """Wires over which messages come, each of a trace of its own.

    Args:
        most: How many messages come at most; at least one does.
        sorts: Which carriers they have, of `agenttrace.strategies.carriers`.
    """
    one = st.tuples(carriers(sorts=sorts), st.integers(0, MOST_UNHEARD))
    several = st.lists(one, min_size=1, max_size=most, unique_by=(_trace_of, _span_of))
    return _wires(several)


@st.composite
def _wires(draw: st.DrawFn, several: st.SearchStrategy[list[tuple[Carrier, int]]]) -> Wire:
    """A wire that is printed as itself, and not as how it was drawn."""
    _warm()
    found = enumerate(draw(several))
    return Wire(tuple(message(carrier, n, unheard) for n, (carrier, unheard) in found))


def passed(program: Program, wire: Wire, name: str = "a program") -> Passage:
    """Run a program on a wire, recorded; give what came, what went and what happened.

    Args:
        program: What is run.
        wire: What comes to it.
        name: What the run is called.
    """
    outer, stood = current.active(), current.stand(None)
    for run in outer:
        current.suspend(run)  # what the program does is no part of a run around it
    try:
        with World(live=True):
            run = current.Run(name)
            recorder = Recorder(run)
            Boundary(run, source=Nobody(), scribe=recorder, pace=Instant())
            delivery.Book(run, None)
            token = current.enter(run)
            try:
                done = program(wire)
                if inspect.iscoroutine(done):
                    asyncio.run(done)
            finally:
                trace = recorder.trace()
                current.leave(run, token)
    finally:
        current.reset(stood)
        for one in outer:
            current.resume(one)
    return Passage(incoming=wire.incoming, sent=tuple(wire.sent), trace=trace)


def broken(passage: Passage, laws: Iterable[str] = LAWS) -> tuple[Violation, ...]:
    """Ask laws of what came, what went, and what happened between.

    Args:
        passage: What a program made of a wire.
        laws: Their names, of `LAWS`.
    """
    wanted = tuple(laws)
    of_wire = [found for name in wanted if name in wire.LAWS for found in wire.LAWS[name](passage)]
    of_trace = propagating.breaches(
        passage.trace, [name for name in wanted if name in propagating.LAWS]
    )
    return (*of_wire, *of_trace)


@functools.cache
def _warm() -> None:
    """Load what a recording loads, outside the first example: it has a deadline."""
    passed(lambda _: None, Wire(()))


def _trace_of(one: tuple[Carrier, int]) -> str:
    parent = one[0].means.parent
    return repr(one[0].carried) if parent is None else parent.trace


def _span_of(one: tuple[Carrier, int]) -> str:
    parent = one[0].means.parent
    return repr(one[0].carried) if parent is None else parent.span


def _shown(passage: Passage) -> str:
    """The messages that came, as a person would send them."""
    lines = ["  What came:"]
    for it in passage.incoming:
        flaw = f"   ({it.flaw})" if it.flaw else ""
        unheard = (
            f"   (its first {amounts.counted(it.unheard, 'try is', 'tries are')} not answered)"
            if it.unheard
            else ""
        )
        lines.append(f"    {it.name}  {it.headers}{flaw}{unheard}")
    return "\n".join(lines)
