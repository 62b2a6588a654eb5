"""Strategies: what they make is what a recording could have been, and what it says of itself."""

from __future__ import annotations

import random

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

import agenttrace
from agenttrace import strategies
from agenttrace.check.diff import diff
from agenttrace.explore.mutations import MUTATIONS, mutated
from agenttrace.explore.programs import Ask, played
from agenttrace.formats import native
from agenttrace.model.agent import Agent
from agenttrace.model.span import Link, Span
from agenttrace.model.trace import Trace
from agenttrace.strategies import agents, equivalents, links, mutations, spans, traces
from tests.fakes.made_traces import a_trace


@given(traces())
@settings(max_examples=30)
def test_a_made_trace_is_kept_by_a_golden(trace: Trace) -> None:
    """It holds nothing that a recording could not."""
    assert native.read(native.write(trace)) == trace


@given(st.data(), traces(most_deeds=6))
@settings(max_examples=30)
def test_a_mutation_is_found_where_it_says(data: st.DataObject, trace: Trace) -> None:
    """Its class and places are what a comparison names."""
    names = [name for name in MUTATIONS if mutated(trace, name, lambda _: 0) is not None]
    mutation = data.draw(mutations(trace, names))
    causes = [it for it in diff(trace, mutation.trace) if not it.cause]

    assert [it.kind for it in causes] == [mutation.kind]
    assert causes[0].place in mutation.places


@given(st.data(), traces(most_deeds=6))
@settings(max_examples=30)
def test_an_equivalent_is_no_other_run(data: st.DataObject, trace: Trace) -> None:
    """And an equivalent of an equivalent is none either."""
    other = data.draw(equivalents(data.draw(equivalents(trace))))

    assert diff(trace, other) == ()


@given(st.data(), spans(), traces())
@settings(max_examples=20)
def test_spans_and_links_fit_a_trace(data: st.DataObject, span: Span, trace: Trace) -> None:
    """A link inside a trace leads to one of its spans."""
    link = data.draw(links(trace))

    assert span.end_ns >= span.start_ns
    assert link.trace is not None or link.span in {it.id for it in trace}


def test_what_a_trace_has_not_cannot_be_mutated() -> None:
    """Then there is no mutation, rather than one that changes nothing."""
    trace = a_trace(random.Random(0))
    bare = Trace(id=trace.id, name=trace.name, spans=trace.spans[:1], lanes=trace.lanes[:1])

    assert [name for name in MUTATIONS if mutated(bare, name, lambda _: 0) is None] == [
        "drop",
        "duplicate",
        "reorder",
        "relink",
        "argument",
        "result",
        "prompt",
        "completion",
        "state",
    ]


def test_a_trace_shrinks_to_the_one_call_that_matters() -> None:
    """What is left of a failing example is the run, and the tool that makes it fail."""
    found = find(
        traces(),
        lambda trace: any(span.name == "pay" for span in trace),
        settings=settings(database=None, max_examples=500),
    )

    assert [span.name for span in found][1:] == ["pay"]


def test_the_parts_of_a_trace_shrink_to_the_plainest() -> None:
    """An agent with a name alone, a link to the first span there is."""
    quiet = settings(database=None, max_examples=200)

    assert find(agents(), lambda _: True, settings=quiet) == Agent(id="planner", name="planner")
    first = find(links(), lambda _: True, settings=quiet)
    assert first == Link(span=f"{1:016x}", relationship="triggered_by")
    other = find(links(), lambda link: link.trace is not None, settings=quiet)
    assert (other.span, other.trace) == (f"{1:016x}", f"{1:032x}")


def test_changes_of_a_trace_shrink_to_the_first_of_their_sort() -> None:
    """Of two calls that could be dropped, the first; of what other days change, nothing at all."""
    trace = played((Ask(tool="pay"), Ask(tool="notify")))
    quiet = settings(database=None, max_examples=200)

    dropped = find(mutations(trace, ["drop"]), lambda _: True, settings=quiet)
    same = find(equivalents(trace), lambda _: True, settings=quiet)

    assert [span.name for span in dropped.trace][1:] == ["notify"]
    assert len(same.spans) == len(trace.spans)


@pytest.mark.parametrize("name", strategies.__all__)
def test_every_strategy_that_is_named_is_there(name: str) -> None:
    """And what is not named is an error, as of any module."""
    assert callable(getattr(agenttrace.strategies, name))
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = agenttrace.strategies.nothing
