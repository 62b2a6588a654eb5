"""A golden as text."""

from __future__ import annotations

import difflib
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agenttrace.causal.position import span_id, trace_id
from agenttrace.golden.extract import shown
from agenttrace.golden.outline import outline
from agenttrace.model.lane import Lane, Step
from agenttrace.model.span import Span, SpanKind
from agenttrace.model.trace import Trace
from agenttrace.model.values import digest
from tests.fakes.refund_trace import refund_trace
from tests.fakes.strategies import shuffled, traces

roomy = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))

EXPECTED = Path(__file__).with_name("refund.trace.txt")


def test_an_outline_reads_like_this() -> None:
    """The whole text, to the letter: what a reviewer sees of every recorded run."""
    assert outline(refund_trace()) == EXPECTED.read_text("utf-8")


def test_when_and_where_it_happened_does_not_show() -> None:
    """Else every recording would change every line."""
    assert outline(refund_trace(later_ns=7, line=61)) == outline(refund_trace())


def test_one_more_call_changes_few_lines() -> None:
    """With ids or plain numbers in the text, one span more in forty changed 642 lines."""

    def run(steps: list[str]) -> Trace:
        name = "tests/test_a.py::test_b"
        spans = [Span(id=span_id(name, ()), name=name, kind=SpanKind.RUN, operation="run")]
        for seq, step in enumerate(steps, 1):
            position = (Step("tool", step, steps[: seq - 1].count(step)),)
            asked = {"step": step}
            spans.append(
                Span(
                    id=span_id(name, position),
                    parent=spans[0].id,
                    name=step,
                    operation=step,
                    kind=SpanKind.TOOL,
                    position=position,
                    seq=seq,
                    question=asked,
                    digest=digest(asked),
                )
            )
        return Trace(id=trace_id(name), name=name, spans=tuple(spans), lanes=(Lane(path=()),))

    steps = [f"step_{number % 13}" for number in range(40)]
    more = [*steps[:20], "check_fraud", *steps[20:]]
    difference = difflib.ndiff(outline(run(steps)).splitlines(), outline(run(more)).splitlines())
    changed = [line for line in difference if line[:1] in "+-"]

    assert len(changed) == 5  # the count; the new line; the next one, which comes after it


@roomy
@given(data=st.data(), trace=traces())
def test_every_trace_has_an_outline_that_cannot_harm_a_terminal(
    data: st.DataObject, trace: Trace
) -> None:
    """Names and payloads come from anywhere; each stays on its line, and shows what it is."""
    text = outline(trace)

    assert all(character == "\n" or character.isprintable() for character in text)
    assert outline(data.draw(shuffled(trace))) == text


def test_what_cannot_be_seen_is_written_out() -> None:
    """Colours, overprinting, text that runs backwards, and characters without width."""
    hostile = "a\x1b[31m\r\n\x00\u202eb\u200bc\ud800"

    assert shown(hostile) == r"a\x1b[31m\r\n\x00\u202eb\u200bc\ud800"


def test_a_pair_that_the_world_never_gave_is_named() -> None:
    """A reviewer must not accept it unseen."""
    marked = [
        line
        for line in outline(refund_trace()).splitlines()
        if "not a pair that the world gave" in line
    ]

    assert [line.split()[0] for line in marked] == ["#pay.0"]


def test_a_link_to_a_span_that_is_not_here_says_so() -> None:
    """A foreign trace may be sampled."""
    trace = refund_trace()
    orphan = replace(
        trace.spans[4], links=(replace(trace.spans[4].links[0], span="00000000000000ff"),)
    )

    text = outline(replace(trace, spans=(*trace.spans[:4], orphan, *trace.spans[5:])))

    assert "<- handoff span 00000000000000ff, which is not here" in text
