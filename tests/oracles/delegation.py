"""The placing of tasks, measured and judged from the words of `docs/reference/teams.md`."""

from __future__ import annotations

from itertools import count
from typing import Any

from agenttrace.model.span import Span
from agenttrace.model.trace import Trace

ORDER = ["announcement", "bid", "refusal", "award", "rejection", "execution", "report", "cancel"]
LATE = 10**9


def placings(trace: Trace) -> list[dict[str, Any]]:
    """Each placing of a task: its measures, and the rules that it breaks, each with the bidder."""
    steps = [span for span in trace.spans if "delegation.phase" in span.attributes]
    steps.sort(key=lambda span: (span.start_ns, ORDER.index(_phase(span))))
    found = []
    for task in dict.fromkeys(str(span.attributes["delegation.task"]) for span in steps):
        own = [span for span in steps if span.attributes["delegation.task"] == task]
        found += [_measured(task, one, trace) for one in _placed(own)]
    return found


def _phase(span: Span) -> str:
    return str(span.attributes["delegation.phase"])


def _party(span: Span) -> str:
    named = None if _phase(span) == "announcement" else span.attributes.get("delegation.bidder")
    return str(named or span.agent or "")


def _placed(steps: list[Span]) -> list[list[Span]]:
    """A placing for each announcement: what leads back to it, else what it was the last before."""
    numbers = count(1)
    announced = {span.id: next(numbers) for span in steps if _phase(span) == "announcement"}
    ids = {span.id: span for span in steps}
    last, placed = 0, {}
    for span in steps:
        if span.id in announced:
            last = placed[span.id] = announced[span.id]
            continue
        at, back = span, None
        while back is None and at.links and at.links[0].span in ids:
            at = ids[at.links[0].span]
            back = announced.get(at.id, placed.get(at.id))
        placed[span.id] = last if back is None else back
    groups = [[span for span in steps if placed[span.id] == n] for n in range(len(announced) + 1)]
    return [group for group in groups if group]


def _measured(task: str, steps: list[Span], trace: Trace) -> dict[str, Any]:
    of = {phase: [span for span in steps if _phase(span) == phase] for phase in ORDER}
    awards, reports = of["award"], of["report"]
    asked = of["announcement"] or of["bid"] or of["refusal"] or of["rejection"]
    handoff = not asked and len({_party(span) for span in awards}) == 1
    announced = of["announcement"][0].start_ns if of["announcement"] else None
    first = awards[0].start_ns if awards else None
    bids = [span for span in of["bid"] if awards and _party(span) == _party(awards[0])]
    last = [[one for one in reports if _party(one) == _party(award)][-1:] for award in awards]
    is_told = bool(last) and all(last)
    begun = announced if announced is not None else first if handoff else None
    ends = [one[0] for one in last if one]
    return {
        "task": task,
        "handoff": handoff,
        "announced_ns": announced,
        "award_latency_ns": _took(announced, first),
        "bid_to_award_ns": _took(bids[-1].start_ns if bids else None, first),
        "aggregated_ns": _took(begun, max(one.end_ns for one in ends)) if is_told else None,
        "outcome": _outcome(ends, of["execution"]) if is_told else None,
        "violations": {
            (rule, who) for who in _bidders(steps) for rule in _broken(of, who, steps, trace)
        },
    }


def _bidders(steps: list[Span]) -> set[str]:
    return {_party(span) for span in steps if _phase(span) not in ("announcement", "cancel")}


def _took(begun: int | None, ended: int | None) -> int | None:
    return None if begun is None or ended is None or ended < begun else ended - begun


def _outcome(reports: list[Span], work: list[Span]) -> str | None:
    said = []
    for one in reports:
        outcome = one.attributes.get("delegation.outcome")
        if outcome is None:
            own = [span.status.code for span in work if _party(span) == _party(one)]
            outcome = {"OK": "done", "UNSET": None}.get(own[-1], "failure") if own else None
        said.append(outcome)
    if any(one is not None and one not in ("done", "result") for one in said):
        return "failure"
    return None if None in said else "success"


def _broken(of: dict[str, list[Span]], who: str, steps: list[Span], trace: Trace) -> set[str]:
    own = {phase: [span for span in spans if _party(span) == who] for phase, spans in of.items()}
    bids, awards, rejections = own["bid"], own["award"], own["rejection"]
    work, reports, cancels = own["execution"], own["report"], own["cancel"]
    asked = of["announcement"] or of["bid"] or of["refusal"] or of["rejection"]
    is_net = asked or len({_party(span) for span in of["award"]}) != 1
    everybody = _bidders(steps)
    whole = any(_party(span) not in everybody for span in of["cancel"])
    ends_here = trace.complete and not cancels and not whole
    answers = bids + own["refusal"]
    deadline = (
        of["announcement"][0].attributes.get("delegation.deadline") if of["announcement"] else None
    )
    rules = {
        "bid-unannounced": is_net
        and any(not of["announcement"] or _after(of["announcement"][0], one) for one in answers),
        "bid-twice": is_net and len(answers) > 1,
        "award-without-bid": is_net and any(all(_after(b, one) for b in bids) for one in awards),
        "rejection-without-bid": is_net
        and any(all(_after(b, one) for b in bids) for one in rejections),
        "bid-answered-twice": is_net and bids and len(awards) + len(rejections) > len(bids),
        "execution-without-award": work and not awards,
        "execution-before-award": awards
        and any(all(_after(a, one) for a in awards) for one in work),
        "report-without-award": reports and not awards,
        "award-reported-twice": awards and len(reports) + len(cancels) > len(awards),
        "bid-unanswered": ends_here and bids and not awards and not rejections,
        "award-unreported": ends_here and awards and not reports,
        "bid-late": isinstance(deadline, int | float)
        and awards
        and bids
        and all(
            span.start_ns > of["announcement"][0].start_ns + round(deadline * LATE) for span in bids
        ),
    }
    return {rule for rule, holds in rules.items() if holds}


def _after(first: Span, then: Span) -> bool:
    """Whether the first is known to come after the one that it should come before."""
    if any(link.span == first.id for link in then.links):
        return False
    if first.lane == then.lane and first.seq != then.seq:
        return first.seq > then.seq
    return first.start_ns > then.start_ns
