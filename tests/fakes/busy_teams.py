"""Teams made by chance that tell of queues, waits and decisions, as a recording or a backend would.

One clock and real lanes, so that it is known what came before what; then, of some, what others do
to a trace: many things at one instant, no times, no lanes, clocks that disagree, ends that are
missing, parents and links that lead out of it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import replace

from agenttrace.causal.sequence import in_causal_order
from agenttrace.model import names
from agenttrace.model.agent import Agent
from agenttrace.model.span import UNSET, Event, Link, Span, SpanKind, Status
from agenttrace.model.trace import Trace
from agenttrace.model.values import Value
from tests.fakes.made_teams import AT_A_BOARD, Actions, PlayedLane, Team, a_team, skewed

TASKS = ("soup", "bread", "cake")
QUEUES = (None, None, "hot")
MEANT = ("ada", "bob", "bob#1", "cyd", "m-7", "max", "zed")
"""Whom agents speak of: by name, by id, and one who is not there."""

AWAITED = ("ada", "bob", "cyd", "m-7")
"""Whom they wait for: mostly such as wait too."""

CALLED = {"dee": Agent(id="bob#1", name="bob"), "eve": Agent(id="m-7", name="max")}
"""Who is called otherwise than by its own id: a second bob, and one whose id the code gave."""

ALSO_MAX = {"cyd": Agent(id="c-2", name="max")}
"""In every third run, a second one of that name, so that it means neither."""


class Busy(Team):
    """One run in the making, of a team that tells what it does."""

    def tell(self, lane: PlayedLane, name: str, **said: Value) -> None:
        """Let the innermost span of a lane say something."""
        if lane.open:
            span = self.spans[lane.open[-1]]
            words = {_WORDS[key]: value for key, value in said.items() if value is not None}
            event = Event(name=name, at_ns=self.now, seq=lane.seq, attributes=words)
            self.spans[span.id] = replace(span, events=(*span.events, event))

    def _enqueue(self, lane: PlayedLane) -> None:
        for task in self.chance.sample(TASKS, self.chance.choice([1, 1, 2])):
            self.tell(lane, "enqueued", task=task, queue=self.chance.choice(QUEUES))

    def _dequeue(self, lane: PlayedLane) -> None:
        queue = self.chance.choice(QUEUES)
        self.tell(lane, "dequeued", task=self.chance.choice(TASKS), queue=queue)

    def _assign(self, lane: PlayedLane) -> None:
        some: list[Value] = [*self.chance.sample(MEANT, 2)]
        self.tell(
            lane,
            "assigned",
            task=self.chance.choice(TASKS),
            queue=self.chance.choice(QUEUES),
            worker=self.chance.choice([None, *MEANT]),
            candidates=self.chance.choice([None, some]),
            reason=self.chance.choice([None, "free"]),
        )

    def _work(self, lane: PlayedLane) -> None:
        who = self.chance.choice(["ada", "bob", "cyd", "dee", "eve"])
        said: dict[str, Value] = {names.ORCHESTRATION_DECISION: "ask"}
        more = said if self.chance.random() < 0.1 else {}
        task = self.chance.choice(TASKS)
        self.begin(lane, SpanKind.AGENT, who, agent=who, task=task, attributes=more)

    def _beat(self, lane: PlayedLane) -> None:
        self.tell(lane, "heartbeat", worker=self.chance.choice([None, None, *MEANT]))

    def _wait(self, lane: PlayedLane) -> None:
        whom: list[Value] = [*self.chance.sample(AWAITED, self.chance.choice([1, 2, 2, 3]))]
        self.tell(
            lane,
            "waiting",
            agents=self.chance.choice([None, *[whom] * 9]),
            mode=self.chance.choice([None, "all", "any"]),
            timeout=self.chance.choice([None] * 8 + [0, 1.5]),
        )

    def _say(self, lane: PlayedLane) -> None:
        self.tell(lane, self.chance.choice(["resumed", "planning", "heartbeat", "error"]))

    def _decide(self, lane: PlayedLane) -> None:
        some: Value = [*self.chance.sample(MEANT, 2)]
        said: Mapping[str, Value] = {
            names.ORCHESTRATION_PATTERN: "supervisor",
            names.ORCHESTRATION_DECISION: self.chance.choice(["ask", {"whom": "bob"}, "", None]),
            names.ORCHESTRATION_CANDIDATES: self.chance.choice([some, None]),
            names.ORCHESTRATION_REASON: self.chance.choice(["free", None]),
            names.ORCHESTRATION_ROUND: self.chance.choice([0, 1, None]),
        }
        known = {key: value for key, value in said.items() if value is not None}
        self.begin(lane, SpanKind.ORCHESTRATION, "supervisor", attributes=known)

    def _place(self, lane: PlayedLane) -> None:
        said: dict[str, Value] = {
            names.DELEGATION_TASK: self.chance.choice(TASKS),
            names.DELEGATION_PHASE: self.chance.choice(["announcement", "award", "report", "bid"]),
            names.DELEGATION_OUTCOME: self.chance.choice(["done", "failure"]),
        }
        self.begin(lane, SpanKind.ORCHESTRATION, "delegation", attributes=said)
        self.end(lane)


_WORDS = {
    "task": names.QUEUE_TASK,
    "queue": names.QUEUE_NAME,
    "worker": names.QUEUE_WORKER,
    "candidates": names.ORCHESTRATION_CANDIDATES,
    "reason": names.ORCHESTRATION_REASON,
    "agents": names.WAITING_FOR,
    "mode": names.WAITING_MODE,
    "timeout": names.WAITING_TIMEOUT,
}

ACTIONS: Actions = {
    Busy._agent: 3,
    Busy._work: 4,
    Busy._leaf: 2,
    Busy._llm: 2,
    Busy._end: 6,
    Busy._spawn: 4,
    Busy._join: 3,
    Busy._send: 1,
    Busy._receive: 1,
    Busy._put: 1,
    Busy._get: 1,
    Busy._enqueue: 5,
    Busy._dequeue: 4,
    Busy._assign: 3,
    Busy._beat: 2,
    Busy._wait: 9,
    Busy._say: 1,
    Busy._decide: 1,
    Busy._place: 1,
}  # type: ignore[dict-item]
"""What such a team does."""

SORTS = ("recorded", "replayed", "timeless", "foreign", "skewed", "cut", "odd")
"""What is done to its trace; see `a_busy_team`."""


def a_busy_team(seed: int, *, deeds: int = 50, actions: Actions = ACTIONS) -> tuple[str, Trace]:
    """A run of such a team, and which sort of trace it is.

    `recorded` as it was; `replayed`: many things at one instant; `timeless`: all at 0; `foreign`:
    without lanes; `skewed`: that, by clocks that disagree; `cut`: it did not end; `odd`: `foreign`,
    with parents and links that lead out of it, and children that outlast what they stand in.
    """
    chance = random.Random(seed)
    trace = _unset(Busy(chance).play(deeds, actions), chance)
    trace = _called(trace, {**CALLED, **ALSO_MAX} if seed % 3 == 0 else CALLED)
    sort = SORTS[seed % len(SORTS)] if seed % 2 else "recorded"
    if sort in ("replayed", "timeless"):
        trace = _slowed(trace, 1_000_000 if sort == "timeless" else chance.choice([6, 30]))
    elif sort == "cut":
        trace = replace(trace, complete=False)
    elif sort != "recorded":
        trace = foreign(trace)
        trace = trace if sort == "foreign" else skewed(trace, chance)
        trace = _odd(trace, chance) if sort == "odd" else trace
    return sort, trace


AT_A_BOARD_WITH_QUEUES: Actions = {
    **AT_A_BOARD,
    Team._put: 3,
    Team._get: 3,
    Team._send: 1,
    Team._receive: 2,
    Team._state: 1,
}
"""What a team does at a board, when what is put into queues leads from lane to lane as well."""


def teams_at_a_board(seed: int) -> Iterator[tuple[str, Trace]]:
    """Runs of teams at a board, one of each sort, and one with `queues`."""
    chance = random.Random(seed)
    recorded = _renamed(a_team(seed, deeds=45, actions=AT_A_BOARD), chance)
    yield "recorded", recorded
    queues = _renamed(a_team(seed, deeds=60, actions=AT_A_BOARD_WITH_QUEUES), chance)
    yield "queues", queues
    yield "replayed", _slowed(queues, 10)
    yield "timeless", _slowed(recorded, 1_000_000)
    apart = _renamed(a_team(seed, deeds=45, actions=AT_A_BOARD, distinct=True), chance)
    elsewhere = _slow(foreign(apart), chance)
    yield "foreign", elsewhere
    late = skewed(elsewhere, chance, clock=1)
    yield "skewed", late
    yield "odd", _odd(late, chance)


def _renamed(trace: Trace, chance: random.Random) -> Trace:
    """The same with ids that do not follow the order in which things happened."""
    ids = [span.id for span in trace.spans]
    new: dict[str | None, str] = dict(zip(ids, chance.sample(ids, len(ids)), strict=True))
    spans = tuple(
        replace(
            span,
            id=new[span.id],
            parent=new.get(span.parent),
            links=tuple(replace(link, span=new[link.span]) for link in span.links),
        )
        for span in trace.spans
    )
    return replace(trace, spans=spans)


def _slow(trace: Trace, chance: random.Random) -> Trace:
    """The same where messages last a while; what began before they ended is not linked to them."""
    ends = {
        span.id: span.end_ns + (chance.randint(0, 30) if span.kind == "message" else 0)
        for span in trace.spans
    }
    spans = tuple(
        replace(
            span,
            end_ns=ends[span.id],
            links=tuple(link for link in span.links if ends[link.span] < span.start_ns),
        )
        for span in trace.spans
    )
    return replace(trace, spans=spans)


def foreign(trace: Trace) -> Trace:
    """The same as another system has it: without lanes, positions, steps and deliveries."""
    spans = tuple(
        replace(
            span,
            lane=(),
            position=(),
            seq=0,
            end_seq=0,
            events=tuple(replace(one, seq=0) for one in span.events),
        )
        for span in trace.spans
    )
    return in_causal_order(replace(trace, spans=spans, lanes=(), deliveries=(), snapshots=()))


def _unset(trace: Trace, chance: random.Random) -> Trace:
    spans = tuple(
        replace(span, status=Status(code=UNSET)) if chance.random() < 0.4 else span
        for span in trace.spans
    )
    return replace(trace, spans=spans)


def _called(trace: Trace, called: Mapping[str, Agent]) -> Trace:
    """Let some be called otherwise than by their own ids."""
    agents = tuple(called.get(one.id, one) for one in trace.agents)
    spans = tuple(
        replace(span, agent=called[span.agent].id) if span.agent in called else span
        for span in trace.spans
    )
    return replace(trace, spans=spans, agents=tuple(sorted(agents, key=lambda one: one.id)))


def _slowed(trace: Trace, by: int) -> Trace:
    """The same by a clock that ticks less often."""
    spans = tuple(
        replace(
            span,
            start_ns=span.start_ns // by,
            end_ns=span.end_ns // by,
            events=tuple(replace(one, at_ns=one.at_ns // by) for one in span.events),
        )
        for span in trace.spans
    )
    return replace(trace, spans=spans)


def _odd(trace: Trace, chance: random.Random) -> Trace:
    def odd(span: Span) -> Span:
        sort = chance.random()
        if sort < 0.1:
            return replace(span, parent="f" * 16)
        if sort < 0.2:
            return replace(span, links=(Link(span="e" * 16), *span.links))
        if sort < 0.3:
            return replace(span, links=(Link(span=span.id, trace="d" * 32), *span.links))
        return replace(span, end_ns=span.end_ns + 20) if sort < 0.5 else span

    return in_causal_order(replace(trace, spans=tuple(map(odd, trace.spans))))
