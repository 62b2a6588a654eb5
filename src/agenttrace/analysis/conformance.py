"""Conformance: where the placing of a task did not keep the rules of the contract net.

The rules are those of the protocol's diagram (FIPA SC00029H, section 1), one name each. Whether a
step came before another is told by links, then by the order of their lane, then by their times;
where that leaves it open, no rule counts as broken. What is merely missing from a trace that was
cut off is not held against anybody.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from agenttrace.analysis.dialogue import CONTRACT_NET, HANDOFF, Act, Dialogue, as_said
from agenttrace.model import names
from agenttrace.model.span import Span

if TYPE_CHECKING:
    from agenttrace.model.trace import Trace

RULES = {
    "bid-unannounced": "a bid or a refusal answers an announcement",
    "bid-twice": "a bidder answers an announcement once",
    "bid-late": "no bid that came after the deadline is awarded",
    "award-without-bid": "an award answers a bid of that agent for that task",
    "rejection-without-bid": "a rejection answers a bid of that agent for that task",
    "bid-unanswered": "every bid is awarded or rejected, unless the task is cancelled",
    "bid-answered-twice": "every bid is awarded or rejected once",
    "execution-without-award": "who works is who was awarded the task",
    "execution-before-award": "nobody works before the award",
    "report-without-award": "who reports is who was awarded the task",
    "award-unreported": "every award ends in a report, or in a cancel",
    "award-reported-twice": "every award ends in one report, or one cancel",
}
"""Each rule, by its name, as it should be."""

_NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One rule that was not kept.

    Attributes:
        rule: One of `RULES`.
        task: The task that was placed.
        party: The bidder whom it is about.
        why: What is wrong, in words.
        spans: The spans that show it.
    """

    rule: str
    task: str
    party: str
    why: str
    spans: tuple[Span, ...]


def violations_of(dialogue: Dialogue, *, trace: Trace) -> Iterator[Violation]:
    """Hold the placing of one task against the rules.

    Of a handoff by a span that is not in the trace nobody knows anything, so nothing is judged.
    """
    if dialogue.kind == HANDOFF and dialogue.first("award") is None:
        return
    announcement = dialogue.first("announcement")
    limit_ns = _deadline_ns(announcement, trace)
    is_cancelled = _is_cancelled(dialogue)
    by_party: dict[str, list[Act]] = defaultdict(list)
    for act in dialogue.acts:
        if act.phase != "announcement":
            by_party[act.party].append(act)
    for party, own in by_party.items():
        steps = _Steps(own)
        broken = list(_placed(steps, dialogue, announcement))
        if limit_ns is not None and announcement is not None:
            broken += _late(steps, announcement.at_ns + limit_ns)
        if trace.complete and not is_cancelled:
            broken += _unended(steps)
        for rule, acts in broken:
            yield Violation(
                rule=rule,
                task=dialogue.task,
                party=party,
                why=f"{dialogue.task}, {party or 'nobody named'}: {_MEANS[rule]}",
                spans=tuple({act.span.id: act.span for act in acts}.values()),
            )


_MEANS = {
    "bid-unannounced": "answers what was not announced before",
    "bid-twice": "answers one announcement more than once",
    "bid-late": "is awarded a bid that came after the deadline",
    "award-without-bid": "is awarded what it had not bid for",
    "rejection-without-bid": "is rejected and had not bid",
    "bid-unanswered": "has a bid that is neither awarded nor rejected",
    "bid-answered-twice": "is awarded or rejected more than once",
    "execution-without-award": "works on what it was not awarded",
    "execution-before-award": "works before it is awarded",
    "report-without-award": "reports on what it was not awarded",
    "award-unreported": "has an award on which no report comes",
    "award-reported-twice": "ends one award more than once",
}


class _Steps:
    """The steps of one dialogue that are about one bidder."""

    def __init__(self, acts: list[Act]) -> None:
        self._acts = acts

    def of(self, *phases: str) -> list[Act]:
        return [act for act in self._acts if act.phase in phases]


def _placed(
    steps: _Steps, dialogue: Dialogue, announcement: Act | None
) -> Iterator[tuple[str, list[Act]]]:
    """The rules about what is there."""
    if dialogue.kind == CONTRACT_NET:
        yield from _bidden(steps, announcement)
    awards, work, reports = steps.of("award"), steps.of("execution"), steps.of("report")
    if work and not awards:
        yield "execution-without-award", work
    early = [one for one in work if awards and not any(_may(award, one) for award in awards)]
    if early:
        yield "execution-before-award", early + awards
    if reports and not awards:
        yield "report-without-award", reports
    if awards and len(reports) + len(steps.of("cancel")) > len(awards):
        yield "award-reported-twice", reports + steps.of("cancel")


def _bidden(steps: _Steps, announcement: Act | None) -> Iterator[tuple[str, list[Act]]]:
    """The rules of who was asked, and answered."""
    answers, bids = steps.of("bid", "refusal"), steps.of("bid")
    unasked = [one for one in answers if announcement is None or not _may(announcement, one)]
    if unasked:
        yield "bid-unannounced", unasked
    if len(answers) > 1:
        yield "bid-twice", answers
    for rule in ("award", "rejection"):
        bidless = [one for one in steps.of(rule) if not any(_may(bid, one) for bid in bids)]
        if bidless:
            yield f"{rule}-without-bid", bidless
    if bids and len(steps.of("award", "rejection")) > len(bids):
        yield "bid-answered-twice", steps.of("award", "rejection")


def _unended(steps: _Steps) -> Iterator[tuple[str, list[Act]]]:
    """The rules about what is missing."""
    if steps.of("cancel"):
        return
    bids, awards = steps.of("bid"), steps.of("award")
    if len(bids) > len(steps.of("award", "rejection")):
        yield "bid-unanswered", bids
    if len(awards) > len(steps.of("report")):
        yield "award-unreported", awards


def _late(steps: _Steps, until_ns: int) -> Iterator[tuple[str, list[Act]]]:
    late = [one for one in steps.of("bid") if one.at_ns > until_ns]
    if late and steps.of("award") and len(late) == len(steps.of("bid")):
        yield "bid-late", late + steps.of("award")


def _is_cancelled(dialogue: Dialogue) -> bool:
    """Whether the whole task was: by a cancel that is about no bidder."""
    bidders = {act.party for act in dialogue.acts if act.phase not in ("announcement", "cancel")}
    return any(act.party not in bidders for act in dialogue.all("cancel"))


def _may(first: Act, then: Act) -> bool:
    """Whether a step may have come before another: told so, or at least not told otherwise."""
    if first.span.id in then.follows:
        return True
    a, b = first.span, then.span
    if a.lane == b.lane and a.seq != b.seq:
        return a.seq < b.seq
    return first.at_ns <= then.at_ns


def _deadline_ns(announcement: Act | None, trace: Trace) -> int | None:
    """Until when bids were taken, from the announcement; None: nobody said, or in no known form.

    A number is seconds from the announcement, as is a `timedelta`; a `datetime`, or its text in
    ISO 8601, is an instant.
    """
    if announcement is None:
        return None
    said = as_said(announcement.span.attributes.get(names.DELEGATION_DEADLINE))
    if isinstance(said, dict):
        us = said.get("us")
        said = us / 1_000_000 if isinstance(us, int) else said.get("text")
    if isinstance(said, int | float | Decimal) and not isinstance(said, bool):
        return round(Decimal(said) * _NS_PER_S) if Decimal(said).is_finite() else None
    try:
        until = dt.datetime.fromisoformat(str(said))
        started = dt.datetime.fromisoformat(trace.started)
        since = until - started
    except (ValueError, TypeError):  # TypeError: one of them has no time zone
        return None
    return since // dt.timedelta(microseconds=1) * 1_000 - announcement.at_ns
