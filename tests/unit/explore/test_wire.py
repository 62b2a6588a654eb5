"""Laws of a wire: each finds what it is for in what was sent, and nothing in what is sound."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import agenttrace
from agenttrace.causal import current
from agenttrace.causal.propagation import extract
from agenttrace.explore.carriers import Carrier
from agenttrace.explore.holding import broken, passed
from agenttrace.explore.wire import LAWS, Wire, message
from tests.fakes.twice import traced

FIRST, SECOND = "1" * 32, "2" * 32
STATE, ALONG = "a=1,b=2", "tenant=x;p=1,user=7"
HEADERS = {"traceparent": f"00-{FIRST}-{'1' * 16}-01", "tracestate": STATE, "baggage": ALONG}
OTHERS = {"traceparent": f"00-{SECOND}-{'2' * 16}-01", "baggage": "tenant=y"}
BROKEN = {"traceparent": f"00-{FIRST}-{'0' * 16}-01"}


def wire_with(*headers: dict[str, str], unheard: int = 0) -> Wire:
    """A wire over which these come."""
    return Wire(
        tuple(
            message(
                Carrier(sort="headers", carried=it, means=extract(it), flaw="its span is zero"),
                number,
                unheard,
            )
            for number, it in enumerate(headers)
        )
    )


def laws_broken_by(program: Callable[[Wire], Any], *headers: dict[str, str]) -> list[str]:
    """The laws of a wire that a program breaks, and what is said of each."""
    passage = passed(program, wire_with(*(headers or (HEADERS,))))
    return [f"{it.rule}: {it.text}" for it in broken(passage, LAWS)]


def sends(change: Callable[[dict[str, str]], dict[str, str]]) -> Callable[[Wire], None]:
    """A program that goes on in the caller's own trace, but for one change of its headers."""

    def program(wire: Wire) -> None:
        for it in wire:
            parent = it.means.parent
            trace = "f" * 32 if parent is None else parent.trace
            good = {**it.headers, "traceparent": f"00-{trace}-{'a' * 15}{it.number}-01"}
            wire.send(change(good), about=it)

    return program


WAS = "what was sent about message 0"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda it: it, []),
        (lambda it: {**it, "tracestate": "own=1,a=1,b=2"}, []),
        (lambda it: {**it, "baggage": f"first=1,{ALONG}"}, []),
        (
            lambda it: {**it, "traceparent": ""},
            [
                (
                    f"one_trace: {WAS} says no cause: traceparent '' is not of the form "
                    "00-TRACE-SPAN-FLAGS, in lower-case hex"
                )
            ],
        ),
        (
            lambda it: {"baggage": ALONG},
            [f"one_trace: {WAS} says no cause: it has no traceparent"],
        ),
        (
            lambda it: {**it, "traceparent": f"00-{SECOND}-{'a' * 16}-01"},
            [
                (
                    f"one_trace: {WAS} goes out in trace {SECOND}; the message came in trace "
                    f"{FIRST}, and no link leads back to it"
                )
            ],
        ),
        (
            lambda it: {**it, "traceparent": HEADERS["traceparent"]},
            [f"fresh_spans: {WAS} has the span id of message 0 itself, {'1' * 16}"],
        ),
        (
            lambda it: {**it, "baggage": "tenant=x;p=1"},
            [f"baggage_intact: user='7' of message 0 is not there in {WAS}"],
        ),
        (
            lambda it: {**it, "baggage": "tenant=z;p=1,user=7"},
            [f"baggage_intact: tenant='x' of message 0 is 'z' in {WAS}"],
        ),
        (
            lambda it: {**it, "baggage": "tenant=x,user=7"},
            [f"baggage_intact: tenant='x' of message 0 is 'x' in {WAS}"],
        ),
        (
            lambda it: {**it, "baggage": "user=7,tenant=x;p=1"},
            [f"baggage_intact: the baggage of message 0 is in another order in {WAS}"],
        ),
        (
            lambda it: {**it, "tracestate": "b=2,a=1"},
            [f"state_kept: the tracestate of message 0 is not that of {WAS}"],
        ),
    ],
    ids=[
        "sound",
        "a tracing system more",
        "an entry more",
        "unreadable",
        "none",
        "anew",
        "forwarded",
        "dropped",
        "altered",
        "without its property",
        "in another order",
        "sorted",
    ],
)
def test_what_is_lost_of_one_message_is_named(
    change: Callable[[dict[str, str]], dict[str, str]], told: list[str]
) -> None:
    """What came is held against what went, entry by entry."""
    assert laws_broken_by(sends(change)) == told


def test_what_belongs_to_another_message_is_named() -> None:
    """Its trace, its baggage, and a link to its cause."""

    def swapped(wire: Wire) -> None:
        one, other = wire
        wire.send({"traceparent": f"00-{SECOND}-{'a' * 16}-01", "baggage": ALONG}, about=one)
        wire.send({"traceparent": f"00-{SECOND}-{'b' * 16}-01", **_along("tenant=x")}, about=other)

    told = laws_broken_by(swapped, {**HEADERS, "baggage": "tenant=x"}, OTHERS)

    assert f"no_leaks: {WAS} has the trace id {SECOND} of message 1" in told
    last = "what was sent about message 1"
    assert f"no_leaks: {last} has the baggage tenant='x' of message 0" in told

    def linked(wire: Wire) -> None:
        one, other = wire
        with agenttrace.span("work"), agenttrace.extract(one.headers):
            agenttrace.link(agenttrace.extract(other.headers))
            wire.send(agenttrace.inject(), about=one)

    told = laws_broken_by(linked, HEADERS, OTHERS)
    assert f"no_leaks: {WAS} has a link to the cause of message 1" in told
    assert "nothing_lost: nothing was sent on for message 1" in told


def _along(text: str) -> dict[str, str]:
    return {"baggage": text}


def test_a_broken_carrier_is_nobodys() -> None:
    """Half of it is not believed."""
    half = {"traceparent": f"00-{FIRST}-{'a' * 16}-01"}
    believed = laws_broken_by(sends(lambda _: half), BROKEN)

    assert believed == [
        f"corrupt_begins_anew: {WAS} goes on with an id of a carrier of which its span is zero"
    ]
    assert laws_broken_by(sends(lambda it: it), BROKEN) == []


def test_work_on_two_messages_under_one_span_cannot_be_told_apart() -> None:
    """A span for each is what makes a cause of it."""

    def program(wire: Wire) -> None:
        for it in wire:
            with agenttrace.extract(it.headers):
                wire.send(agenttrace.inject(), about=it)

    told = laws_broken_by(program, HEADERS, OTHERS)

    assert [it.partition(",")[0] for it in told] == [
        f"fresh_spans: what was sent about message 1 and {WAS} have one span id"
    ]


def test_tries_are_not_answered_as_often_as_it_was_drawn() -> None:
    """For each message by itself; and each try is named."""
    wire = wire_with(HEADERS, unheard=2)
    (it,) = wire

    assert [wire.send({}, about=it) for _ in range(3)] == [False, False, True]
    passage = passed(lambda _: None, wire)
    assert [found.text.partition(" says")[0] for found in broken(passage, ["one_trace"])] == [
        f"{WAS}, try {number}" for number in (1, 2, 3)
    ]
    assert (len(wire), repr(wire)) == (1, f"<wire with {HEADERS}>")


def test_what_follows_from_several_leads_back_to_each() -> None:
    """By a link, or by the trace that goes on."""

    def program(wire: Wire) -> None:
        one, other = wire
        with agenttrace.span("batch"), agenttrace.extract(one.headers):
            wire.send(agenttrace.inject(), about=[one, other])

    assert laws_broken_by(program, HEADERS, OTHERS) == [
        (
            "links_survive: what was sent about message 0 and message 1 does not lead back to "
            "message 1: no link, no trace"
        )
    ]


def test_a_program_on_a_wire_is_no_part_of_a_run_around_it() -> None:
    """A test that records may hold one; what the program raises comes out, and all is as before."""

    def agent() -> None:
        passage = passed(sends(lambda it: it), wire_with(HEADERS))
        assert [span.name for span in passage.trace] == ["a program"]
        with pytest.raises(ZeroDivisionError):
            passed(lambda _: 1 / 0, wire_with(HEADERS))
        with agenttrace.span("own"):
            pass

    trace, _ = traced(agent)

    assert [span.name for span in trace] == ["a run", "own"]
    assert current.active() == ()
