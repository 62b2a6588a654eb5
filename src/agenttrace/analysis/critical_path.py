"""Critical path: the steps that a run's duration is made of; each instant belongs to one span.

The rule is that of Jaeger's page (jaeger-ui, `CriticalPath`), and of "CRISP: Critical Path Analysis
of Large-Scale Microservice Architectures" (USENIX ATC 2022), with an answer where theirs has none:
where instants are equal, or zero. Walking back from the end of a span, its
last-ending child is followed from that child's end to its begin, and so on from there; what no
child covers is the span's own. Children are first cut to the span that they stand inside, and
messages, which nobody waits for, are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

from agenttrace.analysis.limits import nanoseconds_of, share_of
from agenttrace.analysis.team import Team
from agenttrace.analysis.telling import not_recorded, team_failed
from agenttrace.check.fitting import place_of
from agenttrace.check.sides import safe
from agenttrace.model.amounts import beyond, counted, duration
from agenttrace.model.span import Span, WireKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from agenttrace.check.budget import Said
    from agenttrace.model.trace import Trace

_NS_A_S = 1_000_000_000

NOT_WAITED_FOR = (WireKind.PRODUCER, WireKind.CONSUMER)
"""What a span is that its parent does not wait for, nor for what is inside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A stretch of time in which one span kept the run from ending.

    Attributes:
        span: The span.
        agent: The agent that did it; None: nobody.
        start_ns: When the stretch begins, nanoseconds from the start of the run.
        end_ns: When it ends; always later.
    """

    span: Span
    agent: str | None
    start_ns: int
    end_ns: int

    @property
    def duration_ns(self) -> int:
        """How long it is, in nanoseconds."""
        return self.end_ns - self.start_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class OnPath:
    """One agent's part of the critical path.

    Attributes:
        agent: Its id; None: what no agent did.
        path_ns: How long the path was its, in nanoseconds.
        share: The same as a part of the whole, 0 to 1.
        sections: The stretches, in order.
    """

    agent: str | None
    path_ns: int
    share: float
    sections: tuple[Section, ...]


@dataclass(frozen=True, kw_only=True)
class CriticalPath:
    """What kept a run from ending sooner.

    Attributes:
        root: The span whose duration is explained; None: the trace has no spans.
        sections: Contiguous and disjoint, in order of time; together they last as long as `root`.
        drag_ns: By the id of a span on the path: by how much sooner what it stands inside would
            have ended without it, if nothing else changed; at most its own duration.
        unknown: By attribute, why something is not known.
        team: The agents.
    """

    root: Span | None
    sections: tuple[Section, ...] = ()
    drag_ns: Mapping[str, int] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)
    team: Team = field(repr=False, compare=False)

    @property
    def duration_ns(self) -> int | None:
        """How long the root took, in nanoseconds; the sections together. None: it has no times."""
        return sum(section.duration_ns for section in self.sections) or None

    @cached_property
    def exclusive_ns(self) -> Mapping[str, int]:
        """By the id of a span, how long the path was its own, in nanoseconds."""
        found: dict[str, int] = {}
        for section in self.sections:
            found[section.span.id] = found.get(section.span.id, 0) + section.duration_ns
        return found

    @cached_property
    def agents(self) -> tuple[OnPath, ...]:
        """Whose the path was, the longest part first: the first is the bottleneck."""
        parts: dict[str | None, list[Section]] = {}
        for section in self.sections:
            parts.setdefault(section.agent, []).append(section)
        whole = self.duration_ns or 1
        found = (
            OnPath(
                agent=agent,
                path_ns=(ns := sum(one.duration_ns for one in sections)),
                share=ns / whole,
                sections=tuple(sections),
            )
            for agent, sections in parts.items()
        )
        return tuple(sorted(found, key=lambda one: (-one.path_ns, one.agent or "")))

    # -- what a test says of it ---------------------------------------------------------------
    def takes_at_most(self, limit: Said) -> Literal[True]:
        """Assert that the path is no longer than so many seconds, or `"300ms"`, of recorded time.

        Raises:
            TeamFailed: It is; the message says whose it was.
            NotRecorded: The trace has no times.
            UsageError: It is no length of time.
        """
        most_ns = nanoseconds_of(limit)
        self._needs_times("how long the critical path is")
        took_ns = self.duration_ns or 0
        if took_ns <= most_ns:
            return True
        raise team_failed(
            f"the critical path takes {beyond(took_ns, most_ns)} of recorded time, and at "
            f"most {duration(most_ns)} is meant",
            "spent by",
            map(_line, self.agents),
        )

    def bottleneck_is(self, agent: str) -> Literal[True]:
        """Assert that no agent has a longer part of the path than this one.

        Args:
            agent: Its id or name; wildcards.

        Raises:
            TeamFailed: Another one has; the message lists the parts.
            NothingSelected: No agent is called so.
            NotRecorded: The trace has no times.
        """
        meant = self.team.meant(agent)
        self._needs_times("whose the critical path is")
        row = [one for one in self.agents if one.agent is not None]
        if any(one.agent in meant and one.path_ns == row[0].path_ns for one in row):
            return True
        raise team_failed(
            f"the bottleneck is not {safe(agent)}", "spent by", map(_line, self.agents)
        )

    def is_at_most(self, agent: str, share: Said) -> Literal[True]:
        """Assert that an agent has at most this share of the path: `is_at_most("critic", "30%")`.

        Args:
            agent: Its id or name; wildcards mean all of them together.
            share: A number from 0 to 1, or percent.

        Raises:
            TeamFailed: It has more; the message lists its stretches.
            NothingSelected: No agent is called so.
            NotRecorded: The trace has no times.
            UsageError: It is no share.
        """
        most = share_of(share)
        meant = self.team.meant(agent)
        self._needs_times("whose the critical path is")
        own = [one for one in self.sections if one.agent in meant]
        part = Decimal(sum(one.duration_ns for one in own)) / (self.duration_ns or 1)
        if part <= most:
            return True
        own.sort(key=lambda one: -one.duration_ns)
        raise team_failed(
            f"{safe(agent)} has {part:.1%} of the critical path, and at most {most:.1%} is meant",
            "of",
            (
                f"{duration(one.duration_ns)}  {safe(one.span.name)} at {place_of(one.span)}"
                for one in own
            ),
        )

    def _needs_times(self, what: str) -> None:
        if not self.sections:
            raise not_recorded(what, "; ".join(self.unknown.values()))


def _line(one: OnPath) -> str:
    return f"{safe(one.agent or 'nobody')}: {duration(one.path_ns)}, {one.share:.1%}"


class _Cut(NamedTuple):
    """A span as it is once it was cut to what it stands inside."""

    span: Span
    start: int
    end: int
    place: int


def critical_path(
    trace: Trace, root: Span | None = None, *, team: Team | None = None
) -> CriticalPath:
    """Find what kept a run, or one span of it, from ending sooner.

    Args:
        trace: The trace.
        root: The span whose duration is to be explained; by default the run's own. Of a trace with
            several roots, the longest.
        team: The trace's team, where it is known already.

    Returns:
        The path, of recorded time.
    """
    team = Team(trace) if team is None else team
    top = _root(team) if root is None else root
    if top is None:
        return CriticalPath(root=None, unknown={"root": "the trace has no spans"}, team=team)
    indices = {span.id: number for number, span in enumerate(trace.spans)}
    walk = _Walk(team, indices)
    sections = [
        Section(span=span, agent=team.doers[span.id], start_ns=start, end_ns=end)
        for span, start, end in walk.back_from(_Cut(top, top.start_ns, top.end_ns, 0))
        if start < end
    ]
    return CriticalPath(
        root=top,
        sections=tuple(reversed(sections)),
        drag_ns=walk.drag if sections else {},
        unknown=dict(_unknown(team, top, root)),
        team=team,
    )


def _root(team: Team) -> Span | None:
    tops = [one for one in team.downwards if one.parent is None or one.parent not in team.by_id]
    return max(tops, key=lambda one: one.end_ns - one.start_ns, default=None)


def _unknown(team: Team, top: Span, asked: Span | None) -> Iterator[tuple[str, str]]:
    if top.end_ns == top.start_ns:
        yield "sections", "not recorded: the root has no duration"
    others = sum(one.parent is None or one.parent not in team.by_id for one in team.downwards) - 1
    if asked is None and others:
        beside = counted(others, "more root or orphan stands", "more roots and orphans stand")
        yield "root", f"{beside} beside it; the longest was taken"


class _Walk:
    """One walk back from the end of a span; every span is met at most once.

    Attributes:
        drag: By the id of a span that was met, its drag.
    """

    def __init__(self, team: Team, indices: Mapping[str, int]) -> None:
        self._team = team
        self._indices = indices
        self.drag: dict[str, int] = {}

    def back_from(self, top: _Cut) -> Iterator[tuple[Span, int, int]]:
        """The stretches, the last one first; empty ones among them."""
        self.drag[top.span.id] = top.end - top.start
        ahead = [(top, iter(self._children(top)), top.end)]
        while ahead:
            at, rest, cursor = ahead.pop()
            for child, drag in rest:
                if child.end > cursor:
                    continue
                self.drag[child.span.id] = drag
                yield at.span, child.end, cursor
                if inside := self._children(child):
                    ahead.append((at, rest, child.start))
                    ahead.append((child, iter(inside), child.end))
                    break
                yield child.span, child.start, child.end
                cursor = child.start
            else:
                yield at.span, at.start, cursor

    def _children(self, around: _Cut) -> list[tuple[_Cut, int]]:
        """What is waited for in a span, the last to end first, each with its drag."""
        if around.span.id not in self._team.children:
            return []
        inside = sorted(
            _cut(self._waited_for(around.span), around, self._indices),
            key=lambda one: (-one.end, one.start, one.place),
        )
        ends = [one.end for one in inside[1:]]
        drags = [
            min(one.end - one.start, one.end - end) for one, end in zip(inside, ends, strict=False)
        ]
        drags += [one.end - one.start for one in inside[-1:]]
        return list(zip(inside, drags, strict=True))

    def _waited_for(self, span: Span) -> Iterable[Span]:
        inside = self._team.children.get(span.id, ())
        return (one for one in inside if one.wire_kind not in NOT_WAITED_FOR)


def _cut(spans: Iterable[Span], around: _Cut, indices: Mapping[str, int]) -> Iterator[_Cut]:
    """The spans as far as they lie inside another; what lies outside is left out."""
    for span in spans:
        if span.start_ns < around.end and span.end_ns > around.start:
            start, end = max(span.start_ns, around.start), min(span.end_ns, around.end)
            yield _Cut(span, start, end, indices[span.id])
