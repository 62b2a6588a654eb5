"""Carriers: each says what a reader must find in it, and the readers find it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import find, given, settings
from hypothesis.errors import NoSuchExample

import agenttrace
from agenttrace.causal.propagation import TraceState, pairs_of, unreadable
from agenttrace.explore.carriers import SORTS, Carrier, carriers
from tests.fakes.campaign import times

SMALLEST = f"00-{1:032x}-{1:016x}-01"
QUIET = settings(database=None, max_examples=200)


def smallest(**words: Any) -> Carrier:
    """The simplest carrier of a sort, as a failing test would show it."""
    return find(carriers(**words), lambda _: True, settings=QUIET)


@given(carrier=carriers())
@settings(max_examples=times(60, 5_000))
def test_what_a_carrier_means_is_what_is_read_from_it(carrier: Carrier) -> None:
    """Of every sort, whole and broken; a broken one never raises."""
    caller = agenttrace.extract(carrier.carried)
    parent = carrier.means.parent

    assert (caller.id, caller.trace) == (
        ("", None) if parent is None else (parent.span, parent.trace)
    )
    assert caller.baggage == carrier.means.baggage


@given(carrier=carriers(sorts=("headers", "pairs", "bytes", "environment")))
@settings(max_examples=times(40, 2_000))
def test_a_cause_that_cannot_be_read_is_told_and_no_other(carrier: Carrier) -> None:
    """No cause at all is nothing to complain of: somebody has to begin."""
    why = unreadable(list(pairs_of(carrier.carried)))

    is_broken = carrier.means.parent is None and carrier.flaw != "there is no traceparent"
    assert bool(why) == is_broken


@given(carrier=carriers(valid=False))
@settings(max_examples=times(30, 1_000))
def test_one_may_ask_for_broken_ones_alone(carrier: Carrier) -> None:
    """Without a cause there is no tracestate, either."""
    assert carrier.flaw
    assert (carrier.means.parent, carrier.means.state) == (None, TraceState())


@pytest.mark.parametrize(
    ("words", "simplest"),
    [
        ({}, {"traceparent": SMALLEST}),
        ({"sorts": ("pairs",)}, [("traceparent", SMALLEST)]),
        ({"sorts": ("bytes",)}, [(b"traceparent", SMALLEST.encode())]),
        ({"sorts": ("environment",)}, {"TRACEPARENT": SMALLEST}),
        ({"valid": False, "sorts": ("pairs",)}, [("traceparent", "")]),
    ],
)
def test_a_carrier_shrinks_to_the_simplest_of_its_sort(words: Any, simplest: Any) -> None:
    """What is left of a failing example holds only what makes it fail."""
    found = smallest(**words)

    assert found.carried == simplest
    assert found.means.baggage.entries == ()


def test_a_flaw_is_all_that_is_left_of_a_carrier_that_needs_one() -> None:
    """The ids are the smallest, and nothing is sent along."""
    found = find(carriers(), lambda it: "zero" in it.flaw, settings=QUIET)

    assert found.sort == "headers"
    assert found.carried == {"traceparent": f"00-{1:032x}-{'0' * 16}-01"}


def test_a_carrier_of_no_sort_is_never_drawn() -> None:
    """Each sort is drawn when it is asked for, and no other then."""
    for sort in SORTS:
        with pytest.raises(NoSuchExample):
            find(
                carriers(sorts=(sort,)),
                lambda it, sort=sort: it.sort != sort,
                settings=settings(database=None, max_examples=30),
            )
