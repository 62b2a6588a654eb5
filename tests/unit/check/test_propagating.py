"""Laws of propagation: each finds what it is for, names it, and finds nothing in a sound trace."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

import agenttrace
from agenttrace import invariants
from agenttrace.check.propagating import LAWS, WAYS_ON, breaches, check
from agenttrace.errors import PropagationBroken, UsageError
from agenttrace.explore.programs import Act, Ask, played
from agenttrace.explore.strategies import traces
from agenttrace.explore.wire import LAWS as LAWS_OF_A_WIRE
from agenttrace.model.lane import Delivery, Lane, Step
from agenttrace.model.span import Event, Link, Span, SpanKind, WireKind
from agenttrace.model.trace import Trace
from tests.fakes import strategies
from tests.fakes.twice import traced

OTHER = "a" * 32
SOUND = played((Act(agent="planner", deeds=(Ask(tool="pay"),)), Act(agent="critic", deeds=())))
PLANNER, CRITIC = (
    next(span for span in SOUND if span.name == name) for name in ("planner", "critic")
)
SERVED = (Step("carrier", "inject", 0), Step("process", "worker", 0))


def changed(*spans: Span, **fields: Any) -> Trace:
    """The sound trace with other spans in place of its own."""
    by_id = {span.id: span for span in spans}
    return replace(SOUND, spans=tuple(by_id.get(it.id, it) for it in SOUND), **fields)


def along(span: Span, tenant: str, **fields: Any) -> Span:
    """A span that has a tenant with it."""
    return replace(span, attributes={"baggage.tenant": tenant}, **fields)


@given(traces())
@settings(max_examples=20)
def test_what_we_make_breaks_no_law(trace: Trace) -> None:
    """A recording that did would be a defect of ours."""
    assert breaches(trace) == ()
    check(trace)


@given(strategies.traces())
@settings(max_examples=20)
def test_any_trace_can_be_asked(trace: Trace) -> None:
    """However odd a foreign trace is, the answer comes."""
    assert {one.rule for one in breaches(trace)} <= LAWS.keys()


SERVER = replace(
    PLANNER, position=(), lane=(), wire_kind=WireKind.SERVER, attributes={"http.route": "/"}
)


@pytest.mark.parametrize(
    ("trace", "rule", "text"),
    [
        (
            changed(replace(CRITIC, links=(Link(span=PLANNER.id, trace=OTHER),))),
            "one_trace",
            f"critic (critic) follows planner (planner) of this trace under another id, {OTHER}",
        ),
        (
            changed(deliveries=(Delivery(receive=CRITIC.position, message=PLANNER.position),)),
            "links_survive",
            "critic (critic) took the message of planner (planner), and is not linked to it",
        ),
        (
            changed(along(PLANNER, "a"), replace(CRITIC, parent=PLANNER.id)),
            "baggage_intact",
            "planner (planner) sent tenant='a' along, and critic (critic) lacks it",
        ),
        (
            changed(
                replace(PLANNER, events=(Event(name="inject", attributes={"baggage.t": "a"}),)),
                replace(CRITIC, parent=PLANNER.id, lane=SERVED),
                lanes=(*SOUND.lanes, Lane(path=SERVED, parent=())),
            ),
            "baggage_intact",
            "planner (planner) sent t='a' along, and critic (critic) lacks it",
        ),
        (
            changed(along(PLANNER, "a"), along(CRITIC, "b", parent=PLANNER.id)),
            "no_leaks",
            "critic (critic) has tenant='b' with it, and its cause planner (planner) sent 'a'",
        ),
    ],
    ids=["another id", "an unlinked message", "dropped inside", "dropped between", "of another"],
)
def test_what_was_lost_is_named(trace: Trace, rule: str, text: str) -> None:
    """By law and span, in words."""
    found = [one for one in breaches(trace) if one.rule == rule]

    assert [one.text[: len(text)] for one in found] == [text]
    assert found[0].span == CRITIC.id


@pytest.mark.parametrize(
    "trace",
    [
        changed(along(PLANNER, "a"), along(CRITIC, "a", parent=PLANNER.id)),
        changed(along(PLANNER, "a"), replace(CRITIC, parent=PLANNER.id, position=())),
        changed(
            along(PLANNER, "a"),
            along(CRITIC, "b", parent=PLANNER.id, links=(Link(span="b" * 16, trace=OTHER),)),
        ),
        changed(replace(CRITIC, links=(Link(span="b" * 16, trace=OTHER),))),
        changed(
            replace(CRITIC, links=(Link(span=PLANNER.id),)),
            deliveries=(Delivery(receive=CRITIC.position, message=PLANNER.position),),
        ),
    ],
    ids=["the same", "a foreign one says nothing", "a stranger's", "a stranger", "linked"],
)
def test_what_was_passed_on_is_no_breach(trace: Trace) -> None:
    """Silence of a foreign recorder is none either, and a stranger brings its own."""
    mine = ("one_trace", "links_survive", "baggage_intact", "no_leaks")

    assert breaches(trace, mine) == ()


def test_the_owner_of_what_leaked_is_named() -> None:
    """A person wants to know whose it is."""
    pay = next(span for span in SOUND if span.name == "pay")
    owner = along(replace(pay, kind=SpanKind.INTERNAL), "b", parent=SOUND.spans[0].id)
    trace = changed(along(PLANNER, "a"), along(CRITIC, "b", parent=PLANNER.id), owner)

    found = [one for one in breaches(trace) if one.rule == "no_leaks"]

    assert [one.text.rpartition("; ")[2] for one in found] == ["that is pay (planner/tool:pay#0)'s"]


def test_a_broken_law_is_told_with_its_way_on() -> None:
    """The first line is enough for a log; each law stands once, with what to do."""
    trace = changed(*(replace(span, links=(Link(span=PLANNER.id, trace=OTHER),)) for span in SOUND))

    with pytest.raises(PropagationBroken) as caught:
        check(trace, ["one_trace"])

    lines = str(caught.value).splitlines()
    name = trace.name
    assert lines[0] == f"{name}: one_trace is broken, and 3 more  [propagation-broken]"
    assert lines[2] == "    one_trace"
    assert lines[-2] == f"  one_trace: {WAYS_ON['one_trace']}"
    assert isinstance(caught.value, AssertionError)


def test_many_breaches_of_one_law_are_counted() -> None:
    """Five are shown."""
    spans = [
        Span(id=f"{n:016x}", name=f"s{n}", kind=SpanKind.TOOL, parent="f" * 16) for n in range(1, 9)
    ]

    with pytest.raises(PropagationBroken, match=r"… and 4 more"):
        check(Trace(id=OTHER, name="t", spans=tuple(spans)), ["one_root"])


def test_a_law_that_there_is_not_is_an_error() -> None:
    """A slip of the pen would be a check that checks nothing."""
    with pytest.raises(UsageError, match="there is no law 'one_rout'; there are one_root, unique"):
        check(SOUND, ["one_rout"])
    with pytest.raises(UsageError, match="there is no law"):
        invariants.holds(laws=["no such"])


@pytest.mark.parametrize("law", sorted(WAYS_ON))
def test_each_way_on_is_of_a_law_that_there_is(law: str) -> None:
    """Of a trace, or of a wire."""
    assert law in LAWS or law in LAWS_OF_A_WIRE


def test_what_is_sent_along_is_kept_by_spans_and_by_those_whom_they_cause() -> None:
    """Inside what was entered, and nowhere else; a retry is part of it."""

    def agent() -> str:
        with agenttrace.span("call"):
            headers = agenttrace.inject(baggage={"tenant": "a b"})
        with agenttrace.extract(headers), agenttrace.span("serve"):
            agenttrace.send("orders", "order")
            onward = agenttrace.inject(baggage={"user": "7"})
        with agenttrace.span("after"):
            return str(onward["baggage"])

    trace, onward = traced(agent)
    kept = {span.name: dict(span.attributes).get("baggage.tenant") for span in trace}

    assert onward == "tenant=a%20b,user=7"
    assert kept == {
        "a run": None,
        "call": None,
        "serve": "a b",
        "send orders": "a b",
        "after": None,
    }
    check(trace)
