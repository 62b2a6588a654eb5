"""Costs and lifetimes again: every instant is asked by itself, and every call by its ancestors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from agenttrace.model import names
from agenttrace.model.span import Span, SpanKind, WireKind
from agenttrace.model.trace import Trace
from tests.oracles.interactions import around, doer

CALLS = (SpanKind.LLM, SpanKind.TOOL, SpanKind.RETRIEVAL)
TOOLS = (SpanKind.TOOL, SpanKind.RETRIEVAL)


def chain(trace: Trace, span: Span) -> list[Span]:
    """A span and all around it, the innermost first."""
    found = [span]
    while (outer := around(trace, found[-1])) is not None:
        found.append(outer)
    return found


def parts(trace: Trace, what: str) -> dict[str | None, list[str]]:
    """By the name of a part, the ids of its calls; `agent`, `task`, `tool` and `coordination`."""
    named: dict[str, Callable[[Span], str | None]] = {
        "agent": lambda span: next((one.agent for one in chain(trace, span) if one.agent), None),
        "task": lambda span: next((one.task for one in chain(trace, span) if one.task), None),
        "tool": lambda span: next(
            (one.operation for one in chain(trace, span) if one.kind in TOOLS), None
        ),
        "coordination": lambda span: (
            "coordination"
            if any(one.kind in ("message", "orchestration") for one in chain(trace, span))
            else "work"
        ),
    }
    found: dict[str | None, list[str]] = {}
    for span in trace.spans:
        if span.kind in CALLS:
            found.setdefault(named[what](span), []).append(span.id)
    return found


def split(trace: Trace, agent: str, instants: range) -> Counter[str]:
    """What an agent does at each of some instants, each of which lasts until the next."""
    mine = [span for span in trace.spans if doer(trace, span) == agent]
    models = [span for span in mine if span.kind is SpanKind.LLM]
    tools = [span for span in mine if span.kind in TOOLS]
    lonely = [tool for tool in tools if not _others(trace, tool, agent)]
    others = [
        span
        for span in trace.spans
        if doer(trace, span) not in (None, agent) and doer(trace, around(trace, span)) == agent
    ]
    waits = [wait for span in mine if (wait := _wait(trace, span, agent)) is not None]
    found: Counter[str] = Counter()
    for at in instants:
        for name, spans in (
            ("reasoning", models),
            ("tool", lonely),
            ("waiting", others),
            ("waiting", waits),
            ("tool", tools),
        ):
            if any(_covers(one, at) for one in spans):
                found[name] += 1
                break
        else:
            found["idle"] += 1
    return found


def _covers(one: Span | tuple[int, int], at: int) -> bool:
    start, end = (one.start_ns, one.end_ns) if isinstance(one, Span) else one
    return start <= at < end


def _others(trace: Trace, tool: Span, agent: str) -> bool:
    """Whether anybody else acts inside a tool."""
    return any(
        tool in chain(trace, span)[1:] and doer(trace, span) != agent for span in trace.spans
    )


def _wait(trace: Trace, span: Span, agent: str) -> tuple[int, int] | None:
    """From what its lane did last under the same parent to a receive of another agent's message."""
    if span.kind is not SpanKind.MESSAGE or span.wire_kind is not WireKind.CONSUMER:
        return None
    if names.MESSAGE_KEY in span.attributes or not span.links:
        return None
    sent = next((one for one in trace.spans if one.id == span.links[0].span), None)
    if sent is None or doer(trace, sent) in (None, agent):
        return None
    outer = around(trace, span)
    done = [
        one.end_ns
        for one in trace.spans
        if (one.parent, one.lane) == (span.parent, span.lane) and one.id != span.id
        if outer is not None and one.end_ns <= span.start_ns
    ]
    if outer is not None and outer.start_ns <= span.start_ns:
        done.append(outer.start_ns)
    if not done or max(done) >= sent.end_ns:
        return None
    return max(done), span.start_ns
