"""Dialogue: the steps by which one task was placed, put together from the spans that tell of them.

What follows from what is told by links, then by the task's name: a step without a link belongs to
the last announcement of its task that is not later. Of one instant, which in a replay may be the
whole run, a lane's own order tells what is later. No step is left out, whatever is missing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING

from agenttrace.model import names
from agenttrace.model.span import OK, UNSET, Span, SpanKind
from agenttrace.model.values import TYPE, plain

if TYPE_CHECKING:
    from agenttrace.analysis.parties import Parties
    from agenttrace.analysis.team import Team
    from agenttrace.model.lane import Position
    from agenttrace.model.values import Value

PHASES = ("announcement", "bid", "refusal", "award", "rejection", "execution", "report", "cancel")
CONTRACT_NET, HANDOFF = "contract-net", "handoff"
"""How a task was placed: announced to bidders; or given to one agent who was not asked."""
BACK = ("announced_by", "bid_by", "awarded_by", "executed_by")
"""What the links from a step to the one that it follows are called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One step of a dialogue.

    Attributes:
        phase: One of `PHASES`.
        party: The bidder whom it is about: who bids, refuses, works or reports, or whom an award or
            a rejection answers; where nobody is named, who took the step. Empty: no agent did.
        span: The span that tells of it.
        at_ns: When it began, nanoseconds from the start of the run.
        end_ns: When it ended.
        bid: What was bid, as code said it: a number, a `Decimal`, a mapping; None: nothing was.
        outcome: Of a report: `done`, `result`, `failure`; None: it does not say.
        follows: The ids of the steps that it was linked to.
    """

    phase: str
    party: str
    span: Span
    at_ns: int
    end_ns: int
    bid: object = None
    outcome: str | None = None
    follows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialogue:
    """How one task was placed, once.

    Attributes:
        task: The task.
        kind: `contract-net`, or `handoff`.
        manager: Who placed it; None: no agent did.
        acts: The steps, by time; those of one instant in the order of `PHASES`.
    """

    task: str
    kind: str
    manager: str | None
    acts: tuple[Act, ...]

    @property
    def spans(self) -> tuple[Span, ...]:
        """The spans of the steps, each once."""
        return tuple({act.span.id: act.span for act in self.acts}.values())

    def all(self, phase: str) -> tuple[Act, ...]:
        """The steps of one phase."""
        return tuple(act for act in self.acts if act.phase == phase)

    def first(self, phase: str) -> Act | None:
        """The first step of a phase; None: there is none."""
        return next((act for act in self.acts if act.phase == phase), None)

    def last(self, phase: str) -> dict[str, Act]:
        """By bidder, the last step of a phase that is about him."""
        return {act.party: act for act in self.acts if act.phase == phase}


def dialogues(team: Team, parties: Parties) -> tuple[Dialogue, ...]:
    """Put together how each task was placed: what was said of it, and the handoffs."""
    by_task: dict[str, list[Act]] = defaultdict(list)
    for span in team.trace.spans:
        if names.DELEGATION_PHASE in span.attributes:
            by_task[_text(span.attributes.get(names.DELEGATION_TASK))].append(_act(span, parties))
    found = [
        _dialogue(task, acts, parties)
        for task, said in by_task.items()
        for acts in _rounds(sorted(said, key=_place))
    ]
    found += [
        _handoff(span, source, parties)
        for span in team.trace.spans
        if span.links and names.DELEGATION_PHASE not in span.attributes
        for source in _handing(span, team)
    ]
    return tuple(sorted(found, key=lambda one: one.acts[0].at_ns))


def _handing(span: Span, team: Team) -> Iterable[Span | None]:
    """The spans that handed over to one, each once; None: such a one is not in the trace."""
    return {
        (link.trace, link.span): team.by_id.get(link.span) if link.trace is None else None
        for link in span.links
        if link.relationship == HANDOFF
    }.values()


def _place(act: Act) -> tuple[int, int]:
    """By time; what happened at one instant, as it does in a replay, in the order of the phases."""
    return act.at_ns, PHASES.index(act.phase) if act.phase in PHASES else len(PHASES)


def _act(span: Span, parties: Parties) -> Act:
    phase = _text(span.attributes[names.DELEGATION_PHASE])
    said = None if phase == "announcement" else span.attributes.get(names.DELEGATION_BIDDER)
    outcome = span.attributes.get(names.DELEGATION_OUTCOME)
    return Act(
        phase=phase,
        party=parties.meant(said) or parties.of(span) or "",
        span=span,
        at_ns=span.start_ns,
        end_ns=span.end_ns,
        bid=as_said(span.attributes.get(names.DELEGATION_BID)),
        outcome=None if outcome is None else _text(outcome),
        follows=tuple(
            one.span for one in span.links if one.relationship in BACK and one.trace is None
        ),
    )


def _rounds(acts: list[Act]) -> list[list[Act]]:
    """The steps of one task, parted by its announcements."""
    by_id = {act.span.id: act for act in acts}
    latest = _latest(acts)
    round_of = {
        act.span.id: latest[act.span.id]
        for act in acts
        if act.phase == "announcement" or by_id.keys().isdisjoint(act.follows)
    }
    found: list[list[Act]] = [[] for _ in range(max(latest.values(), default=0) + 1)]
    for act in acts:
        known = _linked_round(act, by_id, round_of)
        if known is not None:
            round_of[act.span.id] = known
        found[latest[act.span.id] if known is None else known].append(act)
    return [one for one in found if one]


def _latest(acts: list[Act]) -> dict[str, int]:
    """By step, the number of the last announcement that is not later, from 1 on; 0: there is none.

    Of one instant, what comes later in the step's own lane is later, and nothing in another one.
    """
    found: dict[str, int] = {}
    number = 0
    for _, together in groupby(acts, key=lambda act: act.at_ns):
        once, before = list(together), number
        lasts: dict[Position, int] = {}
        for act in once:
            if act.phase == "announcement":
                number += 1
                found[act.span.id] = lasts[act.span.lane] = number
        *_, second, last = sorted((before, before, *lasts.values()))
        own: dict[Position, int] = {}
        for act in sorted(once, key=lambda act: act.span.seq):
            lane = act.span.lane
            if act.phase == "announcement":
                own[lane] = max(found[act.span.id], own.get(lane, 0))
                continue
            elsewhere = second if lasts.get(lane) == last else last
            found[act.span.id] = max(elsewhere, own.get(lane, before))
    return found


def _linked_round(act: Act, by_id: Mapping[str, Act], round_of: Mapping[str, int]) -> int | None:
    """The round of a step that does not follow another one, however many steps back that is."""
    seen: set[str] = set()
    ahead = [act.span.id]
    while ahead:
        at = ahead.pop()
        if at in round_of:
            return round_of[at]
        if at in by_id and at not in seen:
            seen.add(at)
            ahead.extend(by_id[at].follows)
    return None


def _dialogue(task: str, acts: list[Act], parties: Parties) -> Dialogue:
    asked = any(act.phase in ("announcement", "bid", "refusal", "rejection") for act in acts)
    awarded = {act.party for act in acts if act.phase == "award"}
    first = next(
        (act for act in acts if act.phase in ("announcement", "award", "rejection", "cancel")), None
    )
    return Dialogue(
        task=task,
        kind=CONTRACT_NET if asked or len(awarded) != 1 else HANDOFF,
        manager=None if first is None else parties.of(first.span),
        acts=tuple(acts),
    )


def _handoff(span: Span, source: Span | None, parties: Parties) -> Dialogue:
    """An agent that another one handed over to: the award, the work, and how it ended."""
    party = parties.of(span) or ""
    acts = [
        Act(phase="execution", party=party, span=span, at_ns=span.start_ns, end_ns=span.end_ns),
        Act(
            phase="report",
            party=party,
            span=span,
            at_ns=span.end_ns,
            end_ns=span.end_ns,
            outcome={OK: "done", UNSET: None}.get(span.status.code, "failure"),
        ),
    ]
    if source is not None:
        # Where the agent that hands over lasts on, it has done so when the other one begins.
        at_ns = min(source.end_ns, span.start_ns)
        award = Act(phase="award", party=party, span=source, at_ns=at_ns, end_ns=at_ns)
        acts.insert(0, award)
    return Dialogue(
        task=span.task or (span.name if span.kind is SpanKind.AGENT else party),
        kind=HANDOFF,
        manager=None if source is None else parties.of(source),
        acts=tuple(acts),
    )


def as_said(value: Value) -> object:
    """A value of an attribute as code said it: a `Decimal` is one again."""
    if isinstance(value, dict) and value.get(TYPE) == "decimal":
        return Decimal(str(value["text"]))
    return plain(value)


def _text(value: Value) -> str:
    said = plain(value)
    return said if isinstance(said, str) else "" if said is None else str(said)
