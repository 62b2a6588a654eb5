"""Traces of made-up programs: lanes that spawn, join, send and link, as chance will have it.

Each is played out step by step, so that it is known what had really ended when: whatever a causal
order claims must have been so.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hypothesis import strategies as st

from agenttrace.causal.sequence import in_causal_order
from agenttrace.model.lane import Delivery, Join, Lane, Position, Step
from agenttrace.model.span import Link, Span, SpanKind
from agenttrace.model.state import StateSnapshot
from agenttrace.model.trace import Trace

ACTIONS = ("begin", "begin", "end", "end", "spawn", "join", "send", "receive", "link", "snapshot")
ACTIONS += ("put", "get")


@dataclass(slots=True)
class _PlayedLane:
    path: Position
    parent: Position | None
    spawn_seq: int
    seq: int = 0
    heard: int = 0
    spans: list[str] = field(default_factory=list)
    joins: dict[Position, int] = field(default_factory=dict)


class Play:
    """Plays actions, each by a lane that is still there; what is not possible is left out."""

    def __init__(self) -> None:
        self.lanes = [_PlayedLane((), None, 0)]
        self.spans: dict[str, Span] = {}
        self.deliveries: list[Delivery] = []
        self.snapshots: list[StateSnapshot] = []
        self.mail: list[Position] = []
        self.queue: list[Delivery] = []
        self.now = 0
        self.ended_at: dict[str, int] = {}
        self.joined: set[Position] = set()
        self.run = Span(id="f" * 16, name="run", kind=SpanKind.RUN)
        self.spans[self.run.id] = self.run  # as recorded: its own end is no step

    def act(self, action: str, who: int, whom: int) -> None:
        """Let one lane do one thing."""
        self.now += 1
        alive = [lane for lane in self.lanes if lane.path not in self.joined]
        lane = alive[who % len(alive)]
        getattr(self, f"_{action}")(lane, whom)

    def trace(self) -> Trace:
        """What was played; spans that are still open end with their lanes."""
        for lane in self.lanes:
            while lane.spans:
                self._end(lane, 0)
        self.ended_at[self.run.id] = self.now + 1
        return in_causal_order(
            Trace(
                id="1" * 32,
                name="play",
                spans=tuple(self.spans.values()),
                lanes=tuple(
                    Lane(
                        path=lane.path,
                        parent=lane.parent,
                        spawn_seq=lane.spawn_seq,
                        joins=tuple(Join(by=by, seq=seq) for by, seq in lane.joins.items()),
                    )
                    for lane in self.lanes
                ),
                deliveries=tuple(self.deliveries),
                snapshots=tuple(self.snapshots),
            )
        )

    def _new(self, lane: _PlayedLane, kind: SpanKind) -> Span:
        lane.seq += 1
        number = len(self.spans) + 1
        span = Span(
            id=f"{number:016x}",
            name=f"{kind} {number}",
            kind=kind,
            parent=lane.spans[-1] if lane.spans else self.run.id,
            position=(*self._at(lane), Step(kind.value, "thing", lane.seq)),
            lane=lane.path,
            seq=lane.seq,
            end_seq=lane.seq,
            start_ns=self.now,
            end_ns=self.now,
        )
        self.spans[span.id] = span
        self.ended_at[span.id] = self.now
        return span

    def _at(self, lane: _PlayedLane) -> Position:
        return self.spans[lane.spans[-1]].position if lane.spans else lane.path

    def _begin(self, lane: _PlayedLane, whom: int) -> None:
        lane.spans.append(self._new(lane, SpanKind.TOOL).id)

    def _end(self, lane: _PlayedLane, whom: int) -> None:
        if lane.spans:
            span = self.spans[lane.spans.pop()]
            self.spans[span.id] = replace(span, end_seq=lane.seq, end_ns=self.now)
            self.ended_at[span.id] = self.now

    def _spawn(self, lane: _PlayedLane, whom: int) -> None:
        lane.seq += 1
        path = (*lane.path, Step("task", "worker", lane.seq))
        self.lanes.append(_PlayedLane(path, lane.path, lane.seq, spans=[]))

    def _join(self, lane: _PlayedLane, whom: int) -> None:
        others = [
            one
            for one in self.lanes
            if one is not lane and one.path and not _is_in(lane.path, one.path)
        ]
        if not others:
            return
        other = others[whom % len(others)]
        while other.spans:
            self._end(other, 0)
        self.joined.add(other.path)
        other.joins.setdefault(lane.path, lane.seq)

    def _send(self, lane: _PlayedLane, whom: int) -> None:
        self.mail.append(self._new(lane, SpanKind.MESSAGE).position)

    def _receive(self, lane: _PlayedLane, whom: int) -> None:
        if self.mail:
            message = self.mail.pop(whom % len(self.mail))
            self.deliveries.append(
                Delivery(receive=self._new(lane, SpanKind.MESSAGE).position, message=message)
            )

    def _put(self, lane: _PlayedLane, whom: int) -> None:
        message = (*self._at(lane), Step("message", "queue", self.now))
        got = Delivery(receive=(), message=message, sent=lane.seq, heard=lane.heard)
        self.queue.append(got)

    def _get(self, lane: _PlayedLane, whom: int) -> None:
        if self.queue:
            receive = (*lane.path, Step("receive", "queue", lane.heard))
            lane.heard += 1
            got = self.queue.pop(whom % len(self.queue))
            self.deliveries.append(replace(got, receive=receive, seq=lane.seq))

    def _link(self, lane: _PlayedLane, whom: int) -> None:
        known = [span for span in self.spans if not any(span in one.spans for one in self.lanes)]
        known.remove(self.run.id)
        if known:
            span = self._new(lane, SpanKind.TOOL)
            self.spans[span.id] = replace(span, links=(Link(span=known[whom % len(known)]),))

    def _snapshot(self, lane: _PlayedLane, whom: int) -> None:
        lane.seq += 1
        self.snapshots.append(
            StateSnapshot(
                agent=f"agent {whom % 3}",
                position=(*lane.path, Step("state", "snapshot", lane.seq)),
                lane=lane.path,
                seq=lane.seq,
                goal=self.now,
            )
        )


def _is_in(path: Position, outer: Position) -> bool:
    return path[: len(outer)] == outer


@st.composite
def plays(draw: st.DrawFn, longest: int = 40) -> Play:
    """Programs of up to `longest` actions."""
    play = Play()
    one = st.tuples(st.sampled_from(ACTIONS), st.integers(0, 5), st.integers(0, 5))
    for action in draw(st.lists(one, max_size=longest)):
        play.act(*action)
    return play
