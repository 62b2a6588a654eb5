"""Cascade: where failures began, how far they spread, and whether something held them.

What is asked is defined, with cases worked out by hand, in `docs/reference/cascades.md`. That one
failure follows another says that it could have come of it, and never that it did.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from agenttrace.analysis.costs import is_cost
from agenttrace.analysis.evidence import Evidence, askings, evidence
from agenttrace.analysis.following import followed
from agenttrace.analysis.team import Team
from agenttrace.analysis.telling import not_recorded
from agenttrace.analysis.telling_teams import broken
from agenttrace.check import given
from agenttrace.check.sides import safe
from agenttrace.errors import CascadeSpread, UsageError
from agenttrace.model.amounts import counted
from agenttrace.model.collector import resting
from agenttrace.model.span import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agenttrace.model.trace import Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """One span that went wrong, or did less well than it did otherwise.

    Attributes:
        span: The span.
        agent: The id of the agent that did it; None: nobody says.
        evidence: What shows it.
        hops: How many failures lie before it on the longest row of failures that leads to it.
        follows: The failure right before it on that row; None: it is an origin.
        origin: The first failure of that row; its own span, where it is an origin.
    """

    span: Span
    agent: str | None
    evidence: tuple[Evidence, ...]
    hops: int
    follows: Span | None
    origin: Span

    @property
    def is_error(self) -> bool:
        """Whether it went wrong, and did not only do less well."""
        return any(one.is_error for one in self.evidence)

    def __str__(self) -> str:
        """Tell it in a line: the agent, the span, what shows it."""
        who = "" if self.agent is None else f"{safe(self.agent)}: "
        return f"{who}{safe(self.span.name)} ({'; '.join(map(str, self.evidence))})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """One origin, and what followed from it.

    Attributes:
        origin: Where it began.
        failures: Everything that followed, in the trace's order.
        depth: The most hops.
        agents: The ids of the agents other than the origin's that failed after it, sorted.
        harmed: The errors that left the origin's agent, or ended a run: those of other agents, and
            those of spans that nothing stands around, the origin among them.
        cut: The fewest steps, from a failure to one that follows it, without which none of `harmed`
            had followed; the nearest to the origin. Empty where nothing followed that harmed.
    """

    origin: Failed
    failures: tuple[Failed, ...]
    depth: int
    agents: tuple[str, ...]
    harmed: tuple[Failed, ...]
    cut: tuple[tuple[Span, Span], ...]

    @property
    def breadth(self) -> int:
        """How many other agents failed after it."""
        return len(self.agents)

    @property
    def contained(self) -> bool:
        """Whether no error left the origin's agent, and none ended a run."""
        return not self.harmed


@dataclass(frozen=True, slots=True, kw_only=True)
class Cascade:
    """The failures of a run, and what each followed.

    Attributes:
        failures: Every span that went wrong or did less well, in the trace's order.
        spreads: By where they began, in the trace's order; each failure is part of one.
        contained: Whether each is contained; None: nothing failed.
        depth: The most hops; None likewise.
        breadth: The most agents that one origin spread to; None: nothing failed, or no agent is
            recorded.
        amplification: Of the questions that failed at least once: how often each was asked, on
            average, every try counted; None: none failed.
        unknown: By attribute, why it is None.
    """

    failures: tuple[Failed, ...]
    spreads: tuple[Spread, ...]
    contained: bool | None
    depth: int | None
    breadth: int | None
    amplification: float | None
    unknown: Mapping[str, str] = field(default_factory=dict)

    @property
    def origins(self) -> tuple[Failed, ...]:
        """Where failures began: those that no other came before."""
        return tuple(one.origin for one in self.spreads)

    def is_contained(self) -> Literal[True]:
        """Assert that something failed, and no error left its agent or ended the run.

        Raises:
            CascadeSpread: One did; the message shows how it began, and whom it reached.
            NotRecorded: Nothing failed, so nothing was to be contained.
        """
        self._asked("contained")
        spread = [one for one in self.spreads if not one.contained]
        if spread:
            raise broken(
                CascadeSpread,
                f"{len(spread)} of {counted(len(self.spreads), 'origin')} spread",
                [
                    (str(one.origin), [each.span for each in one.harmed or (one.origin,)])
                    for one in spread
                ],
            )
        return True

    def spreads_at_most(
        self, *, agents: int | None = None, hops: int | None = None
    ) -> Literal[True]:
        """Assert how far a failure may spread: over so many other agents, in so many hops.

        Raises:
            CascadeSpread: One spread further.
            NotRecorded: Nothing failed; or agents are limited, and none is recorded.
            UsageError: Nothing is limited, or a limit is no whole number from 0.
        """
        if agents is None and hops is None:
            raise UsageError("no spread is limited", detail="  Say one, or both: agents=0, hops=2")
        for name, limit in (("agents", agents), ("hops", hops)):
            if limit is not None:
                given.whole(f"spreads_at_most({name}=)", limit)
        self._asked("depth" if agents is None else "breadth")
        further = [
            one
            for one in self.spreads
            if (agents is not None and one.breadth > agents)
            or (hops is not None and one.depth > hops)
        ]
        if further:
            raise broken(
                CascadeSpread,
                f"{len(further)} of {counted(len(self.spreads), 'origin')} spread further than is "
                "meant",
                [
                    (
                        f"{one.origin}: {_reach(one)}",
                        [each.span for each in one.failures],
                    )
                    for one in further
                ],
            )
        return True

    def retries_at_most(self, times: float) -> Literal[True]:
        """Assert that what failed was asked at most so often, on average, every try counted.

        Raises:
            CascadeSpread: It was asked more often.
            NotRecorded: No question failed.
            UsageError: The limit is no number from 0.
        """
        given.amount("retries_at_most", times)
        self._asked("amplification")
        if self.amplification is not None and self.amplification > times:
            raise broken(
                CascadeSpread,
                f"what failed was asked {self.amplification:.3g} times, and at most {times:g} "
                "is meant",
                [(str(one), [one.span]) for one in self.failures if one.span.is_call],
            )
        return True

    def _asked(self, what: str) -> None:
        if what in self.unknown:
            raise not_recorded(_ASKED[what], self.unknown[what])


_ASKED = {
    "contained": "whether a failure was contained",
    "depth": "how far failures spread",
    "breadth": "how many agents failures reached",
    "amplification": "how often what failed was asked",
}


def cascade(trace: Trace, *, team: Team | None = None, timed: bool = True) -> Cascade:
    """Find where failures began, and how far they spread.

    Args:
        trace: The trace.
        team: The team, where it is known already.
        timed: Whether durations mean anything; in virtual time they do not, and nothing is slow.
    """
    with resting():
        return _cascade(Team(trace) if team is None else team, timed=timed)


def _cascade(team: Team, *, timed: bool) -> Cascade:
    shown = evidence(team, timed=timed)
    rows = followed(team.trace, shown) if shown else {}
    failures: dict[str, Failed] = {}
    for span_id in sorted(rows, key=lambda one: rows[one][0]):
        hops, before = rows[span_id]
        span = team.by_id[span_id]
        failures[span_id] = Failed(
            span=span,
            agent=team.doers[span_id],
            evidence=shown[span_id],
            hops=hops,
            follows=None if before is None else team.by_id[before],
            origin=span if before is None else failures[before].origin,
        )
    ordered = tuple(failures[span_id] for span_id in shown)
    groups: dict[str, list[Failed]] = defaultdict(list)
    for one in ordered:
        groups[one.origin.id].append(one)
    spreads = tuple(_spread(groups[one.span.id], one) for one in ordered if one.follows is None)
    times = _amplification(team, ordered)
    return Cascade(
        failures=ordered,
        spreads=spreads,
        contained=all(one.contained for one in spreads) if spreads else None,
        depth=max((one.depth for one in spreads), default=None),
        breadth=max((one.breadth for one in spreads), default=None) if team.agents else None,
        amplification=times,
        unknown=_unknown(ordered, agents=bool(team.agents), asked=times is not None),
    )


def _unknown(failures: Sequence[Failed], *, agents: bool, asked: bool) -> dict[str, str]:
    found = {} if agents else {"breadth": "not recorded: the trace names no agent"}
    if not asked:
        of_calls = any(one.is_error and is_cost(one.span) for one in failures)
        found["amplification"] = _UNASKED if of_calls else "no question failed"
    if not failures:
        found |= dict.fromkeys(("contained", "depth", "breadth"), "nothing failed")
    return found


_UNASKED = "not recorded: what the calls that failed were asked"


def _spread(group: Sequence[Failed], origin: Failed) -> Spread:
    followed = tuple(one for one in group if one is not origin)
    harmed = tuple(
        one
        for one in group
        if one.is_error
        and (one.span.parent is None or (one is not origin and one.agent != origin.agent))
    )
    others = {one.agent for one in followed if one.agent is not None} - {origin.agent}
    first: dict[str, Span] = {}
    for one in sorted(followed, key=lambda it: it.hops):
        before = one.follows
        first[one.span.id] = one.span if before is None else first.get(before.id, one.span)
    ways = {first[one.span.id].id for one in harmed if one is not origin}
    return Spread(
        origin=origin,
        failures=followed,
        depth=max((one.hops for one in followed), default=0),
        agents=tuple(sorted(others)),
        harmed=harmed,
        cut=tuple((origin.span, one.span) for one in followed if one.span.id in ways),
    )


def _amplification(team: Team, failures: Sequence[Failed]) -> float | None:
    failed = askings(team, (one.span for one in failures if one.is_error or _was_retried(one)))
    if not failed:
        return None
    asked = askings(team, team.trace.spans)
    tries = sum(len(span.answers) or 1 for key in failed for span in asked[key])
    return tries / len(failed)


def _was_retried(one: Failed) -> bool:
    return any(it.kind == "retried" for it in one.evidence)


def _reach(one: Spread) -> str:
    return f"{counted(one.breadth, 'agent')}, {counted(one.depth, 'hop')}"
