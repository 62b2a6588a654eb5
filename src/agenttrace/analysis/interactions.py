"""Interactions: each time that something which one agent did led to something another one did.

Only what was recorded counts: a link, a message that a queue carried, an agent that acts inside
another. That one merely came before the other is none.
"""

from __future__ import annotations

import bisect
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from agenttrace.analysis.dialogue import BACK
from agenttrace.causal.delivery.edges import RECEIVE, edges
from agenttrace.model import names
from agenttrace.model.amounts import verb
from agenttrace.model.lane import Position
from agenttrace.model.span import ERROR, Link, Span, SpanKind, WireKind
from agenttrace.model.values import digest, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from agenttrace.analysis.team import Team
    from agenttrace.model.values import Value

AS_TOOL, INSIDE, MESSAGE = "tool-as-agent", "subagent", "message"
"""Kinds that no link says: an agent behind a tool, one that runs inside another, a queue's."""

KINDS = (
    MESSAGE,
    "publish",
    "blackboard",
    "stigmergy",
    "handoff",
    AS_TOOL,
    INSIDE,
    "triggered_by",
    "retry_of",
    *BACK,
)
"""The kinds of interaction that agenttrace itself knows; a link may say any other word."""

NOT_RECORDED = "not recorded"

_NOTHING = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """Once, one agent led to what another one did.

    Attributes:
        kind: `message`, `publish`, `blackboard`, `stigmergy`, `handoff` or another relationship of
            a link; `tool-as-agent`, where the one called a tool and the other acts inside it;
            `subagent`, where it acts inside without a tool between.
        source: The id of the agent that led to it.
        target: The id of the agent that was led.
        cause: The span that it came from; of a queue's message, what stood around the sending.
        effect: The span that it led to; of a queue's message, what stood around the receiving.
        channel: The queue, topic, board or tool; empty where there is none.
        size_bytes: How long what was said is, in UTF-8: a text as it is, all else as compact JSON.
        tokens: Tokens of the model calls in `effect` that stand in no interaction further inside.
        latency_ns: From the end of `cause`, or from its begin where it stands around `effect` or
            outlasts its begin, to the begin of `effect`; nanoseconds of recorded time.
        said: A digest of what was said; empty where it is not known.
        received: Of a queue's message: the lane that received it, and when, in that lane's steps.
        unknown: By attribute, why it is None.
    """

    kind: str
    source: str
    target: str
    cause: Span | None
    effect: Span | None
    channel: str = ""
    size_bytes: int | None = None
    tokens: int | None = None
    latency_ns: int | None = None
    said: bytes = b""
    received: tuple[Position, float] | None = None
    unknown: Mapping[str, str] = field(default_factory=dict)


class _Edge(NamedTuple):
    """An interaction in the making; of a queue's, cause and effect only stand around the ends."""

    kind: str
    source: str
    target: str
    cause: Span | None
    effect: Span | None
    channel: str = ""
    received: tuple[Position, float] | None = None


def interactions(team: Team) -> tuple[Interaction, ...]:
    """Find every interaction of a team, in the trace's order of their effects."""
    linked = list(_linked(team))
    by_links = {(one.source, one.effect.id) for one in linked if one.effect is not None}
    inside = list(_inside(team, by_links))
    found = [*linked, *inside, *_queued(team)]
    if len(found) > len(inside):  # what stands inside comes in the trace's order
        order = {span.id: place for place, span in enumerate(team.trace.spans)}
        found.sort(key=lambda one: -1 if one.effect is None else order[one.effect.id])
    spent = _Spent(team, {one.effect.id for one in found if one.effect is not None and _works(one)})
    return tuple(_made(one, spent, timed=team.is_timed) for one in found)


# -- where they are found ---------------------------------------------------------------------
def _linked(team: Team) -> Iterator[_Edge]:
    for span in team.trace.spans:
        target = team.doers[span.id] if span.links else None
        for link in _each_once(span) if target is not None else ():
            cause = team.by_id.get(link.span) if link.trace is None else None
            source = None if cause is None else team.doers[cause.id]
            if cause is None or source is None or target is None or source == target:
                continue
            channel = _text(span.attributes.get(names.MESSAGE_CHANNEL))
            yield _Edge(link.relationship, source, target, cause, span, channel)


def _each_once(span: Span) -> Iterable[Link]:
    """The links of a span; one that some exporter wrote down twice is one."""
    if len(span.links) == 1:  # as nearly all have
        return span.links
    return {
        (one.span, one.trace, one.relationship, digest(dict(one.attributes))): one
        for one in span.links
    }.values()


def _inside(team: Team, by_links: set[tuple[str, str]]) -> Iterator[_Edge]:
    """An agent that acts where another one does, unless a link says how it came to."""
    for span in team.trace.spans:
        source = None if span.parent is None else team.doers.get(span.parent)
        target = team.doers[span.id]
        if span.parent is None or source is None or target is None or source == target:
            continue
        around = team.by_id[span.parent]
        if (source, span.id) in by_links:
            continue
        tool = _tool_around(team, around, source)
        if tool is None:
            yield _Edge(INSIDE, source, target, around, span)
        else:
            name = tool.operation or tool.name
            yield _Edge(AS_TOOL, source, target, tool, span, name)


def _tool_around(team: Team, around: Span, agent: str) -> Span | None:
    """The tool of an agent that something stands in, up to the agent's own span."""
    at: Span | None = around
    while at is not None and team.doers[at.id] == agent and at.kind is not SpanKind.AGENT:
        if at.kind is SpanKind.TOOL:
            return at
        at = None if at.parent is None else team.by_id.get(at.parent)
    return None


def _queued(team: Team) -> Iterator[_Edge]:
    for cause, effect, channel, received in unmarked(team):
        source = None if cause is None else team.doers[cause.id]
        target = None if effect is None else team.doers[effect.id]
        if source is not None and target is not None and source != target:
            yield _Edge(MESSAGE, source, target, cause, effect, channel, received)


class Carried(NamedTuple):
    """A message that a queue carried.

    Attributes:
        cause: What stood around the sending.
        effect: What stood around the receiving.
        channel: The queue's name.
        received: The lane that received it, and when, in that lane's steps.
    """

    cause: Span | None
    effect: Span | None
    channel: str
    received: tuple[Position, float]


def unmarked(team: Team) -> Iterator[Carried]:
    """The messages that queues carried and no verb marked.

    A verb that marks a message says more of it; such a one is known by its sender's last step.
    """
    if not team.trace.deliveries:
        return
    marked = {
        (sent.lane, sent.seq)
        for span in team.trace.spans
        if span.wire_kind is WireKind.CONSUMER
        for link in span.links
        if link.trace is None and (sent := team.by_id.get(link.span)) is not None
        if sent.wire_kind is WireKind.PRODUCER
    }
    queued = (
        one
        for one in team.trace.deliveries
        if one.message is not None and one.receive and one.receive[-1].kind == RECEIVE
    )
    standing = Standing(team)
    for edge, delivery in zip(edges(team.trace), queued, strict=True):
        if (edge.sender, delivery.sent) not in marked:
            effect = (
                standing.first(edge.receiver)
                if delivery.turn
                else standing.at(edge.receiver, delivery.seq)
            )
            cause = standing.at(edge.sender, delivery.sent, edge.message)
            yield Carried(cause, effect, delivery.channel, (edge.receiver, edge.seq))


class Standing:
    """What stands around a step of a lane; finds it in the logarithm of the lane's length."""

    def __init__(self, team: Team) -> None:
        """Sort the spans by lane, once."""
        self._team = team
        self._lanes = {one.path: one for one in team.trace.lanes}
        self._spans: dict[Position, list[Span]] = defaultdict(list)
        for span in sorted(team.trace.spans, key=lambda one: one.seq):
            self._spans[span.lane].append(span)

    def at(self, lane: Position, step: int, message: Position | None = None) -> Span | None:
        """The innermost span of a lane that is open after a step; else, what it was spawned in.

        Where a message is sent after the step, its position tells which spans ended before.
        """
        seen: set[Position] = set()
        while lane not in seen:
            seen.add(lane)
            spans = self._spans.get(lane, [])
            place = bisect.bisect_right(spans, step, key=lambda one: one.seq)
            if place:
                return self._open(spans[place - 1], lane, step, message)
            spawned = self._lanes.get(lane)
            if spawned is None or spawned.parent is None:
                return None
            lane, step, message = spawned.parent, spawned.spawn_seq, None
        return None

    def first(self, turn: Position) -> Span | None:
        """What stands around the first span of a turn, which its message began."""
        spans = self._spans.get(turn, [])
        return self._open(spans[0], turn, spans[0].seq) if spans else None

    def _open(
        self, span: Span | None, lane: Position, step: int, message: Position | None = None
    ) -> Span | None:
        while span is not None and span.lane == lane and _is_over(span, step, message):
            span = None if span.parent is None else self._team.by_id.get(span.parent)
        return span


def _is_over(span: Span, step: int, message: Position | None) -> bool:
    """Whether a span ended before; to end takes no step, so a message says where it was sent."""
    end = max(span.seq, span.end_seq)
    if end < step or span.kind in (SpanKind.LLM, SpanKind.MESSAGE):
        return True
    return end == step and message is not None and message[: len(span.position)] != span.position


# -- what is known of them --------------------------------------------------------------------
class _Spent:
    """The tokens of model calls, each counted for the innermost interaction around it."""

    def __init__(self, team: Team, effects: set[str]) -> None:
        self._tokens = dict.fromkeys(effects, 0)
        self._silent: dict[str, int] = dict.fromkeys(effects, 0)
        self._has_models = any(span.kind is SpanKind.LLM for span in team.trace.spans)
        nearest: dict[str, str | None] = {}
        for span in team.downwards:
            around = None if span.parent is None else nearest.get(span.parent)
            at = nearest[span.id] = span.id if span.id in effects else around
            if at is None or span.kind is not SpanKind.LLM:
                continue
            if span.usage is not None:
                self._tokens[at] += span.usage.tokens.total
            elif span.status.code != ERROR:
                self._silent[at] += 1

    def on(self, edge: _Edge) -> tuple[int | None, str]:
        """The tokens spent on an interaction; None, and why."""
        effect = edge.effect
        if effect is None or not _works(edge):
            return None, f"{NOT_RECORDED}: a message has no tokens of its own"
        if effect.is_call and effect.kind is SpanKind.AGENT:
            return None, f"{NOT_RECORDED}: the agent acts elsewhere"
        if not self._has_models:
            return None, f"{NOT_RECORDED}: the trace has no model calls"
        silent = self._silent[effect.id]
        if silent:
            do = verb(silent, "does", "do")
            return None, f"{NOT_RECORDED}: {silent} of its model calls {do} not say"
        return self._tokens[effect.id], ""


_NO_TIMES = f"{NOT_RECORDED}: the trace has no times"
_UNTOLD = f"{NOT_RECORDED}: what was said is not in the trace"


def _made(edge: _Edge, spent: _Spent, *, timed: bool) -> Interaction:
    said: Any = _said(edge)
    is_told = said is not _NOTHING
    tokens, no_tokens = spent.on(edge)
    latency, no_latency = _latency(edge) if timed else (None, _NO_TIMES)
    return Interaction(
        kind=edge.kind,
        source=edge.source,
        target=edge.target,
        cause=edge.cause,
        effect=edge.effect,
        channel=edge.channel,
        size_bytes=size_of(said) if is_told else None,
        tokens=tokens,
        latency_ns=latency,
        said=digest(said) if is_told else b"",
        received=edge.received,
        unknown=_unknown("" if is_told else _UNTOLD, no_tokens, no_latency),
    )


@lru_cache(maxsize=256)
def _unknown(size_bytes: str, tokens: str, latency_ns: str) -> Mapping[str, str]:
    """Why is not known what is not; the same few reasons hold for all interactions of a run."""
    said = {"size_bytes": size_bytes, "tokens": tokens, "latency_ns": latency_ns}
    return {name: why for name, why in said.items() if why}


def size_of(said: Value) -> int:
    """How many bytes something said has: a text as UTF-8, else as compact JSON in UTF-8."""
    bare = plain(said)
    if not isinstance(bare, str):
        if isinstance(bare, bytes):
            return len(bare)
        bare = json.dumps(bare, ensure_ascii=False, separators=(",", ":"), default=_as_text)
    return len(bare.encode("utf-8", "surrogatepass"))


def _as_text(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def _said(edge: _Edge) -> object:
    """What the one told the other; what that one then says or asks by itself is none of it."""
    cause, effect = edge.cause, edge.effect
    if cause is None or effect is None or edge.received is not None:
        return _NOTHING
    for span in (cause, effect) if effect.wire_kind is not WireKind.PRODUCER else (cause,):
        if span.kind is SpanKind.MESSAGE and names.MESSAGE_CONTENT in span.attributes:
            return span.attributes[names.MESSAGE_CONTENT]
    asked = cause if edge.kind == AS_TOOL else effect
    if asked.question is not None and asked.kind in (SpanKind.AGENT, SpanKind.TOOL):
        return asked.question if asked.is_whole("question") else _NOTHING
    return _NOTHING if effect.task is None else effect.task


def _latency(edge: _Edge) -> tuple[int | None, str]:
    if edge.cause is None or edge.effect is None or edge.received is not None:
        return None, f"{NOT_RECORDED}: a queue keeps no times"
    begun = edge.effect.start_ns
    since = edge.cause.end_ns if edge.cause.end_ns <= begun else edge.cause.start_ns
    if since > begun:
        return None, "the clocks disagree: it began before what led to it"
    return begun - since, ""


def _works(edge: _Edge) -> bool:
    """Whether the effect is work, and no message."""
    if edge.effect is None or edge.received is not None:
        return False
    return edge.effect.kind is not SpanKind.MESSAGE


def _text(value: Value) -> str:
    return value if isinstance(value, str) else ""
