"""Sketches: what is put down in passing becomes the span that would have been made on the spot."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agenttrace.causal.sketch import ATOMS, Finished, Sketch
from agenttrace.formats import journal
from agenttrace.formats.records import Began, Noted
from agenttrace.model.span import OK, Span, SpanKind, Status
from agenttrace.model.values import canonical
from tests.fakes.strategies import hex_span_ids, names, positions, texts, values, whole

BEGINNING = journal.frame(Began(name="a run", trace=f"{1:032x}"))
ATOMS_OF_ALL_SORTS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.binary(max_size=9),
    st.just("half \ud800 a pair"),
)


sketches = st.builds(
    Sketch,
    id=hex_span_ids,
    parent=st.none() | hex_span_ids,
    name=names,
    kind=st.sampled_from(SpanKind),
    position=positions,
    lane=positions,
    seq=whole,
    start_ns=whole,
    agent=st.none() | texts,
    task=st.none() | texts,
    attributes=st.dictionaries(texts, ATOMS_OF_ALL_SORTS | values.map(canonical), max_size=4),
    site=st.none() | st.just("refund.py:58"),
)


def told(record: Noted) -> Noted:
    """What a reader of the journal is told."""
    _, found = journal.records(BEGINNING + journal.frame(record))
    assert isinstance(found, Noted)
    return found


@given(sketch=sketches)
def test_a_sketch_becomes_the_span_with_its_words(sketch: Sketch) -> None:
    """Every field is the one of that name; atoms are brought into their one form by then."""
    atoms = {
        name: canonical(value) if type(value) in ATOMS else value
        for name, value in sketch.attributes.items()
    }

    assert sketch.made() == Span(
        **{**sketch._asdict(), "attributes": atoms},
        operation=sketch.name,
        end_ns=sketch.start_ns,
        end_seq=sketch.seq,
    )


@given(sketch=sketches, lasted_ns=whole, code=st.sampled_from([OK, "ERROR"]))
def test_a_journal_tells_a_sketch_as_it_tells_the_span(
    sketch: Sketch, lasted_ns: int, code: str
) -> None:
    """Who reads it finds no difference between a span that was made, and one that never was."""
    known = sketch.settled()
    ended = Finished(known, known.start_ns + lasted_ns, known.seq, Status(code=code))

    for what in (known, ended):
        assert told(Noted(what=what)) == told(Noted(what=what.made()))
