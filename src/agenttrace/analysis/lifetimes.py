"""Lifetimes: what each agent's time was spent on: reasoning, tools, waiting for others, nothing.

Each instant counts once, so the four sum to the agent's lifetime. Times are recorded ones.
"""

from __future__ import annotations

import bisect
import heapq
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

from agenttrace.analysis.interactions import NOT_RECORDED, unmarked
from agenttrace.analysis.limits import share_of
from agenttrace.analysis.team import ByAgent
from agenttrace.analysis.telling import not_recorded, team_failed
from agenttrace.check.sides import safe
from agenttrace.model import amounts, names
from agenttrace.model.span import Span, SpanKind, WireKind
from agenttrace.model.usage import TIME_CATEGORIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from agenttrace.analysis.critical_path import CriticalPath, Section
    from agenttrace.analysis.team import Team
    from agenttrace.check.budget import Said

_REASONING, _TOOL, _WAITING, _IDLE = TIME_CATEGORIES
_TOOLS = (SpanKind.TOOL, SpanKind.RETRIEVAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Time by what it was spent on, in nanoseconds.

    Attributes:
        reasoning_ns: A model of the agent's own is asked.
        tool_ns: Else, a tool of its own runs.
        waiting_ns: Else, another agent acts inside what it does, or it waits for a message.
        idle_ns: Else: its own computing, and nothing.
    """

    reasoning_ns: int = 0
    tool_ns: int = 0
    waiting_ns: int = 0
    idle_ns: int = 0

    @property
    def total_ns(self) -> int:
        """All four together."""
        return self.reasoning_ns + self.tool_ns + self.waiting_ns + self.idle_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetime:
    """One agent's time.

    Attributes:
        agent: Its id.
        start_ns: When the first thing that it did began, nanoseconds from the start of the run;
            None: it is only told of, and did nothing that was recorded.
        end_ns: When the last thing that it did ended; between two turns it lives, too.
        split: What all of it was spent on; None: it did nothing, or the trace has no times.
        on_path: What its part of the critical path was spent on; None: likewise.
        notes: What the split does not know, in words.
        spans: What the agent did.
        unknown: By attribute, why it is None.
    """

    agent: str
    start_ns: int | None
    end_ns: int | None
    split: Split | None
    on_path: Split | None
    notes: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()
    unknown: Mapping[str, str] = field(default_factory=dict)

    @property
    def duration_ns(self) -> int | None:
        """How long it lived, in nanoseconds; None: it did nothing, or the trace has no times."""
        return None if self.split is None else self.split.total_ns

    def waits_at_most(self, share: Said) -> Literal[True]:
        """Assert that it waits for others at most this share of its life: `"50%"`, or 0 to 1.

        Raises:
            TeamFailed: It waits longer; the message says what else its time was spent on.
            NotRecorded: It did nothing, or the trace has no times.
            UsageError: It is no share.
        """
        most = share_of(share)
        if self.split is None:
            raise not_recorded(f"how long {safe(self.agent)} waits", self.unknown["split"])
        waits, lives = Decimal(self.split.waiting_ns), self.split.total_ns
        if waits <= most * lives:
            return True
        raise team_failed(
            f"{safe(self.agent)} waits {waits / lives:.1%} of its life, and at most "
            f"{most:.1%} is meant",
            "spent on",
            (
                f"{name}: {amounts.duration(getattr(self.split, f'{name}_ns'))}"
                for name in TIME_CATEGORIES
            ),
        )


class _Stretch(NamedTuple):
    start: int
    end: int
    rank: int


_RANKS = (_REASONING, _TOOL, _WAITING, _TOOL, _IDLE)
"""What counts first: a model; a tool in which nobody else acts; another agent; a tool around it."""


class Lifetimes(ByAgent[Lifetime]):
    """By agent id, sorted; a name, or wildcards, give the one agent that they mean."""


def lifetimes(team: Team, path: CriticalPath) -> Lifetimes:
    """What each agent's time was spent on, by id, sorted.

    Args:
        team: The agents.
        path: The trace's critical path.
    """
    timed = any(span.end_ns > span.start_ns for span in team.trace.spans)
    stretches = _stretches(team) if timed else {}
    sections = {one.agent: one.sections for one in path.agents}
    queued = _queued(team)
    found = {}
    for agent, spans in team.spans_of.items():
        if not spans:
            found[agent] = _unlived(agent, _NOTHING_DONE, None, None)
            continue
        start = min(span.start_ns for span in spans)
        end = max(span.end_ns for span in spans)
        if not timed:
            found[agent] = _unlived(agent, _NO_TIMES, start, end, spans)
            continue
        line = _timeline(start, end, stretches.get(agent, ()))
        found[agent] = Lifetime(
            agent=agent,
            start_ns=start,
            end_ns=end,
            split=_split(line),
            on_path=_split(_within(line, sections.get(agent, ()))),
            notes=tuple(_notes(queued.get(agent, 0))),
            spans=spans,
        )
    return Lifetimes(found, team, "a lifetime")


def _unlived(
    agent: str, why: str, start: int | None, end: int | None, spans: tuple[Span, ...] = ()
) -> Lifetime:
    """Of an agent of whose time nothing can be said."""
    return Lifetime(
        agent=agent,
        start_ns=start,
        end_ns=end,
        split=None,
        on_path=None,
        spans=spans,
        unknown=dict.fromkeys(("split", "on_path"), why),
    )


_OF_BOARDS = ("blackboard", "stigmergy")
"""The links of those who read what was left for anybody: they do not wait for it."""

_NO_TIMES = f"{NOT_RECORDED}: the trace has no times"
_NOTHING_DONE = f"{NOT_RECORDED}: it did nothing"


def _notes(queued: int) -> Iterator[str]:
    if queued:
        receives = f"{queued} of its receives {amounts.verb(queued)} a queue's"
        yield f"{receives}, which keeps no times: that wait is idle"


def _queued(team: Team) -> dict[str, int]:
    """By agent, how many messages it got from queues alone."""
    found: dict[str, int] = defaultdict(int)
    for _, effect, *_ in unmarked(team):
        doer = None if effect is None else team.doers[effect.id]
        if doer is not None:
            found[doer] += 1
    return found


# -- what an agent does when ------------------------------------------------------------------
def _stretches(team: Team) -> dict[str, list[_Stretch]]:
    around_others = _around_others(team)
    found: dict[str, list[_Stretch]] = defaultdict(list)
    for span in team.trace.spans:
        doer = team.doers[span.id]
        if doer is not None and span.kind is SpanKind.LLM:
            found[doer].append(_Stretch(span.start_ns, span.end_ns, 0))
        elif doer is not None and span.kind in _TOOLS:
            found[doer].append(
                _Stretch(span.start_ns, span.end_ns, 3 if span.id in around_others else 1)
            )
        around = None if span.parent is None else team.by_id.get(span.parent)
        host = None if around is None else team.doers[around.id]
        if host is not None and host != doer:
            found[host].append(_Stretch(span.start_ns, span.end_ns, 2))
    for agent, wait in _waits(team):
        found[agent].append(wait)
    return found


def _around_others(team: Team) -> frozenset[str]:
    """The spans inside which another agent acts than the one whose they are."""
    found: set[str] = set()
    for span in reversed(team.downwards):
        doer = team.doers[span.id]
        is_around = any(
            team.doers[one.id] != doer or one.id in found for one in team.children.get(span.id, ())
        )
        if is_around:
            found.add(span.id)
    return frozenset(found)


def _waits(team: Team) -> Iterator[tuple[str, _Stretch]]:
    """From the last thing that was done beside a receive to the receive, if it was sent later."""
    ends: dict[tuple[str | None, object], list[tuple[int, str]]] = {}
    for span in team.trace.spans:
        doer = team.doers[span.id]
        sent = max((at for who, at in _sent(team, span) if who != doer), default=None)
        if sent is None or doer is None:
            continue
        key = (span.parent, span.lane)
        if key not in ends:
            beside = team.children.get(span.parent or "", ())
            ends[key] = sorted((one.end_ns, one.id) for one in beside if one.lane == span.lane)
        around = None if span.parent is None else team.by_id.get(span.parent)
        since = _last_before(ends[key], span, around)
        if since is not None and since < sent and since < span.start_ns:
            yield doer, _Stretch(since, span.start_ns, 2)


def _sent(team: Team, span: Span) -> Iterator[tuple[str, int]]:
    """Who sent what a receive received, and when; nothing, where it is none, or of a board."""
    if span.kind is not SpanKind.MESSAGE or span.wire_kind is not WireKind.CONSUMER:
        return
    if names.MESSAGE_KEY in span.attributes:
        return
    for link in span.links:
        sent = team.by_id.get(link.span) if link.trace is None else None
        if sent is None or link.relationship in _OF_BOARDS:
            continue
        doer = team.doers[sent.id]
        if doer is not None:
            yield doer, sent.end_ns


def _last_before(ends: Sequence[tuple[int, str]], span: Span, around: Span | None) -> int | None:
    place = bisect.bisect_right(ends, span.start_ns, key=lambda one: one[0]) - 1
    while place >= 0 and ends[place][1] == span.id:
        place -= 1
    known = [ends[place][0]] if place >= 0 else []
    known += [around.start_ns] if around is not None else []
    return max(known, default=None)


# -- each instant once ------------------------------------------------------------------------
def _timeline(start: int, end: int, stretches: Iterable[_Stretch]) -> list[_Stretch]:
    """Contiguous stretches from start to end; at each instant, what counts first."""
    inside = sorted(
        _Stretch(max(one.start, start), min(one.end, end), one.rank)
        for one in stretches
        if one.start < end and one.end > start and one.start < one.end
    )
    bounds = sorted({start, end, *(it for one in inside for it in one[:2])})
    found: list[_Stretch] = []
    running: list[tuple[int, int]] = []
    ahead = iter(inside)
    following = next(ahead, None)
    for left, right in pairwise(bounds):
        while following is not None and following.start <= left:
            heapq.heappush(running, (following.rank, following.end))
            following = next(ahead, None)
        while running and running[0][1] <= left:
            heapq.heappop(running)
        found.append(_Stretch(left, right, running[0][0] if running else len(_RANKS) - 1))
    return found


def _within(line: Sequence[_Stretch], sections: Iterable[Section]) -> Iterator[_Stretch]:
    """The parts of a timeline that lie in sections, both in order."""
    place = 0
    for section in sections:
        start, end = section.start_ns, section.end_ns
        while place < len(line) and line[place].end <= start:
            place += 1
        at = place
        while at < len(line) and line[at].start < end:
            one = line[at]
            yield _Stretch(max(one.start, start), min(one.end, end), one.rank)
            at += 1


def _split(line: Iterable[_Stretch]) -> Split:
    found = dict.fromkeys(TIME_CATEGORIES, 0)
    for one in line:
        found[_RANKS[one.rank]] += one.end - one.start
    return Split(**{f"{name}_ns": ns for name, ns in found.items()})
