"""Teams made by chance from a seed: agents that call, tell, publish, leave notes and hand over.

Each is played out on one clock, in lanes, so that what is recorded is what had happened.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TypeAlias

from agenttrace.causal.sequence import in_causal_order
from agenttrace.model import names
from agenttrace.model.agent import Agent
from agenttrace.model.call import Answer, Chunk
from agenttrace.model.lane import Delivery, Join, Lane, Position, Step
from agenttrace.model.span import ERROR, OK, Event, Link, Span, SpanKind, Status, WireKind
from agenttrace.model.state import StateSnapshot
from agenttrace.model.trace import Trace
from agenttrace.model.usage import Tokens, Usage
from agenttrace.model.values import Value, digest, pack

AGENTS = ("ada", "bob", "cyd", "dee", "eve")
TYPES = {"ada": "lead", "bob": "worker", "cyd": "worker", "dee": "", "eve": "human"}
MODELS = ("m-large", "m-small")


Actions: TypeAlias = "Mapping[Callable[[Team, PlayedLane], None], int]"
"""What can be done, and how often each is, beside the others."""


@dataclass(slots=True)
class PlayedLane:
    """A lane in the making."""

    path: Position
    parent: Position | None = None
    spawn_seq: int = 0
    seq: int = 0
    heard: int = 0
    open: list[str] = field(default_factory=list)
    around: str | None = None
    agent: str | None = None
    joins: list[Join] = field(default_factory=list)
    joined: bool = False


class Team:
    """One run in the making."""

    def __init__(self, chance: random.Random, *, distinct: bool = False) -> None:
        self.chance = chance
        self.least = 1 if distinct else 0
        self.now = 1
        self.lanes = [PlayedLane(())]
        self.spans: dict[str, Span] = {}
        self.deliveries: list[Delivery] = []
        self.shots: list[StateSnapshot] = []
        self.mail: list[tuple[Span, str]] = []
        self.queue: list[tuple[Position, PlayedLane, int, int]] = []
        self.board: dict[str, tuple[Span, int]] = {}
        self.begin(self.lanes[0], SpanKind.RUN, "run")

    def play(self, deeds: int, actions: Actions) -> Trace:
        """Do so many things, each as often as it is worth, and end whatever is open."""
        for _ in range(deeds):
            free = [lane for lane in self.lanes if not lane.joined]
            lane = self.chance.choice(free)
            (action,) = self.chance.choices([*actions], [*actions.values()])
            self.now += self.chance.randint(self.least, 3)
            action(self, lane)
        for lane in reversed(self.lanes):
            while lane.open:
                self.now += self.chance.randint(self.least, 2)
                self.end(lane)
        return self.trace()

    def trace(self) -> Trace:
        """What was done."""
        return in_causal_order(
            Trace(
                id="2" * 32,
                name="made team",
                spans=tuple(self.spans.values()),
                lanes=tuple(
                    Lane(
                        path=one.path,
                        parent=one.parent,
                        spawn_seq=one.spawn_seq,
                        joins=tuple(one.joins),
                    )
                    for one in self.lanes
                ),
                agents=tuple(
                    Agent(id=one, name=one, type=TYPES[one])
                    for one in AGENTS
                    if any(span.agent == one for span in self.spans.values())
                ),
                snapshots=tuple(self.shots),
                deliveries=tuple(self.deliveries),
            )
        )

    def begin(self, lane: PlayedLane, kind: SpanKind, name: str, **more: object) -> Span:
        """Let something begin in a lane."""
        lane.seq += 1
        number = len(self.spans) + 1
        around = lane.open[-1] if lane.open else lane.around
        agent = self.spans[around].agent if around is not None else None
        fields: dict[str, object] = {"agent": agent, "operation": name, **more}
        span = Span(
            id=f"{number:016x}",
            name=name,
            kind=kind,
            parent=around,
            position=()
            if kind is SpanKind.RUN
            else (*self.at(lane), Step(kind.value, name, number)),
            lane=lane.path,
            seq=lane.seq,
            end_seq=lane.seq,
            start_ns=self.now,
            end_ns=self.now,
            **fields,  # type: ignore[arg-type]
        )
        self.spans[span.id] = span
        lane.open.append(span.id)
        return span

    def at(self, lane: PlayedLane) -> Position:
        """Where a lane stands: inside its innermost span, which may be the run's own."""
        return (self.spans[lane.open[-1]].position if lane.open else ()) or lane.path

    def end(self, lane: PlayedLane) -> None:
        """Let the innermost span of a lane end."""
        span = self.spans[lane.open.pop()]
        code = ERROR if self.chance.random() < 0.1 else OK
        self.spans[span.id] = replace(
            span, end_ns=self.now, end_seq=lane.seq, status=Status(code=code)
        )

    def mark(
        self, lane: PlayedLane, name: str, more: Mapping[str, Value], **fields: object
    ) -> Span:
        """Let a message be marked: it begins and ends at once."""
        self.begin(lane, SpanKind.MESSAGE, name, attributes=more, **fields)
        span = self.spans[lane.open.pop()]
        self.now += self.least
        return span

    # -- what can be done ---------------------------------------------------------------------
    def _agent(self, lane: PlayedLane) -> None:
        who = self.chance.choice(AGENTS)
        task = self.chance.choice([None, "look", "pay"])
        self.begin(lane, SpanKind.AGENT, who, agent=who, task=task)

    def _handoff(self, lane: PlayedLane) -> None:
        ended = [
            one.id
            for one in self.spans.values()
            if one.kind is SpanKind.AGENT and not any(one.id in lane.open for lane in self.lanes)
        ]
        if ended:
            who = self.chance.choice(AGENTS)
            link = Link(span=self.chance.choice(ended), relationship="handoff")
            self.begin(lane, SpanKind.AGENT, who, agent=who, links=(link,))

    def _tool(self, lane: PlayedLane) -> None:
        name = self.chance.choice(["ask", "pay"])
        self.begin(lane, SpanKind.TOOL, name, **self._asked())

    def _leaf(self, lane: PlayedLane) -> None:
        cost = self.chance.choice([None, Decimal("0.01")])
        used = None if cost is None else Usage(tool_cost_usd=cost)
        self.begin(lane, SpanKind.TOOL, "look_up", usage=used, **self._asked())
        self.now += self.chance.randint(self.least, 4)
        self.end(lane)

    def _asked(self) -> dict[str, object]:
        asked: Value = {"order": self.chance.choice(["A", "B"])}
        said = pack(self.chance.choice(["yes", "no"]))
        answer = Answer(chunks=(Chunk(data=said),))
        return {"question": asked, "digest": digest(asked), "answers": (answer,)}

    def _llm(self, lane: PlayedLane) -> None:
        models = {
            model: Tokens(input=self.chance.randint(0, 9), output=self.chance.randint(1, 9))
            for model in self.chance.sample(MODELS, self.chance.choice([1, 1, 2]))
        }
        silent = self.chance.random() < 0.05
        price = self.chance.choice([Decimal("0.5"), Decimal("0.25")])
        used = None if silent else Usage(models=models, cost_usd=price)
        self.begin(lane, SpanKind.LLM, "chat", usage=used, digest=b"1" * 16)
        self.now += self.chance.randint(self.least, 6)
        self.end(lane)

    def _end(self, lane: PlayedLane) -> None:
        if len(lane.open) > (not lane.path):
            self.end(lane)

    def _spawn(self, lane: PlayedLane) -> None:
        if len(self.lanes) < 8:
            lane.seq += 1
            around = lane.open[-1] if lane.open else lane.around
            path = (*lane.path, Step("task", "worker", lane.seq))
            self.lanes.append(PlayedLane(path, lane.path, lane.seq, around=around))

    def _join(self, lane: PlayedLane) -> None:
        done = [
            one
            for one in self.lanes
            if one.path and one is not lane and not one.open and not one.joined
            if lane.path[: len(one.path)] != one.path
        ]
        if done:
            done[0].joined = True
            done[0].joins.append(Join(by=lane.path, seq=lane.seq))

    def _send(self, lane: PlayedLane) -> None:
        said = self.chance.choice(["go", "stop", "wait a moment"])
        more = {names.MESSAGE_CONTENT: said, names.MESSAGE_CHANNEL: "post"}
        span = self.mark(lane, "send post", more, wire_kind=WireKind.PRODUCER)
        self.mail.append((span, "message"))

    def _publish(self, lane: PlayedLane) -> None:
        more: dict[str, Value] = {names.MESSAGE_CONTENT: ["new", 1], names.MESSAGE_CHANNEL: "news"}
        span = self.mark(lane, "publish news", more, wire_kind=WireKind.PRODUCER)
        self.mail += [(span, "publish")] * self.chance.randint(0, 2)

    def _receive(self, lane: PlayedLane) -> None:
        if not self.mail:
            return
        sent, how = self.mail.pop(self.chance.randrange(len(self.mail)))
        channel = "news" if how == "publish" else "post"
        more = {key: sent.attributes[key] for key in (names.MESSAGE_CONTENT, names.MESSAGE_CHANNEL)}
        link = Link(span=sent.id, relationship=how)
        span = self.mark(
            lane, f"receive {channel}", more, wire_kind=WireKind.CONSUMER, links=(link,)
        )
        self.deliveries.append(
            Delivery(receive=span.position, message=sent.position, channel=channel)
        )

    def _write(self, lane: PlayedLane) -> None:
        key = self.chance.choice("xy")
        version = self.board[key][1] + 1 if key in self.board else 1
        more: dict[str, Value] = {
            names.MESSAGE_KEY: key,
            names.MESSAGE_VERSION: version,
            names.MESSAGE_CONTENT: self.chance.choice([1, 2]),
            names.MESSAGE_CHANNEL: "board",
        }
        self.board[key] = (
            self.mark(lane, "write board", more, wire_kind=WireKind.PRODUCER),
            version,
        )

    def _read(self, lane: PlayedLane) -> None:
        key = self.chance.choice("xy")
        written, version = self.board.get(key, (None, 0))
        how = "stigmergy" if key == "y" else "blackboard"
        links = () if written is None else (Link(span=written.id, relationship=how),)
        more: dict[str, Value] = {
            names.MESSAGE_KEY: key,
            names.MESSAGE_VERSION: version,
            names.MESSAGE_CHANNEL: "board",
        }
        self.mark(lane, "read board", more, wire_kind=WireKind.CONSUMER, links=links)

    def _put(self, lane: PlayedLane, between: int = 1) -> None:
        lane.seq += between  # nothing: what is put right after a `send` is what was sent
        number = len(self.queue) + 1000 * len(self.spans)
        message = (*self.at(lane), Step("message", "jobs", number))
        self.queue.append((message, lane, lane.seq, lane.heard))

    def _get(self, lane: PlayedLane) -> None:
        if self.queue:
            message, _, sent, heard = self.queue.pop(0)
            receive = (*lane.path, Step("receive", "jobs", lane.heard))
            lane.heard += 1
            self.deliveries.append(
                Delivery(
                    receive=receive,
                    message=message,
                    channel="jobs",
                    seq=lane.seq,
                    sent=sent,
                    heard=heard,
                )
            )

    def _lead(self, lane: PlayedLane) -> None:
        self.begin(lane, SpanKind.ORCHESTRATION, "supervisor")

    def _state(self, lane: PlayedLane) -> None:
        lane.seq += 1
        around = lane.open[-1] if lane.open else lane.around
        agent = self.spans[around].agent if around is not None else None
        if agent is not None and around is not None:
            self.shots.append(
                StateSnapshot(
                    agent=agent,
                    position=(*lane.path, Step("state", "snapshot", lane.seq)),
                    lane=lane.path,
                    seq=lane.seq,
                    goal=self.chance.choice(["a", "b"]),
                    span=around,
                )
            )

    def _change(self, lane: PlayedLane) -> None:
        if lane.open:
            span = self.spans[lane.open[-1]]
            event = Event(name="state_change", at_ns=self.now, seq=lane.seq)
            self.spans[span.id] = replace(span, events=(*span.events, event))


ACTIONS: Actions = {
    Team._agent: 4,
    Team._handoff: 2,
    Team._tool: 3,
    Team._leaf: 3,
    Team._llm: 4,
    Team._end: 9,
    Team._spawn: 2,
    Team._join: 1,
    Team._send: 4,
    Team._receive: 5,
    Team._publish: 1,
    Team._write: 2,
    Team._read: 3,
    Team._put: 2,
    Team._get: 2,
    Team._lead: 1,
    Team._state: 1,
    Team._change: 1,
}
"""All of it."""

AT_A_BOARD: Actions = {
    Team._agent: 3,
    Team._spawn: 3,
    Team._join: 2,
    Team._end: 2,
    Team._write: 6,
    Team._read: 6,
}
"""The same for a team that works at a board."""


def a_team(
    seed: int,
    *,
    deeds: int = 40,
    distinct: bool = False,
    actions: Actions = ACTIONS,
) -> Trace:
    """A run of a team that nobody wrote; `distinct`: no two things happen at one instant."""
    return Team(random.Random(seed), distinct=distinct).play(deeds, actions)


def skewed(trace: Trace, chance: random.Random, *, clock: int = 6) -> Trace:
    """The same run as hosts tell it whose clocks disagree: some spans are moved in time."""
    return replace(
        trace,
        spans=tuple(
            replace(span, start_ns=max(0, span.start_ns + by), end_ns=max(0, span.end_ns + by))
            for span in trace.spans
            for by in [chance.choice([0, 0, -clock, clock])]
        ),
    )
