"""Journals of spans that an SDK reported: read as any dump of them, whatever a stranger wrote."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenttrace.errors import AgentTraceError, JournalUnreadable
from agenttrace.formats import journal
from agenttrace.formats.records import Began, Cut, Ended, Reported, Warned

TRACE = "5b8efff798038103d269b633813fc60c"
BEGAN = Began(name="shop", trace=TRACE)


def span(number: int) -> dict[str, Any]:
    """A span as the SDK dumps it."""
    return {
        "name": f"step {number}",
        "context": {"trace_id": TRACE, "span_id": f"{number + 1:016x}"},
        "kind": "INTERNAL",
        "parent_id": None,
        "start_time": number,
        "end_time": number + 1,
        "status": {"status_code": "OK", "description": None},
        "attributes": {"order": f"A-{number}"},
        "events": [],
        "links": [],
        "resource": {"attributes": {"service.name": "shop"}},
    }


def written(*records: Any) -> bytes:
    """The bytes of a journal."""
    return b"".join(map(journal.frame, (BEGAN, *records)))


KEYS = st.sampled_from(sorted({*span(0), "order", "trace_id", "span_id", "status_code"}))
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=9,
)


@given(st.integers(0, 2000))
def test_a_journal_of_spans_is_whole_up_to_any_cut(cut: int) -> None:
    """A kill loses the span that was being written, and no other."""
    data = written(*(Reported(span=span(number)) for number in range(4)), Ended())
    kept = data[: len(data) - cut]
    whole = len(journal.scan(kept).frames)

    if whole == 0:
        with pytest.raises(JournalUnreadable):
            journal.read(kept)
        return
    trace = journal.read(kept)
    assert [one.name for one in trace.spans] == [f"step {n}" for n in range(min(whole - 1, 4))]
    assert trace.complete == (cut == 0)


@given(KEYS, VALUES)
def test_one_bad_span_takes_no_other_with_it(key: str, value: Any) -> None:
    """What a stranger put into one is refused with a typed error, or counted as not read."""
    data = written(Reported(span=span(0)), Reported(span={**span(1), key: value}), Ended())
    try:
        trace = journal.read(data)
    except AgentTraceError:
        return
    assert "step 0" in {one.name for one in trace.spans}


def test_what_a_recorder_says_of_itself_is_no_part_of_the_trace() -> None:
    """Where it ends, and what it lacks, is the doctor's to tell."""
    bare = written(Reported(span=span(0)))
    said = written(Reported(span=span(0)), Warned(text="dropped"), Cut(why="shutdown"))

    assert journal.read(said) == journal.read(bare)
