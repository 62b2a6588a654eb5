"""Delegation: how tasks were placed with agents, step by step, and what that took.

The life cycle is that of the contract net ("FIPA Contract Net Interaction Protocol Specification",
SC00029H): announcement (cfp), bid (propose) or refusal, award (accept-proposal) or rejection,
execution, report (inform or failure), cancel. A handoff is the case of one bidder who was not
asked. Each measure is defined, with numbers worked out by hand, in `docs/reference/teams.md`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from agenttrace.analysis.conformance import Violation, violations_of
from agenttrace.analysis.dialogue import HANDOFF, Act, Dialogue, dialogues
from agenttrace.analysis.parties import Parties
from agenttrace.analysis.team import Team
from agenttrace.analysis.telling_teams import broken, nothing
from agenttrace.check import given
from agenttrace.errors import DelegationBroken
from agenttrace.model.amounts import counted, times

if TYPE_CHECKING:
    from collections.abc import Callable

    from agenttrace.model.trace import Trace

Cost: TypeAlias = "Callable[[Any], int | float | Decimal | None]"
"""What a bid would cost, in any one unit; None: it does not say."""

_OUTCOMES = {"done": "success", "result": "success", "failure": "failure"}
"""What FIPA's `inform-done`, `inform-result` and `failure` come to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """One task that was placed once: an announcement and all that followed from it.

    Times are nanoseconds of recorded time. What the trace does not hold is None, and `unknown` says
    why.

    Attributes:
        dialogue: Its steps, each with its span.
        announced_ns: When the task was announced, from the start of the run.
        award_latency_ns: From the announcement to the first award.
        bid_to_award_ns: From the last bid of who got the first award, to that award.
        aggregated_ns: From the announcement (of a handoff: the award) until the last report was
            in; None unless every award was reported on.
        outcome: `failure` where a report says so; `success` where every award was reported on as
            done.
        unknown: By the name of a measure, why it is None.
    """

    dialogue: Dialogue
    announced_ns: int | None
    award_latency_ns: int | None
    bid_to_award_ns: int | None
    aggregated_ns: int | None
    outcome: str | None
    unknown: Mapping[str, str] = field(default_factory=dict)

    @property
    def task(self) -> str:
        """What was placed."""
        return self.dialogue.task

    @property
    def manager(self) -> str | None:
        """Who placed it: an agent's id or name; None: no agent did."""
        return self.dialogue.manager

    @property
    def is_handoff(self) -> bool:
        """Whether it went to one agent without being announced."""
        return self.dialogue.kind == HANDOFF

    @property
    def bids(self) -> tuple[Act, ...]:
        """The bids, by time."""
        return self.dialogue.all("bid")

    @property
    def refusals(self) -> tuple[Act, ...]:
        """The refusals, by time."""
        return self.dialogue.all("refusal")

    @property
    def awarded(self) -> tuple[str, ...]:
        """Whom it was awarded to, by time."""
        return tuple(act.party for act in self.dialogue.all("award"))

    def regret(self, cost: Cost | None = None) -> Decimal | None:
        """What the award cost more than the best bid would have: cost(awarded) - min cost(bids).

        Args:
            cost: What a bid would cost; by default the bid itself, which must be a number.

        Returns:
            In the unit of the bids, never below 0; of several awarded bids, the sum. Of each bidder
            the last bid counts. None: nothing was awarded, an awarded party did not bid, or a bid
            has no cost.

        Raises:
            UsageError: The cost is no function.
        """
        if cost is not None:
            given.function("regret(cost=)", cost, example='lambda bid: bid["eur"]')
        costs = {act.party: _cost(act.bid, cost) for act in self.bids}
        known = [value for value in costs.values() if value is not None]
        awarded = [costs.get(party) for party in dict.fromkeys(self.awarded)]
        paid = [value for value in awarded if value is not None]
        if not paid or len(paid) < len(awarded) or len(known) < len(costs):
            return None
        return sum(paid, Decimal()) - sum(sorted(known)[: len(paid)], Decimal())


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegations:
    """All tasks that were placed during a run.

    Attributes:
        rounds: Each placing of a task, by when it began.
        violations: Where the rules of the contract net were not kept.
        unknown: What could not be told, and why; `rounds`: the trace has no delegation.
    """

    rounds: tuple[Delegation, ...]
    violations: tuple[Violation, ...]
    unknown: Mapping[str, str] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Delegation]:
        """Each placing of a task.

        Raises:
            NotRecorded: There is none; a loop over nothing would pass whatever it asserts.
        """
        return iter(self._some())

    def __len__(self) -> int:
        return len(self.rounds)

    def of(self, task: str) -> Delegations:
        """Those of one task."""
        kept = tuple(one for one in self.rounds if one.task == task)
        found = tuple(one for one in self.violations if one.task == task)
        unknown = {} if kept else {"rounds": f"not recorded: no delegation of {task!r}"}
        return Delegations(rounds=kept, violations=found, unknown=unknown)

    @property
    def bids_per_task(self) -> float | None:
        """Bids by announced task; None: nothing was announced."""
        announced = self._announced()
        return sum(len(one.bids) for one in announced) / len(announced) if announced else None

    @property
    def refusal_rate(self) -> float | None:
        """Refusals as a part of all that answered an announcement, 0 to 1; None: nobody did."""
        refusals = sum(len(one.refusals) for one in self.rounds)
        answers = refusals + sum(len(one.bids) for one in self.rounds)
        return refusals / answers if answers else None

    @property
    def success_rate(self) -> float | None:
        """Successes as a part of the placings whose outcome is known, 0 to 1; None: none is."""
        known = [one.outcome for one in self.rounds if one.outcome is not None]
        return known.count("success") / len(known) if known else None

    def conform(self) -> Literal[True]:
        """Assert that every rule of the contract net was kept.

        Raises:
            DelegationBroken: One was not; the message shows each, with its spans.
            NotRecorded: No task was placed.
        """
        self._some()
        if self.violations:
            raise broken(
                DelegationBroken,
                f"the rules of the contract net are not kept, {times(len(self.violations))}",
                [(f"{one.rule}: {one.why}", one.spans) for one in self.violations],
            )
        return True

    def succeed(self) -> Literal[True]:
        """Assert that every placed task was reported as done.

        Raises:
            DelegationBroken: One failed, or nobody said how it ended.
            NotRecorded: No task was placed.
        """
        bad = [one for one in self._some() if one.outcome != "success"]
        if bad:
            raise broken(
                DelegationBroken,
                f"{len(bad)} of {counted(len(self.rounds), 'placed task')} did not succeed",
                [
                    (f"{one.task}: {one.outcome or one.unknown['outcome']}", one.dialogue.spans)
                    for one in bad
                ],
            )
        return True

    def award_the_best(self, cost: Cost | None = None) -> Literal[True]:
        """Assert that no award was to a bid that costs more than another one.

        Args:
            cost: As of `Delegation.regret`.

        Raises:
            DelegationBroken: One was, or what it cost is not known.
            NotRecorded: No task was announced.
            UsageError: The cost is no function.
        """
        if cost is not None:
            given.function("award_the_best(cost=)", cost, example='lambda bid: bid["eur"]')
        announced = self._announced()
        if not announced:
            raise nothing("no task was announced", "agenttrace.delegation(task, phase=...)")
        told = [(one, one.regret(cost)) for one in announced]
        bad = [(one, regret) for one, regret in told if regret is None or regret > 0]
        if bad:
            raise broken(
                DelegationBroken,
                f"{len(bad)} of {counted(len(told), 'task')} did not go to the best bid",
                [(_regretted(one, regret), one.dialogue.spans) for one, regret in bad],
            )
        return True

    def _announced(self) -> tuple[Delegation, ...]:
        return tuple(one for one in self.rounds if one.announced_ns is not None)

    def _some(self) -> tuple[Delegation, ...]:
        if not self.rounds:
            raise nothing("no task was placed", "agenttrace.delegation(task, phase=...)")
        return self.rounds


def delegations(trace: Trace, *, team: Team | None = None) -> Delegations:
    """Find how tasks were placed, and whether the rules of the contract net were kept."""
    team = Team(trace) if team is None else team
    found = dialogues(team, Parties(team))
    return Delegations(
        rounds=tuple(_measured(dialogue, timed=team.is_timed) for dialogue in found),
        violations=tuple(one for dialogue in found for one in violations_of(dialogue, trace=trace)),
        unknown={} if found else {"rounds": "not recorded: no span has `delegation.phase`"},
    )


def _measured(dialogue: Dialogue, *, timed: bool) -> Delegation:
    announcement, award = dialogue.first("announcement"), dialogue.first("award")
    bid = None if award is None else dialogue.last("bid").get(award.party)
    begun = announcement or (award if dialogue.kind == HANDOFF else None)
    awards = Counter(one.party for one in dialogue.all("award"))
    told = [one for one in dialogue.all("report") if one.party in awards]
    is_told = bool(told) and Counter(one.party for one in told) >= awards
    measures = {
        "announced_ns": None if announcement is None else announcement.at_ns,
        "award_latency_ns": _between(announcement, award),
        "bid_to_award_ns": _between(bid, award),
        "aggregated_ns": _between(begun, max(told, key=lambda one: one.end_ns), ends=True)
        if is_told
        else None,
    }
    if not timed:
        measures |= dict.fromkeys(_DURATIONS)
    outcome = _outcome(dialogue, told, is_told=is_told)
    missing = {
        "announcement": announcement,
        "award": award,
        "bid of who got it": bid,
        "report on every award": told if is_told else None,
    }
    return Delegation(
        dialogue=dialogue,
        **measures,
        outcome=outcome,
        unknown=dict(_reasons({**measures, "outcome": outcome}, missing, timed=timed)),
    )


_NEEDS = {
    "announced_ns": ("announcement",),
    "award_latency_ns": ("announcement", "award"),
    "bid_to_award_ns": ("bid of who got it", "award"),
    "aggregated_ns": ("announcement", "award", "report on every award"),
    "outcome": ("award", "report on every award"),
}


def _reasons(
    measures: Mapping[str, object], there: Mapping[str, object], *, timed: bool
) -> Iterator[tuple[str, str]]:
    for name, value in measures.items():
        if value is None:
            missing = [one for one in _NEEDS[name] if there[one] is None]
            is_timeless = name in _DURATIONS and not timed
            unsaid = "the trace has no times" if is_timeless else _UNSAID.get(name, "")
            said = f"there is no {', no '.join(missing)}" if missing else unsaid
            yield name, f"not recorded: {said}"


_DURATIONS = ("award_latency_ns", "bid_to_award_ns", "aggregated_ns")
_SKEWED = "the clocks of the two steps disagree, so that it would be negative"
_UNSAID = {
    **dict.fromkeys(_DURATIONS, _SKEWED),
    "outcome": "a report does not say how it ended",
}


def _between(first: Act | None, then: Act | None, *, ends: bool = False) -> int | None:
    if first is None or then is None:
        return None
    took_ns = (then.end_ns if ends else then.at_ns) - first.at_ns
    return took_ns if took_ns >= 0 else None


def _outcome(dialogue: Dialogue, reports: list[Act], *, is_told: bool) -> str | None:
    works = dialogue.last("execution")
    said = [_said(one, works.get(one.party)) for one in reports]
    if "failure" in said:
        return "failure"
    return "success" if is_told and None not in said else None


def _said(report: Act, work: Act | None) -> str | None:
    """How a report says that it ended; where it does not, how the work itself did."""
    if report.outcome is not None:
        return _OUTCOMES.get(report.outcome)
    code = None if work is None else work.span.status.code
    return None if code in (None, "UNSET") else "success" if code == "OK" else "failure"


def _cost(bid: object, cost: Cost | None) -> Decimal | None:
    value = bid if cost is None else cost(bid)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    number = Decimal(str(value))
    return number if number.is_finite() else None


def _regretted(one: Delegation, regret: Decimal | None) -> str:
    if regret is None:
        return f"{one.task}: a bid or an award is missing, or a bid is no number"
    return f"{one.task}: {', '.join(one.awarded)} cost {regret} more than the best bid"
