"""Foreign traces of teams made by chance from a seed: no clock and no lane holds them together.

Spans stick out of what they stand inside, lie outside of it, end together, last for no time, hang
on parents that are not there; calls say what they used, or a part of it, or nothing.
"""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

from agenttrace.model.agent import Agent
from agenttrace.model.lane import Lane, Position, Step
from agenttrace.model.span import ERROR, OK, UNSET, Link, Span, SpanKind, Status, WireKind
from agenttrace.model.trace import Trace
from agenttrace.model.usage import Tokens, Usage

AGENTS = ("ada", "bob", "cyd")
KNOWN = (Agent(id="ada", name="Ada", type="lead", role="planner"), Agent(id="bob", name="Bob"))
"""Of the third one nobody says anything."""
MODELS = ("gpt-4o", "o3", "own-1", "nobody-knows")
OWN = {"own-1": (Decimal(3), Decimal(9)), "o3": (Decimal(1), Decimal(1))}
"""Prices of one's own, one of them of a model that is in the list, too."""
DAYS = ("", "2025-05-01T08:00:00+00:00", "2025-07-01T08:00:00+00:00")
"""When runs began; between the last two a price was changed."""
KINDS = {
    SpanKind.AGENT: 5, SpanKind.LLM: 6, SpanKind.TOOL: 5, SpanKind.RETRIEVAL: 1,
    SpanKind.MESSAGE: 4, SpanKind.ORCHESTRATION: 1, SpanKind.PLAN: 1, SpanKind.INTERNAL: 1,
}  # fmt: skip
LONG = 24
"""How long a run lasts, about."""


def a_foreign_team(seed: int, *, most_spans: int = 16) -> Trace:
    """Spans of a team as anybody may have told them."""
    chance = random.Random(seed)
    lanes = [(), *([(Step("task", "w", 1),)] if chance.random() < 0.5 else [])]
    begun = chance.choice([0, 0, 3])
    run = Span(
        id=_id(1), name="run", kind=SpanKind.RUN, start_ns=begun,
        end_ns=begun + chance.choice([0, LONG, LONG, LONG]),
        wire_kind=chance.choice([WireKind.INTERNAL] * 6 + [WireKind.CONSUMER]),
    )  # fmt: skip
    spans = [run]
    for number in range(2, chance.randint(2, most_spans) + 1):
        spans.append(_span(chance, number, spans, chance.choice(lanes)))
    rest = spans[1:]
    if chance.random() < 0.3:
        chance.shuffle(rest)
    return Trace(
        id="4" * 32,
        name="foreign team",
        spans=(run, *rest),
        lanes=tuple(Lane(path=one, parent=() if one else None) for one in lanes),
        agents=KNOWN,
        started=chance.choice(DAYS),
    )


def a_talk(seed: int) -> Trace:
    """A few agents at once, which mostly tell each other things, and do little in between."""
    chance = random.Random(seed)
    run = Span(id=_id(1), name="run", kind=SpanKind.RUN, end_ns=LONG)
    spans = [run]

    def add(kind: SpanKind, around: Span, **more: Any) -> Span:
        begun = chance.randint(0, LONG) if kind is not SpanKind.AGENT else chance.choice([0, 0, 4])
        lasts = LONG if kind is SpanKind.AGENT else chance.choice([0, 0, 1, 3])
        more = {"lane": around.lane, **more}
        number = len(spans) + 1
        spans.append(
            Span(
                id=_id(number), name="it", kind=kind, parent=around.id, seq=number, end_seq=number,
                start_ns=begun, end_ns=begun + lasts, **more,
            )
        )  # fmt: skip
        return spans[-1]

    lanes = [(), (Step("task", "w", 1),)]
    homes = [
        add(SpanKind.AGENT, run, agent=name, lane=chance.choice(lanes))
        for name in chance.choice([AGENTS, AGENTS[:2], ("ada", "bob", "ada")])
    ]
    homes += [add(SpanKind.TOOL, chance.choice(homes))] * chance.choice([0, 1])
    sent = [
        add(SpanKind.MESSAGE, chance.choice([*homes, *homes, run]), wire_kind=WireKind.PRODUCER)
        for _ in range(chance.randint(1, 4))
    ]
    for _ in range(chance.randint(1, 4)):
        link = Link(
            span=chance.choice([*sent, *sent, *spans]).id,
            relationship=chance.choice(["message"] * 4 + ["publish", "publish", "blackboard"]),
            trace=chance.choice([None] * 7 + ["5" * 32]),
        )
        how = chance.choice([WireKind.CONSUMER] * 6 + [WireKind.INTERNAL])
        links = (link, *([Link(span=sent[-1].id, relationship="message")] * chance.randint(0, 1)))
        add(SpanKind.MESSAGE, chance.choice(homes), wire_kind=how, links=links)
    for _ in range(chance.randint(0, 4)):
        kind = chance.choice([SpanKind.LLM, SpanKind.TOOL, SpanKind.PLAN])
        add(kind, chance.choice(homes), lane=chance.choice(lanes))
    rest = spans[1:]
    chance.shuffle(rest)
    lived = tuple(Lane(path=one, parent=() if one else None) for one in lanes)
    return Trace(id="4" * 32, name="talk", spans=(run, *rest), lanes=lived)


def _id(number: int) -> str:
    return f"{number:016x}"


def _span(chance: random.Random, number: int, before: list[Span], lane: Position) -> Span:
    (kind,) = chance.choices([*KINDS], [*KINDS.values()])
    around = chance.choice([*before, *before[-2:], *before[-2:]])
    parent = chance.choices([around.id, None, _id(999)], [30, 1, 1])[0]
    begun, ended = _times(chance, around, chance.choice(before))
    wire_kind = WireKind.INTERNAL
    if kind is SpanKind.MESSAGE or chance.random() < 0.04:
        wire_kind = chance.choice([WireKind.PRODUCER] * 4 + [WireKind.CONSUMER] * 5 + [wire_kind])
    return Span(
        id=_id(number),
        name=chance.choice(["ask", "pay"]),
        operation=chance.choice(["ask", "pay"]),
        kind=kind,
        parent=parent,
        wire_kind=wire_kind,
        lane=lane,
        seq=number,
        end_seq=number,
        start_ns=begun,
        end_ns=ended,
        status=Status(code=chance.choice([OK, OK, OK, UNSET, ERROR, "TOOL_LIMIT_EXCEEDED"])),
        agent=chance.choice(AGENTS) if _may_name(chance, kind) else None,
        task=chance.choice(["look", "pay", ""]) if chance.random() < 0.2 else None,
        digest=b"1" * 16 if chance.random() < (0.1 if kind is SpanKind.AGENT else 0.5) else b"",
        attributes=_attributes(chance),
        links=_links(chance, before) if kind is SpanKind.MESSAGE else (),
        usage=_usage(chance, kind),
    )


def _may_name(chance: random.Random, kind: SpanKind) -> bool:
    return chance.random() < (0.9 if kind is SpanKind.AGENT else 0.15)


def _times(chance: random.Random, around: Span, other: Span) -> tuple[int, int]:
    """Inside of a span; or round it, or right at it, or right at another one; or nowhere near."""
    low, high = around.start_ns, around.end_ns
    one, two = chance.randint(low, high), chance.randint(low, high)
    sort = chance.random()
    if sort < 0.1:
        two = high
    elif sort < 0.2:
        two = other.end_ns
    elif sort < 0.25:
        one = other.end_ns
    elif sort < 0.3:
        two = one
    elif sort < 0.4:
        one, two = chance.randint(0, LONG + 9), chance.randint(0, LONG + 9)
    elif sort < 0.43:
        one, two = low, chance.choice([low, high])
    return min(one, two), max(one, two)


def _attributes(chance: random.Random) -> dict[str, str | int | bool]:
    said = chance.choice([None, None, "eu", "1", 1, True, ""])
    return {} if said is None else {"region": said}


def _links(chance: random.Random, before: list[Span]) -> tuple[Link, ...]:
    how = ["message", "message", "message", "publish", "blackboard", "triggered_by"]
    sent = [one.id for one in before if one.wire_kind is WireKind.PRODUCER] or [before[-1].id]
    return tuple(
        Link(
            span=chance.choice([*sent, *sent, before[-1].id, _id(998)]),
            relationship=chance.choice(how),
            trace=chance.choice([None] * 5 + ["5" * 32]),
        )
        for _ in range(chance.choice([0, 1, 1, 1, 2]))
    )


def _usage(chance: random.Random, kind: SpanKind) -> Usage | None:
    """What a span says that it used: also agents do, which repeat what their models used."""
    sort = chance.random()
    if sort < 0.15 or kind not in (
        SpanKind.LLM, SpanKind.TOOL, SpanKind.RETRIEVAL, SpanKind.AGENT
    ):  # fmt: skip
        return None
    tool_usd = chance.choice([None, Decimal("0.01"), Decimal(0)])
    if kind in (SpanKind.TOOL, SpanKind.RETRIEVAL) and sort < 0.9:
        return Usage(tool_cost_usd=tool_usd)
    return Usage(
        models={
            model: Tokens(
                input=chance.choice([0, 500, 1000]), output=chance.choice([0, 40]), reasoning=3
            )
            for model in chance.sample(MODELS[: chance.choice([1, 2, 3, 3, 4])], 1)
            + chance.choice([[], [], [], ["gpt-4o"]])
        }
        if sort > 0.2
        else {},
        cost_usd=chance.choice([None, None, Decimal("0.5"), Decimal(0)]),
        tool_cost_usd=None if kind is SpanKind.LLM else tool_usd,
    )
