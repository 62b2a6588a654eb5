"""Invariants: each finds what it is for, names it, and finds nothing in a sound trace."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from agenttrace.check.invariants import INVARIANTS, acyclic, one_root, unique_ids, violations
from agenttrace.explore.programs import Act, Ask, AtOnce, played
from agenttrace.explore.strategies import traces
from agenttrace.model.lane import Lane, Step
from agenttrace.model.span import Link, Span, SpanKind, Status, WireKind
from agenttrace.model.trace import Trace
from agenttrace.model.usage import Tokens, Usage
from tests.fakes import strategies

SOUND = played(
    (
        Act(agent="planner", deeds=(Ask(body="plan", answer="pay"), Ask(tool="pay"))),
        AtOnce(branches=((Ask(tool="mail"),), (Ask(tool="mail"),))),
    )
)
PLANNER, CHAT, PAY = (
    next(span for span in SOUND if span.name == name) for name in ("planner", "chat", "pay")
)
STRANGER = "00000000000000aa"


def changed(span: Span, **fields: object) -> Trace:
    """The sound trace, one span of which has other fields."""
    other = replace(span, **fields)  # type: ignore[arg-type]
    spans = tuple(other if it.id == span.id else it for it in SOUND)
    return replace(SOUND, spans=spans)


@given(traces())
@settings(max_examples=30)
def test_what_we_make_violates_nothing(trace: Trace) -> None:
    """A recording that did would be a defect of ours."""
    assert violations(trace) == ()


@given(strategies.traces())
@settings(max_examples=30)
def test_any_trace_can_be_asked(trace: Trace) -> None:
    """However odd a foreign trace is, the answer comes."""
    assert {one.rule for one in violations(trace)} <= INVARIANTS.keys()


@pytest.mark.parametrize(
    ("trace", "rule", "text"),
    [
        (changed(PAY, parent=STRANGER), "one_root", "pay (planner/tool:pay#0) is an orphan: its"),
        (changed(PLANNER, parent=None), "one_root", "planner (planner) is a root beside tests/"),
        (changed(PAY, position=CHAT.position), "unique_ids", "2 spans stand at agent:planner#0/"),
        (changed(CHAT, links=(Link(span=PAY.id),)), "acyclic", "these come before themselves, or"),
        (changed(PAY, seq=99), "inside_parents", "pay (planner/tool:pay#0) begins after its par"),
        (changed(PAY, links=(Link(span=STRANGER),)), "links_resolve", "pay (planner/tool:pay#0) h"),
        (
            changed(PLANNER, parent=None, wire_kind=WireKind.SERVER),
            "context_continuous",
            "planner (planner) serves somebody, and nothing says whom",
        ),
        (
            replace(
                SOUND,
                lanes=(*SOUND.lanes, Lane(path=(Step("process", "w", 0),), parent=(), end="hole")),
            ),
            "context_continuous",
            "w#0 was spawned, and its journal is not here",
        ),
        (
            changed(PLANNER, usage=Usage(models={"m-1": Tokens(input=1)})),
            "cost_conserved",
            "planner (planner) says 1 token; those below it used",
        ),
        (changed(PAY, status=Status(code="ERROR")), "errors_explained", "pay (planner/tool:pay#0)"),
    ],
    ids=[
        "orphan",
        "two roots",
        "one position twice",
        "a circle",
        "outside its parent",
        "a link to nowhere",
        "nobody known is served",
        "a hole",
        "a sum that is none",
        "an error without a cause",
    ],
)
def test_what_cannot_be_is_named(trace: Trace, rule: str, text: str) -> None:
    """By rule and span, in words; one broken thing is found by its own rule."""
    found = [one for one in violations(trace) if one.rule == rule]

    assert [one.text[: len(text)] for one in found] == [text]


def test_spans_that_no_trace_would_take_can_be_asked_too() -> None:
    """A reader names circles and double ids before it makes a trace of them."""
    one = Span(id="1" * 16, parent="2" * 16, name="one", kind=SpanKind.TOOL)
    two = Span(id="2" * 16, parent="1" * 16, name="two", kind=SpanKind.TOOL)
    self_made = Span(id="3" * 16, parent="3" * 16, name="three", kind=SpanKind.TOOL)

    told = "one 1111111111111111, two 2222222222222222"
    circle = f"these come before themselves, or after ones that do: {told}"
    assert [it.text for it in acyclic([one, two])] == [circle]
    assert [it.span for it in acyclic([self_made])] == [self_made.id]
    assert [it.text for it in unique_ids([one, one])] == ["2 spans have one id"]
    assert [it.text for it in one_root([one, two])] == ["no span is the root"]
