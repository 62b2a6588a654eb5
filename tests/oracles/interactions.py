"""Who led whom to something, as `docs/reference/analysis.md` says, by looking at all pairs.

Spans are known by id. Nothing is worked out twice as fast as it could be, and nothing is clever.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple, TypeAlias

from agenttrace.causal.delivery.turns import turn_path
from agenttrace.model import names
from agenttrace.model.lane import Delivery, Lane, Position
from agenttrace.model.span import Span
from agenttrace.model.state import StateSnapshot
from agenttrace.model.trace import Trace

ORDERS = ("message", "handoff", "tool-as-agent", "subagent")
"""The kinds by which one tells another to do something."""


class Row(NamedTuple):
    """An interaction: its kind, whose it is, the ids of its ends; of a queue's, the delivery."""

    kind: str
    source: str
    target: str
    cause: str
    effect: str
    queued: Delivery | None = None


# -- who did what ---------------------------------------------------------------------------------
def around(trace: Trace, span: Span) -> Span | None:
    """What a span stands inside, where the trace has it."""
    return next((one for one in trace.spans if one.id == span.parent), None)


def outer(trace: Trace, span: Span) -> list[Span]:
    """All that stands around a span, the nearest first."""
    above = around(trace, span)
    return [] if above is None else [above, *outer(trace, above)]


def doer(trace: Trace, span: Span) -> str | None:
    """The agent that a span names, else that of the nearest one around it that names one."""
    return next((it.agent for it in [span, *outer(trace, span)] if it.agent is not None), None)


def named(trace: Trace, span_id: str) -> Span:
    """The span of an id."""
    return next(one for one in trace.spans if one.id == span_id)


# -- interactions ---------------------------------------------------------------------------------
def interactions(trace: Trace) -> list[Row]:
    """Every recorded edge from what one agent did to what another one did."""
    return [*_links(trace), *_inside(trace), *_queues(trace)]


def _row(trace: Trace, kind: str, cause: Span, effect: Span) -> Iterator[Row]:
    source, target = doer(trace, cause), doer(trace, effect)
    if source is not None and target is not None and source != target:
        yield Row(kind, source, target, cause.id, effect.id)


def _links(trace: Trace) -> Iterator[Row]:
    for effect in trace.spans:
        for number, link in enumerate(effect.links):
            if link.trace is None and link not in effect.links[:number]:
                for cause in trace.spans:
                    if cause.id == link.span:
                        yield from _row(trace, link.relationship, cause, effect)


def _inside(trace: Trace) -> Iterator[Row]:
    linked = {(one.source, one.effect) for one in _links(trace)}
    for effect in trace.spans:
        above = around(trace, effect)
        for one in () if above is None else _row(trace, "subagent", above, effect):
            if (one.source, effect.id) in linked:
                continue
            tool = _tool_of(trace, one.source, effect)
            if tool is None:
                yield one
            else:
                yield one._replace(kind="tool-as-agent", cause=tool.id)


def _tool_of(trace: Trace, agent: str, span: Span) -> Span | None:
    """The innermost tool around a span, with nothing of another agent's and no agent between."""
    for one in outer(trace, span):
        if one.kind == "agent" or doer(trace, one) != agent:
            return None
        if one.kind == "tool":
            return one
    return None


def _queues(trace: Trace) -> Iterator[Row]:
    for got in carried(trace):
        cause = at_step(trace, sender(trace, got), got.sent, sent_as=got.message)
        effect = _taken_in(trace, got)
        if cause is not None and effect is not None and not _is_marked(trace, got):
            for one in _row(trace, "message", cause, effect):
                yield one._replace(queued=got)


def carried(trace: Trace) -> list[Delivery]:
    """The messages that came out of queues."""
    return [one for one in trace.deliveries if one.message and one.receive[-1].kind == "receive"]


def sender(trace: Trace, got: Delivery) -> Position:
    """The lane that put a message into a queue."""
    whole = got.message or ()
    return max(
        (one.path for one in trace.lanes if one.path == whole[: len(one.path)] != whole), key=len
    )


def receiver(got: Delivery) -> Position:
    """The lane that took it out; where any of a pool may have, the turn that it began."""
    lane = got.receive[:-1]
    return turn_path(lane, got.turn) if got.turn else lane


def _taken_in(trace: Trace, got: Delivery) -> Span | None:
    """What stands around the taking out; of a turn, around the first thing in it."""
    if not got.turn:
        return at_step(trace, receiver(got), got.seq)
    inside = [one.seq for one in trace.spans if one.lane == receiver(got)]
    return at_step(trace, receiver(got), min(inside)) if inside else None


def _is_marked(trace: Trace, got: Delivery) -> bool:
    """Whether the last step before was to say that it is sent, and somebody says to receive it."""
    return any(
        link.span == sent.id and link.trace is None and span.wire_kind == "consumer"
        for sent in trace.spans
        if (sent.lane, sent.seq) == (sender(trace, got), got.sent) and sent.wire_kind == "producer"
        for span in trace.spans
        for link in span.links
    )


def at_step(
    trace: Trace, lane: Position, step: int, *, sent_as: Position | None = None
) -> Span | None:
    """What stands around a step of a lane; a message and a model call are over at once.

    What takes its last step there may be over as well; of what is put into a queue after that step
    its name tells: it begins with the names of all that it was put in inside of.
    """
    begun = [one for one in trace.spans if one.lane == lane and one.seq <= step]
    if begun:
        last = max(begun, key=lambda one: one.seq)
        for one in (last, *outer(trace, last)):
            over = one.end_seq < step or one.kind in ("llm", "message")
            if one.end_seq == step and sent_as is not None:
                over = over or sent_as[: len(one.position)] != one.position
            if one.lane != lane or not over:
                return one
        return None
    for spawned in trace.lanes:
        if spawned.path == lane and spawned.parent is not None:
            return at_step(trace, spawned.parent, spawned.spawn_seq)
    return None


# -- of an interaction ----------------------------------------------------------------------------
def content(trace: Trace, one: Row) -> object:
    """What the one told the other; ...: it is not known."""
    cause, effect = named(trace, one.cause), named(trace, one.effect)
    messages = [cause] if effect.wire_kind == "producer" else [cause, effect]
    asked = cause if one.kind == "tool-as-agent" else effect
    if one.queued is not None:
        return ...
    for end in messages:
        if end.kind == "message" and names.MESSAGE_CONTENT in end.attributes:
            return end.attributes[names.MESSAGE_CONTENT]
    if asked.kind in ("tool", "agent") and asked.question is not None:
        whole = asked.fidelity.get("question", "present") == "present"
        return asked.question if whole else ...
    return ... if effect.task is None else effect.task


def size(said: object) -> int:
    """In UTF-8; a text as it is, anything else as compact JSON."""
    if not isinstance(said, str):
        said = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    return len(said.encode())


def tokens(trace: Trace, one: Row, rows: Iterable[Row]) -> int | None:
    """Of the model calls inside the effect that stand in no interaction further inside."""
    effect = named(trace, one.effect)
    if one.queued is not None or effect.kind == "message":
        return None
    if effect.kind == "agent" and effect.is_call:
        return None
    if not any(span.kind == "llm" for span in trace.spans):
        return None
    works = {
        row.effect
        for row in rows
        if row.queued is None and named(trace, row.effect).kind != "message"
    }
    spent = 0
    for span in trace.spans:
        chain = [it.id for it in (span, *outer(trace, span))]
        nearest = next((it for it in chain if it in works), None)
        if nearest != effect.id or span.kind != "llm":
            continue
        if span.usage is not None:
            spent += sum(it.input + it.output for it in span.usage.models.values())
        elif span.status.code != "ERROR":
            return None
    return spent


def latency(trace: Trace, one: Row) -> int | None:
    """From the end of the cause to the begin of the effect; from its begin, if it still lasted."""
    cause, effect = named(trace, one.cause), named(trace, one.effect)
    if one.queued is not None or not has_times(trace):
        return None
    for since in (cause.end_ns, cause.start_ns):
        if since <= effect.start_ns:
            return effect.start_ns - since
    return None


def has_times(trace: Trace) -> bool:
    """Whether anything in a trace is not at 0."""
    return any(
        span.start_ns or span.end_ns or any(it.at_ns for it in span.events) for span in trace.spans
    )


# -- shapes ---------------------------------------------------------------------------------------
def connected(agents: Iterable[str], pairs: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """All pairs of different agents whom channels connect, in any direction, by way of any."""
    kept = set(agents)
    joined = {(a, b) for one, two in pairs for a, b in ((one, two), (two, one)) if {a, b} <= kept}
    while True:
        more = {(a, d) for a, b in joined for c, d in joined if b == c} - joined
        if not more:
            return {(a, b) for a, b in joined if a != b}
        joined |= more


def parts(agents: Iterable[str], pairs: set[tuple[str, str]], without: str) -> set[frozenset[str]]:
    """Into what falls whatever is connected with an agent, once that one is left out."""
    everybody = set(agents)
    left = connected(everybody - {without}, pairs)
    beside = {one for one, other in connected(everybody, pairs) if other == without}
    return {frozenset({one} | {b for a, b in left if a == one}) for one in beside}


def single_points(agents: Iterable[str], pairs: set[tuple[str, str]]) -> set[str]:
    """Agents without whom others are parted whom channels connect."""
    return {one for one in agents if len(parts(agents, pairs, one)) > 1}


def redundant(trace: Trace, rows: Iterable[Row]) -> list[tuple[str, list[Row]]]:
    """What one agent told others word for word more than once: by whom, and each time."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for one in rows:
        said = content(trace, one)
        if one.kind in ORDERS and said is not ...:
            groups.setdefault((one.source, _words(said)), []).append(one)
    return [
        (source, told)
        for (source, _), told in groups.items()
        if len({_telling(trace, one) for one in told}) > 1
    ]


def _words(said: object) -> str:
    """What was said, as a text; one that holds JSON says what that says."""
    if isinstance(said, str) and said.strip()[:1] in ("{", "["):
        with suppress(ValueError):
            return f"told {json.dumps(json.loads(said), sort_keys=True)}"
    return json.dumps(said, sort_keys=True)


def _telling(trace: Trace, one: Row) -> str:
    """One message and one call of a tool tell once, whomever they reach."""
    if one.kind == "tool-as-agent" or named(trace, one.cause).kind == "message":
        return one.cause
    return one.effect


def unread(trace: Trace) -> list[tuple[str, str | None, str]]:
    """What was sent, published or written, and nothing says that it was read: who, and which."""
    linked = {it.span for span in trace.spans for it in span.links if it.trace is None}
    inside = {span.parent for span in trace.spans if span.wire_kind == "consumer"}
    got = {it.message for it in trace.deliveries}
    return [
        (span.id, doer(trace, span), _which(span))
        for span in trace.spans
        if (span.kind, span.wire_kind) == ("message", "producer")
        if span.id not in linked | inside and span.position not in got
    ]


def _which(span: Span) -> str:
    if is_write(span):
        return "blackboard"
    return "publish" if span.operation.partition(" ")[0] == "publish" else "message"


# -- chatter --------------------------------------------------------------------------------------
Step: TypeAlias = "tuple[float, int]"
"""Of a lane: after how many of its steps; of what comes out of a queue then, the how-manieth."""

Moment: TypeAlias = "tuple[Position, Step] | str"
"""A step of a lane that counts; or the end of a span, or a queue's message, by its name."""


class Clock:
    """Lamport's clock: of each moment, how many lie before it on the longest way to it."""

    def __init__(self, trace: Trace) -> None:
        """Find all ways of one moment to the next, and the longest one to each."""
        self.trace = trace
        counted = _steps(trace)
        self.steps = {lane: sorted({*counted[lane], *more}) for lane, more in _looked_at(trace)}
        silent = {(lane, it) for lane, all_ in self.steps.items() for it in all_}
        silent -= {(lane, it) for lane, some in counted.items() for it in some}
        self.before: dict[Moment, set[Moment]] = {
            (lane, step): set() for lane, steps in self.steps.items() for step in steps
        }
        for lane, steps in self.steps.items():
            for first, then in itertools.pairwise(steps):
                self.before[lane, then].add((lane, first))
        for span in trace.spans:
            self._span(span)
        for one in trace.lanes:
            self._lane(one)
        for got in trace.deliveries:
            self._delivery(got)
        self.times = dict.fromkeys(self.before, 0)
        while True:
            new = {
                moment: (moment not in silent) + max((self.times[it] for it in some), default=-1)
                for moment, some in self.before.items()
            }
            if new == self.times:
                return
            self.times = new

    def at(self, lane: Position, step: Step) -> int:
        """What the clock showed when a lane had come so far."""
        return max(self.times[lane, it] for it in self.steps[lane] if it <= step)

    def _then(self, moment: Moment, lane: Position, step: Step) -> None:
        """A moment comes before the next whole step of a lane; a message may be sooner."""
        later = [it for it in self.steps[lane] if it[0] > step[0]]
        if later:
            self.before[lane, min(later)].add(moment)

    def _last(self, lane: Position, step: Step) -> Moment:
        return lane, max(it for it in self.steps[lane] if it <= step)

    def _span(self, span: Span) -> None:
        begin, end = (span.lane, (span.seq, 0)), last_step(span)
        self.before.setdefault(span.id, set()).add(self._last(span.lane, end))
        self._then(span.id, span.lane, end)
        above = outer(self.trace, span)
        for link in span.links:
            other = [it.id for it in self.trace.spans if it.id == link.span and not link.trace]
            self.before[begin] |= {*other} - {span.id, *(it.id for it in above)}
        for parent in above[:1]:
            if (parent.lane, (parent.seq, 0)) != begin:
                self.before[begin].add((parent.lane, (parent.seq, 0)))
            if parent.lane == span.lane and end <= last_step(parent):
                self.before.setdefault(parent.id, set()).add(span.id)

    def _lane(self, lane: Lane) -> None:
        if lane.parent is not None:
            self.before[lane.path, (0, 0)].add((lane.parent, (lane.spawn_seq, 0)))
        for join in lane.joins:
            self._then((lane.path, OVER), join.by, (join.seq, 0))

    def _delivery(self, got: Delivery) -> None:
        at = {span.position: span for span in self.trace.spans}
        if got.message in at and got.receive in at:
            receive = at[got.receive]
            self.before[receive.lane, (receive.seq, 0)].add(at[got.message].id)
        if got in carried(self.trace):
            name, lane = f"message {got}", sender(self.trace, got)
            self.before[name] = {self._last(lane, (got.sent, got.heard))} | {
                span.id
                for span in self.trace.spans
                if span.lane == lane and last_step(span) <= (got.sent, 0)
                if got.message[: len(span.position)] != span.position
            }
            if receiver(got) in self.steps:
                self.before[receiver(got), received(got)].add(name)


OVER = (float("inf"), 0)
"""The end of a lane."""


def last_step(span: Span) -> Step:
    """The last step of its lane before a span ended; a run lasts as long as its lane."""
    return OVER if span.kind == "run" and span.parent is None else (span.end_seq, 0)


def received(got: Delivery) -> Step:
    """When a lane took a message out of a queue; a turn begins so."""
    return (0, 0) if got.turn else (got.seq, got.receive[-1].occurrence + 1)


def _steps(trace: Trace) -> dict[Position, list[Step]]:
    """By lane: where it begins and ends, spawns and takes out; and where spans begin."""
    found: dict[Position, set[Step]] = {lane.path: {(0, 0), OVER} for lane in trace.lanes}
    for span in trace.spans:
        found.setdefault(span.lane, set()).add((span.seq, 0))
    for lane in trace.lanes:
        if lane.parent is not None:
            found[lane.parent].add((lane.spawn_seq, 0))
    for got in carried(trace):
        if receiver(got) in found:
            found[receiver(got)].add(received(got))
    return {lane: sorted(steps) for lane, steps in found.items()}


def _looked_at(trace: Trace) -> Iterator[tuple[Position, list[Step]]]:
    """By lane: where spans end, states are kept and messages put in, none of which counts."""
    for lane in {one.path for one in trace.lanes} | {one.lane for one in trace.spans}:
        found = [last_step(span) for span in trace.spans if span.lane == lane]
        found += [(shot.seq, 0) for shot in trace.snapshots if shot.lane == lane]
        found += [(got.sent, 0) for got in carried(trace) if sender(trace, got) == lane]
        yield lane, found


def chatter(trace: Trace) -> list[tuple[Row, ...]]:
    """Rows of four or more to and fro of two agents of whom neither changed in between."""
    clock = Clock(trace) if trace.lanes else None
    place = {span.id: number for number, span in enumerate(trace.spans)}
    rows = sorted(interactions(trace), key=lambda one: place[one.effect])

    def when(one: Row) -> int:
        effect = named(trace, one.effect)
        if clock is None:
            return effect.start_ns
        if one.queued is not None:
            return clock.at(receiver(one.queued), received(one.queued))
        return clock.at(effect.lane, (effect.seq, 0))

    found = []
    agents = sorted({who for one in rows for who in (one.source, one.target)})
    for pair in itertools.combinations(agents, 2):
        talked = sorted((one for one in rows if {one.source, one.target} == {*pair}), key=when)
        moved = changes(trace, pair, clock)
        row: list[Row] = []
        for one in talked:
            changed = row and any(when(row[-1]) <= it < when(one) for it in moved)
            if row and (changed or row[-1].source == one.source):
                found.append(tuple(row))
                row = []
            row.append(one)
        found.append(tuple(row))
    return [row for row in found if len(row) >= 4]


def changes(trace: Trace, pair: tuple[str, ...], clock: Clock | None) -> list[int]:
    """When one of two agents changed."""
    found = []
    for span in trace.spans:
        if doer(trace, span) in pair:
            told = [it for it in span.events if it.name == "state_change"]
            at = [(it.seq, it.at_ns) for it in told] + [(span.seq, span.start_ns)] * is_write(span)
            found += [clock.at(span.lane, (seq, 0)) if clock else ns for seq, ns in at]
    for who in pair:
        own = [shot for shot in trace.snapshots if shot.agent == who]
        for one, two in itertools.pairwise(own):
            if held(one) != held(two):
                inside = two.span and named(trace, two.span).start_ns
                found.append(clock.at(two.lane, (two.seq, 0)) if clock else inside or 0)
    return found


def tells_of_state(trace: Trace, agent: str) -> bool:
    """Whether an agent ever says anything of what it knows."""
    return any(shot.agent == agent for shot in trace.snapshots) or any(
        doer(trace, span) == agent
        and (is_write(span) or any(event.name == "state_change" for event in span.events))
        for span in trace.spans
    )


def is_write(span: Span) -> bool:
    """Whether something is written on a board."""
    told = span.kind == "message" and span.wire_kind == "producer"
    return told and names.MESSAGE_KEY in span.attributes


def held(shot: StateSnapshot) -> StateSnapshot:
    """What a snapshot holds, wherever it was taken."""
    return replace(shot, position=(), lane=(), seq=0, span=None)
