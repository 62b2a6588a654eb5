"""Evidence: what shows that a span went wrong, or did less well than it did otherwise.

A status alone says little: agents catch errors, and tools tell of theirs in what they give back. So
results, events, failed tries and repeated questions are read as well, each by a fixed rule, and
each is shown. The rules are listed in `docs/reference/cascades.md`.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agenttrace.analysis.costs import is_cost
from agenttrace.check.sides import cut, shown, spoken
from agenttrace.model import amounts, names
from agenttrace.model.span import OK, UNSET, Event, Span, SpanKind
from agenttrace.model.values import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from agenttrace.analysis.team import Team
    from agenttrace.model.call import Answer
    from agenttrace.model.values import Value

ERRORS = ("status", "exception", "cut", "event", "swallowed", "result")
"""What shows an error."""

DEGRADATIONS = ("retried", "repeated", "slow")
"""What shows that something did less well than it did otherwise."""

REPEATS = 3
"""Which asking of one question by one agent is the first that counts as repeated."""

SLOWER = 3
"""How many times as long as the median of its like a call takes that is slow."""

LIKE = 5
"""How many others of its like a call needs, for there to be a baseline."""

_WELL = (OK, UNSET, "")
_EVENTS = ("error", "exception")
_TOLD = (SpanKind.TOOL, SpanKind.RETRIEVAL)
_SAYS = ("error", "errors", "exception")
_YES = ("isError", "is_error")
_NO = ("ok", "success")
_FAILED = ("error", "failed", "failure")
_BEGINS = ("error:", "exception:")
_TRACEBACK = "Traceback (most recent call last)"
_HINTS = (b"error", b"exception", b"fail", b"ok", b"success", b"traceback")
_WIDTH = 120


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that shows it.

    Attributes:
        kind: One of `ERRORS` or `DEGRADATIONS`.
        said: In words, what was found.
    """

    kind: str
    said: str

    @property
    def is_error(self) -> bool:
        """Whether it shows an error, and not a degradation."""
        return self.kind in ERRORS

    def __str__(self) -> str:
        """Give it as a person reads it: `result: error: no such order`."""
        return f"{self.kind}: {self.said}"


def evidence(team: Team, *, timed: bool) -> dict[str, tuple[Evidence, ...]]:
    """Find what shows that spans went wrong.

    Args:
        team: Who did what.
        timed: Whether durations mean anything; in virtual time they do not.

    Returns:
        By the id of each span of which something was found, in the trace's order.
    """
    found: dict[str, list[Evidence]] = defaultdict(list)
    for span in team.trace.spans:
        if span.answers or span.events or span.status.code not in _WELL:
            for one in (*_errors(span), *_tries(span)):
                found[span.id].append(one)
    for span, one in (*_repeated(team), *(_slow(team) if timed else ())):
        found[span.id].append(one)
    return {span.id: tuple(found[span.id]) for span in team.trace.spans if span.id in found}


# -- errors ---------------------------------------------------------------------------------
def _errors(span: Span) -> Iterator[Evidence]:
    failed = span.status.code not in _WELL
    if failed:
        yield Evidence("status", _short(" ".join(filter(None, _status(span)))))
    answer = span.answer
    if answer is not None and answer.failure is not None:
        yield Evidence("exception", _short(f"{answer.failure.type}: {answer.failure.message}"))
    elif answer is not None and answer.end == "cut":
        yield Evidence("cut", "its answer was broken off")
    elif answer is not None and span.kind in _TOLD:
        for chunk in answer.chunks:
            said = chunk.data.lower()
            if any(hint in said for hint in _HINTS):
                yield from _result(spoken(span.kind, chunk.data))
    for event in span.events:
        if event.name in _EVENTS:
            yield Evidence("event" if failed else "swallowed", _short(_event(event)))


def _status(span: Span) -> tuple[str, str]:
    return span.status.code, span.status.message


def _event(event: Event) -> str:
    told = [event.attributes.get(n) for n in (names.EXCEPTION_TYPE, names.EXCEPTION_MESSAGE)]
    return ": ".join(str(plain(one)) for one in told if one) or event.name


def _result(value: Value) -> Iterator[Evidence]:
    """What a tool says of an error of its own, in what it gives back."""
    if isinstance(value, str):
        text = value.lstrip()
        if text.lower().startswith(_BEGINS) or _TRACEBACK in text:
            yield Evidence("result", _short(text))
        return
    if not isinstance(value, dict):
        return
    told = next(
        (
            name
            for name, at in value.items()
            if (name in _SAYS and at)
            or (name in _YES and at is True)
            or (name in _NO and at is False)
            or (name == "status" and isinstance(at, str) and at.lower() in _FAILED)
        ),
        None,
    )
    if told is not None:
        yield Evidence("result", _short(f"{told}: {shown(plain(value[told]))}"))


# -- degradations ---------------------------------------------------------------------------
def _tries(span: Span) -> Iterator[Evidence]:
    failed = [why for one in span.answers if (why := _broke(one))]
    if failed and not _broke(span.answers[-1]):
        yield Evidence(
            "retried",
            _short(f"{amounts.counted(len(failed), 'try', 'tries')} failed before, by {failed[0]}"),
        )


def _broke(tried: Answer) -> str:
    """By what a try failed; empty: it did not."""
    if tried.failure is not None:
        return tried.failure.type
    return "an answer that was broken off" if tried.end == "cut" else ""


def _repeated(team: Team) -> Iterator[tuple[Span, Evidence]]:
    for asked in askings(team, team.trace.spans).values():
        for nth, span in enumerate(asked[REPEATS - 1 :], REPEATS):
            yield span, Evidence("repeated", f"the same question for time {nth} of {len(asked)}")


def is_asked(span: Span) -> bool:
    """Whether somebody was asked something, also where nobody tells what."""
    return span.is_call or is_cost(span)


def askings(
    team: Team, spans: Iterable[Span]
) -> Mapping[tuple[str | None, str, str, bytes], list[Span]]:
    """Spans that asked, by who asked which question; each in the trace's order.

    Of a question that was cut or hidden nobody knows whether it is another one's equal.
    """
    found: dict[tuple[str | None, str, str, bytes], list[Span]] = defaultdict(list)
    for span in spans:
        if span.is_call and span.is_whole("question"):
            found[team.doers[span.id], span.kind, span.operation, span.digest].append(span)
    return found


def _slow(team: Team) -> Iterator[tuple[Span, Evidence]]:
    like: dict[tuple[str | None, str, str], list[Span]] = defaultdict(list)
    for span in team.trace.spans:
        if is_asked(span):
            like[team.doers[span.id], span.kind, span.operation].append(span)
    for group in like.values():
        if len(group) <= LIKE:
            continue
        usual = statistics.median_low(span.end_ns - span.start_ns for span in group)
        for span in group:
            took = span.end_ns - span.start_ns
            if usual and took > SLOWER * usual:
                yield (
                    span,
                    Evidence(
                        "slow",
                        f"{amounts.duration(took)}, and {amounts.duration(usual)} is usual for it",
                    ),
                )


def _short(text: str) -> str:
    return cut(text.replace("\n", " "), _WIDTH)
