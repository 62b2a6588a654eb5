"""Ids are made from what they name, so the same run gives the same ids each time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agenttrace.causal.position import span_id, trace_id
from agenttrace.model.lane import Step
from agenttrace.model.span import is_span_id, is_trace_id

steps = st.builds(Step, st.sampled_from(["task", "llm"]), st.text(max_size=5), st.integers(0, 3))
positions = st.lists(steps, max_size=3).map(tuple)


@given(name=st.text(max_size=20), position=positions)
def test_an_id_has_the_form_that_the_wire_wants(name: str, position: tuple[Step, ...]) -> None:
    """Lowercase hex digits, never all zero, whatever the name holds."""
    assert is_trace_id(trace_id(name))
    assert is_span_id(span_id(name, position))


def test_an_id_is_the_same_in_every_process() -> None:
    """A golden holds them."""
    assert trace_id("tests/test_refund.py::test_refund") == "7b8b7bf462d560d3bbebbd8bcd726ebd"
    assert (
        span_id("tests/test_refund.py::test_refund", (Step("llm", "chat", 0),))
        == "428c3c4b593fe50f"
    )


def test_ids_differ_by_run_and_by_position() -> None:
    """Two runs of one test have names of their own."""
    here, there = (Step("llm", "chat", 0),), (Step("llm", "chat", 1),)
    assert (
        len({span_id("one", here), span_id("one", there), span_id("two", here), span_id("one", ())})
        == 4
    )
