"""W3C headers: what is valid is passed on, what is not is dropped, and nothing is raised."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenttrace.causal.baggage import Baggage, BaggageEntry, format_baggage, parse_baggage
from agenttrace.causal.propagation import (
    Propagated,
    TraceParent,
    TraceState,
    extract,
    format_traceparent,
    format_tracestate,
    inject,
    parse_traceparent,
    parse_tracestate,
)
from agenttrace.errors import InvalidSpan
from agenttrace.explore import carriers

TRACE, SPAN = "12345678901234567890123456789012", "1234567890123456"
PARENT = TraceParent(trace=TRACE, span=SPAN)


parents = carriers.parents()
keys = st.from_regex(r"[a-z0-9][a-z0-9_\-*/@]{0,20}", fullmatch=True)
values = st.from_regex(
    r"[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,10}[\x21-\x2b\x2d-\x3c\x3e-\x7e]", fullmatch=True
)
states = st.dictionaries(keys, values, max_size=8).map(
    lambda members: TraceState(members=tuple(members.items()))
)
tokens = st.text(string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~", min_size=1, max_size=8)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
entries = st.builds(
    BaggageEntry,
    key=tokens,
    value=texts,
    properties=st.lists(st.tuples(tokens, st.none() | texts), max_size=2).map(tuple),
)
baggages = st.lists(entries, max_size=5).map(lambda found: Baggage(entries=tuple(found)))


@given(parent=parents)
def test_a_traceparent_reads_back_as_it_was_written(parent: TraceParent) -> None:
    """Level 2's random flag included."""
    assert parse_traceparent(format_traceparent(parent)) == parent


@given(state=states)
def test_a_tracestate_reads_back_as_it_was_written(state: TraceState) -> None:
    """As long as it is short enough to be passed on whole."""
    written = format_tracestate(state)
    assert parse_tracestate([written]) == state


@given(baggage=baggages)
def test_baggage_reads_back_as_it_was_written(baggage: Baggage) -> None:
    """Whatever text it holds: commas, quotes, percent signs, other alphabets."""
    assert parse_baggage([format_baggage(baggage)]) == baggage


@given(
    what=st.builds(Propagated, parent=parents, state=states, baggage=baggages), listed=st.booleans()
)
def test_what_is_injected_is_extracted(what: Propagated, listed: bool) -> None:
    """From a mapping or from pairs; what the headers said before is replaced, the rest stays."""
    before = [("Accept", "*/*"), ("TraceParent", f"00-{'b' * 32}-{'b' * 16}-00")]
    after = inject(before if listed else dict(before), what)
    pairs = after if listed else list(after.items())
    assert pairs[0] == ("Accept", "*/*")
    assert extract(after) == what
    assert before[1][1].startswith("00-bbbb")


@given(name=st.sampled_from(["traceparent", "tracestate", "baggage"]), text=st.text(max_size=80))
def test_no_header_whatever_raises(name: str, text: str) -> None:
    """A stranger's header must not break a call."""
    extract([(name, text), ("traceparent", format_traceparent(PARENT))])


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        (f"00-{TRACE}-{SPAN}-01", 1),
        (f"00-{TRACE}-{SPAN}-00", 0),
        (f"00-{TRACE}-{SPAN}-ff", 3),
        (f"00-{TRACE}-{SPAN}-fe", 2),
        (f" \t00-{TRACE}-{SPAN}-01\t ", 1),
        (f"cc-{TRACE}-{SPAN}-01", 1),
        (f"cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like", 1),
        (f"cc-{TRACE}-{SPAN}-01-", 1),
    ],
)
def test_a_valid_traceparent_is_read(text: str, flags: int) -> None:
    """A later version is read as far as this one goes; flags nobody knows are not passed on."""
    assert parse_traceparent(text) == TraceParent(trace=TRACE, span=SPAN, flags=flags)


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"00-{TRACE}-{SPAN}-01-",
        f"00-{TRACE}-{SPAN}-01-what",
        f"ff-{TRACE}-{SPAN}-01",
        f"cc-{TRACE}-{SPAN}-01.what",
        f"0-{TRACE}-{SPAN}-01",
        f"000-{TRACE}-{SPAN}-01",
        f".0-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE[:-1]}.-{SPAN}-01",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}1-01",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-.0",
        f"00-{'A' * 32}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01\n",
    ],
)
def test_an_invalid_traceparent_is_none(text: str) -> None:
    """Upper case, zeros, wrong lengths, version ff: as the specification's own suite has them."""
    assert parse_traceparent(text) is None


def test_an_invalid_parent_cannot_be_made() -> None:
    """So it cannot be written either."""
    with pytest.raises(InvalidSpan):
        TraceParent(trace="0" * 32, span=SPAN)
    with pytest.raises(InvalidSpan):
        TraceParent(trace=TRACE, span="x")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (
            [
                ("traceparent", f"00-{TRACE}-{SPAN}-01"),
                ("tracestate", "foo=1"),
                ("tracestate", "bar=2"),
            ],
            (("foo", "1"), ("bar", "2")),
        ),
        (
            [("TRACEPARENT", f"00-{TRACE}-{SPAN}-01"), ("TraceState", "foo=1 , , bar=2,")],
            (("foo", "1"), ("bar", "2")),
        ),
        (
            [("traceparent", f"00-{TRACE}-{SPAN}-01"), ("tracestate", "foo=1,foo=2")],
            (("foo", "1"),),
        ),
        ([("traceparent", f"00-{TRACE}-{SPAN}-01"), ("tracestate", "foo@=1,@=2")], ()),
        ([("traceparent", f"00-{TRACE}-{SPAN}-01"), ("tracestate", "foo@=1")], (("foo@", "1"),)),
        ([("traceparent", f"00-{TRACE}-{SPAN}-01"), ("tracestate", "foo =1")], ()),
        ([("traceparent", f"00-{TRACE}-{SPAN}-01"), ("tracestate", "FOO=1")], ()),
        ([("traceparent", f"00-{TRACE}-{SPAN}-01"), ("tracestate", "foo=bar=baz")], ()),
        ([("traceparent", f"00-{TRACE}-{SPAN}-01"), ("tracestate", "foo=")], ()),
        ([("traceparent", f"00-{TRACE}-{SPAN}-01"), ("tracestate", "foo")], ()),
        (
            [(b"traceparent", f"00-{TRACE}-{SPAN}-01".encode()), (b"tracestate", b"0a=1")],
            (("0a", "1"),),
        ),
    ],
    ids=range(11),
)
def test_a_tracestate_is_read_from_all_its_lines_or_not_at_all(
    headers: list[tuple[str, str]], expected: tuple[tuple[str, str], ...]
) -> None:
    """And never has a say in the parent."""
    assert extract(headers) == Propagated(parent=PARENT, state=TraceState(members=expected))


def test_without_one_valid_traceparent_there_is_no_tracestate() -> None:
    """None, a bad one, or two: the call begins a trace of its own; baggage is another matter."""
    good = ("traceparent", f"00-{TRACE}-{SPAN}-01")
    for heads in ([], [("traceparent", "nonsense")], [good, good]):
        assert extract([*heads, ("tracestate", "foo=1"), ("baggage", "a=b")]) == Propagated(
            baggage=Baggage(entries=(BaggageEntry(key="a", value="b"),))
        )


def test_keys_and_values_have_a_longest_length() -> None:
    """256 characters each; a plain key may use them all, since level 2."""
    assert parse_tracestate([f"{'k' * 256}=1"]).members == (("k" * 256, "1"),)
    assert parse_tracestate([f"{'k' * 257}=1"]).members == ()
    assert parse_tracestate([f"k={'v' * 256}"]).members == (("k", "v" * 256),)
    assert parse_tracestate([f"k={'v' * 257}"]).members == ()


def test_a_tracestate_has_at_most_32_members() -> None:
    """One more in a header is not valid; one more that we set pushes the right-most out."""
    full = parse_tracestate([",".join(f"k{number}=1" for number in range(32))])
    assert len(full.members) == 32
    assert parse_tracestate([",".join(f"k{number}=1" for number in range(33))]).members == ()
    changed = full.with_member("new", "1")
    assert (changed.members[0], len(changed.members), changed.get("k31")) == (
        ("new", "1"),
        32,
        None,
    )


def test_setting_a_member_moves_it_to_the_left() -> None:
    """Where the latest stands."""
    state = parse_tracestate(["a=1,b=2"])
    assert state.with_member("b", "3").members == (("b", "3"), ("a", "1"))
    assert state.without("a").members == (("b", "2"),)
    with pytest.raises(ValueError, match="a,=1 cannot be a member"):
        state.with_member("a,", "1")


def test_a_long_tracestate_loses_whole_members_the_long_ones_first() -> None:
    """Then those at the right, until 512 characters are left."""
    long = ("long", "x" * 130)
    short = tuple((f"k{number:02}", "y" * 40) for number in range(12))
    written = format_tracestate(TraceState(members=(long, *short)))
    assert parse_tracestate([written]).members == short[:11]
    assert len(written) <= 512


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("SomeKey=SomeValue", [BaggageEntry(key="SomeKey", value="SomeValue")]),
        (
            "SomeKey \t = \t SomeValue \t ; \t SomeProp",
            [BaggageEntry(key="SomeKey", value="SomeValue", properties=(("SomeProp", None),))],
        ),
        (
            "a=1;p=v;q,b=x=y",
            [
                BaggageEntry(key="a", value="1", properties=(("p", "v"), ("q", None))),
                BaggageEntry(key="b", value="x=y"),
            ],
        ),
        ("a=%09%20%22%2C%3B%5C%25", [BaggageEntry(key="a", value='\t ",;\\%')]),
        ("a=Am%C3%A9lie", [BaggageEntry(key="a", value="Amélie")]),
        ("a=%FF", [BaggageEntry(key="a", value="�")]),
        ("a=1,a=2", [BaggageEntry(key="a", value="1"), BaggageEntry(key="a", value="2")]),
        ('bad key=1,novalue,a="q",ok=', [BaggageEntry(key="ok", value="")]),
    ],
    ids=range(8),
)
def test_baggage_is_read_as_its_specification_says(
    header: str, expected: list[BaggageEntry]
) -> None:
    """An entry that is not valid is left out; the others stay, in order."""
    assert parse_baggage([header]) == Baggage(entries=tuple(expected))


def test_baggage_is_cut_at_64_entries_or_8192_bytes_and_never_inside_one() -> None:
    """As many whole entries as must be passed on."""
    many = Baggage(entries=tuple(BaggageEntry(key=f"k{number}", value="v") for number in range(70)))
    assert parse_baggage([format_baggage(many)]).entries == many.entries[:64]
    big = Baggage(
        entries=tuple(BaggageEntry(key=f"k{number}", value="v" * 3000) for number in range(4))
    )
    assert parse_baggage([format_baggage(big)]).entries == big.entries[:2]
    exact = Baggage(entries=(BaggageEntry(key="k", value="v" * 8190),))
    assert len(format_baggage(exact)) == 8192


def test_setting_baggage_replaces_a_key() -> None:
    """And a key is a token of HTTP."""
    baggage = parse_baggage(["a=1,b=2,a=3"]).with_entry("a", "4")
    assert [(entry.key, entry.value) for entry in baggage.entries] == [("b", "2"), ("a", "4")]
    assert (baggage.get("a"), baggage.get("c")) == ("4", None)
    with pytest.raises(ValueError, match="cannot be a key"):
        baggage.with_entry("a b", "1")
