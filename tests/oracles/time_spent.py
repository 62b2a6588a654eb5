"""Lifetimes and overhead again, from the words of `docs/reference/analysis.md`, ns by ns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from agenttrace.model.span import Span
from agenttrace.model.trace import Trace
from tests.oracles.costs import chain, coordinates, doer
from tests.oracles.critical_path import Stretch

BOARDS = ("blackboard", "stigmergy")
"""The links of what is read of boards, for which nobody waits."""


def deeds(trace: Trace, agent: str) -> list[Span]:
    """What an agent did."""
    return [span for span in trace.spans if doer(trace, span) == agent]


def lives(trace: Trace, agent: str) -> range:
    """The instants of an agent's life."""
    did = deeds(trace, agent)
    return range(min(one.start_ns for one in did), max(one.end_ns for one in did))


def split(trace: Trace, agent: str, instants: Iterable[int]) -> Counter[str]:
    """What an agent's time was spent on, each instant on its own."""
    did = deeds(trace, agent)
    models = [one for one in did if one.kind == "llm"]
    tools = [one for one in did if one.kind in ("tool", "retrieval")]
    lent = [one for one in tools if others_inside(trace, one, agent)]
    others = [
        one
        for one in trace.spans
        if doer(trace, one) not in (None, agent) and one.parent in {it.id for it in did}
    ]
    waits = waited(trace, agent)
    found: Counter[str] = Counter()
    for now in instants:
        if any(now in lasts(one) for one in models):
            found["reasoning"] += 1
        elif any(now in lasts(one) for one in tools if one not in lent):
            found["tool"] += 1
        elif any(now in lasts(one) for one in others) or any(now in one for one in waits):
            found["waiting"] += 1
        elif any(now in lasts(one) for one in lent):
            found["tool"] += 1
        else:
            found["idle"] += 1
    return found


def lasts(span: Span) -> range:
    """The instants of a span."""
    return range(span.start_ns, span.end_ns)


def others_inside(trace: Trace, tool: Span, agent: str) -> bool:
    """Whether another agent ever acts inside a tool."""
    return any(tool in chain(trace, one) and doer(trace, one) != agent for one in trace.spans)


def waited(trace: Trace, agent: str) -> list[range]:
    """When an agent waited for another one's message."""
    by_id = {span.id: span for span in trace.spans}
    found = []
    for got in deeds(trace, agent):
        if got.kind != "message" or got.wire_kind != "consumer":
            continue
        since = [by_id[got.parent].start_ns] if got.parent in by_id else []
        since += [
            one.end_ns
            for one in trace.spans
            if one.parent == got.parent and one.lane == got.lane and one is not got
            if one.end_ns <= got.start_ns
        ]
        for link in got.links:
            sent = by_id.get(link.span) if link.trace is None else None
            if sent is None or link.relationship in BOARDS:
                continue
            if doer(trace, sent) in (None, agent):
                continue
            if since and sent.end_ns > max(since):
                found.append(range(max(since), got.start_ns))
    return found


def coordinated_ns(trace: Trace, path: Iterable[Stretch]) -> int:
    """How long a path lies in messages and orchestration, or inside of them."""
    by_id = {span.id: span for span in trace.spans}
    return sum(one.end - one.start for one in path if coordinates(trace, by_id[one.span]))
