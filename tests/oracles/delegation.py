"""How tasks were placed, from the words of `docs/reference/teams.md`, by looking at all steps.

A step is a span that says its phase. A placing is a list of steps; whatever is asked of it is asked
of all of them.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from agenttrace.model import names
from agenttrace.model.span import Span
from agenttrace.model.trace import Trace
from tests.oracles.interactions import doer, has_times

BACK = ("announced_by", "bid_by", "awarded_by", "executed_by")
WORDS = {"done": "success", "result": "success", "failure": "failure"}


class Act(NamedTuple):
    """A step: its phase, which bidder it is about, its span, and when it was."""

    phase: str
    party: str
    span: Span
    at: int


class Placing(NamedTuple):
    """One announcement, or none, and all that belongs to it; `unseen`: nobody knows whose it is."""

    task: str
    acts: list[Act]
    handoff: bool
    unseen: bool = False

    def all(self, phase: str, party: str | None = None) -> list[Act]:
        """The steps of a phase, of one bidder or of all, by time."""
        some = [it for it in self.acts if it.phase == phase and party in (None, it.party)]
        return sorted(some, key=lambda it: it.at)


# -- whose step it is, and of which placing -------------------------------------------------------
def carrier(trace: Trace, said: str | None) -> str:
    """Who is meant by an id or a name: the id where code gave one, else the name; empty: nobody."""
    ids = {one.id: one.name for one in trace.agents}
    for agent in {doer(trace, span) for span in trace.spans} - {None}:
        ids.setdefault(str(agent), str(agent))
    meant = {
        one: name if re.fullmatch(re.escape(name) + r"(#\d+)?", one) else one
        for one, name in ids.items()
    }
    called = {meant[one] for one, name in ids.items() if name == said}
    if said in meant:
        return meant[said]
    return min(called) if len(called) == 1 else said or ""


def act(trace: Trace, span: Span) -> Act | None:
    """The step that a span is."""
    phase = span.attributes.get(names.DELEGATION_PHASE)
    if phase is None:
        return None
    about: Any = span.attributes.get(names.DELEGATION_BIDDER)
    party = carrier(trace, None if phase == "announcement" else about)
    return Act(str(phase), party or carrier(trace, doer(trace, span)), span, span.start_ns)


def task_of(span: Span) -> str:
    """What is being placed."""
    return str(span.attributes.get(names.DELEGATION_TASK, ""))


def start_of(one: Act, acts: list[Act], seen: tuple[str, ...] = ()) -> Act | None:
    """The step that follows no other, to which a step's links lead back; None: to none."""
    back = [
        it
        for link in one.span.links
        for it in acts
        if (link.span, link.trace) == (it.span.id, None) and link.relationship in BACK
    ]
    if one.phase == "announcement" or not back:
        return one
    for it in reversed(back):
        if it.span.id not in seen:
            found = start_of(it, acts, (*seen, one.span.id, it.span.id))
            if found is not None:
                return found
    return None


def first_of(one: Act, acts: list[Act]) -> str | None:
    """The id of the announcement that a step belongs to; None: it belongs to none."""
    begin = start_of(one, acts) or one
    if begin.phase == "announcement":
        return begin.span.id
    opened = [it for it in acts if it.phase == "announcement"]
    earlier = [it for it in opened if it.at <= begin.at and not is_next(begin, it)]
    return max(earlier, key=lambda it: (it.at, acts.index(it))).span.id if earlier else None


def is_next(one: Act, then: Act) -> bool:
    """Whether a lane, which keeps its order, told of a step later, though at the same instant."""
    return (one.at, one.span.lane) == (then.at, then.span.lane) and one.span.seq < then.span.seq


def placings(trace: Trace) -> list[Placing]:
    """Each announcement with all that belongs to it; what belongs to none, by task; handoffs."""
    acts = [found for span in trace.spans if (found := act(trace, span)) is not None]
    groups: dict[tuple[str, str | None], list[Act]] = {}
    for one in acts:
        task = task_of(one.span)
        own = [it for it in acts if task_of(it.span) == task]
        groups.setdefault((task, first_of(one, own)), []).append(one)
    return [*(_placing(task, own) for (task, _), own in groups.items()), *_handoffs(trace)]


def _placing(task: str, acts: list[Act]) -> Placing:
    asked = {one.phase for one in acts} & {"announcement", "bid", "refusal", "rejection"}
    winners = {one.party for one in acts if one.phase == "award"}
    return Placing(task, acts, handoff=not asked and len(winners) == 1)


def _handoffs(trace: Trace) -> Iterator[Placing]:
    for span in trace.spans:
        if act(trace, span) is not None:
            continue
        sources = {(it.trace, it.span) for it in span.links if it.relationship == "handoff"}
        for elsewhere, source in sources:
            to = carrier(trace, doer(trace, span))
            handed = [
                Act("award", to, one, min(one.end_ns, span.start_ns))
                for one in trace.spans
                if one.id == source and elsewhere is None
            ]
            acts = [
                *handed,
                Act("execution", to, span, span.start_ns),
                Act("report", to, span, span.end_ns),
            ]
            task = span.task or (span.name if span.kind == "agent" else to)
            yield Placing(task, acts, handoff=True, unseen=not handed)


# -- measures -------------------------------------------------------------------------------------
def measures(trace: Trace, placing: Placing) -> dict[str, Any]:
    """What the first table of the page says of one placing; None: not recorded."""
    opened, awards = placing.all("announcement")[:1], placing.all("award")[:1]
    bids = placing.all("bid", awards[0].party)[-1:] if awards else []
    ends = [it._replace(at=it.span.end_ns) for it in reports(placing)]
    last = [max(ends, key=lambda it: it.at)] if is_reported(placing) else []

    def took(since: list[Act], until: list[Act]) -> int | None:
        known = since and until and has_times(trace) and until[0].at >= since[0].at
        return until[0].at - since[0].at if known else None

    return {
        "task": placing.task,
        "is_handoff": placing.handoff,
        "announced_ns": opened[0].at if opened else None,
        "award_latency_ns": took(opened, awards),
        "bid_to_award_ns": took(bids, awards),
        "aggregated_ns": took(awards if placing.handoff else opened, last),
        "outcome": outcome(placing),
        "regret": regret(placing),
    }


def reports(placing: Placing) -> list[Act]:
    """The reports of those who were awarded the task."""
    winners = {one.party for one in placing.all("award")}
    return [one for one in placing.all("report") if one.party in winners]


def is_reported(placing: Placing) -> bool:
    """Whether each award was reported on."""
    awards = placing.all("award")
    return bool(awards) and all(
        len(placing.all("report", one.party)) >= len(placing.all("award", one.party))
        for one in awards
    )


def outcome(placing: Placing) -> str | None:
    """`failure` if a report says so; `success` if each award's says so."""
    said = {_said(placing, one) for one in reports(placing)}
    if "failure" in said:
        return "failure"
    return "success" if is_reported(placing) and said == {"success"} else None


def _said(placing: Placing, report: Act) -> str | None:
    word = report.span.attributes.get(names.DELEGATION_OUTCOME)
    if word is not None:
        return WORDS.get(str(word))
    for work in placing.all("execution", report.party)[-1:]:
        code = work.span.status.code
        return {"OK": "success", "UNSET": None}.get(code, "failure")
    return None


def regret(placing: Placing) -> Fraction | None:
    """The cost of the awarded bids, less the sum of as many of the least; each bidder's last."""
    costs = {
        one.party: _cost(one.span.attributes.get(names.DELEGATION_BID))
        for one in placing.all("bid")
    }
    winners = {one.party for one in placing.all("award")}
    known = sorted(cost for cost in costs.values() if cost is not None)
    if not winners or not winners <= costs.keys() or len(known) < len(costs):
        return None
    return sum((costs[one] or Fraction() for one in winners), Fraction()) - sum(
        known[: len(winners)]
    )


def _cost(bid: Any) -> Fraction | None:
    if isinstance(bid, bool) or not isinstance(bid, int | float):
        return None
    return Fraction(str(bid)) if abs(bid) < float("inf") else None


def rates(found: list[Placing]) -> dict[str, Fraction | None]:
    """Bids by announced task, the part of refusals, the part of successes; None: of nothing."""
    announced = [one for one in found if one.all("announcement")]
    bids, refusals = (sum(len(one.all(it)) for one in found) for it in ("bid", "refusal"))
    asked_for = sum(len(one.all("bid")) for one in announced)
    known = [it for it in map(outcome, found) if it is not None]
    return {
        "bids_per_task": Fraction(asked_for, len(announced)) if announced else None,
        "refusal_rate": Fraction(refusals, bids + refusals) if bids + refusals else None,
        "success_rate": Fraction(known.count("success"), len(known)) if known else None,
    }


# -- rules ----------------------------------------------------------------------------------------
def violations(trace: Trace, placing: Placing) -> set[tuple[str, str]]:
    """Which rules are broken, bidder by bidder."""
    bidders = {one.party for one in placing.acts if one.phase not in ("announcement", "cancel")}
    whole = any(one.party not in bidders for one in placing.all("cancel"))
    if placing.unseen:
        return set()
    rules = dict.fromkeys(bidders | {one.party for one in placing.all("cancel")})
    return {
        (rule, party)
        for party in rules
        for judge in (_of_who_bids, _of_who_works)
        for rule, is_broken in judge(trace, placing, party, over=whole or not trace.complete)
        if is_broken and (judge is _of_who_works or not placing.handoff)
    }


def _of_who_bids(
    trace: Trace, placing: Placing, party: str, *, over: bool
) -> Iterator[tuple[str, bool]]:
    opened = placing.all("announcement")
    bids, refusals, awards, rejections, cancels = (
        placing.all(phase, party) for phase in ("bid", "refusal", "award", "rejection", "cancel")
    )
    yield "bid-unannounced", not all(answers(opened, one) for one in [*bids, *refusals])
    yield "bid-twice", len(bids) + len(refusals) > 1
    yield "bid-late", bool(awards and bids) and all(is_late(trace, opened, it) for it in bids)
    yield "award-without-bid", not all(answers(bids, one) for one in awards)
    yield "rejection-without-bid", not all(answers(bids, one) for one in rejections)
    told = len(awards) + len(rejections)
    yield "bid-unanswered", len(bids) > told and not cancels and not over
    yield "bid-answered-twice", 0 < len(bids) < told


def _of_who_works(
    trace: Trace, placing: Placing, party: str, *, over: bool
) -> Iterator[tuple[str, bool]]:
    awards, works, told, cancels = (
        placing.all(phase, party) for phase in ("award", "execution", "report", "cancel")
    )
    yield "execution-without-award", bool(works) and not awards
    yield "report-without-award", bool(told) and not awards
    yield "execution-before-award", bool(awards) and not all(answers(awards, it) for it in works)
    yield "award-unreported", len(awards) > len(told) and not cancels and not over
    yield "award-reported-twice", 0 < len(awards) < len(told) + len(cancels)


def answers(some: list[Act], then: Act) -> bool:
    """Whether a step can have come after one of some, as far as anything tells."""
    return any(not is_after(one, then) for one in some)


def is_after(one: Act, then: Act) -> bool:
    """By a link between them, else by the order of their lane, else by their times."""
    for link in then.span.links:
        if link.span == one.span.id and link.trace is None and link.relationship in BACK:
            return False
    if one.span.lane == then.span.lane and one.span.seq != then.span.seq:
        return one.span.seq > then.span.seq
    return one.at > then.at


def is_late(trace: Trace, opened: list[Act], bid: Act) -> bool:
    """Whether a bid came after the deadline of what it answers."""
    limits = [deadline(trace, one) for one in opened]
    return any(limit is not None and bid.at > limit for limit in limits)


def deadline(trace: Trace, opened: Act) -> Fraction | None:
    """In nanoseconds from the start of the run; None: there is none, or none that can be read."""
    said: Any = opened.span.attributes.get(names.DELEGATION_DEADLINE)
    if isinstance(said, dict):  # a value with its type
        forms: dict[str, Any] = {
            "datetime": said.get("text"),
            "decimal": Decimal(said.get("text", "nan")) if said["!"] == "decimal" else None,
            "timedelta": Decimal(said.get("us", 0)) / 10**6,
        }
        said = forms.get(said["!"])
    if isinstance(said, int | float | Decimal) and not isinstance(said, bool):
        whole = Decimal(said)
        return opened.at + Fraction(round(whole * 10**9)) if whole.is_finite() else None
    try:
        since = dt.datetime.fromisoformat(said) - dt.datetime.fromisoformat(trace.started)
    except (TypeError, ValueError):
        return None
    return Fraction(since // dt.timedelta(microseconds=1) * 1000)
