"""Server-sent events are cut at their blank lines, wherever the network had cut them."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from agenttrace.providers import sse

lines = st.sampled_from(
    ["data: one", "data: zwei", ": keep-alive", "event: x", "", "\ufeffdata: bom"]
)
ends = st.sampled_from(["\n", "\r\n", "\r"])
streams = st.lists(st.tuples(lines, ends), max_size=12).map(
    lambda found: "".join(line + end for line, end in found).encode()
) | st.binary(max_size=40)


@st.composite
def segmented(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    """A stream, and the same stream in pieces."""
    stream = draw(streams)
    cuts = sorted(draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    edges = [0, *cuts, len(stream)]
    return stream, [stream[a:b] for a, b in itertools.pairwise(edges)]


@given(case=segmented())
def test_any_segmentation_gives_the_same_events(case: tuple[bytes, list[bytes]]) -> None:
    """TCP segments differ from run to run; a golden must not."""
    stream, segments = case
    splitter = sse.Splitter()
    events = [event for segment in segments for event in splitter.feed(segment)]
    assert (*events, *splitter.finish()) == sse.split(stream)


@given(stream=streams)
def test_no_byte_is_lost_or_added(stream: bytes) -> None:
    """The client reads what the server wrote."""
    events = sse.split(stream)
    assert b"".join(events) == stream
    assert b"" not in events


@given(stream=streams)
def test_a_splitter_begins_anew_after_the_end(stream: bytes) -> None:
    """Nothing of one stream leaks into the next."""
    splitter = sse.Splitter()
    first = (*splitter.feed(stream), *splitter.finish())
    assert (*splitter.feed(stream), *splitter.finish()) == first


def test_an_event_ends_with_its_blank_line() -> None:
    """LF, CR LF and CR alike; stray blank lines go before the next event; the rest comes last."""
    stream = b"data: a\r\n\r\n\n: ping\n\ndata: b\ndata: c\r\rdata: d"
    assert sse.split(stream) == (
        b"data: a\r\n\r\n",
        b"\n: ping\n\n",
        b"data: b\ndata: c\r\r",
        b"data: d",
    )


def test_an_event_is_given_as_soon_as_it_is_whole() -> None:
    """Tokens reach the agent when they come, not one event late."""
    splitter = sse.Splitter()
    assert splitter.feed(b"data: a\n") == []
    assert splitter.feed(b"\n") == [b"data: a\n\n"]


@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r")))
def test_what_is_written_reads_back(text: str) -> None:
    """Lines are joined again as the standard says; a text of several lines is one event."""
    event = sse.write(text)
    assert sse.split(event) == (event,)
    assert sse.data(event) == text


def test_events_without_a_document_are_passed_over() -> None:
    """Comments, the end mark and half an event hold no JSON."""
    stream = b': ping\n\ndata: {"a": 1}\n\ndata: [DONE]\n\ndata: {"b"'
    assert list(sse.documents(stream)) == [{"a": 1}]
