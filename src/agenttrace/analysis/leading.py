"""Leading: what it took to lead a team: time of one's own, usage, breaking a goal into tasks."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agenttrace.model import names
from agenttrace.model.span import Span, SpanKind
from agenttrace.model.usage import Usage, total
from agenttrace.model.values import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from agenttrace.analysis.happenings import Happening
    from agenttrace.analysis.parties import Parties
    from agenttrace.analysis.team import Team

_LEADS = ("announcement", "award", "rejection", "cancel")
"""The phases of a delegation that are its manager's."""
_USES = (SpanKind.LLM, SpanKind.TOOL, SpanKind.RETRIEVAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leader:
    """One agent that leads others.

    Attributes:
        agent: Its id or name.
        lifetime_ns: The time in which any of its spans lasts, in nanoseconds of recorded time;
            None: the trace has no times.
        own_ns: The part of it in which one of its spans lasts and nothing does inside that span:
            what it does not spend on waiting for what it started; None likewise.
        usage: What its own calls used; None: none of them says.
        spans: Its spans, in the trace's order.
    """

    agent: str
    lifetime_ns: int | None
    own_ns: int | None
    usage: Usage | None
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decomposition:
    """How one agent broke a goal up into tasks.

    Attributes:
        agent: Its id or name.
        goal: What it was asked to do; None: nobody said.
        tasks: What it put into queues, announced or assigned to others, each once, by time.
        took_ns: From the beginning of its agent span until the last of them was first named; in
            nanoseconds of recorded time, None where the clocks disagree, or there are none.
        span: Its agent span.
    """

    agent: str
    goal: str | None
    tasks: tuple[str, ...]
    took_ns: int | None
    span: Span


def leaders_of(team: Team, parties: Parties, told: Iterable[Happening]) -> tuple[Leader, ...]:
    """Find who leads: by an orchestration span, or by what it puts in, announces or assigns."""
    found = {one.party for one in told if _is_leading(one, parties)}
    for span in team.trace.spans:
        phase = span.attributes.get(names.DELEGATION_PHASE)
        if phase in _LEADS or (span.kind is SpanKind.ORCHESTRATION and phase is None):
            found.add(parties.of(span))
    spans: dict[str, list[Span]] = defaultdict(list)
    for span in team.trace.spans if found else ():
        party = parties.of(span)
        if party is not None and party in found:
            spans[party].append(span)
    return tuple(_leader(team, agent, spans[agent]) for agent in sorted(spans))


def _is_leading(one: Happening, parties: Parties) -> bool:
    if one.event.name == "assigned":
        return parties.meant(one.event.attributes.get(names.QUEUE_WORKER)) != one.party
    return one.event.name == "enqueued"


def _leader(team: Team, agent: str, spans: Sequence[Span]) -> Leader:
    used = [span.usage for span in spans if span.kind in _USES and span.usage is not None]
    timed = team.is_timed
    own = [stretch for span in spans for stretch in _alone(span, team.children.get(span.id, ()))]
    return Leader(
        agent=agent,
        lifetime_ns=_covered((span.start_ns, span.end_ns) for span in spans) if timed else None,
        own_ns=_covered(own) if timed else None,
        usage=total(used) if used else None,
        spans=tuple(spans),
    )


def _alone(span: Span, inside: Iterable[Span]) -> Iterator[tuple[int, int]]:
    """The stretches of a span in which nothing lasts inside it."""
    at_ns = span.start_ns
    for child in sorted(inside, key=lambda one: one.start_ns):
        if child.start_ns > at_ns:
            yield at_ns, min(child.start_ns, span.end_ns)
        at_ns = max(at_ns, child.end_ns)
    yield at_ns, span.end_ns


def _covered(stretches: Iterable[tuple[int, int]]) -> int:
    """How long any of some stretches lasts."""
    covered_ns, until_ns = 0, None
    for begin, end in sorted(stretches):
        begun = begin if until_ns is None else max(begin, until_ns)
        if end > begun:
            covered_ns += end - begun
            until_ns = end
    return covered_ns


def decompositions_of(
    team: Team, parties: Parties, told: Iterable[Happening]
) -> tuple[Decomposition, ...]:
    """Find how long it took to break goals up, by when the agents that did so began."""
    named = [
        (one.at_ns, one.text(names.QUEUE_TASK), one.span)
        for one in told
        if _is_leading(one, parties)
    ]
    named += [
        (span.start_ns, str(plain(span.attributes.get(names.DELEGATION_TASK, ""))), span)
        for span in team.trace.spans
        if span.attributes.get(names.DELEGATION_PHASE) == "announcement"
    ]
    around = _agent_spans(team) if named else {}
    firsts: dict[str, dict[str, int]] = defaultdict(dict)
    for at_ns, task, span in sorted(named, key=lambda one: one[0]):
        leader = around.get(span.id)
        if leader is not None:
            firsts[leader.id].setdefault(task, at_ns)
    found = [_decomposition(parties, team.by_id[one], tasks) for one, tasks in firsts.items()]
    known = found if team.is_timed else [replace(one, took_ns=None) for one in found]
    return tuple(sorted(known, key=lambda one: one.span.start_ns))


def _agent_spans(team: Team) -> dict[str, Span | None]:
    """By a span's id, the agent span around it, itself included; None: there is none."""
    found: dict[str, Span | None] = {}
    for span in team.downwards:
        around = None if span.parent is None else found.get(span.parent)
        found[span.id] = span if span.kind is SpanKind.AGENT else around
    return found


def _decomposition(parties: Parties, span: Span, tasks: dict[str, int]) -> Decomposition:
    took_ns = max(tasks.values()) - span.start_ns
    return Decomposition(
        agent=parties.of(span) or "",
        goal=span.task,
        tasks=tuple(tasks),
        took_ns=took_ns if took_ns >= 0 else None,
        span=span,
    )
