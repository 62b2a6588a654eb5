"""Wire: the network around a program that passes causes on, and what must hold of it.

It hands the program messages with carriers, and keeps what the program sends on, so that each law
compares what came with what went.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from agenttrace.causal import propagation
from agenttrace.causal.propagation import Propagated, pairs_of
from agenttrace.check.invariants import Violation
from agenttrace.model.span import SpanKind
from agenttrace.model.trace import Trace

if TYPE_CHECKING:
    from agenttrace.explore.carriers import Carrier
    from agenttrace.model.span import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A message that the program gets.

    Attributes:
        number: Which one, from 0.
        headers: What it carries: headers, or what else the program's carriers are.
        body: What it says: `order 0`, `order 1`, …
        means: What a reader must find in its headers.
        flaw: What is wrong with them; empty: nothing.
        unheard: How many of the first sends about it nobody answers.
    """

    number: int
    headers: Any
    body: str
    means: Propagated
    flaw: str = ""
    unheard: int = 0

    @property
    def name(self) -> str:
        """It, in words."""
        return f"message {self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What the program sent on.

    Attributes:
        about: The messages because of which it did.
        together: Whether it puts them together, however many they are.
        means: What a reader finds in its headers.
        why: Why the cause cannot be read; empty: it can, or there is none.
        attempt: Which try about these messages it was, from 1.
        arrived: Whether somebody answered.
    """

    about: tuple[Incoming, ...]
    together: bool
    means: Propagated
    why: str
    attempt: int
    arrived: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """What came, what went, and the trace of what happened between.

    Attributes:
        incoming: What the program got.
        sent: What it sent, in the order of sending.
        trace: What was recorded meanwhile.
    """

    incoming: tuple[Incoming, ...]
    sent: tuple[Sent, ...]
    trace: Trace


class Wire:
    """The network around a program: iterate over what comes, and `send` what goes on.

    Attributes:
        incoming: What the program gets, in order; each is to be answered, in any order, at once or
            one by one, in threads or tasks.
        sent: What it has sent by now.
    """

    __slots__ = ("_lock", "incoming", "sent")

    def __init__(self, incoming: tuple[Incoming, ...]) -> None:
        """Let these come.

        Args:
            incoming: What the program gets; at least one.
        """
        self.incoming = incoming
        self.sent: list[Sent] = []
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[Incoming]:
        return iter(self.incoming)

    def __len__(self) -> int:
        return len(self.incoming)

    def __repr__(self) -> str:
        return f"<wire with {', '.join(str(it.headers) for it in self.incoming)}>"

    def send(
        self,
        headers: Mapping[str, str] | Iterable[tuple[str, str]],
        *,
        about: Incoming | Iterable[Incoming],
    ) -> bool:
        """Take what the program's client, queue or process would carry to the next one.

        Args:
            headers: What it carries.
            about: The message because of which it is sent; several where it puts them together.

        Returns:
            Whether it was answered. The first tries about a message may not be: try again.
        """
        said = list(pairs_of(headers))
        causes = (about,) if isinstance(about, Incoming) else tuple(about)
        with self._lock:
            tries = sum(it.about == causes for it in self.sent)
            arrived = tries >= max((it.unheard for it in causes), default=0)
            self.sent.append(
                Sent(
                    about=causes,
                    together=not isinstance(about, Incoming),
                    means=propagation.extract(said),
                    why=propagation.unreadable(said),
                    attempt=tries + 1,
                    arrived=arrived,
                )
            )
        return arrived


def message(carrier: Carrier, number: int, unheard: int) -> Incoming:
    """Make a message of a carrier."""
    return Incoming(
        number=number,
        headers=carrier.carried,
        body=f"order {number}",
        means=carrier.means,
        flaw=carrier.flaw,
        unheard=unheard,
    )


# -- laws -----------------------------------------------------------------------------------------
def nothing_lost(passage: Passage) -> Iterator[Violation]:
    """Something is sent on for each message."""
    for it in passage.incoming:
        if not any(it in sent.about for sent in passage.sent):
            yield _broken("nothing_lost", f"nothing was sent on for {it.name}")


def one_trace(passage: Passage) -> Iterator[Violation]:
    """What is sent on has a cause that can be read, and leads back to the message it is about.

    By its trace id, or by links of the spans above it; every try, and not the first alone.
    """
    for sent in passage.sent:
        if sent.means.parent is None:
            why = sent.why or "it has no traceparent"
            yield _broken("one_trace", f"{_told(passage, sent)} says no cause: {why}")
        elif not sent.together and not _leads_to(passage, sent, sent.about[0]):
            text = (
                f"{_told(passage, sent)} goes out in trace {sent.means.parent.trace}; the message "
                f"came in {_cause(sent.about[0])}, and no link leads back to it"
            )
            yield _broken("one_trace", text, sent)


def corrupt_begins_anew(passage: Passage) -> Iterator[Violation]:
    """A message whose cause cannot be read is nobody's: a trace begins with it."""
    for sent in passage.sent:
        parent, anew = sent.means.parent, all(it.means.parent is None for it in sent.about)
        if parent is None or not anew:
            continue
        for it in sent.about:
            if parent.trace in str(it.headers).lower() or parent.span in str(it.headers).lower():
                text = f"{_told(passage, sent)} goes on with an id of a carrier of which {it.flaw}"
                yield _broken("corrupt_begins_anew", text, sent)


def fresh_spans(passage: Passage) -> Iterator[Violation]:
    """What is sent on has the id of a span of the program: not the caller's, nor another work's."""
    owners: dict[str, Sent] = {}
    for sent in passage.sent:
        parent = sent.means.parent
        if parent is None:
            continue
        for it in passage.incoming:
            if it.means.parent is not None and it.means.parent.span == parent.span:
                text = f"{_told(passage, sent)} has the span id of {it.name} itself, {parent.span}"
                yield _broken("fresh_spans", text, sent)
        owner = owners.setdefault(parent.span, sent)
        if owner.about != sent.about:
            text = f"{_told(passage, sent)} and {_told(passage, owner)} have one span id"
            yield _broken("fresh_spans", f"{text}, {parent.span}", sent)


def baggage_intact(passage: Passage) -> Iterator[Violation]:
    """What came along goes along: every entry, its value and properties, in order."""
    for sent in passage.sent:
        has = list(sent.means.baggage.entries)
        for it in () if sent.together else sent.about:
            left = [entry for entry in it.means.baggage.entries if entry not in has]
            for entry in left:
                now = sent.means.baggage.get(entry.key)
                what = "is not there" if now is None else f"is {now!r}"
                text = f"{entry.key}={entry.value!r} of {it.name} {what} in {_told(passage, sent)}"
                yield _broken("baggage_intact", text, sent)
            places = [has.index(entry) for entry in it.means.baggage.entries if entry in has]
            if any(one > other for one, other in pairwise(places)):
                text = f"the baggage of {it.name} is in another order in {_told(passage, sent)}"
                yield _broken("baggage_intact", text, sent)


def state_kept(passage: Passage) -> Iterator[Violation]:
    """What goes on in the trace of its message has that message's tracestate, in its order."""
    for sent in passage.sent:
        for it in () if sent.together else sent.about:
            came, goes = it.means.parent, sent.means.parent
            if came is None or goes is None or came.trace != goes.trace:
                continue
            members = [one for one in sent.means.state.members if one in it.means.state.members]
            if members != list(it.means.state.members):
                text = f"the tracestate of {it.name} is not that of {_told(passage, sent)}"
                yield _broken("state_kept", text, sent)


def no_leaks(passage: Passage) -> Iterator[Violation]:
    """What is sent on about a message has nothing of another one: no trace, and no baggage."""
    for sent in passage.sent:
        for other in passage.incoming:
            if other in sent.about:
                continue
            for what in _of_another(passage, sent, other):
                text = f"{_told(passage, sent)} has {what} of {other.name}"
                yield _broken("no_leaks", text, sent)


def links_survive(passage: Passage) -> Iterator[Violation]:
    """What is sent on about several messages leads back to each of them."""
    for sent in passage.sent:
        for it in sent.about if sent.together else ():
            if not _leads_to(passage, sent, it):
                text = f"{_told(passage, sent)} does not lead back to {it.name}: no link, no trace"
                yield _broken("links_survive", text, sent)


LAWS: Mapping[str, Callable[[Passage], Iterator[Violation]]] = {
    "nothing_lost": nothing_lost,
    "one_trace": one_trace,
    "corrupt_begins_anew": corrupt_begins_anew,
    "fresh_spans": fresh_spans,
    "baggage_intact": baggage_intact,
    "state_kept": state_kept,
    "no_leaks": no_leaks,
    "links_survive": links_survive,
}
"""Every law of a passage, by name."""


def _of_another(passage: Passage, sent: Sent, other: Incoming) -> Iterator[str]:
    came, goes = other.means.parent, sent.means.parent
    own = {it.means.parent.trace for it in sent.about if it.means.parent is not None}
    if came is not None and goes is not None and came.trace == goes.trace not in own:
        yield f"the trace id {came.trace}"
    elif came is not None and any(
        (came.trace, came.span) == found for found in _links_above(passage, sent)
    ):
        yield "a link to the cause"
    mine = {(entry.key, entry.value) for it in sent.about for entry in it.means.baggage.entries}
    goes_along = {(entry.key, entry.value) for entry in sent.means.baggage.entries}
    for entry in other.means.baggage.entries:  # whatever its properties
        if (entry.key, entry.value) in goes_along - mine:
            yield f"the baggage {entry.key}={entry.value!r}"


def _leads_to(passage: Passage, sent: Sent, it: Incoming) -> bool:
    """Whether what was sent leads back to a message; to one of no cause, whatever does."""
    came, goes = it.means.parent, sent.means.parent
    if came is None:
        return True
    if goes is not None and goes.trace == came.trace:
        return True
    return (came.trace, came.span) in set(_links_above(passage, sent, stop=False))


def _links_above(
    passage: Passage, sent: Sent, *, stop: bool = True
) -> Iterator[tuple[str | None, str]]:
    """Where the links lead of the span that sent it, and of those above it.

    Args:
        passage: What happened.
        sent: What was sent.
        stop: Whether to end with the first span that has links: what is above it is others' too.
    """
    spans: dict[str, Span] = {span.id: span for span in passage.trace}
    parent = sent.means.parent
    at = None if parent is None else spans.get(parent.span)
    while at is not None and not (stop and at.kind is SpanKind.RUN):
        yield from ((link.trace, link.span) for link in at.links)
        if stop and at.links:
            return
        at = None if at.parent is None else spans.get(at.parent)


def _cause(it: Incoming) -> str:
    return "no trace" if it.means.parent is None else f"trace {it.means.parent.trace}"


def _told(passage: Passage, sent: Sent) -> str:
    """A send in words: which one, about what, and which try it was."""
    alike = [it for it in passage.sent if it.about == sent.about]
    tries = f", try {sent.attempt}" if len(alike) > 1 else ""
    about = " and ".join(it.name for it in sent.about) or "nothing"
    return f"what was sent about {about}{tries}"


def _broken(rule: str, text: str, sent: Sent | None = None) -> Violation:
    parent = None if sent is None else sent.means.parent
    return Violation(rule=rule, span="" if parent is None else parent.span, text=text)
