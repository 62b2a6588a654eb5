"""Carriers: what messages between processes carry of their cause, valid and corrupt, for tests.

Each says what a reader must find in it, so a test needs no second reader.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from hypothesis import strategies as st

from agenttrace.adapters.plain.messages import Envelope
from agenttrace.causal.baggage import Baggage, BaggageEntry, format_baggage
from agenttrace.causal.propagation import (
    BAGGAGE,
    SAMPLED,
    TRACEPARENT,
    TRACESTATE,
    Propagated,
    TraceParent,
    TraceState,
    inject,
    variable_of,
)

SORTS = ("headers", "pairs", "bytes", "environment", "envelope")
"""A mapping of headers; pairs of text, or of bytes as ASGI has them; variables; an envelope."""

WHOLE, PARTLY, BROKEN = "whole", "partly", "broken"
"""Nothing is wrong; its cause can be read, and other parts cannot; its cause cannot be read."""

_Pairs: TypeAlias = "list[tuple[str, str]]"

_KEYS = ("tenant", "user", "order", "Order-1", "!#$%&'*+-.^_`|~")
_TEXTS = ("a", "b", "", "A-17", "Amélie ☂", '",;=\\%', " a\tb ", "x" * 300)
_MOST_ENTRIES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """What a message carries of its cause.

    Attributes:
        sort: One of `SORTS`.
        carried: What the message has: a mapping, a list of pairs, or an `Envelope`.
        means: What a reader must find in it; of a corrupt one less than was meant, or nothing.
        flaw: What is wrong with it, in words; empty: nothing.
    """

    sort: str
    carried: Any
    means: Propagated
    flaw: str = ""


def parents() -> st.SearchStrategy[TraceParent]:
    """Causes: a span of a trace, and its flags."""
    return st.builds(
        TraceParent, trace=_ids(32), span=_ids(16), flags=st.sampled_from([1, 0, 3, 2])
    )


def states() -> st.SearchStrategy[TraceState]:
    """What up to four tracing systems said on the way."""
    keys = st.sampled_from(("a", "rojo", "0day", "vendor@system", "foo@", "k_-*/"))
    told = st.sampled_from(("1", "t61rcWkgMzE", "a b", "~!@;:/", "x" * 60))
    return st.dictionaries(keys, told, max_size=_MOST_ENTRIES).map(
        lambda members: TraceState(members=tuple(members.items()))
    )


def baggages() -> st.SearchStrategy[Baggage]:
    """What an application sends along: up to four entries, within the limits of W3C Baggage."""
    tokens, texts = st.sampled_from(_KEYS), st.sampled_from(_TEXTS)
    entries = st.builds(
        BaggageEntry,
        key=tokens,
        value=texts,
        properties=st.lists(st.tuples(tokens, st.none() | texts), max_size=1).map(tuple),
    )
    several = st.lists(entries, max_size=_MOST_ENTRIES, unique_by=lambda entry: entry.key)
    return several.map(lambda found: Baggage(entries=tuple(found)))


def carriers(
    *, sorts: tuple[str, ...] = SORTS, valid: bool | None = None
) -> st.SearchStrategy[Carrier]:
    """Carriers of every sort, whole and broken; the simplest is a valid `traceparent` alone.

    Args:
        sorts: Which of `SORTS`.
        valid: Only those whose cause can be read (True), or cannot (False); both by default. A
            valid one may still have a `tracestate` or baggage that nobody can read.
    """
    ways = {None: (WHOLE, PARTLY, BROKEN), True: (WHOLE, WHOLE, PARTLY), False: (BROKEN,)}
    return st.builds(
        _carrier,
        sort=st.sampled_from(sorts),
        way=st.sampled_from(ways[valid]),
        means=st.builds(Propagated, parent=parents(), state=states(), baggage=baggages()),
        case=st.sampled_from(("lower", "title", "upper")),
        nth=st.integers(0, len(_UNREADABLE) - 1),
    )


def _carrier(*, sort: str, way: str, means: Propagated, case: str, nth: int) -> Carrier:
    """Make one; each takes the same choices, so that the simplest is found among all sorts."""
    if sort == "envelope":
        return _enveloped(means, _BAD_ENVELOPES[nth % 3] if way == BROKEN else "")
    pairs: _Pairs = inject([], means)
    flaw = ""
    if way == BROKEN:
        flaws = list(_UNREADABLE if sort == "pairs" else _ONE_LINE)
        flaw = flaws[nth % len(flaws)]
        pairs = _UNREADABLE[flaw](pairs)
        means = replace(means, parent=None, state=TraceState())
    elif way == PARTLY:
        flaw = list(_PARTLY)[nth % len(_PARTLY)]
        pairs, means = _PARTLY[flaw](pairs, means)
    return Carrier(sort=sort, carried=_carried(sort, pairs, case), means=means, flaw=flaw)


def _enveloped(means: Propagated, flaw: str) -> Carrier:
    cause = TraceParent(trace="1" * 32, span="1" * 16) if means.parent is None else means.parent
    trace, span = {
        _BAD_ENVELOPES[0]: ("", ""),
        _BAD_ENVELOPES[1]: (cause.trace[:-1], cause.span),
        _BAD_ENVELOPES[2]: (cause.trace, "0" * 16),
    }.get(flaw, (cause.trace, cause.span))
    along = format_baggage(means.baggage)
    envelope = Envelope(content="order", channel="orders", id=span, trace=trace, baggage=along)
    parent = None if flaw else replace(cause, flags=SAMPLED)
    means = Propagated(parent=parent, baggage=means.baggage)
    return Carrier(sort="envelope", carried=envelope, means=means, flaw=flaw)


def _carried(sort: str, pairs: _Pairs, case: str) -> Any:  # noqa: ANN401 - of many types
    cased = [(getattr(name, case)(), value) for name, value in pairs]
    if sort == "pairs":
        return cased
    if sort == "bytes":
        return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in cased]
    if sort == "environment":
        prefix = "HTTP_" if case == "title" else ""
        return {prefix + variable_of(name): value for name, value in pairs}
    return dict(cased)


def _ids(digits: int) -> st.SearchStrategy[str]:
    return st.integers(1, 16**digits - 1).map(lambda number: f"{number:0{digits}x}")


_BAD_ENVELOPES = (
    "its sender was in no run",
    "the id of the trace is cut off",
    "the id of the span is all zero",
)


# -- what is wrong --------------------------------------------------------------------------------
def _parent_is(change: Callable[[str], str]) -> Callable[[_Pairs], _Pairs]:
    return lambda pairs: [
        (name, change(value) if name == TRACEPARENT else value) for name, value in pairs
    ]


def _with(pairs: _Pairs, name: str, value: str) -> _Pairs:
    return [*((it, said) for it, said in pairs if it != name), (name, value)]


_ONE_LINE: dict[str, Callable[[_Pairs], _Pairs]] = {
    "it is empty": _parent_is(lambda _: ""),
    "it is cut off": _parent_is(lambda text: text[:-1]),
    "it is in upper case": _parent_is(lambda _: f"00-{'A' * 32}-{'B' * 16}-01"),
    "its flags are not hex": _parent_is(lambda text: text[:-1] + "."),
    "its version is ff": _parent_is(lambda text: "ff" + text[2:]),
    "its version is too long": _parent_is(lambda text: "0" + text),
    "more follows in version 00": _parent_is(lambda text: text + "-more"),
    "the id of the span is all zero": _parent_is(lambda text: text[:36] + "0" * 16 + text[52:]),
    "the id of the trace is all zero": _parent_is(lambda text: text[:3] + "0" * 32 + text[35:]),
    "there is no traceparent": lambda pairs: [pair for pair in pairs if pair[0] != TRACEPARENT],
    "two are in one line": _parent_is(lambda text: f"{text},{text}"),
}
_UNREADABLE: dict[str, Callable[[_Pairs], _Pairs]] = {
    **_ONE_LINE,
    "it is said twice": lambda pairs: [pair for pair in pairs if pair[0] == TRACEPARENT] + pairs,
}


def _bad_state(value: str) -> Callable[[_Pairs, Propagated], tuple[_Pairs, Propagated]]:
    return lambda pairs, means: (
        _with(pairs, TRACESTATE, value),
        replace(means, state=TraceState()),
    )


def _bad_baggage(pairs: _Pairs, means: Propagated) -> tuple[_Pairs, Propagated]:
    said = dict(pairs).get(BAGGAGE)
    broken = "no equals sign, a key=1"
    return _with(pairs, BAGGAGE, broken if said is None else f"{broken},{said}"), means


_PARTLY: dict[str, Callable[[_Pairs, Propagated], tuple[_Pairs, Propagated]]] = {
    "an entry of the baggage is none": _bad_baggage,
    "the tracestate has 33 members": _bad_state(",".join(f"k{number}=1" for number in range(33))),
    "the tracestate has a key in upper case": _bad_state("FOO=1"),
    "the tracestate has a member without a value": _bad_state("a=1,b"),
}
