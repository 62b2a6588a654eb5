"""Teams told of as no code should: links and parents that lead anywhere, steps by anybody."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import TypeAlias

from agenttrace.model import names
from agenttrace.model.span import Fidelity, Link, Span, SpanKind, Status, WireKind
from agenttrace.model.trace import Trace
from agenttrace.model.usage import Usage
from agenttrace.model.values import Value, canonical, digest
from tests.fakes.made_teams import AGENTS, PlayedLane, Team, skewed
from tests.fakes.told_teams import BIDDERS, LINKS, Row, conforming, net, spoiled

ELSEWHERE = "e" * 32
"""The id of another trace."""

SAID: tuple[Value, ...] = (
    "go", "1", 1, "grüß dich", {"a": "ü"}, '{"a": "ü"}', '{ "a":"ü" }', "{a", "", [], None,
)  # fmt: skip
"""What may be said: texts beside values that read alike, and nothing."""

RELATIONSHIPS = ("message", "handoff", "publish", "blackboard", "triggered_by", "answers")


def rough(trace: Trace, chance: random.Random) -> Trace:
    """The same team, of which every fourth span was told in another way."""
    ids = [span.id for span in trace.spans]
    spans = []
    for span in trace.spans:
        if span.parent is not None and chance.random() < 0.25:
            spans.append(chance.choice(_TOLD)(span, ids, chance))
        else:
            spans.append(span)
    return replace(trace, spans=tuple(spans))


def _linked(span: Span, ids: list[str], chance: random.Random) -> Span:
    """To anything, itself and what stands around it included; in this trace, or in another one."""
    link = Link(
        span=chance.choice([*ids, "f" * 16]),
        relationship=chance.choice(RELATIONSHIPS),
        trace=chance.choice([None, None, ELSEWHERE, "2" * 32]),
    )
    return replace(span, links=(*span.links, link) * chance.choice([1, 1, 2]))


def _unlinked(span: Span, ids: list[str], chance: random.Random) -> Span:
    return replace(span, links=())


def _up(span: Span, ids: list[str], chance: random.Random) -> Span:
    """To what it stands inside, of which another agent may be."""
    assert span.parent is not None
    link = Link(span=span.parent, relationship=chance.choice(RELATIONSHIPS))
    return replace(span, links=(*span.links, link))


def _orphaned(span: Span, ids: list[str], chance: random.Random) -> Span:
    return replace(span, parent=chance.choice([None, "f" * 16, ids[0]]))


def _of_another(span: Span, ids: list[str], chance: random.Random) -> Span:
    return replace(span, agent=chance.choice(["ada", "bob", "cyd", None, ""]))


def _of_another_kind(span: Span, ids: list[str], chance: random.Random) -> Span:
    return replace(span, kind=chance.choice([*SpanKind][1:]))


def _saying(span: Span, ids: list[str], chance: random.Random) -> Span:
    wire_kind = chance.choice([WireKind.PRODUCER, WireKind.PRODUCER, WireKind.CONSUMER])
    more = {names.MESSAGE_CONTENT: chance.choice(SAID)}
    return replace(span, kind=SpanKind.MESSAGE, wire_kind=wire_kind, attributes=more)


def _asking(span: Span, ids: list[str], chance: random.Random) -> Span:
    asked = chance.choice(SAID)
    return replace(span, question=asked, digest=chance.choice([b"", digest(asked)]))


def _tasked(span: Span, ids: list[str], chance: random.Random) -> Span:
    return replace(span, task=chance.choice(["look", "go", "", None]))


def _veiled(span: Span, ids: list[str], chance: random.Random) -> Span:
    """Of which something was kept out, or cut short."""
    how = chance.choice([*Fidelity])
    return replace(span, fidelity={chance.choice(["question", "answer"]): how})


def _spent(span: Span, ids: list[str], chance: random.Random) -> Span:
    code = chance.choice(["OK", "ERROR", "UNSET", "TOOL_LIMIT_EXCEEDED"])
    used = chance.choice([None, Usage(), span.usage])
    return replace(span, usage=used, status=Status(code=code))


def _endless(span: Span, ids: list[str], chance: random.Random) -> Span:
    return replace(span, end_ns=span.start_ns)


_TOLD: tuple[Callable[[Span, list[str], random.Random], Span], ...] = (
    _linked, _unlinked, _up, _orphaned, _of_another, _of_another_kind, _saying, _asking, _tasked,
    _veiled, _spent, _endless,
)  # fmt: skip


# -- to and fro -----------------------------------------------------------------------------------
def talkers(seed: int) -> Trace:
    """Two or three in lanes of their own, who mostly answer each other, and change now and then."""
    chance = random.Random(seed)
    team = Team(chance)
    people = list(AGENTS[: chance.choice([2, 2, 3])])
    for who in people:
        Team._spawn(team, team.lanes[0])
        team.begin(team.lanes[-1], SpanKind.AGENT, who, agent=who)
    lanes = dict(zip(people, team.lanes[1:], strict=True))
    changes = chance.choice([0, 0.1, 0.3])
    queued = chance.choice([0, 0, 0.5, 1])
    spoke, heard = people[:2]
    for _ in range(chance.randint(4, 16)):
        for who in people:
            if chance.random() < changes:
                chance.choice((Team._state, Team._change, Team._write, Team._llm))(team, lanes[who])
        team.now += chance.randint(0, 3)
        say, hear = chance.choice(_QUEUED) if chance.random() < queued else _MARKED
        say(team, lanes[spoke])
        for _ in range(chance.choice([0, 0, 0, 1, 2])):
            Team._llm(team, lanes[heard])
        if chance.random() < 0.9:
            hear(team, lanes[heard])
        spoke, heard = (heard, spoke) if chance.random() < 0.85 else chance.sample(people, 2)
    trace = team.play(0, {})
    if seed % 5 == 0:
        trace = replace(trace, lanes=(), deliveries=())
    return skewed(trace, chance) if seed % 7 == 0 else trace


def _send_and_put(team: Team, lane: PlayedLane) -> None:
    """By a verb, and at once into a queue: one message, of which two things tell."""
    Team._send(team, lane)
    Team._put(team, lane, between=0)


def _get_and_receive(team: Team, lane: PlayedLane) -> None:
    Team._get(team, lane)
    Team._receive(team, lane)


Deed: TypeAlias = Callable[[Team, PlayedLane], None]
_MARKED: tuple[Deed, Deed] = (Team._send, Team._receive)
_QUEUED: tuple[tuple[Deed, Deed], ...] = (
    (Team._put, Team._get),
    (_send_and_put, _get_and_receive),
)


# -- contract nets --------------------------------------------------------------------------------
DEADLINES: tuple[object, ...] = (
    5e-9, 1, True, Decimal("1.5e-8"), dt.timedelta(microseconds=1), float("inf"), float("nan"),
    dt.datetime(2026, 1, 1, 0, 0, 0, 0, dt.UTC), "2026-01-01T00:00:00.000001+00:00",
    "2026-01-01", "soon", None,
)  # fmt: skip
"""What code may say of until when: seconds, instants, and what nobody can read."""

BIDS: tuple[object, ...] = (3, 2.5, True, "cheap", float("inf"), {"eur": 3}, None)


def rough_net(seed: int) -> Trace:
    """Tasks placed as nobody should: several at once, by anybody, in any order, in other words."""
    chance = random.Random(seed)
    rows = [row for n in range(3) for row in conforming(chance, f"t{n % 2}", start=4 * n)]
    if seed % 4:
        rows = spoiled(chance, rows)
    if seed % 3 == 0:  # given to somebody who was not asked
        asked = ("announcement", "bid", "refusal", "rejection")
        rows = [row for row in rows if row.task == "t1" or row.phase not in asked]
    rows = [
        replace(row, took=chance.randint(0, 9)) if row.phase == "report" else row for row in rows
    ]
    rows += [
        Row(task=row.task, phase="cancel", by="boss", about=row.party, at=row.at + 9)
        for row in rows
        if row.phase in ("award", "bid") and chance.random() < 0.1
    ]
    trace = net(rows, linked=seed % 2 == 0, complete=seed % 5 != 0)
    ids = [span.id for span in trace.spans]
    spans = [
        chance.choice(_HEARD)(span, ids, chance) if chance.random() < seed % 3 / 6 else span
        for span in trace.spans
    ]
    agents = tuple(
        replace(one, name=chance.choice([one.name, one.name, "van"])) for one in trace.agents
    )
    started = "2025-12-31T23:59:59.999999+00:00" if seed % 2 else ""
    trace = replace(trace, spans=tuple(spans), agents=agents, started=started)
    if seed % 11 == 0:
        trace = replace(trace, lanes=())
    if seed % 7 == 0:
        trace = _at_few_instants(trace)
    return skewed(trace, chance) if seed % 4 == 0 else trace


def _at_few_instants(trace: Trace) -> Trace:
    """As in a replay, where much happens at once, and only lanes tell of an order."""
    spans = (
        replace(one, start_ns=one.start_ns // 32 * 32, end_ns=one.end_ns // 32 * 32)
        for one in trace.spans
    )
    return replace(trace, spans=tuple(spans))


def _with(span: Span, name: str, said: object) -> Span:
    more = {key: value for key, value in span.attributes.items() if key != name}
    return replace(span, attributes=more if said is None else {**more, name: canonical(said)})


def _about(span: Span, ids: list[str], chance: random.Random) -> Span:
    return _with(span, names.DELEGATION_BIDDER, chance.choice([*BIDDERS, "van", "ann#1", None]))


def _by(span: Span, ids: list[str], chance: random.Random) -> Span:
    return replace(span, agent=chance.choice([*BIDDERS, "ann#1", "boss", None]))


def _bidding(span: Span, ids: list[str], chance: random.Random) -> Span:
    return _with(span, names.DELEGATION_BID, chance.choice(BIDS))


def _until(span: Span, ids: list[str], chance: random.Random) -> Span:
    soon = chance.randint(1, 9) / 1e9
    return _with(span, names.DELEGATION_DEADLINE, chance.choice([*DEADLINES, *[soon] * 12]))


def _ending(span: Span, ids: list[str], chance: random.Random) -> Span:
    code = chance.choice(["OK", "ERROR", "UNSET", "TOOL_LIMIT_EXCEEDED"])
    said = chance.choice(["done", "result", "failure", "partly", None, None])
    told = _with(span, names.DELEGATION_OUTCOME, said)
    return replace(told, status=Status(code=code), end_ns=span.end_ns + chance.randint(0, 9))


def _otherwise(span: Span, ids: list[str], chance: random.Random) -> Span:
    phase = chance.choice(["announcement", *LINKS, "cancel", "haggling", None])
    return _with(span, names.DELEGATION_PHASE, phase)


def _of_task(span: Span, ids: list[str], chance: random.Random) -> Span:
    return _with(span, names.DELEGATION_TASK, chance.choice(["t0", "t1", None]))


def _after(span: Span, ids: list[str], chance: random.Random) -> Span:
    link = Link(
        span=chance.choice([*ids, "f" * 16]),
        relationship=chance.choice(["announced_by", "bid_by", "awarded_by", "triggered_by"]),
        trace=chance.choice([None, None, None, ELSEWHERE]),
    )
    return replace(span, links=(*chance.choice([(), span.links]), link))


def _handed(span: Span, ids: list[str], chance: random.Random) -> Span:
    """No step at all any more: one that another handed over to."""
    link = Link(
        span=chance.choice([*ids, "f" * 16]),
        relationship="handoff",
        trace=chance.choice([None, None, None, ELSEWHERE]),
    )
    kind = chance.choice([SpanKind.AGENT, SpanKind.TOOL])
    links = (link,) * chance.choice([1, 2])
    if chance.random() < 0.2:  # a step that somebody also handed over is a step
        return replace(span, kind=kind, links=links)
    status = Status(code=chance.choice(["OK", "ERROR", "UNSET"]))
    task = chance.choice([None, "t0"])
    return replace(span, kind=kind, links=links, attributes={}, status=status, task=task)


_HEARD: tuple[Callable[[Span, list[str], random.Random], Span], ...] = (
    _about, _by, _bidding, _until, _until, _ending, _ending, _otherwise, _of_task, _after,
    _handed,
)  # fmt: skip
