"""Loops: the same steps again and again, by one agent or by several in turn.

A step is a call or a message: what was asked, and what came back. The named cases are those of
OpenHands' stuck detector (`openhands/controller/stuck.py`); what has a longer period is `cycles`.
Answers are looked at only where questions repeat.
"""

from __future__ import annotations

import bisect
import operator
import re
from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from typing import TYPE_CHECKING, NamedTuple

from agenttrace.check.content import state_of
from agenttrace.model import names
from agenttrace.model.span import OK, UNSET, Span, SpanKind, WireKind
from agenttrace.model.values import canonical, digest, pack

if TYPE_CHECKING:
    from agenttrace.analysis.parties import Parties
    from agenttrace.analysis.team import Team
    from agenttrace.model.call import Answer
    from agenttrace.model.lane import Position
    from agenttrace.model.trace import Trace

RULES = {
    "repeats": "4 or more times the same step with the same result",
    "fails": "3 or more times the same step, and each time an error",
    "monologue": "3 or more times the same message, and nothing heard between",
    "alternates": "two steps in turn, with the same results, 3 or more times",
    "cycles": "a longer row of steps, with the same results, 3 or more times",
}
"""Each sort of loop."""

LONGEST = 8
"""The longest row of steps that is looked for again."""
_REPEATS, _TIMES, _PAIR = 4, 3, 2
_SAYS = (names.MESSAGE_CONTENT, names.MESSAGE_KEY, names.MESSAGE_VERSION)
"""What a message says; on a board, of which entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """A row of steps that came again and again.

    Attributes:
        rule: One of `RULES`.
        agents: Whose steps they are, sorted.
        period: How many steps the row has.
        times: How often it came, whole.
        at_end: Whether it was the last that these agents did.
        progress: Whether a state that one of them keeps was another one when the row began again;
            None: no state was kept there.
        spans: The steps.
    """

    rule: str
    agents: tuple[str, ...]
    period: int
    times: int
    at_end: bool
    progress: bool | None
    spans: tuple[Span, ...]


class _Run(NamedTuple):
    """A stretch of a sequence that repeats: its period, and its first and past-the-last place."""

    period: int
    begin: int
    end: int


def loops_of(team: Team, parties: Parties) -> tuple[Loop, ...]:
    """Find loops: of each agent by itself, then of several in turn; by where they begin."""
    by_agent: dict[str, list[Span]] = defaultdict(list)
    for span in sorted(filter(_is_step, team.trace.spans), key=lambda one: one.start_ns):
        by_agent[parties.of(span) or ""].append(span)
    states, steps = _States(team.trace, parties), _Steps(team.trace, parties)
    found = [
        _loop(rule, run, spans, parties, states)
        for spans in by_agent.values()
        for rule, run in _loops(spans, steps)
    ]
    if len(by_agent) > 1:
        together = sorted((one for some in by_agent.values() for one in some), key=_start)
        of_several = (
            _loop(rule, run, together, parties, states)
            for rule, run in _loops(together, steps)
            if run.period > 1  # one step is one agent's
        )
        found += [one for one in of_several if len(one.agents) > 1]
    return tuple(sorted(found, key=lambda one: one.spans[0].start_ns))


def _is_step(span: Span) -> bool:
    """Whether it is a call, or a message of which it is known what it says."""
    if span.kind is not SpanKind.MESSAGE:
        return span.is_call
    return span.is_call or any(span.attributes.get(name) is not None for name in _SAYS)


def _loops(spans: Sequence[Span], steps: _Steps) -> Iterator[tuple[str, _Run]]:
    rows = list(_runs([steps.asked(span) for span in spans]))
    repeated = {place for run in rows for place in range(run.begin, run.end)}
    results: list[Hashable] = [
        steps.answered(span) if place in repeated else (place,) for place, span in enumerate(spans)
    ]
    told = [0] * (len(spans) + 1)  # by place, where the last loop ends that begins there
    for run in _runs(results):
        times = (run.end - run.begin) // run.period
        if run.period == 1 and _is_said(spans[run.begin]):
            continue
        if times >= (_REPEATS if run.period == 1 else _TIMES):
            rule = {1: "repeats", _PAIR: "alternates"}.get(run.period, "cycles")
            told[run.begin] = max(told[run.begin], run.end)
            yield rule, run
    told = list(accumulate(told, max))
    for rule, run in (case for row in rows if row.period == 1 for case in _cases(row, spans)):
        if run.end - run.begin >= _TIMES and told[run.begin] < run.end:
            yield rule, run


def _cases(run: _Run, spans: Sequence[Span]) -> Iterator[tuple[str, _Run]]:
    """The named cases of one step again and again, whatever came back."""
    places = range(run.begin, run.end)
    for failed, group in groupby(places, lambda n: spans[n].status.code not in (OK, UNSET)):
        own = list(group)
        if failed:
            yield "fails", _Run(1, own[0], own[-1] + 1)
    if all(_is_said(spans[place]) for place in places):
        yield "monologue", run


def _is_said(span: Span) -> bool:
    return span.kind is SpanKind.MESSAGE and span.wire_kind is WireKind.PRODUCER


class _Steps:
    """Steps by number, each worked out once: equal ones have equal numbers."""

    def __init__(self, trace: Trace, parties: Parties) -> None:
        self._parties = parties
        self._is_log = bool(trace.lanes)
        self._numbers: dict[Hashable, int] = {}
        self._asked: dict[str, int] = {}
        self._answered: dict[str, int] = {}
        self._digests: dict[bytes, bytes] = {}

    def asked(self, span: Span) -> int:
        """What was asked, by whom; of a message, what it says."""
        number = self._asked.get(span.id)
        if number is None:
            said: object = span.digest if self._is_known(span) else span.id
            if span.kind is SpanKind.MESSAGE and not span.digest:
                said = digest([span.attributes.get(name) for name in _SAYS])
            step = (self._parties.of(span), span.kind, span.operation or span.name, said)
            number = self._asked[span.id] = self._number(step)
        return number

    def answered(self, span: Span) -> int:
        """The same, with what came back, and how it ended.

        Of a call whose answer is not known, or only a part of it, nothing else is it.
        """
        number = self._answered.get(span.id)
        if number is None:
            answer, code = span.answer, span.status.code
            said: bytes | str | None = None
            if answer is not None and span.is_whole("answer"):
                said = self._digest(answer)
            elif answer is not None or (span.is_call and code in (OK, UNSET)):
                said = span.id
            number = self._answered[span.id] = self._number((self.asked(span), code, said))
        return number

    def _is_known(self, span: Span) -> bool:
        """Whether all of what was asked is known; of a log, what is new: the rest stands before."""
        return span.is_whole("question") or (self._is_log and span.kind is SpanKind.LLM)

    def _digest(self, answer: Answer) -> bytes:
        """An answer's digest; of those that are spelled alike, as in a loop, worked out once."""
        spelled = pack(answer.content)
        if spelled not in self._digests:
            self._digests[spelled] = answer.digest
        return self._digests[spelled]

    def _number(self, step: Hashable) -> int:
        return self._numbers.setdefault(step, len(self._numbers))


def _runs(keys: Sequence[Hashable]) -> Iterator[_Run]:
    """The longest stretches that repeat with a period, twice or more, the shortest period first.

    One that lies inside a stretch of a shorter period is that one again.
    """
    reach = [0] * (len(keys) + 1)  # by place, where the last stretch ends that begins by then
    for period in range(1, min(LONGEST, len(keys) // 2) + 1):
        found = [pair for pair in _stretches(keys, period) if reach[pair[0]] < pair[1]]
        for begin, end in found:
            yield _Run(period, begin, end)
            reach[begin] = max(reach[begin], end)
        reach = list(accumulate(reach, max)) if found else reach


def _stretches(keys: Sequence[Hashable], period: int) -> Iterator[tuple[int, int]]:
    again = bytes(map(operator.eq, keys[period:], keys))
    for found in re.finditer(rb"\x01{%d,}" % period, again):
        yield found.start(), found.end() + period


def _loop(rule: str, run: _Run, spans: Sequence[Span], parties: Parties, states: _States) -> Loop:
    steps = spans[run.begin : run.end]
    rows = [steps[at : at + run.period] for at in range(0, len(steps), run.period)]
    return Loop(
        rule=rule,
        agents=tuple(sorted({parties.of(one) or "" for one in steps[: run.period]})),
        period=run.period,
        times=len(steps) // run.period,
        at_end=run.end == len(spans),
        progress=states.changed(rows),
        spans=tuple(steps),
    )


class _States:
    """What agents had kept of their states, step by step."""

    def __init__(self, trace: Trace, parties: Parties) -> None:
        self._parties = parties
        self._shots: Mapping[tuple[str | None, Position], list[tuple[int, bytes]]] = defaultdict(
            list
        )
        for shot in trace.snapshots:
            where = parties.meant(shot.agent), shot.lane
            self._shots[where].append((shot.seq, digest(canonical(state_of(shot)))))

    def changed(self, rows: Sequence[Sequence[Span]]) -> bool | None:
        """Whether a state was another one when a later row began; None: none was kept there."""
        if not self._shots:
            return None
        vectors = [self._vector(row) for row in rows]
        if all(state is None for vector in vectors for state in vector.values()):
            return None
        return any(vector[who] != vectors[0][who] for vector in vectors for who in vector)

    def _vector(self, row: Sequence[Span]) -> dict[str | None, bytes | None]:
        """By agent, what it had kept before its first step of a row."""
        found: dict[str | None, bytes | None] = {}
        for span in row:
            agent = self._parties.of(span)
            if agent not in found:
                kept = self._shots.get((agent, span.lane), [])
                place = bisect.bisect_left(kept, span.seq, key=lambda one: one[0])
                found[agent] = kept[place - 1][1] if place else None
        return found


def _start(span: Span) -> int:
    return span.start_ns
