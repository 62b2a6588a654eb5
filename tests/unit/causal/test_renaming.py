"""A recording under another run's name."""

from __future__ import annotations

from agenttrace.causal.renaming import renamed
from tests.fakes.refund_trace import refund_trace


def test_a_renamed_trace_is_the_one_that_the_other_run_would_have_made() -> None:
    """There and back gives the same ids, parents and links; its own name changes nothing."""
    trace = refund_trace()
    other = renamed(trace, "another")

    assert renamed(trace, trace.name) is trace
    assert (other.name, other.root.name if other.root else "") == ("another", "another")
    assert not {span.id for span in trace.spans} & {span.id for span in other.spans}
    assert [span.position for span in other.spans] == [span.position for span in trace.spans]


def test_a_state_goes_with_the_span_that_it_was_kept_in() -> None:
    """Else two tests that share a golden would differ in every state."""
    trace = refund_trace()
    kept = {shot.span for shot in trace.snapshots if shot.span is not None}
    assert kept

    other = renamed(trace, "another")

    places = {span.id: span.position for span in (*trace.spans, *other.spans)}
    assert [shot.span and places[shot.span] for shot in other.snapshots] == [
        shot.span and places[shot.span] for shot in trace.snapshots
    ]
    assert not kept & {shot.span for shot in other.snapshots}
    assert renamed(other, trace.name) == trace
