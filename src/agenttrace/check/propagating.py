"""Propagating: what holds of a trace in which every cause was passed on.

A trace can be sound and still tell nothing: a retry that begins a trace of its own, a message whose
link was lost, what one tenant sent along under another's span. `LAWS` holds these laws and the
invariants together; each is a function from trace to violations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agenttrace.causal.places import is_served
from agenttrace.check import given
from agenttrace.check.invariants import ENTRIES, INVARIANTS, Violation, named
from agenttrace.errors import PropagationBroken, UsageError
from agenttrace.model import names
from agenttrace.model.span import SpanKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from agenttrace.model.span import Span
    from agenttrace.model.trace import Trace
    from agenttrace.model.values import Value

_CALLS = frozenset({SpanKind.LLM, SpanKind.TOOL, SpanKind.RETRIEVAL, SpanKind.HTTP})
"""Kinds of span that never say what was sent along."""

WAYS_ON: Mapping[str, str] = {
    "one_trace": "Go on from the cause that came: send `agenttrace.inject()` with every try.",
    "one_root": "Enter what came: `with agenttrace.extract(headers):`.",
    "links_survive": "Link to each: `agenttrace.receive(envelope)`, `agenttrace.link(remote)`.",
    "baggage_intact": "Send `agenttrace.inject()`, not headers made by hand; read all that came.",
    "no_leaks": "Stand in each cause for its own work alone: `with agenttrace.extract(...)`; "
    "keep nothing of a request in a global, or in a thread of a pool.",
    "context_continuous": "Let whoever calls send `agenttrace.inject()`, and whoever serves read "
    "it with `agenttrace.extract`.",
    "fresh_spans": "Open a span for the work and send its own id: `agenttrace.inject()` does.",
    "nothing_lost": "Send something on for each message, or leave the law out: `laws=`.",
    "state_kept": "Pass the `tracestate` on as it came.",
}
"""What to do about a violation, by law."""


def one_trace(trace: Trace) -> Iterator[Violation]:
    """What follows from a span of a trace is part of that trace: no link gives it another id."""
    spans = {span.id: span for span in trace}
    for span in trace:
        for link in span.links:
            if link.trace not in (None, trace.id) and link.span in spans:
                text = (
                    f"{named(span)} follows {named(spans[link.span])} of this trace under another "
                    f"id, {link.trace}: the trace began anew between them"
                )
                yield Violation(rule="one_trace", span=span.id, text=text)


def links_survive(trace: Trace) -> Iterator[Violation]:
    """A span that received a message has a link to the span that sent it, for each message."""
    places = {span.position: span for span in trace if span.position}
    for it in trace.deliveries:
        sender = None if it.message is None else places.get(it.message)
        taker = places.get(it.receive)
        if sender is None or taker is None or taker.parent == sender.id:
            continue
        if all(link.span != sender.id for link in taker.links):
            text = f"{named(taker)} took the message of {named(sender)}, and is not linked to it"
            yield Violation(rule="links_survive", span=taker.id, text=text)


def baggage_intact(trace: Trace) -> Iterator[Violation]:
    """What a span sends along reaches all that it causes, key by key.

    Judged by the attributes `baggage.KEY`; spans of others' recorders that have none say nothing.
    """
    for span, parent in _caused(trace):
        has, sent = _along(span), _sent(parent, is_served=_is_served(span, parent))
        if not has and not span.position:
            continue
        for key, value in sent.items():
            if key not in has:
                text = f"{named(parent)} sent {key}={value[-1]!r} along, and {named(span)} lacks it"
                yield Violation(rule="baggage_intact", span=span.id, text=text)


def no_leaks(trace: Trace) -> Iterator[Violation]:
    """What a span has with it is its cause's, and not what was sent along to somebody else."""
    for span, parent in _caused(trace):
        has, sent = _along(span), _sent(parent, is_served=True)
        for key, value in has.items():
            if key in sent and value not in sent[key]:
                owner = next(
                    (
                        it
                        for it in trace
                        if it not in (span, parent) and _along(it).get(key) == value
                    ),
                    None,
                )
                text = (
                    f"{named(span)} has {key}={value!r} with it, and its cause {named(parent)} "
                    f"sent {sent[key][-1]!r}"
                )
                whose = "" if owner is None else f"; that is {named(owner)}'s"
                yield Violation(rule="no_leaks", span=span.id, text=text + whose)


LAWS: Mapping[str, Callable[[Trace], Iterator[Violation]]] = {
    **{name: law for name, law in INVARIANTS.items() if name != "inside_parents"},
    "one_trace": one_trace,
    "links_survive": links_survive,
    "baggage_intact": baggage_intact,
    "no_leaks": no_leaks,
}
"""Every law of a trace, by name: those of propagation, and the invariants.

But for `inside_parents`: a cause may be over when what it caused begins, as of a message."""


def breaches(trace: Trace, laws: Iterable[str] = LAWS) -> tuple[Violation, ...]:
    """Ask laws of a trace.

    Args:
        trace: Our own, or a foreign one.
        laws: The names of those that are asked, of `LAWS`.

    Raises:
        UsageError: There is no such law.
    """
    wanted = named_in(LAWS, laws)
    return tuple(found for name in wanted for found in LAWS[name](trace))


def named_in(known: Iterable[str], laws: Iterable[str]) -> tuple[str, ...]:
    """Give the names of laws as they are.

    Raises:
        UsageError: There is no law of one of the names.
    """
    known, wanted = tuple(known), given.several("laws=", laws)
    for name in wanted:
        if name not in known:
            raise UsageError(f"there is no law {name!r}; there are {', '.join(known)}")
    return wanted


def check(trace: Trace, laws: Iterable[str] = LAWS) -> None:
    """Fail if a trace breaks a law of propagation.

    Args:
        trace: Our own, or a foreign one.
        laws: The names of those that are asked, of `LAWS`.

    Raises:
        PropagationBroken: It does; each span is named, and what to do.
        UsageError: There is no such law.
    """
    if found := breaches(trace, laws):
        raise told(trace.name, found)


def told(name: str, found: Iterable[Violation], more: str = "") -> PropagationBroken:
    """Say what is broken: each law with its violations and its way on.

    Args:
        name: What broke it: a run, a program.
        found: The violations; at least one.
        more: What else a person needs to see.
    """
    by_law: dict[str, list[Violation]] = {}
    for one in found:
        by_law.setdefault(one.rule, []).append(one)
    lines = []
    for law, several in by_law.items():
        lines += [f"    {law}", *(f"        {one.text}" for one in several[:_SHOWN])]
        if len(several) > _SHOWN:
            lines.append(f"        … and {len(several) - _SHOWN} more")
    ways = [f"  {law}: {WAYS_ON[law]}" for law in by_law if law in WAYS_ON]
    more = f"\n\n{more}" if more else ""
    after = "\n".join([*ways, "  More: agenttrace explain propagation-broken"])
    count = sum(map(len, by_law.values()))
    return PropagationBroken(
        f"{name}: {next(iter(by_law))} is broken" + (f", and {count - 1} more" * (count > 1)),
        detail="\n".join(lines) + f"{more}\n\n{after}",
        laws=tuple(by_law),
    )


_SHOWN = 5
"""How many violations of a law are shown."""


def _caused(trace: Trace) -> Iterator[tuple[Span, Span]]:
    """Each span that may say what was sent along, with the span that caused it in this trace.

    What a caller of another trace causes has the baggage of that one.
    """
    spans = {span.id: span for span in trace}
    for span in trace:
        parent = None if span.parent is None else spans.get(span.parent)
        if parent is None or (span.kind in _CALLS and span.wire_kind not in ENTRIES):
            continue
        if all(link.trace in (None, trace.id) for link in (*parent.links, *span.links)):
            yield span, parent


def _is_served(span: Span, parent: Span) -> bool:
    if span.position:
        return span.lane != parent.lane and is_served(span.lane)
    return span.wire_kind in ENTRIES


def _along(span: Span) -> dict[str, Value]:
    return _of(span.attributes)


def _sent(span: Span, *, is_served: bool) -> dict[str, list[Value]]:
    """What a span has with it and, for those whom it called, what it told them besides."""
    found = {key: [value] for key, value in _along(span).items()}
    told = [event.attributes for event in span.events if event.name == "inject"]
    for key, value in (item for it in told if is_served for item in _of(it).items()):
        found.setdefault(key, []).append(value)
    return found


def _of(attributes: Mapping[str, Value]) -> dict[str, Value]:
    start = names.BAGGAGE_PREFIX
    return {
        name.removeprefix(start): value
        for name, value in attributes.items()
        if name.startswith(start)
    }
