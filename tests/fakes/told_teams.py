"""Teams that tell what they do: contract nets, queues, signs of life; by hand or by chance."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from agenttrace.causal.sequence import in_causal_order
from agenttrace.model import names
from agenttrace.model.agent import Agent
from agenttrace.model.call import Answer, Chunk
from agenttrace.model.lane import Lane, Step
from agenttrace.model.span import OK, Event, Link, Span, SpanKind, Status, WireKind
from agenttrace.model.state import StateSnapshot
from agenttrace.model.trace import Trace
from agenttrace.model.values import Value, canonical, digest, pack

TRACE = "7" * 32
LINKS = {
    "bid": ("announcement", "announced_by"),
    "refusal": ("announcement", "announced_by"),
    "award": ("bid", "bid_by"),
    "rejection": ("bid", "bid_by"),
    "execution": ("award", "awarded_by"),
    "report": ("execution", "executed_by"),
}
BIDDERS = ("ann", "bea", "cal", "dov")


def made(spans: Iterable[Span], *, complete: bool = True, lanes: Iterable[Lane] = ()) -> Trace:
    """A trace of spans; its agents are those that the spans name."""
    kept = tuple(spans)
    agents = {span.agent for span in kept if span.agent is not None}
    return in_causal_order(
        Trace(
            id=TRACE,
            name="told",
            spans=kept,
            lanes=tuple(lanes),
            agents=tuple(Agent(id=one, name=one.partition("#")[0]) for one in sorted(agents)),
            complete=complete,
        )
    )


# -- contract nets ----------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Row:
    """One step of a contract net, as a test writes it."""

    task: str
    phase: str
    by: str
    at: int
    about: str = ""
    bid: object = None
    outcome: str | None = None
    deadline: object = None
    took: int = 0

    @property
    def party(self) -> str:
        """The bidder whom it is about."""
        return self.about or self.by


def net(rows: Iterable[Row], *, linked: bool = False, complete: bool = True) -> Trace:
    """The trace of a contract net; each agent has a lane of its own."""
    ordered = sorted(rows, key=lambda row: row.at)
    people = sorted({row.by for row in ordered})
    paths = {one: (Step("task", one, 0),) for one in people}
    spans: list[Span] = []
    said: dict[tuple[str, str, str], str] = {}
    seqs = dict.fromkeys(people, 0)
    for number, row in enumerate(ordered, 1):
        seqs[row.by] += 1
        before, relationship = LINKS.get(row.phase, ("", ""))
        whom = "" if before == "announcement" else row.party
        target = said.get((row.task, before, whom))
        attributes = {
            names.DELEGATION_TASK: row.task,
            names.DELEGATION_PHASE: row.phase,
            names.DELEGATION_BIDDER: row.about or None,
            names.DELEGATION_BID: row.bid,
            names.DELEGATION_OUTCOME: row.outcome,
            names.DELEGATION_DEADLINE: row.deadline,
        }
        span_id = f"{number:016x}"
        spans.append(
            Span(
                id=span_id,
                name=f"{row.phase} {row.task}",
                kind=SpanKind.ORCHESTRATION,
                agent=row.by,
                lane=paths[row.by],
                position=(*paths[row.by], Step("delegation", row.phase, number)),
                seq=seqs[row.by],
                end_seq=seqs[row.by],
                start_ns=row.at,
                end_ns=row.at + row.took,
                status=Status(code=OK),
                attributes={
                    name: canonical(value)
                    for name, value in attributes.items()
                    if value is not None
                },
                links=(Link(span=target, relationship=relationship),) if linked and target else (),
            )
        )
        said[row.task, row.phase, "" if row.phase == "announcement" else row.party] = span_id
    lanes = [Lane(path=()), *(Lane(path=path, parent=()) for path in paths.values())]
    return made(spans, complete=complete, lanes=lanes)


def conforming(chance: random.Random, task: str, *, start: int = 0) -> list[Row]:
    """One placing of a task by the rules: announced, bid for, awarded or rejected or cancelled."""
    at = start + chance.randint(1, 5)
    deadline = chance.choice([None, 1])
    rows = [Row(task=task, phase="announcement", by="boss", at=at, deadline=deadline)]
    bidders = []
    for one in chance.sample(BIDDERS, chance.randint(0, len(BIDDERS))):
        at += chance.randint(1, 5)
        if chance.random() < 0.3:
            rows.append(Row(task=task, phase="refusal", by=one, at=at))
        else:
            bidders.append(one)
            rows.append(Row(task=task, phase="bid", by=one, at=at, bid=chance.randint(1, 9)))
    if chance.random() < 0.1:
        return [*rows, Row(task=task, phase="cancel", by="boss", at=at + 1)]
    winners = bidders[: chance.choice([0, 1, 1, 1, 2])]
    for one in bidders:
        at += chance.randint(1, 5)
        phase = "award" if one in winners else "rejection"
        rows.append(Row(task=task, phase=phase, by="boss", about=one, at=at))
    for one in winners:
        at += chance.randint(1, 5)
        took = chance.randint(0, 5)
        rows.append(Row(task=task, phase="execution", by=one, at=at, took=took))
        at += took + chance.randint(1, 5)
        outcome = chance.choice(["done", "result", "failure", None])
        rows.append(Row(task=task, phase="report", by=one, at=at, outcome=outcome))
    return rows


def _first(rows: list[Row], phase: str, party: str | None = None) -> Row | None:
    return next((row for row in rows if row.phase == phase and party in (None, row.party)), None)


def _of_winner(rows: list[Row], phase: str) -> Row | None:
    """A step of whoever was awarded the task first."""
    award = _first(rows, "award")
    return None if award is None else _first(rows, phase, award.party)


def _without(rows: list[Row], gone: Row | None) -> list[Row] | None:
    return None if gone is None else [row for row in rows if row is not gone]


def _twice(rows: list[Row], row: Row | None) -> list[Row] | None:
    return None if row is None else [*rows, replace(row, at=row.at + 1)]


def _of_zoe(rows: list[Row], phase: str, by: str = "zoe") -> list[Row]:
    """With a step about somebody who took no part."""
    at = max(row.at for row in rows) + 1
    about = "" if by == "zoe" else "zoe"
    return [*rows, Row(task=rows[0].task, phase=phase, by=by, about=about, at=at)]


def _unannounced(rows: list[Row]) -> list[Row] | None:
    answered = _first(rows, "bid") or _first(rows, "refusal")
    return None if answered is None else rows[1:]


def _late(rows: list[Row]) -> list[Row] | None:
    bid = _of_winner(rows, "bid")
    if bid is None:
        return None
    return [replace(rows[0], deadline=(bid.at - rows[0].at - 1) / 1e9), *rows[1:]]


def _early(rows: list[Row]) -> list[Row] | None:
    award, work = _first(rows, "award"), _of_winner(rows, "execution")
    if award is None or work is None:
        return None
    return [replace(row, at=award.at - 1) if row is work else row for row in rows]


BREAKS: Mapping[str, Callable[[list[Row]], list[Row] | None]] = {
    "bid-unannounced": _unannounced,
    "bid-twice": lambda rows: _twice(rows, _first(rows, "refusal")),
    "bid-late": _late,
    "award-without-bid": lambda rows: _without(rows, _of_winner(rows, "bid")),
    "rejection-without-bid": lambda rows: _of_zoe(rows, "rejection", by="boss"),
    "bid-unanswered": lambda rows: _without(rows, _first(rows, "rejection")),
    "bid-answered-twice": lambda rows: _twice(rows, _first(rows, "rejection")),
    "execution-without-award": lambda rows: _of_zoe(rows, "execution"),
    "execution-before-award": _early,
    "report-without-award": lambda rows: _of_zoe(rows, "report"),
    "award-unreported": lambda rows: _without(rows, _of_winner(rows, "report")),
    "award-reported-twice": lambda rows: _twice(rows, _of_winner(rows, "report")),
}
"""For each rule, the same placing with that rule broken; None: it has no such step."""


def spoiled(chance: random.Random, rows: list[Row]) -> list[Row]:
    """Steps as they never should be: some lost, some twice, some at another time or of another."""
    found = []
    for row in rows:
        sort = chance.random()
        if sort < 0.1:
            continue
        found.append(row)
        if sort < 0.2:
            found.append(replace(row, at=row.at + chance.randint(0, 4)))
        elif sort < 0.3:
            found[-1] = replace(row, at=max(0, row.at + chance.randint(-9, 9)))
        elif sort < 0.35 and row.phase != "announcement":
            found[-1] = replace(row, by=chance.choice(BIDDERS), about="")
        elif sort < 0.6 and row.phase == "announcement":
            found[-1] = replace(row, deadline=chance.randint(1, 20) / 1e9)
    return found


# -- events -----------------------------------------------------------------------------
def telling(
    *rows: tuple[str, int, str, Mapping[str, object]],
    spans: Iterable[Span] = (),
    code: str = OK,
) -> Trace:
    """A trace in which each agent has one span, and tells events there: who, when, which, what."""
    people = list(dict.fromkeys(who for who, *_ in rows))
    found = []
    for number, person in enumerate(people, 1):
        told = [row for row in rows if row[0] == person]
        path = (Step("task", person, 0),)
        events = tuple(
            Event(name=name, at_ns=at, seq=1, attributes=_attributes(said))
            for _, at, name, said in sorted(told, key=lambda row: row[1])
        )
        found.append(
            Span(
                id=f"{number + 0xA000:016x}",
                name=person,
                kind=SpanKind.AGENT,
                agent=person,
                lane=path,
                seq=1,
                end_seq=1,
                start_ns=min(one.at_ns for one in events),
                end_ns=max(one.at_ns for one in events),
                status=Status(code=code),
                events=events,
            )
        )
    more = tuple(spans)
    lanes = {span.lane for span in (*found, *more)} | {()}
    return made(
        [*found, *more], lanes=[Lane(path=one, parent=None if one == () else ()) for one in lanes]
    )


def _attributes(said: Mapping[str, object]) -> dict[str, Value]:
    return {name: canonical(value) for name, value in said.items() if value is not None}


def queued(chance: random.Random, tasks: int) -> list[tuple[str, int, str, Mapping[str, object]]]:
    """Tasks that are put into queues and taken out, some never, some by skewed clocks."""
    rows: list[tuple[str, int, str, Mapping[str, object]]] = []
    for number in range(tasks):
        said = {names.QUEUE_TASK: f"t{chance.randrange(tasks)}", names.QUEUE_NAME: f"q{number % 2}"}
        at = chance.randrange(40)
        if chance.random() < 0.9:
            rows.append((chance.choice(("boss", "aide")), at, "enqueued", said))
        if chance.random() < 0.8:
            took = chance.randrange(-2, 30)
            worker = chance.choice(BIDDERS)
            rows.append((worker, max(0, at + took), "dequeued", said))
            if chance.random() < 0.7:
                assigned = {
                    names.QUEUE_TASK: said[names.QUEUE_TASK],
                    names.QUEUE_WORKER: worker,
                    names.ORCHESTRATION_CANDIDATES: chance.choice([None, ["ann", "bea"]]),
                }
                rows.append(("boss", max(0, at + took), "assigned", assigned))
        if chance.random() < 0.4:
            rows.append((chance.choice(BIDDERS), chance.randrange(90), "heartbeat", {}))
    return rows


def works(chance: random.Random, tasks: int) -> list[Span]:
    """Agent spans of workers, with a task each."""
    found = []
    for number in range(tasks):
        who = chance.choice(BIDDERS)
        begun = chance.randrange(90)
        found.append(
            Span(
                id=f"{number + 0xB000:016x}",
                name=who,
                kind=SpanKind.AGENT,
                agent=who,
                task=f"t{chance.randrange(tasks)}",
                lane=(Step("task", f"work {number}", 0),),
                seq=1,
                end_seq=1,
                start_ns=begun,
                end_ns=begun + chance.randrange(9),
                status=Status(code=chance.choice([OK, "ERROR", "UNSET"])),
            )
        )
    return found


# -- steps ------------------------------------------------------------------------------
class Did(NamedTuple):
    """One step: a call with its result, or what is said (with no result); `!` begins an error."""

    asked: str
    result: str | None = None
    who: str = "ada"


def run_of(*steps: Did, states: Sequence[tuple[int, object]] = ()) -> Trace:
    """A run of steps, one after another; states are kept by ada after so many of them."""
    spans = []
    for number, (asked, result, who) in enumerate(steps, 1):
        lane = (Step("task", who, 0),)
        said = result is None
        spans.append(
            Span(
                id=f"{number:016x}",
                name=f"send {asked}" if said else asked,
                kind=SpanKind.MESSAGE if said else SpanKind.TOOL,
                wire_kind=WireKind.PRODUCER if said else WireKind.INTERNAL,
                operation="send" if said else "search",
                agent=who,
                lane=lane,
                position=(*lane, Step("call", asked, number)),
                seq=number,
                end_seq=number,
                start_ns=number,
                end_ns=number,
                digest=b"" if said else digest(asked),
                answers=() if said else (Answer(chunks=(Chunk(data=pack(result)),)),),
                attributes={names.MESSAGE_CONTENT: asked} if said else {},
                status=Status(code="ERROR" if (result or "").startswith("!") else "OK"),
            )
        )
    lanes = [Lane(path=()), *(Lane(path=path, parent=()) for path in {one.lane for one in spans})]
    shots = tuple(
        StateSnapshot(
            agent="ada",
            position=(Step("task", "ada", 0), Step("snapshot", "state", after)),
            lane=(Step("task", "ada", 0),),
            seq=after,
            goal=goal,
        )
        for after, goal in states
    )
    return replace(made(spans, lanes=lanes), snapshots=shots)


# -- trouble ----------------------------------------------------------------------------
def troubled() -> Trace:
    """A deadlock and its victim, a starved task, two loops, and a failure that spreads."""
    steps = [Did("price", "!down", "buyer")] * 3 + [Did("pay", "!nothing", "payer")]
    run = run_of(*steps, *[Did("look", "nothing")] * 4)
    spans = [
        replace(it, parent=None, start_ns=100 + it.start_ns, end_ns=100 + it.end_ns)
        for it in run.spans
    ]
    asked, paid = (
        next(n for n, it in reversed([*enumerate(spans)]) if it.name == name)
        for name in ("price", "pay")
    )
    spans[paid] = replace(
        spans[paid], links=(Link(span=spans[asked].id, relationship="triggered_by"),)
    )
    waits = {"a": ["b"], "b": ["a"], "c": ["a"]}
    told = telling(
        *((who, 90, "waiting", {names.WAITING_FOR: whom}) for who, whom in waits.items()),
        ("chef", 1, "enqueued", {names.QUEUE_TASK: "soup", names.QUEUE_NAME: "orders"}),
        ("chef", 2, "enqueued", {names.QUEUE_TASK: "bread", names.QUEUE_NAME: "orders"}),
        ("cook", 3, "dequeued", {names.QUEUE_TASK: "bread", names.QUEUE_NAME: "orders"}),
        spans=spans,
        code="UNSET",
    )
    return replace(told, name="troubled")
