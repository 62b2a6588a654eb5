"""Loops, livelocks and starvation again, from the words of `docs/reference/teams.md`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple, TypeAlias, TypeVar

from agenttrace.model import names
from agenttrace.model.span import Span
from agenttrace.model.state import StateSnapshot
from agenttrace.model.trace import Trace
from agenttrace.model.values import digest
from tests.oracles.interactions import doer

SAYS = (names.MESSAGE_CONTENT, names.MESSAGE_KEY, names.MESSAGE_VERSION)
LONGEST = 8
"""The longest period that is looked for."""

Equal: TypeAlias = Callable[[Trace, Span, Span], bool]
"""Whether two steps are the same."""

Thing = TypeVar("Thing")


class Found(NamedTuple):
    """A loop: what it is called, whose it is, and its steps."""

    rule: str
    period: int
    times: int
    agents: tuple[str, ...]
    spans: tuple[str, ...]


def steps(trace: Trace) -> list[Span]:
    """Every call, and every message of which it is known what it says, by time."""
    found = [span for span in trace.spans if span.is_call or says(span) is not None]
    return sorted(found, key=lambda span: span.start_ns)


def says(span: Span) -> bytes | None:
    """What a message says; of a board, of which entry; None: nobody knows."""
    told = [span.attributes.get(name) for name in SAYS]
    known = span.kind == "message" and any(one is not None for one in told)
    return digest(told) if known else None


def by(trace: Trace, span: Span) -> str:
    """Whose step it is; empty: no agent's."""
    return doer(trace, span) or ""


def asked(span: Span) -> object:
    """What a step asks of whom; a message says it."""
    return (span.kind, span.operation or span.name, says(span) or span.digest)


def same(trace: Trace, one: Span, two: Span) -> bool:
    """Whether two steps ask the same of the same."""
    if not (is_known(trace, one) and is_known(trace, two)) and one.id != two.id:
        return False
    return by(trace, one) == by(trace, two) and asked(one) == asked(two)


def is_known(trace: Trace, step: Span) -> bool:
    """Whether all of what it asked is in the trace; a log's model calls are asked what is new."""
    cut = step.fidelity.get("question", "present") != "present"
    return not cut or (step.kind == "llm" and len(trace.lanes) > 0)


def alike(trace: Trace, one: Span, two: Span) -> bool:
    """Whether two steps ask the same and came back alike, and it is known."""
    if not same(trace, one, two) or is_bad(one) != is_bad(two):
        return False
    if one.kind == "message":
        return True
    if not one.answers or not two.answers:
        return False
    if {"present"} != {it.fidelity.get("answer", "present") for it in (one, two)}:
        return False
    return one.answers[-1].digest == two.answers[-1].digest


def both_failed(trace: Trace, one: Span, two: Span) -> bool:
    """Whether two steps ask the same and ended in errors, whatever these are."""
    return same(trace, one, two) and is_bad(one) and is_bad(two)


def is_bad(span: Span) -> bool:
    """Whether a step ended in an error."""
    return span.status.code not in ("OK", "UNSET")


def stretches(
    trace: Trace, row: Sequence[Span], equal: Equal, longest: int
) -> list[tuple[int, int, int]]:
    """Period, begin and end of each longest stretch that equals itself some steps on."""
    return stretches_of(row, lambda one, two: equal(trace, one, two), longest)


def stretches_of(
    row: Sequence[Thing], equal: Callable[[Thing, Thing], bool], longest: int
) -> list[tuple[int, int, int]]:
    """The same of a row of anything."""
    found: list[tuple[int, int, int]] = []
    for period in range(1, longest + 1):
        match = [equal(a, b) for a, b in zip(row, row[period:], strict=False)]
        begin = 0
        while begin < len(match):
            end = begin
            while end < len(match) and match[end]:
                end += 1
            stretch = (period, begin, end + period)
            if end - begin >= period and not any(
                b <= stretch[1] and stretch[2] <= e for _, b, e in found
            ):
                found.append(stretch)
            begin = end + 1
    return found


def rule(row: Sequence[Span], period: int, times: int) -> str | None:
    """What a stretch of equal steps is called; None: it is too short to be a loop."""
    if period == 1 and row[0].wire_kind == "producer":
        return "monologue" if times >= 3 else None
    if period == 1:
        return "repeats" if times >= 4 else None
    if times < 3:
        return None
    return "alternates" if period == 2 else "cycles"


def loops(trace: Trace) -> set[Found]:
    """Of each agent alone, and of several in the steps of all."""
    whole = steps(trace)
    found = set()
    for who in {by(trace, span) for span in whole}:
        found |= _in(trace, [span for span in whole if by(trace, span) == who], alone=True)
    return found | _in(trace, whole, alone=False)


def _in(trace: Trace, row: Sequence[Span], *, alone: bool) -> set[Found]:
    told = [
        (rule(row[begin:end], period, (end - begin) // period), period, begin, end)
        for period, begin, end in stretches(trace, row, alike, LONGEST)
    ]
    told += [
        ("fails", 1, begin, end)
        for _, begin, end in stretches(trace, row, both_failed, 1)
        if end - begin >= 3 and not any(name and b <= begin and end <= e for name, _, b, e in told)
    ]
    found = set()
    for called, period, begin, end in told:
        its = row[begin:end]
        agents = tuple(sorted({by(trace, span) for span in its}))
        if called is not None and (len(agents) == 1) is alone:
            ids = tuple(span.id for span in its)
            found.add(Found(called, period, len(its) // period, agents, ids))
    return found


def at_end(trace: Trace, loop: Found) -> bool:
    """Whether its agents did nothing after it."""
    own = [span for span in steps(trace) if by(trace, span) in loop.agents]
    return own[-1].id == loop.spans[-1]


def progress(trace: Trace, loop: Found) -> bool | None:
    """Whether a state was another one when the row began again; None: none was kept."""
    spans = {span.id: span for span in trace.spans}
    whole = [spans[one] for one in loop.spans]
    known = []
    for place in {(by(trace, span), span.lane) for span in whole}:
        shots = [one for one in trace.snapshots if (one.agent, one.lane) == place]
        begins = [
            min(span.seq for span in row if (by(trace, span), span.lane) == place)
            for n in range(0, len(whole), loop.period)
            if (row := whole[n : n + loop.period])
            if any((by(trace, span), span.lane) == place for span in row)
        ]
        states = [[one for one in shots if one.seq < begin][-1:] for begin in begins]
        if any(states):
            known.append(any(_unlike(a, b) for a, b in pairwise(states)))
    return any(known) if known else None


def _unlike(one: list[StateSnapshot], two: list[StateSnapshot]) -> bool:
    """Whether the latest states of two moments differ in what they hold."""
    return [_held(it) for it in one] != [_held(it) for it in two]


def _held(shot: StateSnapshot) -> StateSnapshot:
    return replace(shot, position=(), seq=0, span=None)


def starved(items: Sequence[tuple[str, int | None, int | None, int]]) -> list[tuple[str, int]]:
    """Of tasks with when they were put in, taken out, and by how many overtaken: who starves."""
    return [
        (task, overtaken)
        for task, put_in, taken_out, overtaken in items
        if put_in is not None and taken_out is None and overtaken > 0
    ]
