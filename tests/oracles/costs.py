"""Costs again, from the words of `docs/reference/analysis.md`: every call is asked on its own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple, TypeAlias

from agenttrace.model.span import Span
from agenttrace.model.trace import Trace
from agenttrace.model.usage import Tokens

Own: TypeAlias = Mapping[str, tuple[Decimal, Decimal]]
"""Prices of one's own: USD for a million tokens read, and for a million written."""


class Used(NamedTuple):
    """What some calls used; None: nobody knows, or nobody says."""

    llm_calls: int
    tool_calls: int
    tokens: Tokens | None
    known_tokens: Tokens
    usd: Decimal | None
    tool_usd: Decimal | None
    took_ns: int | None
    spans: tuple[str, ...]


def chain(trace: Trace, span: Span) -> list[Span]:
    """A span, what it stands inside, and so on."""
    found = [span]
    while above := [one for one in trace.spans if one.id == found[-1].parent]:
        found += above
    return found


def doer(trace: Trace, span: Span) -> str | None:
    """The agent of a span: the one that it names, else that of the nearest around it."""
    return next((one.agent for one in chain(trace, span) if one.agent is not None), None)


def calls(trace: Trace) -> list[Span]:
    """What uses anything: models, tools, and agents elsewhere."""
    return [
        span
        for span in trace.spans
        if span.kind in ("llm", "tool", "retrieval") or (span.kind == "agent" and span.is_call)
    ]


def coordinates(trace: Trace, span: Span) -> bool:
    """Whether a span is a message or orchestration, or stands inside of one."""
    return any(one.kind in ("message", "orchestration") for one in chain(trace, span))


def parts(trace: Trace, what: str) -> dict[str | None, list[Span]]:
    """The calls, parted; one of several models stands in the part of each."""
    found: dict[str | None, list[Span]] = {}
    for span in calls(trace):
        if what == "model" and span.kind != "llm":
            continue
        for name in names(trace, span, what):
            found.setdefault(name, []).append(span)
    return found


def names(trace: Trace, span: Span, what: str) -> list[str | None]:
    """The parts that a call is in."""
    agent = next((one for one in trace.agents if one.id == doer(trace, span)), None)
    tools = [one for one in chain(trace, span) if one.kind in ("tool", "retrieval")]
    told: Mapping[str, Callable[[], Iterable[str | None]]] = {
        "agent": lambda: [doer(trace, span)],
        "agent.name": lambda: [agent.name if agent else doer(trace, span)],
        "agent.type": lambda: [(agent and agent.type) or None],
        "agent.role": lambda: [(agent and agent.role) or None],
        "task": lambda: [next((one.task for one in chain(trace, span) if one.task), None)],
        "model": lambda: [*(span.usage.models if span.usage else {})] or [None],
        "tool": lambda: [tools[0].operation or tools[0].name if tools else None],
        "kind": lambda: [span.kind.value],
        "status": lambda: [span.status.code],
        "coordination": lambda: ["coordination" if coordinates(trace, span) else "work"],
    }
    if what in told:
        return [*told[what]()]
    said = span.attributes.get(what)
    return [None if said in (None, "") else str(said)]


def used(trace: Trace, spans: Iterable[Span], own: Own, model: str | None = None) -> Used:
    """What some calls used together; of one model, where one is meant."""
    some = [*spans]
    models = [span for span in some if span.kind == "llm"]
    tools = [span for span in some if span.kind in ("tool", "retrieval")]
    elsewhere = any(span.kind == "agent" for span in some)
    tokens = [read(span, model) for span in models]
    money = [price(trace, span, own, model) for span in models]
    costs = [span.usage.tool_cost_usd for span in tools if span.usage is not None]
    known = sum((one for one in tokens if one is not None), Tokens())
    said = [one for one in costs if one is not None]
    took = sum(span.end_ns - span.start_ns for span in some)
    return Used(
        llm_calls=len(models),
        tool_calls=len(tools),
        tokens=None if elsewhere or None in tokens else known,
        known_tokens=known,
        usd=None
        if elsewhere or None in money
        else sum((one or Decimal() for one in money), Decimal()),
        tool_usd=sum(said, Decimal()) if said else None,
        took_ns=took or None,
        spans=tuple(span.id for span in some),
    )


def read(span: Span, model: str | None) -> Tokens | None:
    """What a model call read and wrote; None: it does not say."""
    if span.usage is None or not span.usage.models:
        return Tokens() if span.status.code == "ERROR" else None
    return sum((one for name, one in span.usage.models.items() if model in (None, name)), Tokens())


def price(trace: Trace, span: Span, own: Own, model: str | None) -> Decimal | None:
    """What a model call cost; None: nobody knows."""
    tokens = read(span, model)
    if span.usage is None:
        return Decimal() if tokens is not None else None
    if span.usage.cost_usd is not None and (model is None or len(span.usage.models) <= 1):
        return span.usage.cost_usd
    if not span.usage.models:
        return Decimal() if tokens is not None else None
    return _sum(
        _listed(trace, name, one, own)
        for name, one in span.usage.models.items()
        if model in (None, name)
    )


def _sum(each: Iterable[Decimal | None]) -> Decimal | None:
    known = [*each]
    return None if None in known else sum((one or Decimal() for one in known), Decimal())


def _listed(trace: Trace, model: str, tokens: Tokens, own: Own) -> Decimal | None:
    if model in own:
        reading, writing = own[model]
        return (reading * tokens.input + writing * tokens.output) / 1_000_000
    import genai_prices

    day = dt.datetime.fromisoformat(trace.started) if trace.started else None
    much = genai_prices.Usage(input_tokens=tokens.input, output_tokens=tokens.output)
    try:
        found = genai_prices.calc_price(much, model, genai_request_timestamp=day)
    except LookupError:
        return Decimal() if tokens.total == 0 else None
    return found.total_price


def subtree(trace: Trace, span: Span) -> list[Span]:
    """The calls that a span is, or that stand inside of it."""
    return [one for one in calls(trace) if span in chain(trace, one)]
