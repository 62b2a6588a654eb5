"""Collaboration: tasks completed, shared knowledge used, conflicts and how they were resolved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Literal

from agenttrace.analysis.graph_shapes import is_write
from agenttrace.analysis.interactions import NOT_RECORDED
from agenttrace.analysis.limits import share_of
from agenttrace.analysis.ranks import Ranks
from agenttrace.analysis.telling import not_recorded, team_failed
from agenttrace.causal.moments import Moments
from agenttrace.check.fitting import place_of
from agenttrace.check.sides import safe
from agenttrace.model import names
from agenttrace.model.amounts import counted
from agenttrace.model.span import OK, UNSET, Span, SpanKind, WireKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agenttrace.analysis.team import Team
    from agenttrace.check.budget import Said

_ANNOUNCED, _REPORTED, _FAILURE = "announcement", "report", "failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Something that was to be done.

    Attributes:
        name: What it is called.
        span: Where it was announced, or the agent's span that took it on.
        completed_by: The span that says that it was done; None: none does.
    """

    name: str
    span: Span
    completed_by: Span | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One value that was written on a board.

    Attributes:
        board: The board.
        key: The key.
        span: The span that wrote it.
        used_by: The reads of it by other agents than its writer.
    """

    board: str
    key: str
    span: Span
    used_by: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """A write that replaced another agent's value, a different one, and could not know of it.

    Attributes:
        board: The board.
        key: The key.
        writes: The two, the replaced one first.
        resolution: The first read of the key that comes after both, in causal order; None: none.
        steps: By how many the longest chain of causes that leads to the resolution is longer than
            the one to the later write; None: it was never resolved.
        resolution_ns: From the later write's end to the resolution; nanoseconds of recorded time.
            None: likewise, or the clocks disagree.
    """

    board: str
    key: str
    writes: tuple[Span, Span]
    resolution: Span | None
    steps: int | None
    resolution_ns: int | None


@dataclass(frozen=True, kw_only=True)
class Collaboration:
    """How a team got on with its work.

    Attributes:
        tasks: What was to be done: the tasks that were announced; of a trace without announcements,
            each agent's span that names a task.
        entries: What was written on boards.
        conflicts: Where writes collided.
        unknown: By attribute, why it is None: `completion`, `utilisation`.
    """

    tasks: tuple[Task, ...]
    entries: tuple[Entry, ...]
    conflicts: tuple[Conflict, ...]
    unknown: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def completion(self) -> float | None:
        """The part of the tasks that were completed, 0 to 1; None: no task is named."""
        done = sum(one.completed_by is not None for one in self.tasks)
        return done / len(self.tasks) if self.tasks else None

    @cached_property
    def utilisation(self) -> float | None:
        """The part of what was written that another agent read, 0 to 1; None: nothing was."""
        used = sum(bool(one.used_by) for one in self.entries)
        return used / len(self.entries) if self.entries else None

    def completes_at_least(self, share: Said) -> Literal[True]:
        """Assert that at least this part of the tasks was completed: `"100%"`, or 0 to 1.

        Raises:
            TeamFailed: Fewer were; the message names the others.
            NotRecorded: The trace names no task.
            UsageError: It is no share.
        """
        least = share_of(share)
        if self.completion is None:
            raise not_recorded("how many tasks were completed", self.unknown["completion"])
        done = sum(one.completed_by is not None for one in self.tasks)
        if done >= least * len(self.tasks):
            return True
        raise team_failed(
            f"{done} of {counted(len(self.tasks), 'task')} completed, "
            f"and at least {least:.1%} is meant",
            "not done",
            (
                f"{safe(one.name)}, {safe(one.span.name)} at {place_of(one.span)}"
                for one in self.tasks
                if one.completed_by is None
            ),
        )

    def uses_at_least(self, share: Said) -> Literal[True]:
        """Assert that others read at least this part of what was written: `"50%"`, or 0 to 1.

        Raises:
            TeamFailed: Less was read; the message names the rest.
            NotRecorded: Nothing was written.
            UsageError: It is no share.
        """
        least = share_of(share)
        if self.utilisation is None:
            raise not_recorded("how much of what was written is used", self.unknown["utilisation"])
        used = sum(bool(one.used_by) for one in self.entries)
        if used >= least * len(self.entries):
            return True
        raise team_failed(
            f"{used} of {counted(len(self.entries), 'entry', 'entries')} used by others, and "
            f"at least {least:.1%} is meant",
            "not used",
            (
                f"{safe(one.board)}[{safe(one.key)}], written at {place_of(one.span)}"
                for one in self.entries
                if not one.used_by
            ),
        )

    def resolves_conflicts(self) -> Literal[True]:
        """Assert that every conflict was resolved: somebody read the key who knew of both writes.

        Raises:
            TeamFailed: One was not; the message names the writes.
            NotRecorded: Nothing was written.
        """
        if not self.entries:
            raise not_recorded("whether conflicts are resolved", self.unknown["utilisation"])
        found = [one for one in self.conflicts if one.resolution is None]
        if not found:
            return True
        raise team_failed(
            f"{len(found)} of {counted(len(self.conflicts), 'conflict')} never resolved",
            "between",
            (
                f"{safe(one.board)}[{safe(one.key)}], written at "
                + "; and at ".join(map(place_of, one.writes))
                for one in found
            ),
        )


def collaboration(team: Team) -> Collaboration:
    """Say how a team got on with its work."""
    tasks = tuple(_announced(team)) or tuple(_taken_on(team))
    entries = tuple(_entries(team))
    unknown: dict[str, str] = {}
    if not tasks:
        unknown["completion"] = f"{NOT_RECORDED}: no task is named"
    if not entries:
        unknown["utilisation"] = f"{NOT_RECORDED}: nothing was written on a board"
    return Collaboration(
        tasks=tasks,
        entries=entries,
        conflicts=tuple(_conflicts(team)) if entries else (),
        unknown=unknown,
    )


def _announced(team: Team) -> Iterator[Task]:
    first: dict[str, Span] = {}
    done: dict[str, Span] = {}
    for span in team.trace.spans:
        task, phase = (
            span.attributes.get(name) for name in (names.DELEGATION_TASK, names.DELEGATION_PHASE)
        )
        if not isinstance(task, str):
            continue
        if phase == _ANNOUNCED:
            first.setdefault(task, span)
        elif phase == _REPORTED and _is_good(span):
            done.setdefault(task, span)
    for name, span in first.items():
        yield Task(name=name, span=span, completed_by=done.get(name))


def _is_good(report: Span) -> bool:
    said = report.attributes.get(names.DELEGATION_OUTCOME)
    return said != _FAILURE and report.status.code in (OK, UNSET)


def _taken_on(team: Team) -> Iterator[Task]:
    for span in team.trace.spans:
        if span.kind is SpanKind.AGENT and span.task is not None:
            is_done = span.status.code == OK or (span.status.code == UNSET and team.trace.complete)
            yield Task(name=span.task, span=span, completed_by=span if is_done else None)


def _entries(team: Team) -> Iterator[Entry]:
    readers: dict[str, list[Span]] = defaultdict(list)
    for span in team.trace.spans:
        if _reads(span):
            for link in span.links:
                if link.trace is None:
                    readers[link.span].append(span)
    for span in team.trace.spans:
        if is_write(span):
            writer = team.doers[span.id]
            others = (one for one in readers[span.id] if team.doers[one.id] != writer)
            yield Entry(board=_board(span), key=_key(span), span=span, used_by=tuple(others))


def _conflicts(team: Team) -> Iterator[Conflict]:
    writes: dict[tuple[str, str], list[Span]] = defaultdict(list)
    reads: dict[tuple[str, str], list[Span]] = defaultdict(list)
    for span in team.trace.spans:
        if is_write(span):
            writes[_board(span), _key(span)].append(span)
        elif _reads(span):
            reads[_board(span), _key(span)].append(span)
    suspects = {
        place: pairs
        for place, row in sorted(writes.items())
        if (pairs := [pair for pair in _replaced(row) if _may_collide(team, *pair)])
    }
    if not suspects:
        return
    ranks = Ranks(team.trace)
    met = {one.id for pairs in suspects.values() for pair in pairs for one in pair}
    known = Moments(team.trace, only=sorted(met))
    for (board, key), pairs in suspects.items():
        readers = sorted(reads[board, key], key=lambda one: (ranks.of(one), one.id))
        for one, two in pairs:
            if not known.is_before(one.id, two.id) and not known.is_before(two.id, one.id):
                found = _resolved(board, key, (one, two), readers, (known, ranks))
                yield found if team.is_timed else replace(found, resolution_ns=None)


def _replaced(row: list[Span]) -> Iterator[tuple[Span, Span]]:
    """Each write of one key with the one that it replaced, which comes first."""
    written: dict[int, list[Span]] = defaultdict(list)
    for one in sorted(row, key=lambda it: it.start_ns):
        version = one.attributes.get(names.MESSAGE_VERSION)
        if isinstance(version, int):
            written[version].append(one)
    for version, before in sorted(written.items()):
        yield from product(before, written.get(version + 1, ()))


def _may_collide(team: Team, one: Span, two: Span) -> bool:
    """Whether they say different things for different agents, and no lane puts them in order."""
    before, after = (it.attributes.get(names.MESSAGE_CONTENT) for it in (one, two))
    is_ordered = bool(team.trace.lanes) and one.lane == two.lane and one.seq != two.seq
    return not is_ordered and team.doers[one.id] != team.doers[two.id] and before != after


def _resolved(
    board: str,
    key: str,
    writes: tuple[Span, Span],
    readers: Sequence[Span],
    order: tuple[Moments, Ranks],
) -> Conflict:
    known, ranks = order
    later = writes[1]
    found = next(
        (one for one in readers if all(known.is_before(it.id, one.id) for it in writes)), None
    )
    took = None if found is None else found.start_ns - later.end_ns
    return Conflict(
        board=board,
        key=key,
        writes=writes,
        resolution=found,
        steps=None if found is None else ranks.of(found) - ranks.of(later),
        resolution_ns=None if took is None or took < 0 else took,
    )


def _reads(span: Span) -> bool:
    is_heard = span.kind is SpanKind.MESSAGE and span.wire_kind is WireKind.CONSUMER
    return is_heard and names.MESSAGE_KEY in span.attributes


def _board(span: Span) -> str:
    return str(span.attributes.get(names.MESSAGE_CHANNEL, ""))


def _key(span: Span) -> str:
    return str(span.attributes.get(names.MESSAGE_KEY, ""))
