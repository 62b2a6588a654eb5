"""Assigning: who was given which task, out of whom and why, and how that ended."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agenttrace.model import names
from agenttrace.model.span import OK, UNSET, Span, SpanKind
from agenttrace.model.values import Value, plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agenttrace.analysis.happenings import Happening
    from agenttrace.analysis.parties import Parties
    from agenttrace.analysis.queues import Queue
    from agenttrace.analysis.team import Team


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One task that was given to one worker.

    Times are nanoseconds of recorded time. What is not recorded is None; `unknown` says why.

    Attributes:
        task: The task.
        worker: Who is to do it; empty: nobody said.
        candidates: Who could have been given it, as `worker` is meant; None: not recorded.
        reason: Why this one; empty: nobody said.
        at_ns: When it was assigned, from the start of the run.
        scheduled_ns: From being put into a queue until it was assigned.
        begun_ns: From being assigned until the worker's agent span for this task began.
        outcome: `success` or `failure`, as the status of that span has it.
        decided: The span inside which it was assigned.
        work: The worker's agent span for this task; None: there is none.
        unknown: By the name of a measure, why it is None.
    """

    task: str
    worker: str
    candidates: tuple[Value, ...] | None
    reason: str
    at_ns: int
    scheduled_ns: int | None
    begun_ns: int | None
    outcome: str | None
    decided: Span
    work: Span | None
    unknown: Mapping[str, str] = field(default_factory=dict)

    @property
    def spans(self) -> tuple[Span, ...]:
        """The spans that tell of it."""
        return (self.decided,) if self.work is None else (self.decided, self.work)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What an orchestration span says was decided.

    Attributes:
        agent: Who decided; None: no agent did.
        pattern: How the team is led: `supervisor`, `swarm`, …
        decision: What was decided, as a person would write it.
        candidates: Who or what could have been chosen; None: not recorded.
        reason: Why; empty: nobody said.
        round: Which round of the team it was; None: not recorded.
        at_ns: When, nanoseconds from the start of the run.
        span: The span.
    """

    agent: str | None
    pattern: str
    decision: Value
    candidates: tuple[Value, ...] | None
    reason: str
    round: int | None
    at_ns: int
    span: Span


def assignments_of(
    team: Team, parties: Parties, told: Iterable[Happening], queues: Iterable[Queue]
) -> tuple[Assignment, ...]:
    """Put assignments together: the nth of a task belongs to the nth time that it was put in.

    Args:
        team: The team.
        parties: Its parties.
        told: The events `assigned`, by time.
        queues: The queues of the run.
    """
    put: dict[str, list[int]] = defaultdict(list)
    for queue in queues:
        for item in queue.items:
            if item.enqueued_ns is not None:
                put[item.task].append(item.enqueued_ns)
    waiting = {task: iter(sorted(instants)) for task, instants in put.items()}
    works: dict[tuple[str, str], list[Span]] = defaultdict(list)
    for span in team.trace.spans:
        if span.kind is SpanKind.AGENT and span.task is not None:
            works[parties.of(span) or "", span.task].append(span)
    begun = {key: iter(sorted(some, key=_start)) for key, some in works.items()}
    found = []
    for one in told:
        task = one.text(names.QUEUE_TASK)
        worker = parties.meant(one.event.attributes.get(names.QUEUE_WORKER)) or ""
        since_ns = next(waiting.get(task, iter(())), None)
        work = next(begun.get((worker, task), iter(())), None)
        candidates = _meant(parties, _several(one.said(names.ORCHESTRATION_CANDIDATES)))
        found.append(_assignment(one, worker, candidates, since_ns, work, timed=team.is_timed))
    return tuple(found)


def _meant(parties: Parties, some: tuple[Value, ...] | None) -> tuple[Value, ...] | None:
    """The parties that candidates name; what is no name stays as it is."""
    if some is None:
        return None
    return tuple((parties.meant(one) or one) if isinstance(one, str) else one for one in some)


_OUTCOMES = {OK: "success", UNSET: None}
"""What the status of a worker's span says; any other code is a failure."""
_SKEWED = "the clocks of both ends disagree"


def _assignment(
    one: Happening,
    worker: str,
    candidates: tuple[Value, ...] | None,
    since_ns: int | None,
    work: Span | None,
    *,
    timed: bool,
) -> Assignment:
    task = one.text(names.QUEUE_TASK)
    scheduled_ns = _took(since_ns, one.at_ns) if timed else None
    begun_ns = _took(one.at_ns, work.start_ns) if timed and work is not None else None
    untold = _SKEWED if timed else "the trace has no times"
    outcome = None if work is None else _OUTCOMES.get(work.status.code, "failure")
    no_work = f"no agent span of {worker or 'the worker'} has the task {task!r}"
    why = {
        "scheduled_ns": (
            scheduled_ns,
            "no event `enqueued` of it" if since_ns is None else untold,
        ),
        "begun_ns": (begun_ns, no_work if work is None else untold),
        "candidates": (candidates, "the event does not say"),
        "outcome": (outcome, no_work if work is None else "the status of its span is not set"),
    }
    return Assignment(
        task=task,
        worker=worker,
        candidates=candidates,
        reason=one.text(names.ORCHESTRATION_REASON),
        at_ns=one.at_ns,
        scheduled_ns=scheduled_ns,
        begun_ns=begun_ns,
        outcome=outcome,
        decided=one.span,
        work=work,
        unknown={
            name: f"not recorded: {said}" for name, (value, said) in why.items() if value is None
        },
    )


def decisions_of(team: Team, parties: Parties) -> tuple[Decision, ...]:
    """What orchestration spans say was decided, by time."""
    found = [
        Decision(
            agent=parties.of(span),
            pattern=str(plain(span.attributes.get(names.ORCHESTRATION_PATTERN, ""))),
            decision=plain(span.attributes[names.ORCHESTRATION_DECISION]),
            candidates=_several(plain(span.attributes.get(names.ORCHESTRATION_CANDIDATES))),
            reason=str(plain(span.attributes.get(names.ORCHESTRATION_REASON, ""))),
            round=_number(span.attributes.get(names.ORCHESTRATION_ROUND)),
            at_ns=span.start_ns,
            span=span,
        )
        for span in team.trace.spans
        if names.ORCHESTRATION_DECISION in span.attributes
    ]
    return tuple(sorted(found, key=lambda one: one.at_ns))


def _took(begun_ns: int | None, ended_ns: int | None) -> int | None:
    if begun_ns is None or ended_ns is None or ended_ns < begun_ns:
        return None
    return ended_ns - begun_ns


def _several(said: Value) -> tuple[Value, ...] | None:
    if isinstance(said, dict):  # a set
        said = said.get("items")
    return None if said is None else tuple(said) if isinstance(said, list) else (said,)


def _number(said: Value) -> int | None:
    return said if isinstance(said, int) and not isinstance(said, bool) else None


def _start(span: Span) -> int:
    return span.start_ns
