"""Cascades again, from the words of `docs/reference/cascades.md` alone, and by trying all."""

from __future__ import annotations

from itertools import combinations, pairwise, takewhile
from typing import TypeAlias

from agenttrace.model.call import Answer
from agenttrace.model.span import Span
from agenttrace.model.trace import Trace
from agenttrace.model.values import unpack
from tests.oracles.interactions import doer

Row: TypeAlias = tuple[str, ...]
"""Failures by id, each before the next; from an origin on."""

ERRORS = ("status", "exception", "cut", "event", "swallowed", "result")


def evidence(trace: Trace, *, timed: bool = True) -> dict[str, list[str]]:
    """By id of each span that failed, what shows it, in the order of the page's tables."""
    found = {}
    for span in trace.spans:
        kinds = [*_errors(span), *_degradations(trace, span, timed=timed)]
        if kinds:
            found[span.id] = kinds
    return found


def _errors(span: Span) -> list[str]:
    last = span.answers[-1] if span.answers else Answer()
    is_bad = span.status.code not in ("OK", "UNSET")
    told = any(event.name in ("error", "exception") for event in span.events)
    holds = {
        "status": is_bad,
        "exception": last.failure is not None,
        "cut": last.end == "cut",
        "event": told and is_bad,
        "swallowed": told and not is_bad,
        "result": span.kind in ("tool", "retrieval") and _says_error(last),
    }
    return [kind for kind, shows in holds.items() if shows]


def _says_error(answer: Answer) -> bool:
    """Whether what a tool gave back tells of an error, by the page's words."""
    if not answer.body:
        return False
    said = unpack(answer.body)
    if isinstance(said, str):
        begins = said.strip().lower().startswith(("error:", "exception:"))
        return begins or "Traceback (most recent call last):" in said
    if not isinstance(said, dict):
        return False
    return (
        any(said.get(name) for name in ("error", "errors", "exception"))
        or any(said.get(name) is True for name in ("isError", "is_error"))
        or any(said.get(name) is False for name in ("ok", "success"))
        or str(said.get("status")).lower() in ("error", "failed", "failure")
    )


def _degradations(trace: Trace, span: Span, *, timed: bool) -> list[str]:
    tries = [_failed(one) for one in span.answers]
    holds = {
        "retried": any(tries[:-1]) and not tries[-1],
        "repeated": _is_known(span) and _askings(trace, span).index(span) >= 2,
        "slow": timed and _uses(span) and _is_slow(trace, span),
    }
    return [kind for kind, shows in holds.items() if shows]


def _failed(answer: Answer) -> bool:
    """Whether one try failed."""
    return answer.failure is not None or answer.end == "cut"


def _askings(trace: Trace, span: Span) -> list[Span]:
    """All that ask what a call asks, of the same, by the same agent."""
    return [
        one for one in trace.spans if _is_known(one) and _asked(trace, one) == _asked(trace, span)
    ]


def _is_known(call: Span) -> bool:
    """Whether it is a call of which all that it asked is known."""
    return call.is_call and call.fidelity.get("question", "present") == "present"


def _asked(trace: Trace, call: Span) -> tuple[object, ...]:
    return (doer(trace, call), call.kind, call.operation, call.digest)


def _uses(span: Span) -> bool:
    """Whether it is a call, also one of which nobody knows what was asked."""
    return span.is_call or span.kind in ("llm", "tool", "retrieval")


def _is_slow(trace: Trace, span: Span) -> bool:
    like = [
        one.end_ns - one.start_ns
        for one in trace.spans
        if _uses(one)
        and (one.kind, one.operation) == (span.kind, span.operation)
        and doer(trace, one) == doer(trace, span)
    ]
    usual = sorted(like)[(len(like) - 1) // 2]
    return len(like) >= 6 and 0 < 3 * usual < span.end_ns - span.start_ns


def rows(failed: list[str], before: set[tuple[str, str]]) -> dict[str, Row]:
    """By failure, the longest row that ends in it; the first in the trace of equally long ones."""
    earlier = {one: [other for other in failed if (other, one) in before] for one in failed}
    found: dict[str, Row] = {}

    def row(one: str) -> Row:
        if one not in found:
            longest = max((row(other) for other in earlier[one]), key=len, default=())
            found[one] = (*longest, one)
        return found[one]

    return {one: row(one) for one in failed}


def harmed(trace: Trace, mine: list[Row], shown: dict[str, list[str]]) -> list[str]:
    """Of the rows of one origin: the errors that its agent did not make, and those of a run."""
    spans = {span.id: span for span in trace.spans}
    culprit = doer(trace, spans[mine[0][0]])
    return [
        row[-1]
        for row in mine
        if {*ERRORS} & {*shown[row[-1]]}
        and (spans[row[-1]].parent is None or doer(trace, spans[row[-1]]) != culprit)
    ]


def agents(trace: Trace, mine: list[Row]) -> set[str]:
    """Of the rows of one origin: whose failures there are, but for its own agent's."""
    spans = {span.id: span for span in trace.spans}
    who = [doer(trace, spans[row[-1]]) for row in mine]
    return {str(one) for one in who if one not in (None, doer(trace, spans[mine[0][0]]))}


def smallest_cut(mine: list[Row], hurt: list[str]) -> set[tuple[str, str]]:
    """Every set of steps is tried: the fewest, of these the nearest to the origin.

    No step spares what the origin itself harmed.
    """
    steps = {(row[-2], row[-1]): len(row) for row in mine if len(row) > 1}
    within = {row[-1]: {*pairwise(row)} for row in mine}
    spared = [within[one] for one in hurt if within[one]]
    every = (cut for size in range(len(steps) + 1) for cut in combinations(steps, size))
    enough = (cut for cut in every if all(ways & {*cut} for ways in spared))
    fewest = next(enough)
    rest = takewhile(lambda cut: len(cut) == len(fewest), enough)
    return {*min([fewest, *rest], key=lambda cut: sum(steps[step] for step in cut))}


def amplification(trace: Trace) -> float | None:
    """Of the questions that failed at least once: all tries, divided by the questions."""
    asked: dict[tuple[object, ...], list[Span]] = {}
    for span in trace.spans:
        if _is_known(span):
            asked.setdefault(_asked(trace, span), []).append(span)
    of = [
        calls
        for calls in asked.values()
        if any(_errors(call) or any(map(_failed, call.answers)) for call in calls)
    ]
    tries = sum(max(1, len(call.answers)) for calls in of for call in calls)
    return tries / len(of) if of else None
